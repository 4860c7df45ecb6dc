//! Writing much: concurrent BatchWriteItem, as fast as the table takes it.
//!
//! `request` prepares a put or a delete once, as the bytes that go over the wire; `batch` sends
//! 25 of them; `dispatch` decides when, with what `writers` (how many at a time) and `pace` (units
//! a second) allow, and keeps the order of writes to the same key.

mod batch;
mod dispatch;
mod op;
mod pace;
mod progress;
mod request;
mod writers;

use std::borrow::Borrow;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::dispatch::{Dispatch, Message};
use self::op::Op;
use self::progress::Shared;
use self::request::Prepared;
use crate::dynamodb::{DynamoDb, Item, KeySchema};
use crate::error::{Error, Result};

pub use pace::Pace;
pub use progress::{BulkOptions, BulkProgress, BulkWritten};
pub use writers::Writers;

/// What may be under way at a time, in units of [`ROOM_UNIT`] bytes. It bounds the memory: 32 MiB,
/// and 4,096 requests.
const ROOM: usize = 4096;
/// What a request counts at least.
const ROOM_UNIT: usize = 8 * 1024;
/// Messages on their way to the dispatcher.
const CHANNEL: usize = 256;

/// A bulk write under way. Everything that was submitted is written once
/// [`BulkWriter::finish`] has returned; dropped before, it finishes the requests that are on their
/// way and no more.
///
/// Holds at most [`ROOM`] requests and 32 MiB of them. Writes to the same key keep their order.
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
    /// Begins to write to `table`. To be called within a runtime.
    #[must_use]
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
    /// Submits an item to be put; waits while there is too much under way.
    ///
    /// # Errors
    /// What stopped the writer: an earlier request's failure.
    /// [`crate::error::Kind::Partial`] when some were written.
    pub async fn put(&mut self, item: impl Borrow<Item>) -> Result<()> {
        let prepared = Prepared::put(item.borrow(), &self.key, self.is_paced)?;
        self.submit(prepared).await
    }

    /// [`BulkWriter::put`] for an item whose attributes are all strings, without making a map of it.
    ///
    /// # Errors
    /// As there.
    pub async fn put_strings(&mut self, attributes: &[(&str, &str)]) -> Result<()> {
        let prepared = Prepared::put_strings(attributes, &self.key)?;
        self.submit(prepared).await
    }

    /// Submits an item to be deleted, by its key; other attributes do not matter.
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
            // A batch that is not full yet may be what takes the room.
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

    /// Waits until everything that was submitted is written.
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

    /// How far it is, for somebody who watches while others submit.
    #[must_use]
    pub fn progress(&self) -> BulkProgress {
        BulkProgress(Arc::clone(&self.shared))
    }

    /// [`BulkProgress::done_through`]
    #[must_use]
    pub fn done_through(&self) -> u64 {
        self.progress().done_through()
    }

    /// Writes what is left, and says what was written.
    ///
    /// # Errors
    /// As for [`BulkWriter::put`].
    pub async fn finish(&mut self) -> Result<BulkWritten> {
        self.messages = None;
        self.ended().await
    }

    /// Waits for the requests that are on their way, sends no other, and says what was written.
    /// [`BulkWriter::done_through`] is where to go on from.
    ///
    /// # Errors
    /// As for [`BulkWriter::put`].
    pub async fn stop(&mut self) -> Result<BulkWritten> {
        self.ask_to_stop();
        self.ended().await
    }

    /// From now on no request is sent; those on their way are not waited for yet.
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
            Some(task) => task.await.unwrap_or_else(|cause| {
                Err(Error::failed("writing has come to a sudden end").because(cause))
            }),
            None => Err(Error::failed("writing has ended already")),
        }
    }

    /// Why the dispatcher takes nothing any more.
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
