//! How a bulk write is done, how far it is, and what it has written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::dynamodb::Capacity;

/// How to write.
#[derive(Debug, Clone, Copy, Default)]
pub struct BulkOptions {
    /// Write units a second, at most; `None` is as many as the table takes.
    pub max_wcu: Option<f64>,
    /// How many writes there will be, if that is known. An error says so.
    pub total: Option<u64>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkWritten {
    /// Items put.
    pub put: u64,
    /// Items deleted.
    pub deleted: u64,
    /// Write units.
    pub capacity: Capacity,
    /// Requests that had to go in again: unprocessed, throttled, or without an answer.
    pub retried: u64,
    /// How many BatchWriteItem there were at most at a time.
    pub writers: usize,
}

impl BulkWritten {
    /// Items put and deleted.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.put + self.deleted
    }
}

/// How far a writer is, for those who watch.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(super) done_through: AtomicU64,
    pub(super) written: AtomicU64,
    /// Write units, in thousandths.
    pub(super) units: AtomicU64,
}

/// How far a writer is.
#[derive(Debug, Clone)]
pub struct BulkProgress(pub(super) Arc<Shared>);

impl BulkProgress {
    /// How many of the submitted requests, from the first on and in the order of submission, are
    /// surely written.
    #[must_use]
    pub fn done_through(&self) -> u64 {
        self.0.done_through.load(Ordering::Acquire)
    }

    /// How many requests are written, in whatever order.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    /// Write units consumed so far.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for showing")]
    pub fn units(&self) -> f64 {
        self.0.units.load(Ordering::Relaxed) as f64 / 1000.0
    }
}
