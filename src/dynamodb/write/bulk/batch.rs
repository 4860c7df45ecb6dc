//! One BatchWriteItem, from the bytes of its requests to its outcome.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemError, BatchWriteItemOutput};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

use super::op::Op;
use super::request::key_of;
use crate::aws::{is_busy, is_not_sent};
use crate::dynamodb::error::is_server_error;
use crate::dynamodb::{DynamoDb, KeySchema};
use crate::error::Error;

/// Maximum number of requests in one BatchWriteItem.
/// Source: "BatchWriteItem" in the API reference.
pub(super) const MAX_REQUESTS: usize = 25;
/// Maximum size of one BatchWriteItem in bytes, a little below the service's 16 MB.
/// Source: as above.
pub(super) const MAX_BYTES: usize = 16_000_000;

/// Where batches are sent.
pub(super) struct Destination {
    db: DynamoDb,
    /// A client without retries: they would hide how much the table accepts.
    client: Client,
    pub(super) table: String,
    pub(super) key: KeySchema,
    begin: Vec<u8>,
    /// How long to go on while nothing is being written.
    pub(super) request_timeout: Duration,
}

/// The outcome of a batch.
pub(super) enum BatchOutcome {
    /// Accepted, except for the requests with these keys.
    Taken(HashSet<u64>, Box<BatchWriteItemOutput>),
    /// The table or the account is throttled.
    Throttled,
    /// A server error, or no response. Whether carried out or not, it may be sent again.
    Unclear(Error),
    /// An error that a retry cannot fix.
    Refused(Error),
}

impl Destination {
    pub(super) fn new(db: &DynamoDb, table: &str, key: &KeySchema) -> Arc<Self> {
        let config = db.client.config();
        let config = config.to_builder().retry_config(RetryConfig::disabled()).build();
        let name = serde_json::Value::from(table);
        let begin = format!(r#"{{"ReturnConsumedCapacity":"INDEXES","RequestItems":{{{name}:["#);
        Arc::new(Self {
            db: db.clone(),
            client: Client::from_conf(config),
            table: table.to_owned(),
            key: key.clone(),
            request_timeout: db.endpoint().request_timeout(),
            begin: begin.into_bytes(),
        })
    }

    /// Sends `batch` once.
    pub(super) async fn send(&self, batch: &[Op]) -> BatchOutcome {
        let body = SdkBody::from(self.body(batch));
        let length = body.content_length().unwrap_or_default();
        let answer = self
            .client
            .batch_write_item()
            // The body below replaces this, and includes the requests.
            .request_items(&self.table, Vec::new())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .customize()
            .mutate_request(move |request| {
                if let Some(body) = body.try_clone() {
                    *request.body_mut() = body;
                    request.headers_mut().insert("content-length", length.to_string());
                }
            })
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let left = answer.unprocessed_items().and_then(|items| items.get(&self.table));
                BatchOutcome::Taken(
                    self.left_of(batch, left.map(Vec::as_slice).unwrap_or_default()),
                    Box::new(answer),
                )
            }
            // A dry run: recorded, and treated as accepted.
            Err(error) if is_not_sent(&error) => {
                BatchOutcome::Taken(HashSet::new(), Box::new(BatchWriteItemOutput::builder().build()))
            }
            Err(error) if is_busy(&error) => BatchOutcome::Throttled,
            Err(error) => {
                let may_pass = may_pass(&error);
                let error = self.db.error("cannot write", &self.table, &error);
                if may_pass { BatchOutcome::Unclear(error) } else { BatchOutcome::Refused(error) }
            }
        }
    }

    fn body(&self, batch: &[Op]) -> Vec<u8> {
        let length: usize = batch.iter().map(|op| op.json().len() + 1).sum();
        let mut body = Vec::with_capacity(self.begin.len() + length + 3);
        body.extend_from_slice(&self.begin);
        for (index, op) in batch.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend_from_slice(op.json());
        }
        body.extend_from_slice(b"]}}");
        body
    }

    /// The keys of `left`. If one is not from the batch, returns all keys of the batch: sending a request
    /// twice is better than not at all.
    fn left_of(&self, batch: &[Op], left: &[aws_sdk_dynamodb::types::WriteRequest]) -> HashSet<u64> {
        if left.is_empty() {
            return HashSet::new();
        }
        let sent: HashSet<u64> = batch.iter().map(Op::key).collect();
        let keys: Option<HashSet<u64>> = left.iter().map(|request| key_of(request, &self.key)).collect();
        match keys {
            Some(keys) if keys.is_subset(&sent) => keys,
            _ => sent,
        }
    }

    /// The error when the table keeps returning requests.
    pub(super) fn throttled(&self) -> Error {
        Error::failed(format!(
            "DynamoDB at {} keeps returning writes to {:?} unprocessed: the table is throttled",
            self.db.endpoint(),
            self.table
        ))
    }
}

/// Whether the same request may succeed later.
fn may_pass(error: &SdkError<BatchWriteItemError>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => is_server_error(error),
    }
}
