//! A bare load generator, to measure writing against: requests made beforehand, over connections
//! that stay open, and nothing looked at but the status.
//!
//! `bare-load ENDPOINT TABLE CONVERSATIONS MESSAGES CONCURRENCY` writes what
//! `cruddur ddb seed --conversations … --messages …` writes.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::disallowed_methods)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use cruddur::messaging::{Invented, Invention, Participant};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

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

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, endpoint, table, conversations, messages, concurrency] = arguments.as_slice() else {
        panic!("bare-load ENDPOINT TABLE CONVERSATIONS MESSAGES CONCURRENCY");
    };
    let invention = Invention {
        seed: 1,
        users: 2000,
        conversations: conversations.parse().unwrap(),
        messages: messages.parse().unwrap(),
        until: "2026-01-01T00:00:00Z".parse().unwrap(),
        years: 1,
    };
    let known = HashMap::new();
    let requests: Vec<Value> = invention.items_from(0, &known).map(item).collect();
    let bodies = requests.chunks(25).map(|batch| {
        let body = json!({ "ReturnConsumedCapacity": "INDEXES", "RequestItems": { table: batch } });
        Bytes::from(body.to_string())
    });
    let bodies: Arc<Vec<Bytes>> = Arc::new(bodies.collect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seconds = runtime.block_on(async {
        let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
        let next = Arc::new(AtomicUsize::new(0));
        let start = Instant::now();
        let workers: Vec<_> = (0..concurrency.parse().unwrap())
            .map(|_| {
                let (client, bodies, next) = (client.clone(), Arc::clone(&bodies), Arc::clone(&next));
                let endpoint = endpoint.clone();
                tokio::spawn(async move {
                    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let request = Request::post(&endpoint)
                            .header("x-amz-target", "DynamoDB_20120810.BatchWriteItem")
                            .header("content-type", "application/x-amz-json-1.0")
                            .header("x-amz-date", "20260101T000000Z")
                            .header(
                                "authorization",
                                "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                                 SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
                            )
                            .body(Body::from(body.clone()))
                            .unwrap();
                        let answer = client.request(request).await.unwrap();
                        assert!(answer.status().is_success(), "{answer:?}");
                        to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        start.elapsed().as_secs_f64()
    });
    println!("{:.0}", f64::from(u32::try_from(requests.len()).unwrap()) / seconds);
}
