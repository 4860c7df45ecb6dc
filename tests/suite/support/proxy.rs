//! A service that fails on demand: an HTTP proxy before the real one.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, header};
use http_body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{eventually, runtime};

/// What happens to a call instead of what should.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// A BatchWriteItem does this many of its requests and hands back the others.
    TakeOnly(usize),
    /// The call is not made; the answer is this status and error code.
    Error(u16, &'static str),
    /// The call is not made; this is the answer.
    Answer(&'static str),
    /// The call is not made; the answer is this status and body.
    Broken(u16, &'static str),
    /// The call is not made: a TransactWriteItems whose first action has nothing
    /// against it, and whose second is cancelled with this code.
    Cancel(&'static str),
    /// The call is made when [`Proxy::release`] allows it.
    Hold,
    /// The call is made at once, and answered when [`Proxy::release`] allows it.
    HoldAnswer,
    /// The call is made; the answer is a server's error.
    LoseAnswer,
    /// The call is made; the connection breaks in the middle of the answer.
    CutAnswer,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub operation: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// What has come, in the order in which `plan` counted it: requests come side by side.
#[derive(Default)]
struct Arrived {
    requests: Vec<Recorded>,
    /// Calls of the operation.
    calls: usize,
    /// Requests in each BatchWriteItem.
    batches: Vec<usize>,
}

/// The fault of a call, counted from 0; `None` lets it pass.
type Plan = Box<dyn Fn(usize) -> Option<Fault> + Send + Sync>;

struct Inner {
    upstream: String,
    operation: &'static str,
    plan: Plan,
    client: Client<HttpConnector, Body>,
    arrived: Mutex<Arrived>,
    held: Mutex<usize>,
    gate: Semaphore,
    empty_index: AtomicBool,
    same_page: AtomicBool,
}

/// A running proxy; ends when dropped.
pub struct Proxy {
    url: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Passes everything on to `upstream`, but calls of `operation` as `plan` has it.
    pub fn new(
        upstream: String,
        operation: &'static str,
        plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let inner = Arc::new(Inner {
            upstream,
            operation,
            plan: Box::new(plan),
            client: Client::builder(TokioExecutor::new()).build_http(),
            arrived: Mutex::default(),
            held: Mutex::default(),
            gate: Semaphore::new(0),
            empty_index: AtomicBool::new(false),
            same_page: AtomicBool::new(false),
        });
        let listener = runtime().block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let task = runtime().spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, task }
    }

    /// Queries of an index find nothing from now on, as if it lagged behind.
    pub fn with_empty_index(self) -> Self {
        self.inner.empty_index.store(true, Ordering::Relaxed);
        self
    }

    /// Every page is the first one from now on, and says that there is one after it, by a page key
    /// that is always the same.
    pub fn with_same_page(self) -> Self {
        self.inner.same_page.store(true, Ordering::Relaxed);
        self
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// How many calls of the operation have come.
    pub fn calls(&self) -> usize {
        self.inner.arrived.lock().unwrap().calls
    }

    /// Every request of any operation, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.inner.arrived.lock().unwrap().requests.clone()
    }

    /// What each request asked, of a service that speaks JSON.
    pub fn bodies(&self) -> Vec<Value> {
        self.requests().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect()
    }

    /// Every operation that was called, in order.
    pub fn operations(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.operation).collect()
    }

    /// The body of each call of the operation, in order.
    pub fn called_with(&self) -> Vec<Value> {
        let mut requests = self.requests();
        requests.retain(|request| request.operation == self.inner.operation);
        requests.iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect()
    }

    /// Waits until so many calls have been held.
    #[track_caller]
    pub fn holds(&self, calls: usize) {
        eventually("calls are held", || (*self.inner.held.lock().unwrap() >= calls).then_some(()));
    }

    /// Lets everything go that is held, now or later.
    pub fn release(&self) {
        self.inner.gate.close();
    }

    /// How many requests each BatchWriteItem held.
    pub fn batches(&self) -> Vec<usize> {
        self.inner.arrived.lock().unwrap().batches.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(proxy): State<Arc<Inner>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let protocol = Protocol::of(&parts);
    let operation = protocol.operation(&parts.headers, &body);
    let fault = proxy.arrives(&operation, &parts.headers, &body);
    if proxy.empty_index.load(Ordering::Relaxed) && body.windows(11).any(|text| text == b"\"IndexName\"") {
        let empty = json!({ "Items": [], "Count": 0, "ScannedCount": 0 });
        return protocol.answer(200, empty.to_string());
    }
    if matches!(fault, Some(Fault::Hold)) {
        proxy.wait().await;
    }
    let (body, unprocessed) = match fault {
        None | Some(Fault::Hold | Fault::HoldAnswer | Fault::LoseAnswer | Fault::CutAnswer) => (body, None),
        Some(Fault::Cancel(code)) => return protocol.answer(400, cancelled(code)),
        Some(Fault::Error(status, code)) => return protocol.answer(status, protocol.refusal(code)),
        Some(Fault::Answer(body)) => return protocol.answer(200, body.to_owned()),
        Some(Fault::Broken(status, body)) => return protocol.answer(status, body.to_owned()),
        Some(Fault::TakeOnly(count)) => {
            let (taken, left) = split(&body, count);
            if count == 0 {
                return protocol.answer(200, json!({ "UnprocessedItems": left }).to_string());
            }
            (taken, Some(left))
        }
    };
    let same_page = proxy.same_page.load(Ordering::Relaxed);
    let body = if same_page { without_page_key(&body) } else { body };
    let url = format!("{}{}", proxy.upstream, parts.uri.path());
    let mut passed = axum::http::Request::builder().method(parts.method).uri(url);
    for name in ["x-amz-target", "content-type", "x-amz-date", "authorization"] {
        if let Some(value) = parts.headers.get(name) {
            passed = passed.header(name, value);
        }
    }
    let answer = proxy.client.request(passed.body(Body::from(body)).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
    match fault {
        Some(Fault::HoldAnswer) => proxy.wait().await,
        Some(Fault::LoseAnswer) => return protocol.answer(500, protocol.refusal("InternalServerError")),
        Some(Fault::CutAnswer) => return cut(&body),
        _ => {}
    }
    let mut body = String::from_utf8(body.to_vec()).unwrap();
    if same_page && status == 200 {
        body = with_page_key(&operation, &body);
    }
    if let Some(left) = unprocessed {
        let mut document: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 200, "{document}");
        document["UnprocessedItems"] = left;
        body = document.to_string();
    }
    protocol.answer(status, body)
}

fn without_page_key(body: &Bytes) -> Bytes {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    let is_key = |name: &str| name.starts_with("ExclusiveStart") || name.ends_with("Token");
    body.as_object_mut().unwrap().retain(|name, _| !is_key(name));
    body.to_string().into()
}

fn with_page_key(operation: &str, body: &str) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap();
    match operation {
        "Query" | "Scan" => body["LastEvaluatedKey"] = json!({ "sk": { "S": "1" }, "pk": { "S": "NOTE" } }),
        "ListTables" => body["LastEvaluatedTableName"] = "cruddur-messages".into(),
        "DescribeStream" => body["StreamDescription"]["LastEvaluatedShardId"] = "shardId-1".into(),
        "ListUsers" => body["PaginationToken"] = "token".into(),
        "ListTagsOfResource" => body["NextToken"] = "token".into(),
        _ => {}
    }
    body.to_string()
}

/// The first half of an answer, of which no more comes.
fn cut(body: &Bytes) -> Response<Body> {
    let half = Half(Some(body.slice(..body.len() / 2)));
    Response::builder()
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .header(header::CONTENT_LENGTH, body.len())
        .body(Body::new(half))
        .unwrap()
}

/// A body that breaks off.
struct Half(Option<Bytes>);

impl HttpBody for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(half) => Ok(Frame::data(half)),
            None => Err(std::io::ErrorKind::ConnectionReset.into()),
        }))
    }
}

/// How a service is spoken to.
#[derive(Clone, Copy)]
enum Protocol {
    /// DynamoDB's: the operation in a header, JSON both ways.
    Json,
    /// EC2's: a form, with the operation in it, and XML.
    Query,
    /// A file's: "GET" as the operation.
    Get,
}

impl Protocol {
    fn of(request: &Parts) -> Self {
        match request.method {
            Method::GET => Self::Get,
            _ if request.headers.contains_key("x-amz-target") => Self::Json,
            _ => Self::Query,
        }
    }

    fn operation(self, headers: &HeaderMap, body: &Bytes) -> String {
        match self {
            Self::Json => headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned(),
            Self::Query => {
                let action = form_urlencoded::parse(body).find(|(name, _)| name == "Action");
                action.expect("an action").1.into_owned()
            }
            Self::Get => "GET".to_owned(),
        }
    }

    fn refusal(self, code: &str) -> String {
        match self {
            Self::Json | Self::Get => json!({
                "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "not now, please",
            })
            .to_string(),
            Self::Query => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
                 <Message>not now, please</Message></Error></Errors><RequestID>1</RequestID></Response>"
            ),
        }
    }

    fn answer(self, status: u16, body: String) -> Response<Body> {
        let content_type = match self {
            Self::Json | Self::Get => "application/x-amz-json-1.0",
            Self::Query => "text/xml;charset=UTF-8",
        };
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .unwrap()
    }
}

impl Inner {
    async fn wait(&self) {
        *self.held.lock().unwrap() += 1;
        // Nobody ever adds a permit: it ends when the gate is closed.
        assert!(self.gate.acquire().await.is_err());
    }

    /// Notes a request, and says what is to happen to it.
    fn arrives(&self, operation: &str, headers: &HeaderMap, body: &Bytes) -> Option<Fault> {
        let mut arrived = self.arrived.lock().unwrap();
        arrived.requests.push(Recorded {
            operation: operation.to_owned(),
            headers: headers.clone(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        if operation == "BatchWriteItem" {
            arrived.batches.push(requests(body));
        }
        if operation != self.operation {
            return None;
        }
        arrived.calls += 1;
        (self.plan)(arrived.calls - 1)
    }
}

/// The body of a cancelled transaction.
fn cancelled(code: &str) -> String {
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{ "Code": "None" }, { "Code": code, "Message": "not like this" }],
    })
    .to_string()
}

/// The write requests of a BatchWriteItem's body.
fn requests(body: &Bytes) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap();
    let tables = body["RequestItems"].as_object().unwrap().values();
    tables.map(|requests| requests.as_array().unwrap().len()).sum()
}

/// The body with its first `count` requests, and the other requests.
fn split(body: &Bytes, count: usize) -> (Bytes, Value) {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    let tables = body["RequestItems"].as_object_mut().unwrap();
    assert_eq!(tables.len(), 1, "cruddur writes to one table");
    let (table, requests) = tables.iter_mut().next().unwrap();
    let requests = requests.as_array_mut().unwrap();
    let left = requests.split_off(count.min(requests.len()));
    let left = if left.is_empty() { json!({}) } else { json!({ table: left }) };
    (body.to_string().into(), left)
}
