//! What a scan is asked for, and what it gives.

use std::str::FromStr;

use crate::dynamodb::Item;
use crate::dynamodb::item::expression::{Condition, Projection};

/// The service takes no more. Source: "Scan" in the API reference.
const MAX_SEGMENTS: usize = 1_000_000;

/// What to read, and how fast.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// The table.
    pub table: String,
    /// The index, where not the table itself.
    pub index: Option<String>,
    /// How many parts are read at the same time. What shares a partition key is in
    /// the same one, and comes in order.
    pub segments: Segments,
    /// Only items of which this is true. What is consumed stays the same.
    pub filter: Option<Condition>,
    /// Only these attributes. What is consumed stays the same.
    pub attributes: Option<Projection>,
    /// Stop after this many items.
    pub limit: Option<usize>,
    /// A ceiling of read units a second, over all segments.
    pub max_rcu: Option<f64>,
    /// Read consistently, for twice the units; an index cannot be.
    pub consistent: bool,
    /// Where to go on, for each segment; empty is from the beginning. `segments`
    /// must then be as many as the last time.
    pub start: Vec<Start>,
}

/// Where the reading of a segment begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Start {
    /// At its beginning.
    #[default]
    Beginning,
    /// After the item of this key: a page's `last_evaluated_key`.
    After(Item),
    /// Nowhere: it was read to its end.
    End,
}

/// A page.
#[derive(Debug)]
pub struct ScanPage {
    /// The segment it is of, from 0.
    pub segment: usize,
    /// What it holds, which may be nothing.
    pub items: Vec<Item>,
    /// Where the segment goes on; `None` at its end. Once a limit is reached, it is
    /// behind what was returned.
    pub last_evaluated_key: Option<Item>,
    /// How many items were looked at.
    pub scanned: u64,
}

/// How many parts of a table are read at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Segments {
    /// By the table's size, and one on an emulator.
    #[default]
    Auto,
    /// So many; none counts as one.
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
            _ => Err(format!("auto, or a number from 1 to {MAX_SEGMENTS}")),
        }
    }
}
