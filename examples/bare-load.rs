//! A bare load generator, to measure writing and reading against: requests made beforehand, over
//! connections that stay open. Of an answer it looks at the status and at where the next page begins.
//!
//! `bare-load write ENDPOINT TABLE CONVERSATIONS MESSAGES USERS CONNECTIONS` writes what `cruddur ddb
//! seed --conversations … --messages … --users … --until 2026-01-01` writes. `bare-load scan ENDPOINT
//! TABLE ITEMS` reads the table to the end, with so many items a page. Both print how many items it
//! were and the seconds from the first request to the last answer.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::disallowed_methods)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use cruddur::messaging::{Invented, Invention, Participant};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// Where the requests go.
#[derive(Clone)]
struct Server {
    client: Client<HttpConnector, Body>,
    endpoint: String,
}

impl Server {
    fn at(endpoint: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector), endpoint: endpoint.to_owned() }
    }

    async fn ask(&self, operation: &str, body: impl Into<Body>) -> Bytes {
        let request = Request::post(&self.endpoint)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                 SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
            )
            .body(body.into())
            .unwrap();
        let answer = self.client.request(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
        assert!(status.is_success(), "{status}: {body:?}");
        body
    }
}

fn item(invented: Invented) -> Value {
    let of = |who: Participant, pk: String, sk: String, message: String, name: &str, uuid: String| {
        json!({ "PutRequest": { "Item": {
            "pk": { "S": pk }, "sk": { "S": sk }, "message": { "S": message }, name: { "S": uuid },
            "user_uuid": { "S": who.user_uuid }, "user_display_name": { "S": who.user_display_name },
            "user_handle": { "S": who.user_handle },
        } } })
    };
    match invented {
        Invented::Message(one) => {
            let pk = format!("MSG#{}", one.message_group_uuid);
            of(one.sender, pk, one.sent_at, one.message, "message_uuid", one.message_uuid)
        }
        Invented::Row(one) => {
            let pk = format!("GRP#{}", one.owner_uuid);
            of(one.other, pk, one.last_message_at, one.message, "message_group_uuid", one.message_group_uuid)
        }
    }
}

/// The bodies of BatchWriteItem for all that is invented, and how many items they hold.
fn batches(table: &str, invention: &Invention) -> (Vec<Bytes>, usize) {
    let known = HashMap::new();
    let requests: Vec<Value> = invention.items_from(0, &known).map(item).collect();
    let bodies = requests.chunks(25).map(|batch| {
        let body = json!({ "ReturnConsumedCapacity": "INDEXES", "RequestItems": { table: batch } });
        Bytes::from(body.to_string())
    });
    (bodies.collect(), requests.len())
}

async fn write(server: Server, bodies: Arc<Vec<Bytes>>, connections: usize) {
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (server, bodies, next) = (server.clone(), Arc::clone(&bodies), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = server.ask("BatchWriteItem", body.clone()).await;
                    assert!(after(&answer, "UnprocessedItems").is_none_or(|left| left == json!({})));
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn scan(server: Server, table: &str, limit: usize) -> usize {
    let mut ask = json!({ "TableName": table, "Limit": limit, "ReturnConsumedCapacity": "INDEXES" });
    let mut items = 0;
    loop {
        let page = server.ask("Scan", ask.to_string()).await;
        let count = after(&page, "Count").and_then(|count| count.as_u64()).unwrap();
        items += usize::try_from(count).unwrap();
        match after(&page, "LastEvaluatedKey") {
            Some(key) => ask["ExclusiveStartKey"] = key,
            None => return items,
        }
    }
}

/// The value after the last `"name":`, without reading what is before it.
fn after(answer: &[u8], name: &str) -> Option<Value> {
    let name = format!("\"{name}\":");
    let at = memchr::memmem::rfind(answer, name.as_bytes())? + name.len();
    serde_json::Deserializer::from_slice(&answer[at..]).into_iter().next()?.ok()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (items, start) = match arguments[1..] {
        ["write", endpoint, table, conversations, messages, users, connections] => {
            let invention = Invention {
                seed: 1,
                users: users.parse().unwrap(),
                conversations: conversations.parse().unwrap(),
                messages: messages.parse().unwrap(),
                until: "2026-01-01T00:00:00Z".parse().unwrap(),
                years: 1,
            };
            let (bodies, items) = batches(table, &invention);
            let start = Instant::now();
            let connections = connections.parse().unwrap();
            runtime.block_on(async { write(Server::at(endpoint), Arc::new(bodies), connections).await });
            (items, start)
        }
        ["scan", endpoint, table, limit] => {
            let start = Instant::now();
            let limit = limit.parse().unwrap();
            let items = runtime.block_on(async { scan(Server::at(endpoint), table, limit).await });
            (items, start)
        }
        _ => panic!(
            "bare-load write ENDPOINT TABLE CONVERSATIONS MESSAGES USERS CONNECTIONS, or scan ENDPOINT TABLE ITEMS"
        ),
    };
    println!("{}", json!({ "items": items, "seconds": start.elapsed().as_secs_f64() }));
}
