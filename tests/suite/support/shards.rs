//! A stream with the shards that a test wants: what the embedded DynamoDB, with
//! its one shard that never ends and keeps everything, cannot show.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Item, runtime, text};

/// Shards in a page of DescribeStream.
const PAGE: usize = 2;

/// A shard as a test sets it up.
#[derive(Debug, Clone, Default)]
pub struct FakeShard {
    pub id: &'static str,
    pub parent: Option<&'static str>,
    /// The numbers of its records, in order, and their items.
    pub records: Vec<(usize, Item)>,
    /// It takes no more.
    pub closed: bool,
    /// How many of its first records are too old to be kept.
    pub trimmed: usize,
    /// Reads behind this many records are never answered.
    pub hangs_after: Option<usize>,
}

/// A served stream; ends when dropped.
pub struct FakeStream {
    url: String,
    state: Arc<Mutex<Fake>>,
    task: JoinHandle<()>,
}

struct Fake {
    shards: Vec<FakeShard>,
    /// Records in an answer.
    batch: usize,
    log: Vec<String>,
}

type Shared = Arc<Mutex<Fake>>;

/// The sequence number of a record.
pub fn sequence_number(number: usize) -> String {
    format!("{number:021}")
}

impl FakeStream {
    pub fn new(shards: Vec<FakeShard>, batch: usize) -> Self {
        let state = Arc::new(Mutex::new(Fake { shards, batch, log: Vec::new() }));
        let listener = runtime().block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&state));
        let task = runtime().spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, state, task }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was asked so far: `a from TRIM_HORIZON`, `a after 3`, `a gave 1 2 3`.
    pub fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// From now on the shards are others.
    pub fn change(&self, change: impl FnOnce(&mut Vec<FakeShard>)) {
        change(&mut self.state.lock().unwrap().shards);
    }
}

impl Drop for FakeStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(state): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let answer = match target.as_str() {
        "DynamoDBStreams_20120810.DescribeStream" => Some(Ok(describe(&state.lock().unwrap(), &request))),
        "DynamoDBStreams_20120810.GetShardIterator" => Some(iterator(&mut state.lock().unwrap(), &request)),
        "DynamoDBStreams_20120810.GetRecords" => records(&mut state.lock().unwrap(), &request).map(Ok),
        _ => Some(Err("UnknownOperationException")),
    };
    let (status, body) = match answer {
        None => std::future::pending().await,
        Some(Ok(body)) => (StatusCode::OK, body),
        Some(Err(code)) => (StatusCode::BAD_REQUEST, json!({ "__type": code, "message": "not this" })),
    };
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn describe(fake: &Fake, request: &Value) -> Value {
    let start = request["ExclusiveStartShardId"].as_str();
    let first = start.map_or(0, |start| 1 + fake.shards.iter().position(|shard| shard.id == start).unwrap());
    let page: Vec<&FakeShard> = fake.shards.iter().skip(first).take(PAGE).collect();
    let shards: Vec<Value> = page
        .iter()
        .map(|shard| {
            let number = |record: Option<&(usize, Item)>| record.map(|(number, _)| sequence_number(*number));
            let last = shard.closed.then(|| number(shard.records.last())).flatten();
            let range = json!({ "StartingSequenceNumber": number(shard.records.first()), "EndingSequenceNumber": last });
            json!({ "ShardId": shard.id, "ParentShardId": shard.parent, "SequenceNumberRange": range })
        })
        .collect();
    let last = page.last().filter(|_| first + page.len() < fake.shards.len()).map(|shard| shard.id);
    json!({ "StreamDescription": {
        "StreamArn": request["StreamArn"],
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_IMAGE",
        "Shards": shards,
        "LastEvaluatedShardId": last,
    }})
}

fn iterator(fake: &mut Fake, request: &Value) -> Result<Value, &'static str> {
    let id = request["ShardId"].as_str().unwrap();
    let Some(shard) = fake.shards.iter().find(|shard| shard.id == id) else {
        return Err("ResourceNotFoundException");
    };
    let kind = request["ShardIteratorType"].as_str().unwrap();
    let (position, asked) = match kind {
        "TRIM_HORIZON" => (shard.trimmed, format!("{id} from TRIM_HORIZON")),
        "LATEST" => (shard.records.len(), format!("{id} from LATEST")),
        "AFTER_SEQUENCE_NUMBER" => {
            let after: usize = request["SequenceNumber"].as_str().unwrap().parse().unwrap();
            let position = shard.records.iter().filter(|(number, _)| *number <= after).count();
            (position, format!("{id} after {after}"))
        }
        other => panic!("{other}"),
    };
    let trimmed = position < shard.trimmed;
    fake.log.push(asked);
    if trimmed {
        Err("TrimmedDataAccessException")
    } else {
        Ok(json!({ "ShardIterator": format!("{id}|{position}") }))
    }
}

/// `None`: it hangs.
fn records(fake: &mut Fake, request: &Value) -> Option<Value> {
    let (id, position) = request["ShardIterator"].as_str().unwrap().split_once('|').unwrap();
    let position: usize = position.parse().unwrap();
    let shard = fake.shards.iter().find(|shard| shard.id == id).expect("a shard that is read is there");
    if shard.hangs_after.is_some_and(|count| position >= count) {
        fake.log.push(format!("{id} hangs after {position}"));
        return None;
    }
    let taken: Vec<&(usize, Item)> = shard.records.iter().skip(position).take(fake.batch).collect();
    let next = position + taken.len();
    let ends = shard.closed && next == shard.records.len();
    let numbers: Vec<String> = taken.iter().map(|(number, _)| number.to_string()).collect();
    let records: Vec<Value> = taken.iter().map(|(number, item)| record(*number, item)).collect();
    let answer = json!({
        "Records": records,
        "NextShardIterator": (!ends).then(|| format!("{id}|{next}")),
    });
    if !numbers.is_empty() {
        fake.log.push(format!("{id} gave {}", numbers.join(" ")));
    }
    Some(answer)
}

fn record(number: usize, item: &Item) -> Value {
    let attributes: serde_json::Map<String, Value> =
        item.keys().map(|name| (name.clone(), json!({ "S": text(item, name) }))).collect();
    let keys: serde_json::Map<String, Value> = ["pk", "sk"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), attributes.get(*name)?.clone())))
        .collect();
    json!({
        "eventID": number.to_string(),
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_735_689_600,
            "Keys": keys,
            "NewImage": attributes,
            "SequenceNumber": sequence_number(number),
            "SizeBytes": 100,
            "StreamViewType": "NEW_IMAGE",
        },
    })
}
