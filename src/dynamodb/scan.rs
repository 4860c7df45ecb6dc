//! Scan, page by page.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::backoff::pause;
use super::error::is_throttled;
use super::{Capacity, DynamoDb, Item, Usage};
use crate::error::Result;

/// Answers in a row that ask for patience before giving up: about 25 seconds.
const TRIES: u32 = 12;

/// A scan under way. Ask for [`Scan::next_page`] until there is none.
pub struct Scan<'a> {
    db: &'a DynamoDb,
    table: String,
    left: Option<usize>,
    /// Which segment, of how many.
    segment: Option<(i32, i32)>,
    /// The attributes to return, where not all.
    attributes: Option<&'static [&'static str]>,
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
            segment: None,
            attributes: None,
            start: None,
            done: limit == Some(0),
            capacity: Capacity::new(self.is_emulated()),
        }
    }
}

impl Scan<'_> {
    /// Reads the part of the table that is segment `segment` of `total`. What
    /// shares a partition key is in the same one.
    pub(super) const fn segment(mut self, segment: i32, total: i32) -> Self {
        self.segment = Some((segment, total));
        self
    }

    /// Returns these attributes only. What is consumed stays the same.
    pub(super) const fn only(mut self, attributes: &'static [&'static str]) -> Self {
        self.attributes = Some(attributes);
        self
    }

    /// What it consumed so far, and where.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.db.usage(self.capacity.clone(), Capacity::default())
    }

    /// The next page, which may be empty; `None` after the last one.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Item>>> {
        if self.done {
            return Ok(None);
        }
        let aliases = |attributes: &[&str]| {
            // Many names are reserved words.
            attributes
                .iter()
                .enumerate()
                .map(|(index, name)| (format!("#a{index}"), (*name).to_owned()))
                .unzip()
        };
        let (projection, names): (Vec<String>, Vec<String>) =
            self.attributes.map(aliases).unwrap_or_default();
        let request = self
            .db
            .client
            .scan()
            .table_name(&self.table)
            .set_limit(self.left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
            .set_segment(self.segment.map(|(segment, _)| segment))
            .set_total_segments(self.segment.map(|(_, total)| total))
            .set_projection_expression(self.attributes.map(|_| projection.join(", ")))
            .set_expression_attribute_names(
                self.attributes.map(|_| projection.iter().cloned().zip(names).collect()),
            )
            .set_exclusive_start_key(self.start.take())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let mut tries = 0;
        let page = loop {
            match request.clone().send().await {
                Ok(page) => break page,
                // The SDK's own tries are over sooner than a table of a few
                // units has any to spare.
                Err(error) if is_throttled(&error) && tries < TRIES => {
                    tries += 1;
                    pause(tries).await;
                }
                Err(error) => return Err(self.db.error("cannot scan", &self.table, &error)),
            }
        };
        self.capacity.add(&page);
        let items = page.items.unwrap_or_default();
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(items.len());
        }
        self.start = page.last_evaluated_key;
        self.done = self.start.is_none() || self.left == Some(0);
        Ok(Some(items))
    }
}
