//! Bulk writes: concurrent BatchWriteItem requests, as fast as the table accepts them.
//!
//! `request` serializes a put or a delete once, as the bytes to send. `batch` sends 25 of them.
//! `dispatch` decides when, within the limits of `Concurrency` and `pace` (units per
//! second), and keeps the order of writes to the same key.

mod batch;
mod dispatch;
mod op;
mod pace;
mod progress;
mod request;

use std::borrow::Borrow;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::dispatch::{Dispatch, Message};
use self::op::{Op, ROOM, ROOM_UNIT};
use self::progress::Shared;
use self::request::Prepared;
use crate::dynamodb::{DynamoDb, Item, KeySchema};
use crate::error::{Error, Result};

pub use pace::Pace;
pub use progress::{BulkOptions, BulkProgress, BulkWritten};

/// Capacity of the channel to the dispatcher.
const CHANNEL: usize = 256;

/// A bulk write in progress. Once [`BulkWriter::finish`] has returned, everything submitted is written.
/// If dropped before, it completes only the requests that were already sent.
///
/// Holds at most 4,096 requests and 32 MiB of them. Writes to the same key keep their order.
pub struct BulkWriter {
    messages: Option<mpsc::Sender<Message>>,
    stop: watch::Sender<bool>,
    room: Arc<Semaphore>,
    shared: Arc<Shared>,
    key: KeySchema,
    is_paced: bool,
    submitted: u64,
    task: Option<JoinHandle<Result<BulkWritten>>>,
}

impl DynamoDb {
    /// Starts writing to `table`. Must be called within a runtime.
    pub fn bulk_writer(&self, table: &str, key: &KeySchema, options: BulkOptions) -> BulkWriter {
        let (messages, receiver) = mpsc::channel(CHANNEL);
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared::default());
        let is_paced = options.max_wcu.is_some();
        let dispatch = Dispatch::new(self, table, key, &options, Arc::clone(&shared));
        BulkWriter {
            messages: Some(messages),
            stop,
            room: Arc::new(Semaphore::new(ROOM)),
            shared,
            key: key.clone(),
            is_paced,
            submitted: 0,
            task: Some(tokio::spawn(dispatch.run(receiver, stopped))),
        }
    }
}

impl BulkWriter {
    /// Submits an item to put. Waits while too much is in progress.
    ///
    /// # Errors
    /// The earlier failure that stopped the writer; [`crate::error::Kind::Partial`] when some requests
    /// were written.
    pub async fn put(&mut self, item: impl Borrow<Item>) -> Result<()> {
        let prepared = Prepared::put(item.borrow(), &self.key, self.is_paced)?;
        self.submit(prepared).await
    }

    /// Like [`BulkWriter::put`], for an item whose attributes are all strings. Builds no map of them.
    ///
    /// # Errors
    /// As for [`BulkWriter::put`].
    pub async fn put_strings(&mut self, attributes: &[(&str, &str)]) -> Result<()> {
        let prepared = Prepared::put_strings(attributes, &self.key)?;
        self.submit(prepared).await
    }

    /// Submits an item to delete, by its key. Other attributes are ignored.
    ///
    /// # Errors
    /// As for [`BulkWriter::put`].
    pub async fn delete(&mut self, key: impl Borrow<Item>) -> Result<()> {
        let prepared = Prepared::delete(key.borrow(), &self.key)?;
        self.submit(prepared).await
    }

    async fn submit(&mut self, prepared: Prepared) -> Result<()> {
        let weight = prepared.json.len().div_ceil(ROOM_UNIT).clamp(1, ROOM);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        if self.room.available_permits() < weight as usize {
            // The room may be taken by requests that wait for a full batch.
            self.send(Message::Hungry).await?;
        }
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(weight).await else {
            return Err(self.failure().await);
        };
        let op = Op::new(self.submitted, prepared, room);
        self.send(Message::Op(op)).await?;
        self.submitted += 1;
        Ok(())
    }

    /// Waits until everything submitted is written.
    ///
    /// # Errors
    /// As for [`BulkWriter::put`].
    pub async fn flush(&mut self) -> Result<()> {
        let (done, flushed) = oneshot::channel();
        self.send(Message::Flush(done)).await?;
        match flushed.await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.failure().await),
        }
    }

    /// The writer's progress, for an observer.
    pub fn progress(&self) -> BulkProgress {
        BulkProgress(Arc::clone(&self.shared))
    }

    /// [`BulkProgress::done_through`]
    pub fn done_through(&self) -> u64 {
        self.progress().done_through()
    }

    /// Writes what is left. Returns what was written in total.
    ///
    /// # Errors
    /// As for [`BulkWriter::put`].
    pub async fn finish(&mut self) -> Result<BulkWritten> {
        self.messages = None;
        self.ended().await
    }

    /// Sends no more requests, waits for those in progress, and returns what was written. The next run
    /// resumes from [`BulkWriter::done_through`].
    ///
    /// # Errors
    /// As for [`BulkWriter::put`].
    pub async fn stop(&mut self) -> Result<BulkWritten> {
        self.ask_to_stop();
        self.ended().await
    }

    /// Stops sending requests, without waiting for those in progress.
    pub fn ask_to_stop(&mut self) {
        self.stop.send_replace(true);
        self.messages = None;
    }

    async fn send(&mut self, message: Message) -> Result<()> {
        let sent = match &self.messages {
            Some(messages) => messages.send(message).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { Err(self.failure().await) }
    }

    async fn ended(&mut self) -> Result<BulkWritten> {
        match self.task.take() {
            Some(task) => task
                .await
                .unwrap_or_else(|cause| Err(Error::failed("writing ended unexpectedly").because(cause))),
            None => Err(Error::failed("writing has ended already")),
        }
    }

    /// Why the dispatcher has stopped.
    async fn failure(&mut self) -> Error {
        self.messages = None;
        match self.ended().await {
            Err(error) => error,
            Ok(_) => Error::failed("writing was stopped"),
        }
    }
}

impl Drop for BulkWriter {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
