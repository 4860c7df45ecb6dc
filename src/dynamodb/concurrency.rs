//! How many requests to have in progress at a time.

use std::time::Duration;

/// Answers whose average is compared, at least. A single one may be late by chance.
const LEAST_ANSWERS: u32 = 8;
/// By how much a growth must raise the rate of answers, at most. A doubling may bring less than it could:
/// requests that begin to wait for each other do no harm.
const ENOUGH: f64 = 0.1;
/// Rounds between two tries to go further, at most.
const MOST_REST: u32 = 64;

/// A limit of concurrent requests that follows what the service shows.
///
/// It doubles as long as that raises the rate of answers by a tenth. When a growth does not, the limit
/// goes back, and tries an eighth more after some rounds: twice as many as after the last growth in vain.
/// An eighth must raise it by a sixteenth. A refusal halves the limit; from then on, a growth that pays is
/// followed by one of one request.
#[derive(Debug)]
pub struct Concurrency {
    limit: usize,
    most: usize,
    /// By how much it grows next.
    step: usize,
    has_met_refusal: bool,
    next: u64,
    /// Requests from these numbers on were sent after the last change, and the last halving.
    changed: u64,
    halved: u64,
    /// The present round: its answers, and their seconds.
    answers: u32,
    seconds: f64,
    /// The limit before it grew, and how many requests a second were then answered.
    before: Option<(usize, f64)>,
    /// Rounds until it tries to grow, and how many it will be after the next try in vain.
    rest: u32,
    next_rest: u32,
}

impl Concurrency {
    /// A limit that is `first` at the beginning, and never above `most`.
    pub fn new(first: usize, most: usize) -> Self {
        Self {
            limit: first,
            most,
            step: first,
            has_met_refusal: false,
            next: 0,
            changed: 0,
            halved: 0,
            answers: 0,
            seconds: 0.0,
            before: None,
            rest: 0,
            next_rest: 1,
        }
    }

    /// How many requests may be in progress.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// The number of the next request, from 0: how many have been sent.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// A request is sent. Returns its number.
    pub const fn sent(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Request `number` was answered after this time, and accepted completely.
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    pub fn answered(&mut self, number: u64, took: Duration) {
        if number < self.changed {
            return;
        }
        self.answers += 1;
        self.seconds += took.as_secs_f64();
        if (self.answers as usize) < self.round() || self.answers < LEAST_ANSWERS {
            return;
        }
        let rate = self.limit as f64 * f64::from(self.answers) / self.seconds.max(f64::MIN_POSITIVE);
        (self.answers, self.seconds) = (0, 0.0);
        if let Some((fewer, then)) = self.before.take() {
            let promised = self.limit as f64 / fewer as f64;
            if rate / then - 1.0 < ((promised - 1.0) / 2.0).min(ENOUGH) {
                self.change(fewer);
                self.step = (fewer / 8).max(1);
                self.rest = self.next_rest;
                self.next_rest = (self.next_rest * 2).min(MOST_REST);
                return;
            }
            self.next_rest = 1;
            self.step = if self.has_met_refusal { 1 } else { self.limit };
        }
        if self.rest > 0 {
            self.rest -= 1;
        } else if self.limit < self.most {
            self.before = Some((self.limit, rate));
            self.change(self.most.min(self.limit + self.step));
        }
    }

    /// Request `number` was refused, at least in part. Requests that were sent together are refused
    /// together, and count once.
    pub fn refused(&mut self, number: u64) {
        if number >= self.halved {
            self.halved = self.next;
            self.has_met_refusal = true;
            self.before = None;
            self.step = 1;
            (self.rest, self.next_rest) = (0, 1);
            self.change((self.limit / 2).max(1));
        }
    }

    /// How many answers a round has. After a doubling, half as many show whether it pays: where requests
    /// wait for each other, the first of the additional ones wait for all the others.
    fn round(&self) -> usize {
        let has_doubled = self.before.is_some_and(|(fewer, _)| self.limit >= 2 * fewer);
        if has_doubled { self.limit / 2 } else { self.limit }
    }

    fn change(&mut self, limit: usize) {
        self.limit = limit;
        self.changed = self.next;
        (self.answers, self.seconds) = (0, 0.0);
    }
}
