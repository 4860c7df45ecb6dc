//! The options, the progress and the result of a bulk write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::dynamodb::Capacity;

/// How to write.
#[derive(Debug, Clone, Copy, Default)]
pub struct BulkOptions {
    /// Maximum write units per second; `None` for as many as the table accepts.
    pub max_wcu: Option<f64>,
    /// The total number of writes, if known. Errors mention it.
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
    /// Requests that were sent again: unprocessed, throttled, or without a response.
    pub retried: u64,
    /// The highest number of concurrent BatchWriteItem requests.
    pub writers: usize,
}

impl BulkWritten {
    /// Items put and deleted.
    pub const fn items(&self) -> u64 {
        self.put + self.deleted
    }
}

/// A writer's progress, shared with observers.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(super) done_through: AtomicU64,
    pub(super) written: AtomicU64,
    /// Write units, in thousandths.
    pub(super) units: AtomicU64,
}

/// A writer's progress.
#[derive(Debug, Clone)]
pub struct BulkProgress(pub(super) Arc<Shared>);

impl BulkProgress {
    /// How many requests are written without a gap, in the order of submission.
    pub fn done_through(&self) -> u64 {
        self.0.done_through.load(Ordering::Acquire)
    }

    /// How many requests are written, in any order.
    pub fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    /// Write units consumed so far.
    #[expect(clippy::cast_precision_loss, reason = "for showing")]
    pub fn units(&self) -> f64 {
        self.0.units.load(Ordering::Relaxed) as f64 / 1000.0
    }
}
