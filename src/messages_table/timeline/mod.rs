//! Reads the rows of a partition in chronological order.
//!
//! They are read the way the app does: in the order of their keys, which are UTC times. Only when a key
//! has another offset, or exact order is requested, the surrounding keys are read too, as far as an
//! offset can reach.

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

/// The part of a timeline to read.
#[derive(Debug, Clone, Default)]
pub struct Span<'a> {
    /// The time range. A cursor's range replaces it.
    pub range: TimeRange,
    /// The flags that gave the range, for the cursors of the pages.
    pub flags: String,
    /// The cursor of the previous page.
    pub cursor: Option<&'a str>,
    /// Whether to read by instants from the first request.
    pub exact: bool,
}

/// The order of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    Backward,
}

/// A page of the newest rows, and how to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Newest first.
    pub rows: Vec<T>,
    /// The token for the next page; `None` when nothing is left. The next page may still be empty,
    /// because the service does not say.
    pub cursor: Option<String>,
    /// Whether the service's 1 MB limit ended the page before it was full.
    pub is_cut: bool,
}

/// The number of rows in a partition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Census {
    /// Rows by UTC year.
    pub years: BTreeMap<i16, u64>,
    /// Rows whose time is invalid.
    pub undated: u64,
    /// Read units consumed by counting.
    pub units: f64,
}

/// Reads a partition in chronological order.
///
/// Plain reading returns the rows between two keys in the order of the keys. Exact reading goes by
/// instants. Keys are nearly in that order, except for offsets (see [`SortPosition`]), so a row is next
/// only once everything that could precede it has been read. That means reading
/// [`crate::messaging::MAX_OFFSET`] further, and adding the same margin at both ends of a range. Plain
/// reading becomes exact when it finds an offset other than UTC's.
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
    /// Whether they must be read that way.
    must_be_exact: bool,
    /// Earlier plain pages have returned the keys of the range from this one on.
    shown: Option<String>,
    /// The last row of the previous exact page: only rows before it are returned.
    before: Option<(SortPosition, String)>,
    /// Only keys within these bounds are read.
    bounds: KeyBounds,
    /// Where the next request continues.
    start: Option<String>,
    /// Whether all keys within the bounds have been read.
    complete: bool,
    /// Rows that belong to the result and have not been returned yet.
    waiting: BTreeMap<(SortPosition, String), T>,
    undated: usize,
    capacity: Capacity,
}

impl MessagesTable {
    /// The messages of a group.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when the cursor does not belong to this group.
    pub fn messages(
        &self,
        group: Uuid,
        direction: Direction,
        span: Span<'_>,
    ) -> Result<Timeline<'_, Message>> {
        let (partition, what) = (items::message_partition(group), "cannot read the conversation");
        self.timeline(partition, what, items::to_message, direction, span)
    }

    /// The groups of a user, by the time of the last message.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when the cursor does not belong to this user.
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
    /// The capacity consumed so far.
    pub const fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// The capacity consumed so far, and where.
    pub fn usage(&self) -> Usage {
        self.table.db.usage(self.capacity.clone(), Capacity::default())
    }

    /// How many returned rows have an invalid time.
    pub const fn undated(&self) -> usize {
        self.undated
    }

    /// The flags that gave the range: the cursor's, if there is one.
    pub fn flags(&self) -> &str {
        &self.flags
    }

    /// Whether rows are read by instant: on request, or because a row has an offset other than UTC's.
    pub const fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether an offset turned up after the last row was returned. There may be rows that only exact
    /// reading finds.
    pub const fn is_unfinished(&self) -> bool {
        self.must_be_exact && !self.is_exact
    }

    /// The next rows in order, as many as are known to be next; `None` when there are no more. Holds at
    /// most one page of the service's and a margin.
    ///
    /// A row that is in the range only because of its offset comes late if its neighbors had been
    /// returned before the first offset was found.
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

    /// The newest `limit` rows. The timeline must run backward and be unread.
    ///
    /// In plain reading this is one Query with this Limit, unless some of its rows turn out to be
    /// outside the range, within a second of its ends.
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
                    // Rows in the margin do not count towards the page. Ask for more each time, to get
                    // through it quickly.
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

    /// Sends only the request for a page of `limit` rows, whatever it returns. This is what the app
    /// does.
    pub async fn ask(&mut self, limit: usize) -> Result<()> {
        self.fetch(Some(limit), None).await.map(|_| ())
    }

    /// The cursor after a page that ended with the row `last`.
    fn cursor(&self, last: Option<String>) -> Option<String> {
        let (shown, exact) = if self.is_exact {
            // Rows are left from this key downward.
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

    /// Whether every row that could precede this position has been read.
    fn is_settled(&self, place: SortPosition) -> bool {
        let Some(reached) = &self.start else { return self.complete };
        match self.direction {
            Direction::Forward => place.end_key().is_some_and(|end| *reached >= end),
            Direction::Backward => place.first_key().is_some_and(|first| *reached <= first),
        }
    }
}
