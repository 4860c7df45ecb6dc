//! HTTP requests as they stand, with any header.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::runtime;

/// An answer, whole.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl HttpAnswer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends a request on a connection of its own.
#[track_caller]
pub fn send_http(request: Request<Body>) -> HttpAnswer {
    runtime().block_on(async {
        let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
        let (parts, body) = client.request(request).await.expect("an answer").into_parts();
        let body = to_bytes(Body::new(body), usize::MAX).await.expect("a whole answer");
        let body = String::from_utf8(body.to_vec()).expect("UTF-8");
        HttpAnswer { status: parts.status, headers: parts.headers, body }
    })
}

/// A request for `operation`, signed with anything, as DynamoDB wants it.
pub fn dynamodb_request(endpoint: &str, operation: &str) -> http::request::Builder {
    let authorization = "AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/dynamodb/aws4_request, \
                         SignedHeaders=host;x-amz-date, Signature=0";
    Request::post(endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20240101T000000Z")
        .header("authorization", authorization)
}
