//! How much a page may read, and when.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::dynamodb::rate::Rate;

/// What the service reads for a page at most. Source: "Scan" in the API reference.
const PAGE_BYTES: f64 = 1024.0 * 1024.0;
/// Bytes of an eventually consistent read unit.
const UNIT_BYTES: f64 = 8.0 * 1024.0;
/// Items of a page as long as nobody knows how large they are.
const FIRST_ITEMS: f64 = 1000.0;
/// The smallest figure that is charged for a page.
const LEAST_UNITS: f64 = 0.5;

/// Decides on each page's `Limit`, and holds a ceiling.
///
/// An emulator may read all the rest of the table for a page, and throw away
/// what is beyond 1 MB; a `Limit` a little above what fits keeps it from that.
#[derive(Debug)]
pub(super) struct Pace {
    emulated: bool,
    most: Option<usize>,
    rate: Option<Rate>,
    /// How many share the ceiling.
    segments: f64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    items: f64,
    units: f64,
}

/// What a page is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// The request's `Limit`.
    pub(super) limit: Option<i32>,
    reserved: f64,
}

impl Pace {
    pub(super) fn new(
        emulated: bool,
        segments: usize,
        max_rcu: Option<f64>,
        most: Option<usize>,
        now: Instant,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "at most a million")]
        let segments = segments as f64;
        let rate = max_rcu.map(|units| Rate::new(units, now));
        Self { emulated, most, rate, segments, seen: Mutex::default() }
    }

    /// Waits until another page may be read.
    pub(super) async fn admit(&self) -> Allowance {
        let per_item = self.units_per_item();
        let mut limits: Vec<f64> = Vec::new();
        if self.emulated {
            let fit = per_item.map(|units| PAGE_BYTES / (units * UNIT_BYTES) * 1.25 + 16.0);
            limits.push(fit.unwrap_or(FIRST_ITEMS));
        }
        if let Some(rate) = &self.rate {
            let budget = (rate.per_second() / self.segments).max(LEAST_UNITS);
            // Nobody knows yet: a unit an item is 8 KB.
            limits.push(budget / per_item.unwrap_or(1.0));
        }
        #[expect(clippy::cast_precision_loss, reason = "a limit is a count of items")]
        limits.extend(self.most.map(|most| most as f64));
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        let limit = limits.into_iter().reduce(f64::min).map(|limit| (limit as i32).max(1));
        let Some(rate) = &self.rate else { return Allowance { limit, reserved: 0.0 } };
        let reserved = (limit.map_or(0.0, f64::from) * per_item.unwrap_or(1.0)).max(LEAST_UNITS);
        tokio::time::sleep(rate.reserve(reserved, Instant::now())).await;
        Allowance { limit, reserved }
    }

    /// Takes note of what the page consumed.
    pub(super) fn settle(&self, allowance: Allowance, scanned: u64, units: f64) {
        if let Some(rate) = &self.rate {
            rate.settle(allowance.reserved, units);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::cast_precision_loss, reason = "a page has thousands of items")]
        let scanned = scanned as f64;
        seen.items += scanned;
        seen.units += units;
    }

    /// What an item consumes on average; `None` as long as none was seen.
    fn units_per_item(&self) -> Option<f64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.items > 0.0 && seen.units > 0.0).then(|| seen.units / seen.items)
    }
}
