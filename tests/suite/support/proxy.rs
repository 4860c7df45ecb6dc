//! A DynamoDB that fails on demand: an HTTP proxy before the real one.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::runtime;

/// What happens to a call instead of what should.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// A BatchWriteItem does this many of its requests and hands back the others.
    TakeOnly(usize),
    /// The call is not made; the answer is this status and error code.
    Error(u16, &'static str),
}

/// The fault of a call, counted from 0; `None` lets it pass.
type Plan = Box<dyn Fn(usize) -> Option<Fault> + Send + Sync>;

struct Inner {
    upstream: String,
    operation: &'static str,
    plan: Plan,
    client: Client<HttpConnector, Body>,
    /// Requests in each BatchWriteItem, in order.
    batches: Mutex<Vec<usize>>,
    calls: Mutex<usize>,
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
            batches: Mutex::default(),
            calls: Mutex::default(),
        });
        let listener = runtime().block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let task = runtime().spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, task }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many calls of the operation have come.
    pub fn calls(&self) -> usize {
        *self.inner.calls.lock().unwrap()
    }

    /// How many requests each BatchWriteItem held.
    pub fn batches(&self) -> Vec<usize> {
        self.inner.batches.lock().unwrap().clone()
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
    let target = parts.headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap();
    if operation == "BatchWriteItem" {
        proxy.batches.lock().unwrap().push(requests(&body));
    }
    let fault = (operation == proxy.operation).then(|| proxy.next_fault()).flatten();
    let (body, unprocessed) = match fault {
        None => (body, None),
        Some(Fault::Error(status, code)) => return refusal(status, code),
        Some(Fault::TakeOnly(count)) => {
            let (taken, left) = split(&body, count);
            if count == 0 {
                return document(StatusCode::OK, &json!({ "UnprocessedItems": left }));
            }
            (taken, Some(left))
        }
    };
    let mut passed = axum::http::Request::post(&proxy.upstream);
    for name in ["x-amz-target", "content-type", "x-amz-date", "authorization"] {
        if let Some(value) = parts.headers.get(name) {
            passed = passed.header(name, value);
        }
    }
    let answer = proxy.client.request(passed.body(Body::from(body)).unwrap()).await.unwrap();
    let status = answer.status();
    let body = to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    if let Some(left) = unprocessed {
        assert_eq!(status, StatusCode::OK, "{body}");
        body["UnprocessedItems"] = left;
    }
    document(status, &body)
}

impl Inner {
    fn next_fault(&self) -> Option<Fault> {
        let mut calls = self.calls.lock().unwrap();
        let fault = (self.plan)(*calls);
        *calls += 1;
        fault
    }
}

fn document(status: StatusCode, body: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn refusal(status: u16, code: &str) -> Response<Body> {
    let body =
        json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "not now, please" });
    document(StatusCode::from_u16(status).unwrap(), &body)
}

/// The write requests of a BatchWriteItem's body.
fn requests(body: &Bytes) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["RequestItems"]
        .as_object()
        .unwrap()
        .values()
        .map(|requests| requests.as_array().unwrap().len())
        .sum()
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
