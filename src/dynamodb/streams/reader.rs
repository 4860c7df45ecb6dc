//! Reads a stream: every shard, parents before their children, until the stream ends.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::client::{Answer, Failure, FailureKind};
use super::{Position, Positions, Record, Stream, Streams};
use crate::aws::MAX_RETRIES;
use crate::dynamodb::retry::delay;
use crate::error::{Error, Result};

/// The minimum time between two reads of a shard. The service allows five per second.
/// Source: "Quotas in Amazon DynamoDB", DynamoDB Streams.
const SHARD_REST: Duration = Duration::from_millis(200);
/// The first and the longest pause after an empty read.
const FIRST_IDLE: Duration = Duration::from_millis(250);
const MAX_IDLE: Duration = Duration::from_secs(2);
/// How often to look for the children of a shard that has ended.
const LOOK_FOR_CHILDREN: Duration = Duration::from_secs(5);
/// How many empty responses in a row count as the end of an open shard. On AWS, some also occur in
/// the middle of one.
const EMPTY_AT_THE_END: u32 = 10;
const EMPTY_AT_AN_EMULATORS_END: u32 = 1;

/// A stream being read. Call [`Reader::next`], handle what it returns, and confirm that with
/// [`Reader::handled`].
pub struct Reader {
    streams: Streams,
    arn: String,
    positions: Positions,
    reading: Vec<Reading>,
    /// Whether to stop at the present end of the stream.
    once: bool,
    /// Shards that were read to their end, or to their present end.
    drained: BTreeSet<String>,
    /// When to list the shards again; `None` if there is no need to.
    look_at: Option<Instant>,
    lost: VecDeque<String>,
    /// The minimum time between two reads of a shard.
    rest: Duration,
    empty_at_the_end: u32,
    /// Failed requests in a row, and the time of the last success.
    failures: u32,
    answered_at: Instant,
    /// How many reads of shards were answered.
    pub reads: usize,
}

/// A shard that is being read.
struct Reading {
    shard: String,
    iterator: Option<String>,
    due: Instant,
    /// Responses in a row without a record.
    empty: u32,
}

/// What the reader returns next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Records to handle.
    Records(Batch),
    /// Records of this shard were deleted before they were read, because they were older than 24 hours.
    Lost(String),
}

/// Records of one shard, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The shard.
    pub shard: String,
    /// Its records. Empty only if the shard ends.
    pub records: Vec<Record>,
    /// Whether these are the shard's last records.
    pub ends: bool,
}

impl Reader {
    /// Starts at `positions`. With `once`, it stops at the present end of the stream.
    pub fn new(streams: Streams, stream: &Stream, positions: Positions, once: bool) -> Self {
        let (rest, empty_at_the_end) = if streams.endpoint().is_emulated() {
            (Duration::ZERO, EMPTY_AT_AN_EMULATORS_END)
        } else {
            (SHARD_REST, EMPTY_AT_THE_END)
        };
        let mut reader = Self {
            streams,
            arn: stream.arn.clone(),
            positions,
            reading: Vec::new(),
            once,
            drained: BTreeSet::new(),
            look_at: None,
            lost: VecDeque::new(),
            rest,
            empty_at_the_end,
            failures: 0,
            answered_at: Instant::now(),
            reads: 0,
        };
        reader.take_up(stream);
        reader
    }

    /// How far each shard has been handled.
    pub const fn positions(&self) -> &Positions {
        &self.positions
    }

    /// The next records, in no order between shards. `None` at the end: with `once`, of what is there now;
    /// otherwise, of a stream that was switched off.
    ///
    /// Dropping the future before it completes changes nothing.
    ///
    /// # Errors
    /// The stream is gone, or has been unreadable for too long.
    pub async fn next(&mut self) -> Result<Option<Step>> {
        loop {
            if let Some(shard) = self.lost.pop_front() {
                return Ok(Some(Step::Lost(shard)));
            }
            let next = self.reading.iter().enumerate().min_by_key(|(_, reading)| reading.due);
            let (index, due) = match (next.map(|(index, reading)| (index, reading.due)), self.look_at) {
                (None, None) => return Ok(None),
                (Some((_, due)), Some(look_at)) if look_at <= due => (None, look_at),
                (Some((index, due)), _) => (Some(index), due),
                (None, Some(look_at)) => (None, look_at),
            };
            tokio::time::sleep_until(due).await;
            match index {
                None => self.look().await?,
                Some(index) => {
                    if let Some(batch) = self.read(index).await? {
                        return Ok(Some(Step::Records(batch)));
                    }
                }
            }
        }
    }

    /// Records that the first `count` records of `batch` have been handled.
    pub fn handled(&mut self, batch: &Batch, count: usize) {
        if batch.ends && count == batch.records.len() {
            self.positions.set(&batch.shard, Position::Done);
            self.look_at = Some(Instant::now());
            return;
        }
        let last = batch.records[..count].iter().rfind(|record| !record.sequence_number.is_empty());
        if let Some(last) = last {
            self.positions.set(&batch.shard, Position::After(last.sequence_number.clone()));
        }
    }

    /// Lists the shards.
    async fn look(&mut self) -> Result<()> {
        match self.streams.try_describe(&self.arn).await {
            Ok(stream) => {
                if self.reading.is_empty() {
                    self.answered();
                }
                self.take_up(&stream);
                Ok(())
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {
                Err(Error::failed(format!("the stream {} on {} is gone", self.arn, self.streams.endpoint()))
                    .hint("it ends when the table is dropped or the stream is disabled"))
            }
            Err(failure) => {
                self.look_at = Some(self.wait_after(failure)?);
                Ok(())
            }
        }
    }

    /// Starts reading the shards that are ready.
    fn take_up(&mut self, stream: &Stream) {
        let gone = self.positions.prune(&stream.shards);
        self.reading.retain(|reading| stream.shards.iter().any(|shard| shard.id == reading.shard));
        self.lost.extend(gone);
        for shard in self.positions.ready(&stream.shards) {
            let known =
                self.drained.contains(shard) || self.reading.iter().any(|reading| reading.shard == shard);
            if !known {
                self.positions.set(shard, self.positions.of(shard));
                self.reading.push(Reading {
                    shard: shard.to_owned(),
                    iterator: None,
                    due: Instant::now(),
                    empty: 0,
                });
            }
        }
        let goes_on = stream.is_enabled()
            && (self.reading.is_empty() || self.positions.awaits_children(&stream.shards));
        self.look_at = (goes_on && !self.once).then(|| Instant::now() + LOOK_FOR_CHILDREN);
    }

    async fn read(&mut self, index: usize) -> Result<Option<Batch>> {
        let shard = self.reading[index].shard.clone();
        let iterator = match self.reading[index].iterator.clone() {
            Some(iterator) => Ok(Some(iterator)),
            None => self.streams.iterator(&self.arn, &shard, &self.positions.of(&shard)).await,
        };
        let answer = match iterator {
            Ok(Some(iterator)) => {
                self.reading[index].iterator = Some(iterator.clone());
                self.streams.records(&iterator).await
            }
            Ok(None) => Ok(Answer { records: Vec::new(), next: None }),
            Err(failure) => Err(failure),
        };
        let Answer { records, next } = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                self.overcome(index, failure)?;
                return Ok(None);
            }
        };
        self.answered();
        self.reads += 1;
        let reading = &mut self.reading[index];
        let ends = next.is_none();
        reading.iterator = next;
        reading.empty = if records.is_empty() { reading.empty + 1 } else { 0 };
        let pause = if records.is_empty() && !self.once {
            FIRST_IDLE.saturating_mul(2_u32.saturating_pow(reading.empty - 1)).min(MAX_IDLE)
        } else {
            self.rest
        };
        reading.due = Instant::now() + pause;
        let is_drained = self.once && reading.empty >= self.empty_at_the_end;
        if ends || is_drained {
            self.reading.swap_remove(index);
            self.drained.insert(shard.clone());
        }
        Ok((ends || !records.is_empty()).then_some(Batch { shard, records, ends }))
    }

    /// Prepares the next read of a shard after a failure, if a retry may help.
    fn overcome(&mut self, index: usize, failure: Failure) -> Result<()> {
        let shard = self.reading[index].shard.clone();
        let kind = failure.kind;
        let due = self.wait_after(failure)?;
        let reading = &mut self.reading[index];
        reading.due = due;
        match kind {
            FailureKind::Expired => {
                reading.iterator = None;
                if self.positions.of(&shard) == Position::Latest {
                    // The former latest position cannot be found again.
                    self.positions.set(&shard, Position::TrimHorizon);
                }
            }
            FailureKind::Trimmed => {
                reading.iterator = None;
                self.positions.set(&shard, Position::TrimHorizon);
                if !self.lost.contains(&shard) {
                    self.lost.push_back(shard);
                }
            }
            FailureKind::NotFound => self.look_at = Some(Instant::now()),
            FailureKind::Retryable | FailureKind::Permanent => {}
        }
        Ok(())
    }

    fn answered(&mut self) {
        self.failures = 0;
        self.answered_at = Instant::now();
    }

    /// When to retry after `failure`.
    ///
    /// # Errors
    /// A retry does not help, or retries have failed for too long.
    fn wait_after(&mut self, failure: Failure) -> Result<Instant> {
        self.failures += 1;
        let is_out_of_time =
            failure.error.time_limit().is_some_and(|limit| self.answered_at.elapsed() >= limit);
        if failure.kind == FailureKind::Permanent || self.failures > MAX_RETRIES || is_out_of_time {
            return Err(failure.error);
        }
        Ok(Instant::now() + delay(self.failures))
    }
}
