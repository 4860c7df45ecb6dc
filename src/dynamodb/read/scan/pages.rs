//! How much each page may read, and when.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::dynamodb::write::bulk;

/// The most that the service reads for a page. Source: "Scan" in the API reference.
const PAGE_BYTES: f64 = 1024.0 * 1024.0;
/// Bytes of an eventually consistent read unit.
const UNIT_BYTES: f64 = 8.0 * 1024.0;
/// The `Limit` of a page while item sizes are unknown.
const FIRST_ITEMS: f64 = 1000.0;
/// How many items to request for each one that fits into a page on average.
const SPARE: f64 = 1.05;
/// The minimum charge for a page, in read units.
const LEAST_UNITS: f64 = 0.5;

/// Sets each page's `Limit`, and enforces the maximum read rate.
///
/// For each page, an emulator may read the whole rest of the table and discard what exceeds 1 MB.
/// A `Limit` slightly above what fits prevents that.
#[derive(Debug)]
pub(super) struct Pages {
    emulated: bool,
    most: Option<usize>,
    ceiling: Option<Ceiling>,
    /// How many segments share the ceiling.
    segments: f64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    items: f64,
    units: f64,
}

/// The maximum units per second, and the pace that enforces it.
#[derive(Debug)]
struct Ceiling {
    units: f64,
    pace: Mutex<bulk::Pace>,
}

/// The permission to read a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// The request's `Limit`.
    pub(super) limit: Option<i32>,
    guess: f64,
    expected: f64,
}

impl Pages {
    pub(super) fn new(emulated: bool, segments: usize, max_rcu: Option<f64>, most: Option<usize>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "at most a million")]
        let segments = segments as f64;
        let ceiling = max_rcu.map(|units| Ceiling { units, pace: Mutex::new(bulk::Pace::new(units)) });
        Self { emulated, most, ceiling, segments, seen: Mutex::default() }
    }

    /// Waits until another page may be read.
    pub(super) async fn admit(&self) -> Allowance {
        let per_item = self.units_per_item();
        let mut limits: Vec<f64> = Vec::new();
        if self.emulated {
            let fit = per_item.map(|units| PAGE_BYTES / (units * UNIT_BYTES) * SPARE);
            limits.push(fit.unwrap_or(FIRST_ITEMS));
        }
        if let Some(ceiling) = &self.ceiling {
            let budget = (ceiling.units / self.segments).max(LEAST_UNITS);
            // Before anything is known, assume a unit per item: 8 KB.
            limits.push(budget / per_item.unwrap_or(1.0));
        }
        #[expect(clippy::cast_precision_loss, reason = "a limit is a count of items")]
        limits.extend(self.most.map(|most| most as f64));
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        let limit = limits.into_iter().reduce(f64::min).map(|limit| (limit as i32).max(1));
        let Some(ceiling) = &self.ceiling else { return Allowance { limit, guess: 0.0, expected: 0.0 } };
        let guess = (limit.map_or(0.0, f64::from) * per_item.unwrap_or(1.0)).max(LEAST_UNITS);
        let (wait, expected) = {
            let mut pace = ceiling.pace.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            (pace.wait(now), pace.spend(now, guess))
        };
        tokio::time::sleep(wait).await;
        Allowance { limit, guess, expected }
    }

    /// Records what the page consumed.
    pub(super) fn settle(&self, allowance: Allowance, scanned: u64, units: f64) {
        if let Some(ceiling) = &self.ceiling {
            let mut pace = ceiling.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.settle(allowance.guess, allowance.expected, units);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::cast_precision_loss, reason = "a page has thousands of items")]
        let scanned = scanned as f64;
        seen.items += scanned;
        seen.units += units;
    }

    /// Average units per item; `None` until one was read.
    fn units_per_item(&self) -> Option<f64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.items > 0.0 && seen.units > 0.0).then(|| seen.units / seen.items)
    }
}
