//! Writes items whose keys are free, and leaves existing items alone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure as OnFailure};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::single::same;
use crate::aws::{Tries, code, is_not_sent};
use crate::dynamodb::item::{json, size};
use crate::dynamodb::{Capacity, Concurrency, DynamoDb, Item, KeySchema, Pace};
use crate::error::{Error, Kind, Result};

/// Concurrent requests at the beginning.
const FIRST_WRITERS: usize = 8;
/// Maximum number of concurrent requests.
const MOST_WRITERS: usize = 128;
/// The service's code for a failed condition.
const IS_THERE: &str = "ConditionalCheckFailedException";

/// Writes items whose keys are free, one per request, many requests at a time.
///
/// Of two items with the same key, the first is kept.
pub struct ConditionalWriter {
    db: DynamoDb,
    table: String,
    key: KeySchema,
    pace: Option<Pace>,
    concurrency: Concurrency,
    tasks: JoinSet<Ended>,
    /// The keys being written, by request number.
    open: BTreeMap<u64, Vec<u8>>,
    written: ConditionalWritten,
}

/// A finished request, with the units that were guessed and expected for it.
struct Ended {
    number: u64,
    guess: f64,
    expected: f64,
    took: Duration,
    done: Result<Done>,
}

/// What was written, and what was not.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionalWritten {
    /// Items put.
    pub put: u64,
    /// Items not written, because one with the same key existed.
    pub kept: u64,
    /// Write units. The service reports them only for items that were put.
    pub capacity: Capacity,
}

enum Done {
    Put(Capacity),
    WasThere,
}

impl DynamoDb {
    /// Starts writing to `table`, whose key is `key`. Must be called within a runtime.
    pub fn conditional_writer(&self, table: &str, key: KeySchema, max_wcu: Option<f64>) -> ConditionalWriter {
        ConditionalWriter {
            db: self.clone(),
            table: table.to_owned(),
            key,
            pace: max_wcu.map(Pace::new),
            concurrency: Concurrency::new(FIRST_WRITERS, MOST_WRITERS),
            tasks: JoinSet::new(),
            open: BTreeMap::new(),
            written: ConditionalWritten { put: 0, kept: 0, capacity: Capacity::new(self.is_emulated()) },
        }
    }

    /// Puts `item` unless one with its key exists.
    async fn put_if_free(&self, table: &str, partition: &str, item: Item) -> Result<Done> {
        let request = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", partition)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let unheard = Tries::default();
        match request.clone().customize().interceptor(unheard.clone()).send().await {
            Ok(answer) => {
                let mut capacity = Capacity::new(self.is_emulated());
                capacity.add_written(&answer, 1);
                Ok(Done::Put(capacity))
            }
            Err(error) if code(&error) == Some(IS_THERE) => {
                // It may be our own item, put by an earlier try whose response was lost.
                let is_ours = match error.as_service_error() {
                    Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                        let items = failed.item().zip(request.get_item().as_ref());
                        unheard.went_unanswered() && items.is_some_and(|(found, ours)| same(found, ours))
                    }
                    _ => false,
                };
                let unknown = || Capacity::new(self.is_emulated());
                Ok(if is_ours { Done::Put(unknown()) } else { Done::WasThere })
            }
            // A dry run: recorded, and treated as done.
            Err(error) if is_not_sent(&error) => Ok(Done::Put(Capacity::default())),
            Err(error) => Err(self.error("cannot write", table, &error)),
        }
    }
}

impl ConditionalWriter {
    /// Submits an item. Waits while too many requests, or one with the same key, are in progress.
    ///
    /// # Errors
    /// The failure of an earlier request; [`Kind::Partial`] when some requests are done.
    pub async fn put(&mut self, item: Item) -> Result<()> {
        let mut key = Vec::new();
        json::canonical(self.key.attributes(&item), &mut key);
        while self.tasks.len() >= self.concurrency.limit() || self.open.values().any(|other| *other == key) {
            self.ended().await?;
        }
        let units = size::write_units(size::item(&item));
        let guess = f64::from(u32::try_from(units).unwrap_or(u32::MAX));
        let mut expected = guess;
        if let Some(pace) = &mut self.pace {
            sleep(pace.wait(Instant::now())).await;
            expected = pace.spend(Instant::now(), guess);
        }
        let number = self.concurrency.sent();
        self.open.insert(number, key);
        let (db, table) = (self.db.clone(), self.table.clone());
        let partition = self.key.names().next().unwrap_or_default().to_owned();
        self.tasks.spawn(async move {
            let start = Instant::now();
            let done = db.put_if_free(&table, &partition, item).await;
            Ended { number, guess, expected, took: start.elapsed(), done }
        });
        Ok(())
    }

    /// How many requests are done without a gap, in the order of submission.
    pub fn done_through(&self) -> u64 {
        self.open.keys().next().copied().unwrap_or(self.concurrency.next())
    }

    /// How many requests are done, in any order.
    pub const fn done(&self) -> u64 {
        self.written.put + self.written.kept
    }

    /// Waits until everything submitted is done.
    ///
    /// # Errors
    /// As for [`ConditionalWriter::put`].
    pub async fn flush(&mut self) -> Result<()> {
        while !self.tasks.is_empty() {
            self.ended().await?;
        }
        Ok(())
    }

    /// What was written so far.
    pub const fn written(&self) -> &ConditionalWritten {
        &self.written
    }

    async fn ended(&mut self) -> Result<()> {
        let Some(ended) = self.tasks.join_next().await else { return Ok(()) };
        let Ended { number, guess, expected, took, done } =
            ended.map_err(|cause| Error::failed("a write ended unexpectedly").because(cause))?;
        self.concurrency.answered(number, took);
        match done {
            Ok(Done::Put(capacity)) => {
                self.written.put += 1;
                if let Some(pace) = &mut self.pace {
                    pace.settle(guess, expected, capacity.total);
                }
                self.written.capacity.merge(&capacity);
            }
            Ok(Done::WasThere) => self.written.kept += 1,
            Err(error) if self.done() == 0 => return Err(error),
            Err(error) => {
                let message = format!("{}; {} writes are done", error.message(), self.done());
                return Err(error.with(Kind::Partial, message));
            }
        }
        self.open.remove(&number);
        Ok(())
    }
}
