//! BatchWriteItem: 25 at a time, and what comes back unprocessed goes in again.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, ReturnConsumedCapacity, WriteRequest};
use uuid::Uuid;

use super::backoff::pause;
use super::error::is_throttled;
use super::items::{group_item, message_item};
use super::{Capacity, DynamoDb, Item, names};
use crate::error::{Error, Kind, Result};
use crate::messaging::Conversation;

/// Requests in one BatchWriteItem. 25 items of 400 KB stay under its 16 MB.
/// Source: "BatchWriteItem" in the API reference.
const BATCH: usize = 25;
/// Answers in a row that take nothing before giving up: about 25 seconds.
const TRIES_WITHOUT_PROGRESS: u32 = 12;

/// What writing a conversation did.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Items put.
    pub put: usize,
    /// Items of the group's former state that were deleted.
    pub deleted: usize,
    /// Write units of it.
    pub written: Capacity,
    /// Read units it took to find the former state.
    pub read: Capacity,
}

impl DynamoDb {
    /// Writes `conversation` in the place of whatever its group held before.
    ///
    /// Puts come before deletes: broken off in between, the group holds too much
    /// and never too little, and the next run sets it right.
    pub async fn replace_conversation(
        &self,
        table: &str,
        group: Uuid,
        conversation: &Conversation,
    ) -> Result<Written> {
        let owners = conversation.groups.each_ref().map(|row| row.owner_uuid.clone());
        let (former, read) = self.group_keys(table, group, &owners).await?;
        let items: Vec<Item> = conversation
            .messages
            .iter()
            .map(message_item)
            .chain(conversation.groups.iter().map(group_item))
            .collect();
        let mut kept: HashSet<(String, String)> = items.iter().map(key_text).collect();
        // A row found in both places, and one that is put anyway, is deleted once and never.
        let stale: Vec<Item> = former.into_iter().filter(|key| kept.insert(key_text(key))).collect();
        let (put, deleted) = (items.len(), stale.len());
        let mut progress =
            Progress { done: 0, total: put + deleted, capacity: Capacity::new(self.is_emulated()) };
        let puts = items.into_iter().map(put_request).collect::<Result<_>>()?;
        let removals = stale.into_iter().map(delete_request).collect::<Result<_>>()?;
        for requests in [puts, removals] {
            self.batch_write(table, requests, &mut progress).await.map_err(|error| {
                error.hint("run the same command again: it replaces the group whole, whatever is there now")
            })?;
        }
        Ok(Written { put, deleted, written: progress.capacity, read })
    }

    /// Sends `requests`, no two of which may share a key, 25 at a time, and
    /// returns when all of them are done.
    ///
    /// # Errors
    /// [`Kind::Partial`] when some were written and some were not.
    async fn batch_write(
        &self,
        table: &str,
        requests: Vec<WriteRequest>,
        progress: &mut Progress,
    ) -> Result<()> {
        let mut rest = requests.into_iter();
        let mut pending: Vec<WriteRequest> = Vec::new();
        let mut tries = 0;
        loop {
            pending.extend(rest.by_ref().take(BATCH - pending.len()));
            if pending.is_empty() {
                return Ok(());
            }
            let sent = pending.len();
            let answer = self
                .client
                .batch_write_item()
                .request_items(table, pending.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await;
            match answer {
                Ok(answer) => {
                    progress.capacity.add(&answer);
                    pending = answer
                        .unprocessed_items
                        .and_then(|mut items| items.remove(table))
                        .unwrap_or_default();
                    progress.done += sent - pending.len();
                }
                // So answers a table that took nothing of the batch: as if all
                // of it had come back unprocessed.
                Err(error) if is_throttled(&error) && tries < TRIES_WITHOUT_PROGRESS => {}
                Err(error) => return Err(progress.stopped_by(self.error("cannot write", table, &error))),
            }
            if pending.is_empty() {
                tries = 0;
                continue;
            }
            tries = if pending.len() < sent { 1 } else { tries + 1 };
            if tries > TRIES_WITHOUT_PROGRESS {
                let error = Error::failed(format!(
                    "DynamoDB at {} keeps returning writes to {table:?} unprocessed: the table is throttled",
                    self.place()
                ));
                return Err(progress.stopped_by(error));
            }
            pause(tries).await;
        }
    }
}

/// How far a command's writes have come.
struct Progress {
    done: usize,
    total: usize,
    capacity: Capacity,
}

impl Progress {
    /// `error`, or the same said of a job that is done in part.
    fn stopped_by(&self, error: Error) -> Error {
        if self.done == 0 {
            return error;
        }
        let message = format!("{}; {} of {} writes are done", error.message(), self.done, self.total);
        error.with(Kind::Partial, message)
    }
}

fn put_request(item: Item) -> Result<WriteRequest> {
    let put = PutRequest::builder().set_item(Some(item)).build();
    Ok(WriteRequest::builder().put_request(put.map_err(incomplete)?).build())
}

fn delete_request(key: Item) -> Result<WriteRequest> {
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    Ok(WriteRequest::builder().delete_request(delete.map_err(incomplete)?).build())
}

fn incomplete(cause: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::failed("cannot build a write request").because(cause)
}

fn key_text(item: &Item) -> (String, String) {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    (part(names::PARTITION_KEY), part(names::SORT_KEY))
}
