//! The embedded DynamoDB, with its answers as AWS gives them.

use axum::body::{Body, Bytes, to_bytes};
use dynoxide::Database;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Response, request, response};
use serde_json::Value;

use super::expiry::Expiry;
use super::hidden::{Error, Hidden};
use super::streams::{Translation, checksum};
use crate::config::DUMMY_REGION;

/// The embedded DynamoDB, and what has to be done beside it.
pub(super) struct Engine {
    hidden: Hidden,
    database: Database,
    expiry: Expiry,
}

impl Engine {
    pub(super) fn new(database: Database) -> Self {
        Self { hidden: Hidden::new(database.clone()), database, expiry: Expiry::default() }
    }

    /// Answers `request`.
    pub(super) async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let Some(operation) = operation(request.headers()) else {
            return Ok(self.hidden.ask(request).await?.map(Body::new));
        };
        self.expiry.sweep_if_due(&self.database).await;
        let (head, body) = request.into_parts();
        let answer = if Translation::concerns(&operation) {
            self.translated(&operation, head, to_bytes(body, usize::MAX).await?).await?
        } else {
            self.ask(head, body).await?
        };
        if operation == "UpdateTimeToLive" {
            self.expiry.set_due();
        }
        Ok(answer.into_response(&operation))
    }

    /// Sends a request, reads the whole answer.
    async fn ask(&self, head: request::Parts, body: impl Into<Body>) -> Result<Answer, Error> {
        let (head, body) = self.hidden.ask(Request::from_parts(head, body.into())).await?.into_parts();
        let text = to_bytes(Body::new(body), usize::MAX).await?;
        Ok(Answer { json: serde_json::from_slice(&text).ok(), text, head })
    }

    /// The same for an operation whose request and answer differ from AWS's.
    async fn translated(
        &self,
        operation: &str,
        mut head: request::Parts,
        body: Bytes,
    ) -> Result<Answer, Error> {
        let Ok(mut request) = serde_json::from_slice::<Value>(&body) else {
            return self.ask(head, body).await;
        };
        let region = region(&head.headers);
        let translation = Translation::new(&self.database, operation, region, &mut request);
        loop {
            let body = request.to_string();
            head.headers.remove(TRANSFER_ENCODING);
            head.headers.insert(CONTENT_LENGTH, body.len().into());
            let mut answer = self.ask(head.clone(), body).await?;
            let Some(json) = answer.json.as_mut().filter(|_| answer.head.status.is_success()) else {
                translation.undo(&self.database);
                return Ok(answer);
            };
            match translation.finish(&self.database, json) {
                None => return Ok(answer),
                Some(next) => request["ShardIterator"] = next,
            }
        }
    }
}

/// An answer of the embedded DynamoDB.
struct Answer {
    head: response::Parts,
    text: Bytes,
    json: Option<Value>,
}

impl Answer {
    /// The members of each object are sorted, because the embedded DynamoDB has the attributes of an item in
    /// another order each time.
    fn into_response(mut self, operation: &str) -> Response<Body> {
        let Some(mut json) = self.json else { return Response::from_parts(self.head, self.text.into()) };
        // Otherwise SDKs would show an error without a message.
        if json["__type"] == "com.amazon.coral.service#UnknownOperationException" {
            json["message"] = format!("the local DynamoDB has no operation {operation}").into();
        }
        let body = json.to_string();
        self.head.headers.insert("x-amz-crc32", checksum(body.as_bytes()).into());
        self.head.headers.insert(CONTENT_LENGTH, body.len().into());
        Response::from_parts(self.head, body.into())
    }
}

/// The operation that a request names, such as `PutItem`.
fn operation(headers: &HeaderMap) -> Option<String> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    let (service, operation) = target.split_once('.')?;
    ["DynamoDB_20120810", "DynamoDBStreams_20120810"].contains(&service).then(|| operation.to_owned())
}

/// The region that a request is signed for. On AWS, everything that the answer names is in that region.
fn region(headers: &HeaderMap) -> String {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = authorization.split_once("Credential=").and_then(|(_, scope)| scope.split('/').nth(2));
    scope.filter(|region| !region.is_empty()).unwrap_or(DUMMY_REGION).to_owned()
}
