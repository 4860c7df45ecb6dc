//! What the requests of a command consumed.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_dynamodb::types::{Capacity as SdkCapacity, ConsumedCapacity};
use serde::Serialize;

/// Capacity units added up over the pages of one command.
///
/// A read unit covers 4 KB, half of it when eventually consistent; a write unit
/// covers 1 KB. Source: "Read and write operations" in DynamoDB's developer guide.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Capacity {
    /// All units, of the table and its indexes.
    pub total: f64,
    /// The table's own.
    pub table: f64,
    /// Each index's, by name.
    pub indexes: BTreeMap<String, f64>,
    /// Requests that were answered.
    pub pages: usize,
    /// Whether the figures are an emulator's estimate and not AWS's bill.
    pub estimated: bool,
}

impl Capacity {
    /// Nothing consumed yet; `estimated` if by an emulator.
    pub(super) fn new(estimated: bool) -> Self {
        Self { estimated, ..Self::default() }
    }

    /// Adds one answer's figures.
    pub(super) fn add(&mut self, consumed: Option<&ConsumedCapacity>) {
        self.pages += 1;
        let Some(consumed) = consumed else { return };
        let units = |capacity: &SdkCapacity| capacity.capacity_units().unwrap_or_default();
        let total = consumed.capacity_units().unwrap_or_default();
        let before = self.indexes.values().sum::<f64>();
        let indexes = [consumed.global_secondary_indexes(), consumed.local_secondary_indexes()];
        for (name, capacity) in indexes.into_iter().flatten().flatten() {
            *self.indexes.entry(name.clone()).or_default() += units(capacity);
        }
        let of_indexes = self.indexes.values().sum::<f64>() - before;
        self.total += total;
        self.table += consumed.table().map_or(total - of_indexes, units);
    }

    /// Adds what another request of the same command consumed.
    pub fn merge(&mut self, other: &Self) {
        self.estimated |= other.estimated;
        self.total += other.total;
        self.table += other.table;
        self.pages += other.pages;
        for (name, units) in &other.indexes {
            *self.indexes.entry(name.clone()).or_default() += units;
        }
    }

    /// As a line for people; `unit` is what was consumed.
    #[must_use]
    pub fn line(&self, unit: Units) -> String {
        use fmt::Write as _;
        let mut line = format!("consumed {} {unit} (table {}", self.total, self.table);
        for (name, units) in &self.indexes {
            let _ = write!(line, ", {name} {units}");
        }
        let _ = write!(line, ") in {} {}", self.pages, if self.pages == 1 { "page" } else { "pages" });
        if self.estimated {
            line.push_str("; the emulator's estimate");
        }
        line
    }
}

/// Which kind of unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// Read capacity units.
    Read,
    /// Write capacity units.
    Write,
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read units",
            Self::Write => "write units",
        })
    }
}
