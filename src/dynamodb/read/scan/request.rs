//! What a scan is asked for, and what it returns.

use std::str::FromStr;

use crate::dynamodb::Item;
use crate::dynamodb::item::expression::{Condition, Projection};

/// The service's limit. Source: "Scan" in the API reference.
const MAX_SEGMENTS: usize = 1_000_000;

/// What to read, and how fast.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// The table.
    pub table: String,
    /// The index; `None` for the table itself.
    pub index: Option<String>,
    /// How many segments to read at the same time. Items with the same partition key are in the same
    /// segment, in order.
    pub segments: Segments,
    /// Return only items that match. This does not reduce what is consumed.
    pub filter: Option<Condition>,
    /// Return only these attributes. This does not reduce what is consumed.
    pub attributes: Option<Projection>,
    /// Stop after this many items.
    pub limit: Option<usize>,
    /// Maximum read units per second, over all segments.
    pub max_rcu: Option<f64>,
    /// Read consistently, for twice the units; not possible on a global index.
    pub consistent: bool,
    /// Where each segment resumes; empty to start at the beginning. When resuming, `segments` must be the
    /// same as before.
    pub start: Vec<Start>,
}

/// Where to start reading a segment.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Start {
    /// At its beginning.
    #[default]
    Beginning,
    /// After the item with this key, a page's `last_evaluated_key`.
    After(Item),
    /// Nowhere: it has been read to its end.
    End,
}

/// A page.
#[derive(Debug)]
pub struct ScanPage {
    /// Its segment, from 0.
    pub segment: usize,
    /// Its items, possibly none.
    pub items: Vec<Item>,
    /// Where the segment continues; `None` at its end. If the limit cut the page short, this is past the
    /// items returned.
    pub last_evaluated_key: Option<Item>,
    /// How many items were read, before the filter.
    pub scanned: u64,
}

/// How many segments of a table are read at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Segments {
    /// By the table's size; one on an emulator.
    #[default]
    Auto,
    /// This many; 0 counts as 1.
    Count(usize),
}

impl FromStr for Segments {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        match text.parse() {
            Ok(count) if (1..=MAX_SEGMENTS).contains(&count) => Ok(Self::Count(count)),
            _ => Err(format!("expected auto or a number from 1 to {MAX_SEGMENTS}")),
        }
    }
}
