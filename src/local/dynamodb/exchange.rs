//! The embedded DynamoDB, with its answers as AWS gives them.

use std::num::NonZero;

use axum::body::{Body, Bytes, to_bytes};
use dynoxide::Database;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Response, StatusCode, request, response};
use serde_json::Value;

use super::super::http::{Api, error};
use super::expiry::Expiry;
use super::hidden::{Error, Hidden};
use super::order::{Members, sorted};
use super::streams::{Translation, checksum};
use super::throttle::{Kind, Throttle};
use crate::config::DUMMY_REGION;

/// What AWS says to a request that a table has no units for.
const EXCEEDED: &str = "The level of configured provisioned throughput for the table was exceeded. \
                        Consider increasing your provisioning level with the UpdateTable API.";

/// The embedded DynamoDB, and what has to be done beside it.
pub(super) struct Engine {
    hidden: Hidden,
    database: Database,
    expiry: Expiry,
    throttle: Option<Throttle>,
}

impl Engine {
    pub(super) fn new(database: Database, units_per_second: Option<NonZero<u32>>) -> Self {
        Self {
            hidden: Hidden::new(database.clone()),
            database,
            expiry: Expiry::default(),
            throttle: units_per_second.map(|units| Throttle::new(units.get())),
        }
    }

    /// Answers `request`.
    pub(super) async fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let Some(operation) = operation(request.headers()) else {
            return Ok(self.hidden.ask(request).await?.map(Body::new));
        };
        self.expiry.sweep_if_due(&self.database).await;
        let (head, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await?;
        let answer = if Translation::concerns(&operation) {
            self.translated(&operation, head, body.clone()).await?
        } else if let Some((throttle, kind)) = self.throttle.as_ref().zip(Kind::of(&operation)) {
            match self.counted(throttle, kind, head, body.clone()).await? {
                Some(answer) => answer,
                None => {
                    return Ok(error(
                        Self::CONTENT_TYPE,
                        StatusCode::BAD_REQUEST,
                        "ProvisionedThroughputExceededException",
                        EXCEEDED,
                    ));
                }
            }
        } else {
            self.ask(head, body.clone()).await?
        };
        if operation == "UpdateTimeToLive" {
            self.expiry.set_due();
        }
        Ok(answer.into_response(&operation, &body))
    }

    /// Sends a request, reads the whole answer.
    async fn ask(&self, head: request::Parts, body: impl Into<Body>) -> Result<Answer, Error> {
        let (head, body) = self.hidden.ask(Request::from_parts(head, body.into())).await?.into_parts();
        Ok(Answer { head, body: to_bytes(Body::new(body), usize::MAX).await? })
    }

    /// The same with another body than the client's.
    async fn ask_json(&self, head: &mut request::Parts, request: &Value) -> Result<Answer, Error> {
        let body = request.to_string();
        head.headers.remove(TRANSFER_ENCODING);
        head.headers.insert(CONTENT_LENGTH, body.len().into());
        self.ask(head.clone(), body).await
    }

    /// The same for a request whose units count. None if there are none left for it.
    async fn counted(
        &self,
        throttle: &Throttle,
        kind: Kind,
        mut head: request::Parts,
        body: Bytes,
    ) -> Result<Option<Answer>, Error> {
        let Ok(Value::Object(mut request)) = serde_json::from_slice(&body) else {
            return self.ask(head, body).await.map(Some);
        };
        // Without it, the answer does not say what was consumed.
        let is_asked = request.get("ReturnConsumedCapacity").is_some_and(|asked| asked != "NONE");
        if !is_asked {
            request.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
        }
        let request = Value::Object(request);
        if !throttle.admits(kind, &request) {
            return Ok(None);
        }
        let mut answer = self.ask_json(&mut head, &request).await?;
        if let Some(Value::Object(mut json)) = answer.json()
            && let Some(consumed) = json.get("ConsumedCapacity")
        {
            throttle.charge(kind, consumed);
            if !is_asked {
                json.remove("ConsumedCapacity");
                answer.body = Value::Object(json).to_string().into();
            }
        }
        Ok(Some(answer))
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
            let mut answer = self.ask_json(&mut head, &request).await?;
            let Some(mut json) = answer.json().filter(|_| answer.head.status.is_success()) else {
                translation.undo(&self.database);
                return Ok(answer);
            };
            match translation.finish(&self.database, &mut json) {
                None => {
                    answer.body = json.to_string().into();
                    return Ok(answer);
                }
                Some(next) => request["ShardIterator"] = next,
            }
        }
    }
}

/// An answer of the embedded DynamoDB.
struct Answer {
    head: response::Parts,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    fn into_response(mut self, operation: &str, request: &[u8]) -> Response<Body> {
        if !self.head.status.is_success()
            && let Some(mut json) = self.json()
            && json["__type"] == "com.amazon.coral.service#UnknownOperationException"
        {
            // Otherwise SDKs would show an error without a message.
            json["message"] = format!("the local DynamoDB has no operation {operation}").into();
            self.body = json.to_string().into();
        }
        if let Some(sorted) = sorted(&self.body, |answer| {
            // The embedded DynamoDB also counts the item that did not fit into the page.
            if let Some(count) = answer.get("Count").copied()
                && let Some(scanned) = answer.get_mut("ScannedCount")
                && !has_filter(request)
            {
                *scanned = count;
            }
        }) {
            self.body = sorted.into();
            self.head.headers.insert("x-amz-crc32", checksum(&self.body).into());
            self.head.headers.insert(CONTENT_LENGTH, self.body.len().into());
        }
        Response::from_parts(self.head, self.body.into())
    }
}

/// Whether a Query or Scan has a filter.
fn has_filter(request: &[u8]) -> bool {
    let fields: Members = serde_json::from_slice(request).unwrap_or_default();
    ["FilterExpression", "QueryFilter", "ScanFilter"].into_iter().any(|filter| fields.contains_key(filter))
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
