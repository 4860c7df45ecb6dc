//! The rows of a partition in the order of their times, whatever the offsets.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use uuid::Uuid;

use super::cursor::Cursor;
use super::items::{self, text};
use super::{Capacity, DynamoDb, Item, Usage, names};
use crate::error::Result;
use crate::messaging::{Message, MessageGroup, Place, TimeRange, Timestamp, Zone};

/// What part of a timeline to read.
#[derive(Debug, Clone, Default)]
pub struct Span<'a> {
    /// The range of time. A cursor's own takes its place.
    pub range: TimeRange,
    /// The flags that gave the range, for the cursors of its pages.
    pub flags: String,
    /// Where the page before ended.
    pub cursor: Option<&'a str>,
}

/// Which end of a timeline comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the oldest on.
    Forward,
    /// From the newest back.
    Backward,
}

/// The newest rows, and how to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Newest first.
    pub rows: Vec<T>,
    /// The token to go on with; `None` when nothing is left.
    pub cursor: Option<String>,
}

/// How many rows a partition holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// By year.
    pub years: BTreeMap<i16, u64>,
    /// Rows whose time cannot be read.
    pub undated: u64,
}

/// A partition that is being read in the order of its times.
///
/// Keys are nearly in that order, but for their offsets (see [`Place`]): a row
/// counts as next only when everything that could still come before it has been
/// read. That takes reading on for [`crate::messaging::MAX_OFFSET`], and such a
/// margin at both ends of a range. A filter could do no better: it is the rows
/// that DynamoDB reads that are paid for, not those that it returns.
pub struct Timeline<'a, T> {
    db: &'a DynamoDb,
    table: String,
    partition: String,
    what: &'static str,
    convert: fn(&Item) -> T,
    direction: Direction,
    range: TimeRange,
    flags: String,
    /// The row that the page before ended with: only rows before it are wanted.
    before: Option<(Place, String)>,
    /// Keys outside of these bounds are not wanted. The first belongs to them.
    bounds: (Option<String>, Option<String>),
    /// The keys that were read, in order.
    read: Vec<String>,
    /// Where the next request goes on.
    start: Option<String>,
    /// Whether all keys inside the bounds have been read.
    complete: bool,
    /// Rows that are wanted and have not been handed out.
    waiting: BTreeMap<(Place, String), T>,
    undated: usize,
    capacity: Capacity,
}

impl DynamoDb {
    /// The messages of a group.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when the cursor is not one of this group's.
    pub fn messages(
        &self,
        table: &str,
        group: Uuid,
        direction: Direction,
        span: Span<'_>,
    ) -> Result<Timeline<'_, Message>> {
        let (partition, what) = (items::message_partition(group), "cannot read the conversation");
        self.timeline(table, partition, what, items::to_message, direction, span)
    }

    /// The groups of a user, by the time of their last messages.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when the cursor is not one of this user's.
    pub fn groups(
        &self,
        table: &str,
        user: Uuid,
        direction: Direction,
        span: Span<'_>,
    ) -> Result<Timeline<'_, MessageGroup>> {
        let (partition, what) = (items::inbox_partition(user), "cannot list the conversations");
        self.timeline(table, partition, what, items::to_group, direction, span)
    }

    fn timeline<T>(
        &self,
        table: &str,
        partition: String,
        what: &'static str,
        convert: fn(&Item) -> T,
        direction: Direction,
        span: Span<'_>,
    ) -> Result<Timeline<'_, T>> {
        let cursor = span.cursor.map(|token| Cursor::parse(token, table, &partition)).transpose()?;
        let (range, flags, last, done) = match cursor {
            None => (span.range, span.flags, None, None),
            Some(cursor) => {
                cursor.check_flags(&span.flags)?;
                (cursor.range, cursor.flags, Some(cursor.last), cursor.done)
            }
        };
        let (first, end) = range.keys();
        let end = done.clone().or(end);
        Ok(Timeline {
            db: self,
            table: table.to_owned(),
            partition,
            what,
            convert,
            direction,
            range,
            flags,
            before: last.map(|key| (Place::of(&key), key)),
            bounds: (first, end),
            read: Vec::new(),
            start: done.filter(|_| direction == Direction::Backward),
            complete: false,
            waiting: BTreeMap::new(),
            undated: 0,
            capacity: Capacity::new(self.is_emulated()),
        })
    }
}

impl<T> Timeline<'_, T> {
    /// What has been consumed so far.
    #[must_use]
    pub const fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// What has been consumed so far, and where.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.db.usage(self.capacity.clone(), Capacity::default())
    }

    /// How many of the rows handed out have a time that cannot be read.
    #[must_use]
    pub const fn undated(&self) -> usize {
        self.undated
    }

    /// The flags that gave the range: the cursor's if there is one.
    #[must_use]
    pub fn flags(&self) -> &str {
        &self.flags
    }

    /// The next rows in order, as many as are known to be next; `None` after the
    /// last. No more is held than one page of the service's and a margin.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>> {
        loop {
            let mut rows = Vec::new();
            while let Some(key) = self.first_waiting() {
                if !self.complete && !self.is_settled(key.0) {
                    break;
                }
                let key = key.clone();
                rows.extend(self.hand_out(&key));
            }
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
            if self.complete {
                return Ok(None);
            }
            // Only the last key matters here.
            self.read.clear();
            self.fetch(None, None).await?;
        }
    }

    /// The newest `limit` rows. The timeline must run backward and be untouched.
    pub async fn page(&mut self, limit: usize) -> Result<Page<T>> {
        // One more tells whether anything is left.
        let mut ask = limit.saturating_add(1);
        while limit > 0 && !self.complete {
            let last = limit.checked_sub(1).and_then(|index| self.waiting.keys().rev().nth(index));
            match last.map(|(place, _)| *place) {
                Some(place) if self.waiting.len() > limit => {
                    if self.is_settled(place) {
                        break;
                    }
                    self.fetch(None, place.first_key()).await?;
                }
                _ => {
                    self.fetch(Some(ask), None).await?;
                    // What the margin holds is not what was asked for: do not
                    // creep through it.
                    ask = ask.saturating_mul(2);
                }
            }
        }
        let mut rows = Vec::new();
        let mut last = None;
        while rows.len() < limit
            && let Some(key) = self.first_waiting().cloned()
        {
            rows.extend(self.hand_out(&key));
            last = Some(key.1);
        }
        let cursor = last.filter(|_| !self.waiting.is_empty()).map(|last| {
            let cursor = Cursor { range: self.range, flags: self.flags.clone(), last, done: self.done() };
            cursor.token(&self.table, &self.partition)
        });
        Ok(Page { rows, cursor })
    }

    /// The key from which on, upward, nothing is left to be handed out.
    fn done(&self) -> Option<String> {
        let waiting = self.waiting.keys().map(|(_, key)| key).max();
        let before = |key: &&String| waiting.is_none_or(|waiting| *key > waiting);
        self.read.iter().take_while(before).last().or(self.bounds_end()).cloned()
    }

    fn bounds_end(&self) -> Option<&String> {
        // A range's end finds itself again.
        self.before.as_ref().and(self.bounds.1.as_ref())
    }

    /// Counts the partition's rows by the years of `zone`, reading keys only.
    pub async fn census(&mut self, zone: &Zone) -> Result<Census> {
        let query = self
            .db
            .query_partition(&self.table, self.partition.clone())
            .projection_expression("#sk")
            .expression_attribute_names("#sk", names::SORT_KEY);
        let mut census = Census::default();
        let mut start = None;
        loop {
            let query = query.clone().set_exclusive_start_key(start);
            let (items, next) = self.send(query).await?;
            for item in &items {
                match items::instant(item) {
                    Some(time) => *census.years.entry(zone.year(time)).or_default() += 1,
                    None => census.undated += 1,
                }
            }
            start = next;
            if start.is_none() {
                return Ok(census);
            }
        }
    }

    fn first_waiting(&self) -> Option<&(Place, String)> {
        match self.direction {
            Direction::Forward => self.waiting.keys().next(),
            Direction::Backward => self.waiting.keys().next_back(),
        }
    }

    fn hand_out(&mut self, key: &(Place, String)) -> Option<T> {
        self.undated += usize::from(key.1.parse::<Timestamp>().is_err());
        self.waiting.remove(key)
    }

    /// Whether all rows that could come before one in this place have been read.
    fn is_settled(&self, place: Place) -> bool {
        let Some(reached) = &self.start else { return self.complete };
        match self.direction {
            Direction::Forward => place.end_key().is_some_and(|end| *reached >= end),
            Direction::Backward => place.first_key().is_some_and(|first| *reached <= first),
        }
    }

    /// Sends one request for what comes next, at most `limit` rows, and no key
    /// below `floor`.
    async fn fetch(&mut self, limit: Option<usize>, floor: Option<String>) -> Result<()> {
        let (first, end) = self.bounds.clone();
        let low = floor.clone().max(first);
        let mut query = self
            .db
            .query_partition(&self.table, self.partition.clone())
            .scan_index_forward(self.direction == Direction::Forward)
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(self.start.as_ref().map(|key| {
                let pair = [(names::PARTITION_KEY, &self.partition), (names::SORT_KEY, key)];
                pair.map(|(name, value)| (name.to_owned(), text(value))).into()
            }));
        query = between(query, low.clone(), end);
        let (items, next) = self.send(query).await?;
        for item in items {
            let key = items::get(&item, names::SORT_KEY);
            let place = (Place::of(&key), key);
            self.read.push(place.1.clone());
            let wanted = self.range.contains(place.0) && self.before.as_ref().is_none_or(|end| place < *end);
            if wanted {
                self.waiting.insert(place, (self.convert)(&item));
            }
        }
        match next {
            Some(key) => self.start = Some(items::get(&key, names::SORT_KEY)),
            None if low == self.bounds.0 => self.complete = true,
            // Read down to the floor, which is no key but stands for one.
            None => self.start = floor,
        }
        Ok(())
    }

    async fn send(&mut self, query: QueryFluentBuilder) -> Result<(Vec<Item>, Option<Item>)> {
        let page = query
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await
            .map_err(|error| self.db.error(self.what, &self.table, &error))?;
        self.capacity.add(&page);
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

/// Narrows a query to the sort keys from `first` on, up to `end`. The service
/// takes one condition on the sort key, and only BETWEEN has two ends; it includes
/// both.
fn between(query: QueryFluentBuilder, first: Option<String>, end: Option<String>) -> QueryFluentBuilder {
    let condition = match (&first, &end) {
        (None, None) => return query,
        (Some(_), None) => "#pk = :pk AND #sk >= :first",
        (None, Some(_)) => "#pk = :pk AND #sk <= :end",
        (Some(_), Some(_)) => "#pk = :pk AND #sk BETWEEN :first AND :end",
    };
    let mut query =
        query.key_condition_expression(condition).expression_attribute_names("#sk", names::SORT_KEY);
    for (name, value) in [(":first", first), (":end", end)] {
        if let Some(value) = value {
            query = query.expression_attribute_values(name, text(value));
        }
    }
    query
}
