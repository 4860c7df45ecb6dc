//! The rows of a partition in the order of their times.
//!
//! Read as the app reads them: in the order of their keys, which are times of UTC.
//! Only where a key has another offset, or exactness is asked for, the keys around
//! are read as well, as far as an offset can reach.

mod cursor;
mod requests;

use std::collections::BTreeMap;

use uuid::Uuid;

use self::cursor::Cursor;
use super::items;
use crate::dynamodb::{Capacity, Item, Usage};
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messaging::{KeyBounds, Message, MessageGroup, SortPosition, TimeRange, Timestamp};

/// What part of a timeline to read.
#[derive(Debug, Clone, Default)]
pub struct Span<'a> {
    /// The range of time. A cursor's own takes its place.
    pub range: TimeRange,
    /// The flags that gave the range, for the cursors of its pages.
    pub flags: String,
    /// Where the page before ended.
    pub cursor: Option<&'a str>,
    /// Whether to read by instants from the first request on.
    pub exact: bool,
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
    /// The token to go on with; `None` when nothing is left. Behind it there may be
    /// nothing: the service does not say.
    pub cursor: Option<String>,
    /// Whether the service ended the page at 1 MB, before it was full.
    pub is_cut: bool,
}

/// How many rows a partition holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Census {
    /// By year of UTC.
    pub years: BTreeMap<i16, u64>,
    /// Rows whose time cannot be read.
    pub undated: u64,
    /// Read units that counting took.
    pub units: f64,
}

/// A partition that is being read in the order of its times.
///
/// The plain reading takes what lies between two keys, as it comes. The exact one
/// goes by instants: keys are nearly in that order, but for their offsets (see
/// [`SortPosition`]), so a row counts as next only when everything that could still come
/// before it has been read. That takes reading on for
/// [`crate::messaging::MAX_OFFSET`], and such a margin at both ends of a range. The
/// plain reading turns into the exact one when it meets another offset than UTC's.
pub struct Timeline<'a, T> {
    table: &'a MessagesTable,
    partition: String,
    what: &'static str,
    convert: fn(&Item) -> T,
    direction: Direction,
    range: TimeRange,
    flags: String,
    /// Whether rows are read by their instants.
    is_exact: bool,
    /// Whether they have to be.
    must_be_exact: bool,
    /// Plain pages before have shown the keys of the range from this one on.
    shown: Option<String>,
    /// The row that the exact page before ended with: only rows before it are wanted.
    before: Option<(SortPosition, String)>,
    /// Keys outside of these bounds are not read.
    bounds: KeyBounds,
    /// Where the next request goes on.
    start: Option<String>,
    /// Whether all keys inside the bounds have been read.
    complete: bool,
    /// Rows that are wanted and have not been handed out.
    waiting: BTreeMap<(SortPosition, String), T>,
    undated: usize,
    capacity: Capacity,
}

impl MessagesTable {
    /// The messages of a group.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when the cursor is not one of this group's.
    pub fn messages(
        &self,
        group: Uuid,
        direction: Direction,
        span: Span<'_>,
    ) -> Result<Timeline<'_, Message>> {
        let (partition, what) = (items::message_partition(group), "cannot read the conversation");
        self.timeline(partition, what, items::to_message, direction, span)
    }

    /// The groups of a user, by the time of their last messages.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when the cursor is not one of this user's.
    pub fn groups(
        &self,
        user: Uuid,
        direction: Direction,
        span: Span<'_>,
    ) -> Result<Timeline<'_, MessageGroup>> {
        let (partition, what) = (items::inbox_partition(user), "cannot list the conversations");
        self.timeline(partition, what, items::to_group, direction, span)
    }

    fn timeline<T>(
        &self,
        partition: String,
        what: &'static str,
        convert: fn(&Item) -> T,
        direction: Direction,
        span: Span<'_>,
    ) -> Result<Timeline<'_, T>> {
        let cursor = span.cursor.map(|token| Cursor::parse(token, &self.name, &partition)).transpose()?;
        if let Some(cursor) = &cursor {
            cursor.check_flags(&span.flags)?;
        }
        let Cursor { range, flags, shown, exact } =
            cursor.unwrap_or(Cursor { range: span.range, flags: span.flags, shown: None, exact: None });
        let (before, bounds, start) = match (&exact, direction) {
            (Some((last, from)), _) => {
                let bounds = (range.wide_keys().0, Some(from.clone()));
                (Some((SortPosition::of(last), last.clone())), bounds, None)
            }
            (None, Direction::Backward) => (None, range.keys(), shown.clone()),
            (None, Direction::Forward) => {
                let (first, end) = range.keys();
                (None, (first, shown.clone().or(end)), None)
            }
        };
        Ok(Timeline {
            table: self,
            partition,
            what,
            convert,
            direction,
            range,
            flags,
            is_exact: before.is_some(),
            must_be_exact: span.exact || before.is_some(),
            shown,
            before,
            bounds,
            start,
            complete: false,
            waiting: BTreeMap::new(),
            undated: 0,
            capacity: Capacity::new(self.db.is_emulated()),
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
        self.table.db.usage(self.capacity.clone(), Capacity::default())
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

    /// Whether rows were read by their instants, because that was asked for or one
    /// of them has another offset than UTC's.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether an offset was met after the last row was handed out: there may be
    /// rows that only the exact reading finds.
    #[must_use]
    pub const fn is_unfinished(&self) -> bool {
        self.must_be_exact && !self.is_exact
    }

    /// The next rows in order, as many as are known to be next; `None` after the
    /// last. No more is held than one page of the service's and a margin.
    ///
    /// A row that only its offset brings into the range comes late if the rows
    /// around it had been handed out when the first offset was met.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>> {
        loop {
            if self.is_unfinished() {
                self.widen().await?;
            }
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
            self.fetch(None, None).await?;
        }
    }

    /// The newest `limit` rows. The timeline must run backward and be untouched.
    ///
    /// Plain, this is one Query with this Limit, unless some of its rows lie outside
    /// of the range after all, within a second of its ends.
    pub async fn page(&mut self, limit: usize) -> Result<Page<T>> {
        let (mut ask, mut is_cut) = (0, false);
        loop {
            if self.is_unfinished() {
                is_cut = false;
                self.widen().await?;
            }
            if limit == 0 || self.complete || is_cut {
                break;
            }
            let missing = limit.saturating_sub(self.waiting.len());
            let last = self.waiting.keys().rev().nth(limit - 1).map(|(place, _)| *place);
            match last {
                Some(place) if !self.is_exact || self.is_settled(place) => break,
                Some(place) => _ = self.fetch(None, place.first_key()).await?,
                None if self.is_exact => {
                    // What the margin holds is not what was asked for: do not creep
                    // through it.
                    ask = missing.max(2 * ask);
                    self.fetch(Some(ask), None).await?;
                }
                None => is_cut = self.fetch(Some(missing), None).await? < missing && !self.complete,
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
        Ok(Page { cursor: self.cursor(last), rows, is_cut })
    }

    /// Sends the request for a page of `limit` rows and nothing else, whatever it
    /// brings: what the app does.
    pub async fn ask(&mut self, limit: usize) -> Result<()> {
        self.fetch(Some(limit), None).await.map(|_| ())
    }

    /// How to go on after a page that ended with the row `last`.
    fn cursor(&self, last: Option<String>) -> Option<String> {
        let (shown, exact) = if self.is_exact {
            // From there on downward, something is left to be handed out.
            let from = self.waiting.keys().map(|(_, key)| key).max().or(self.start.as_ref())?;
            (self.shown.clone(), Some((last?, from.clone())))
        } else {
            (Some(self.start.clone()?), None)
        };
        let cursor = Cursor { range: self.range, flags: self.flags.clone(), shown, exact };
        Some(cursor.token(&self.table.name, &self.partition))
    }

    fn first_waiting(&self) -> Option<&(SortPosition, String)> {
        match self.direction {
            Direction::Forward => self.waiting.keys().next(),
            Direction::Backward => self.waiting.keys().next_back(),
        }
    }

    fn hand_out(&mut self, key: &(SortPosition, String)) -> Option<T> {
        self.undated += usize::from(key.1.parse::<Timestamp>().is_err());
        self.waiting.remove(key)
    }

    /// Whether all rows that could come before one in this place have been read.
    fn is_settled(&self, place: SortPosition) -> bool {
        let Some(reached) = &self.start else { return self.complete };
        match self.direction {
            Direction::Forward => place.end_key().is_some_and(|end| *reached >= end),
            Direction::Backward => place.first_key().is_some_and(|first| *reached <= first),
        }
    }
}
