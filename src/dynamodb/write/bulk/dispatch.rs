//! Decides when each request is sent, and what happens to those that come back.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::types::ConsumedCapacity;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::batch::{BatchOutcome, Destination, MAX_BYTES, MAX_REQUESTS};
use super::op::{Op, ROOM};
use super::pace::Pace;
use super::progress::{BulkOptions, BulkWritten, Shared};
use crate::aws::MAX_RETRIES;
use crate::dynamodb::retry::delay;
use crate::dynamodb::{Capacity, Concurrency, DynamoDb, KeySchema};
use crate::error::{Error, Kind, Result};

/// Retries after no response or a server error, while nothing has ever been written.
const MAX_RETRIES_AT_FIRST: u32 = 2;
/// Concurrent requests at the beginning.
const FIRST_WRITERS: usize = 8;
/// Messages taken from the channel at a time.
const AT_ONCE: usize = 128;

/// A message from the writer to the dispatcher.
pub(super) enum Message {
    Op(Op),
    /// Send what is ready, even without a full batch, and report when everything is written.
    Flush(oneshot::Sender<()>),
    /// The writer has no room for another request.
    Hungry,
}

/// A batch that was sent.
struct Sent {
    number: u64,
    batch: Vec<Op>,
    /// Units guessed from the size of its items, and units expected with the indexes.
    guess: f64,
    expected: f64,
}

enum Event {
    Answered(Sent, BatchOutcome, Duration),
    /// The pause after a refusal is over.
    Rested(Vec<Op>),
}

pub(super) struct Dispatch {
    destination: Arc<Destination>,
    shared: Arc<Shared>,
    total: Option<u64>,
    writers: Concurrency,
    pace: Option<Pace>,
    /// To be sent. No two have the same key.
    ready: VecDeque<Op>,
    /// For each key in progress, the requests that wait for it.
    busy: HashMap<u64, VecDeque<Op>>,
    /// Sequence numbers that are not written yet.
    open: BTreeSet<u64>,
    received: u64,
    tasks: JoinSet<Event>,
    sending: usize,
    flushes: Vec<oneshot::Sender<()>>,
    is_hungry: bool,
    is_closed: bool,
    is_stopping: bool,
    failure: Option<Error>,
    written: BulkWritten,
    /// When anything was last written, or the first request was sent.
    last_written: Option<Instant>,
}

impl Dispatch {
    pub(super) fn new(
        db: &DynamoDb,
        table: &str,
        key: &KeySchema,
        options: &BulkOptions,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            destination: Destination::new(db, table, key),
            shared,
            total: options.total,
            writers: Concurrency::new(FIRST_WRITERS, ROOM / MAX_REQUESTS),
            pace: options.max_wcu.map(Pace::new),
            ready: VecDeque::new(),
            busy: HashMap::new(),
            open: BTreeSet::new(),
            received: 0,
            tasks: JoinSet::new(),
            sending: 0,
            flushes: Vec::new(),
            is_hungry: false,
            is_closed: false,
            is_stopping: false,
            failure: None,
            written: BulkWritten {
                put: 0,
                deleted: 0,
                capacity: Capacity::new(db.is_emulated()),
                retried: 0,
                writers: 0,
            },
            last_written: None,
        }
    }

    /// Runs until everything is written, or no more is to be written.
    pub(super) async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<BulkWritten> {
        let mut received = Vec::with_capacity(AT_ONCE);
        loop {
            self.is_stopping |= *stop.borrow();
            let pause = self.dispatch();
            let is_over = self.is_stopping || self.failure.is_some();
            if is_over && self.sending == 0 || self.is_closed && self.open.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some(ended) = self.tasks.join_next() => {
                    self.ended(ended);
                    while let Some(ended) = self.tasks.try_join_next() {
                        self.ended(ended);
                    }
                }
                _ = stop.wait_for(|stop| *stop), if !self.is_stopping => self.is_stopping = true,
                count = messages.recv_many(&mut received, AT_ONCE), if !self.is_closed && !is_over => {
                    self.is_closed = count == 0;
                    received.drain(..).for_each(|message| self.receive(message));
                }
                () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
        match self.failure.take() {
            Some(error) => Err(self.in_part(error)),
            None => Ok(self.written),
        }
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Op(op) => {
                self.is_hungry = false;
                self.received = op.sequence + 1;
                self.open.insert(op.sequence);
                if let Some(waiting) = self.busy.get_mut(&op.key()) {
                    waiting.push_back(op);
                } else {
                    self.busy.insert(op.key(), VecDeque::new());
                    self.ready.push_back(op);
                }
            }
            Message::Hungry => self.is_hungry = true,
            Message::Flush(done) => {
                self.flushes.push(done);
                self.settle_flushes();
            }
        }
    }

    /// Sends what may be sent now. Returns how long the next batch must wait for the pace.
    fn dispatch(&mut self) -> Option<Duration> {
        while self.may_send() {
            let now = Instant::now().into_std();
            let pause = self.pace.as_ref().map(|pace| pace.wait(now)).unwrap_or_default();
            if !pause.is_zero() {
                return Some(pause);
            }
            let batch = self.next_batch();
            if batch.is_empty() {
                break;
            }
            let guess = batch.iter().map(|op| op.prepared.units).sum();
            let expected = self.pace.as_mut().map_or(guess, |pace| pace.spend(now, guess));
            let sent = Sent { number: self.writers.sent(), batch, guess, expected };
            self.sending += 1;
            self.last_written.get_or_insert_with(Instant::now);
            self.written.writers = self.written.writers.max(self.sending);
            let destination = Arc::clone(&self.destination);
            self.tasks.spawn(async move {
                let start = Instant::now();
                let outcome = destination.send(&sent.batch).await;
                Event::Answered(sent, outcome, start.elapsed())
            });
        }
        None
    }

    fn may_send(&self) -> bool {
        // Paused batches count too: they are part of what was too much.
        let is_free = self.tasks.len() < self.writers.limit();
        // Batches wait until they are full, unless they may never be.
        let is_last = self.is_closed || !self.flushes.is_empty() || self.is_hungry && self.tasks.is_empty();
        let is_full = self.ready.len() >= MAX_REQUESTS;
        let is_over = self.is_stopping || self.failure.is_some();
        is_free && !is_over && (is_full || is_last && !self.ready.is_empty())
    }

    fn next_batch(&mut self) -> Vec<Op> {
        let share = self.pace.as_ref().map_or(f64::INFINITY, Pace::share);
        let (mut batch, mut bytes, mut units) = (Vec::with_capacity(MAX_REQUESTS), 0, 0.0);
        while let Some(op) = self.ready.front() {
            bytes += op.json().len();
            units += op.prepared.units;
            let is_too_much = bytes > MAX_BYTES || units > share;
            if batch.len() == MAX_REQUESTS || is_too_much && !batch.is_empty() {
                break;
            }
            batch.extend(self.ready.pop_front());
        }
        batch
    }

    fn ended(&mut self, ended: Result<Event, tokio::task::JoinError>) {
        match ended {
            Ok(Event::Answered(sent, outcome, took)) => {
                self.sending -= 1;
                self.answered(sent, outcome, took);
            }
            Ok(Event::Rested(ops)) => self.again(ops),
            Err(cause) => {
                self.sending = self.sending.saturating_sub(1);
                self.fail(Error::failed("a write ended unexpectedly").because(cause));
            }
        }
    }

    fn answered(&mut self, sent: Sent, outcome: BatchOutcome, took: Duration) {
        match outcome {
            BatchOutcome::Taken(left, answer) => {
                self.account(&sent, left.len(), &answer);
                let (left, done): (Vec<Op>, Vec<Op>) =
                    sent.batch.into_iter().partition(|op| left.contains(&op.key()));
                let has_taken = !done.is_empty();
                self.done(done);
                if left.is_empty() {
                    self.writers.answered(sent.number, took);
                } else {
                    self.writers.refused(sent.number);
                    self.refused(left, has_taken, MAX_RETRIES, self.destination.throttled());
                }
            }
            BatchOutcome::Throttled => {
                self.settle(&sent, 0.0);
                self.writers.refused(sent.number);
                self.refused(sent.batch, false, MAX_RETRIES, self.destination.throttled());
            }
            BatchOutcome::Unclear(error) => {
                self.writers.refused(sent.number);
                let retries = if self.written.items() == 0 { MAX_RETRIES_AT_FIRST } else { MAX_RETRIES };
                self.refused(sent.batch, false, retries, error);
            }
            BatchOutcome::Refused(error) => self.fail(error),
        }
    }

    /// Sends `ops` again after a pause. Fails with `error` instead if there were too many retries, or too
    /// much time has passed, without anything being written.
    fn refused(&mut self, mut ops: Vec<Op>, has_taken: bool, retries: u32, error: Error) {
        let written = self.written.items();
        for op in &mut ops {
            if has_taken {
                op.tries = 0;
            }
            if has_taken || op.written_then != written {
                op.vain = 0;
                op.written_then = written;
            }
            op.tries += 1;
            op.vain += 1;
        }
        let is_vain =
            self.last_written.is_some_and(|last| last.elapsed() >= self.destination.request_timeout);
        if is_vain || ops.iter().any(|op| op.vain > retries) {
            return self.fail(error);
        }
        self.written.retried += ops.len() as u64;
        self.rest(ops);
    }

    /// Pauses `ops` before they are sent again.
    fn rest(&mut self, ops: Vec<Op>) {
        let tries = ops.iter().map(|op| op.tries).max().unwrap_or(1);
        self.tasks.spawn(async move {
            sleep(delay(tries)).await;
            Event::Rested(ops)
        });
    }

    fn again(&mut self, ops: Vec<Op>) {
        ops.into_iter().rev().for_each(|op| self.ready.push_front(op));
    }

    fn done(&mut self, ops: Vec<Op>) {
        if !ops.is_empty() {
            self.last_written = Some(Instant::now());
        }
        for op in ops {
            self.open.remove(&op.sequence);
            if op.prepared.is_delete {
                self.written.deleted += 1;
            } else {
                self.written.put += 1;
            }
            if let Some(waiting) = self.busy.get_mut(&op.key()) {
                match waiting.pop_front() {
                    Some(next) => self.ready.push_front(next),
                    None => drop(self.busy.remove(&op.key())),
                }
            }
        }
        let done_through = self.open.first().copied().unwrap_or(self.received);
        self.shared.done_through.store(done_through, Ordering::Release);
        self.shared.written.store(self.written.items(), Ordering::Relaxed);
        self.settle_flushes();
    }

    fn settle_flushes(&mut self) {
        if self.open.is_empty() {
            for done in self.flushes.drain(..) {
                // The caller may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    fn account(&mut self, sent: &Sent, left: usize, answer: &BatchWriteItemOutput) {
        self.written.capacity.add_written(answer, sent.batch.len() - left);
        #[expect(clippy::cast_precision_loss, reason = "25 at most")]
        let share = (sent.batch.len() - left) as f64 / sent.batch.len() as f64;
        // One table was requested, so there is at most one figure.
        let units = answer.consumed_capacity().first().and_then(ConsumedCapacity::capacity_units);
        self.settle(sent, units.unwrap_or(sent.expected * share));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousandths of units")]
        let thousandths = (self.written.capacity.total * 1000.0) as u64;
        self.shared.units.store(thousandths, Ordering::Relaxed);
    }

    /// Tells the pace the units of what was accepted. The rest does not show what it would consume.
    fn settle(&mut self, sent: &Sent, units: f64) {
        if let Some(pace) = &mut self.pace {
            pace.settle(sent.guess, sent.expected, units);
        }
    }

    fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
        self.flushes.clear();
    }

    /// `error`, marked as partial if anything was written.
    fn in_part(&self, error: Error) -> Error {
        let done = self.written.items();
        if done == 0 {
            return error;
        }
        let of = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let message = format!("{}; {done}{of} writes are done", error.message());
        error.with(Kind::Partial, message)
    }
}
