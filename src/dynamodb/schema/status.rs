//! Whether a table and its indexes are ready.

use std::fmt;

use aws_sdk_dynamodb::types::{IndexStatus, TableDescription, TableStatus};

/// Why a table is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// The index that is not ready; `None` for the table itself.
    index: Option<String>,
    /// Its status, which is not `ACTIVE`.
    status: String,
    /// Whether the index is being backfilled, and its item count so far, if the service reports it.
    backfilling: bool,
    items: u64,
}

impl Busy {
    /// `None` when the table is ready.
    pub(crate) fn of(table: &TableDescription) -> Option<Self> {
        let of_index = table.global_secondary_indexes().iter().find_map(|index| {
            let status = index.index_status().filter(|status| **status != IndexStatus::Active)?;
            Some(Self {
                index: Some(index.index_name().unwrap_or("?").to_owned()),
                status: status.as_str().to_owned(),
                backfilling: index.backfilling().unwrap_or(false),
                items: index.item_count().and_then(|items| items.try_into().ok()).unwrap_or(0),
            })
        });
        let status = table.table_status().filter(|status| **status != TableStatus::Active);
        let of_table = || {
            let status = status?.as_str().to_owned();
            Some(Self { index: None, status, backfilling: false, items: 0 })
        };
        of_index.or_else(of_table)
    }
}

impl fmt::Display for Busy {
    /// `the index an-index is CREATING: backfilling, 120 items so far`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.index {
            None => write!(f, "the table is {}", self.status)?,
            Some(index) => write!(f, "the index {index} is {}", self.status)?,
        }
        if self.backfilling {
            f.write_str(": backfilling")?;
        }
        if self.backfilling && self.items > 0 {
            write!(f, ", {} items so far", self.items)?;
        }
        Ok(())
    }
}
