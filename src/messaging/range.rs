//! A time range to read.

use jiff::civil::date;

use super::{SortPosition, Timestamp, Zone};

/// A time range from one instant up to another, which is excluded; `None` leaves an end open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant in the range.
    pub since: Option<Timestamp>,
    /// The first instant after the range.
    pub until: Option<Timestamp>,
}

/// Two sort keys, both inclusive; `None` leaves an end open.
pub type KeyBounds = (Option<String>, Option<String>);

impl TimeRange {
    /// A year in UTC, from 1 to 9999.
    pub fn year(year: i16) -> Self {
        Self { since: new_year(year), until: new_year(year.saturating_add(1)) }
    }

    /// The UTC year that the range covers exactly, if there is one. Rows of it that are in UTC
    /// begin with that year.
    pub fn as_year(&self) -> Option<i16> {
        let year = Zone::utc().year(self.since?);
        (self.until.is_some() && *self == Self::year(year)).then_some(year)
    }

    /// Whether a row in this place is in the range.
    pub fn contains(&self, place: SortPosition) -> bool {
        self.since.is_none_or(|since| SortPosition::from(since) <= place)
            && self.until.is_none_or(|until| place < SortPosition::from(until))
    }

    /// The sort keys that enclose its rows, provided all are in UTC.
    pub fn keys(&self) -> KeyBounds {
        if let Some(year) = self.as_year() {
            return (Some(format!("{year:04}")), Some(format!("{year:04}~")));
        }
        let first = self.since.and_then(|since| SortPosition::from(since).lower_key());
        let end = self.until.and_then(|until| SortPosition::from(until).upper_key());
        (first, end)
    }

    /// The sort keys that enclose its rows, whatever their offsets.
    pub fn wide_keys(&self) -> KeyBounds {
        let first = self.since.and_then(|since| SortPosition::from(since).first_key());
        let end = self.until.and_then(|until| SortPosition::from(until).end_key());
        (first, end)
    }
}

/// The start of a year in UTC.
fn new_year(year: i16) -> Option<Timestamp> {
    (1..=9999).contains(&year).then(|| Zone::utc().start_of(date(year, 1, 1))).flatten()
}
