//! Scan, page by page.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::{Capacity, DynamoDb, Item};
use crate::error::Result;

/// A scan under way. Ask for [`Scan::next_page`] until there is none.
pub struct Scan<'a> {
    db: &'a DynamoDb,
    table: String,
    left: Option<usize>,
    start: Option<Item>,
    done: bool,
    /// What it consumed so far.
    pub capacity: Capacity,
}

impl DynamoDb {
    /// Reads `table`, at most `limit` items of it.
    #[must_use]
    pub fn scan(&self, table: &str, limit: Option<usize>) -> Scan<'_> {
        Scan {
            db: self,
            table: table.to_owned(),
            left: limit,
            start: None,
            done: limit == Some(0),
            capacity: Capacity::new(self.is_emulated()),
        }
    }
}

impl Scan<'_> {
    /// The next page, which may be empty; `None` after the last one.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Item>>> {
        if self.done {
            return Ok(None);
        }
        let page = self
            .db
            .client
            .scan()
            .table_name(&self.table)
            .set_limit(self.left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(self.start.take())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await
            .map_err(|error| self.db.error("cannot scan", &self.table, &error))?;
        self.capacity.add(page.consumed_capacity.as_ref());
        let items = page.items.unwrap_or_default();
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(items.len());
        }
        self.start = page.last_evaluated_key;
        self.done = self.start.is_none() || self.left == Some(0);
        Ok(Some(items))
    }
}
