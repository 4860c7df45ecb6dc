//! The requests of a timeline, and how their responses are processed.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::super::items::{self, text};
use super::super::names;
use super::{Census, Direction, Timeline};
use crate::dynamodb::Item;
use crate::error::Result;
use crate::messaging::{KeyBounds, SortPosition, Timestamp, Zone};

impl<T> Timeline<'_, T> {
    /// Counts the partition's rows by UTC year. Reads only keys.
    pub async fn census(&mut self) -> Result<Census> {
        let query = self.query((None, None)).projection_expression(names::SORT_KEY);
        let before = self.capacity.total;
        let (mut census, utc) = (Census::default(), Zone::utc());
        let mut start = None;
        loop {
            let (items, next) = self.send(query.clone().set_exclusive_start_key(start)).await?;
            for item in &items {
                self.must_be_exact |= Timestamp::has_offset(&items::get(item, names::SORT_KEY));
                match items::instant(item) {
                    Some(time) => *census.years.entry(utc.year(time)).or_default() += 1,
                    None => census.undated += 1,
                }
            }
            start = next;
            if start.is_none() {
                census.units = self.capacity.total - before;
                return Ok(census);
            }
        }
    }

    /// Switches from plain to exact reading: widens the bounds, and reads the margin on the side where
    /// reading started.
    pub(super) async fn widen(&mut self) -> Result<()> {
        self.is_exact = true;
        let range = self.range;
        self.waiting.retain(|(place, _), _| range.contains(*place));
        let (narrow, wide) = (range.keys(), range.wide_keys());
        let (near, far) = match self.direction {
            Direction::Backward => ((narrow.1, wide.1.clone()), narrow.0),
            Direction::Forward => ((wide.0.clone(), narrow.0), narrow.1),
        };
        if (self.start.is_some() || self.complete) && near != (None, None) {
            let query = self.query(near);
            let mut start = None;
            loop {
                let (items, next) = self.send(query.clone().set_exclusive_start_key(start)).await?;
                self.take(&items);
                start = next;
                if start.is_none() {
                    break;
                }
            }
        }
        self.bounds.0 = wide.0;
        if range.until.is_some() {
            self.bounds.1 = wide.1;
        }
        if self.complete && far.is_some() {
            self.start = far;
            self.complete = false;
        }
        Ok(())
    }

    /// Requests the next rows: at most `limit`, and no key below `floor`. Returns how many rows came.
    pub(super) async fn fetch(&mut self, limit: Option<usize>, floor: Option<String>) -> Result<usize> {
        let (first, end) = self.bounds.clone();
        let low = floor.clone().max(first);
        let query = self
            .query((low.clone(), end))
            .scan_index_forward(self.direction == Direction::Forward)
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(self.start.as_ref().map(|key| {
                let pair = [(names::PARTITION_KEY, &self.partition), (names::SORT_KEY, key)];
                pair.map(|(name, value)| (name.to_owned(), text(value))).into()
            }));
        let (items, next) = self.send(query).await?;
        self.take(&items);
        match next {
            Some(key) => {
                let start = Some(items::get(&key, names::SORT_KEY));
                // Only this part of the key is sent back, so a repeated key has to be detected here.
                if start == self.start {
                    return Err(self.table.db.endpoint().repeats(self.what));
                }
                self.start = start;
            }
            None if low == self.bounds.0 => (self.start, self.complete) = (None, true),
            // Everything down to the floor has been read. It need not be a key, but works as one.
            None => self.start = floor,
        }
        Ok(items.len())
    }

    /// Keeps the rows of a page that belong to the result.
    fn take(&mut self, items: &[Item]) {
        for item in items {
            let key = items::get(item, names::SORT_KEY);
            self.must_be_exact |= Timestamp::has_offset(&key);
            let place = (SortPosition::of(&key), key);
            if self.is_wanted(&place) {
                self.waiting.insert(place, (self.convert)(item));
            }
        }
    }

    fn is_wanted(&self, place: &(SortPosition, String)) -> bool {
        let key = &place.1;
        // Plain reading takes every key that begins with the year, even if it is not a time.
        let is_inside = self.range.contains(place.0) || !self.is_exact && self.range.as_year().is_some();
        let is_shown = self.shown.as_ref().is_some_and(|from| from <= key)
            && self.range.keys().1.is_none_or(|end| *key <= end);
        is_inside && !is_shown && self.before.as_ref().is_none_or(|end| place < end)
    }

    /// The request for the sort keys within `bounds`, written as the app writes it.
    fn query(&self, bounds: KeyBounds) -> QueryFluentBuilder {
        let year = self.range.as_year().filter(|_| !self.is_exact && bounds == self.range.keys());
        let (condition, values) = match (year, bounds) {
            (Some(year), _) => ("pk = :pk AND begins_with(sk,:year)", vec![(":year", format!("{year:04}"))]),
            (None, (None, None)) => ("pk = :pk", vec![]),
            (None, (Some(first), None)) => ("pk = :pk AND sk >= :first", vec![(":first", first)]),
            (None, (None, Some(end))) => ("pk = :pk AND sk <= :end", vec![(":end", end)]),
            // A sort key can have only one condition.
            (None, (Some(first), Some(end))) => {
                ("pk = :pk AND sk BETWEEN :first AND :end", vec![(":first", first), (":end", end)])
            }
        };
        let query = self
            .table
            .db
            .client
            .query()
            .table_name(&self.table.name)
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", text(&self.partition));
        values
            .into_iter()
            .fold(query, |query, (name, value)| query.expression_attribute_values(name, text(value)))
    }

    async fn send(&mut self, query: QueryFluentBuilder) -> Result<(Vec<Item>, Option<Item>)> {
        let page = self.table.page(query, self.what, &mut self.capacity).await?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}
