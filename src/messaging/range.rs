//! A span of time to read.

use jiff::civil::date;

use super::{SortPosition, Timestamp, Zone};

/// From an instant on, up to another and without it; open where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant that belongs to it.
    pub since: Option<Timestamp>,
    /// The first instant after it.
    pub until: Option<Timestamp>,
}

/// Two sort keys; open where there is none. Both belong to what lies between them.
pub type KeyBounds = (Option<String>, Option<String>);

impl TimeRange {
    /// A year of UTC, from 1 to 9999.
    #[must_use]
    pub fn year(year: i16) -> Self {
        Self { since: new_year(year), until: new_year(year.saturating_add(1)) }
    }

    /// The year of UTC that this is, if it is one: those of its rows that are in UTC
    /// begin with it.
    #[must_use]
    pub fn as_year(&self) -> Option<i16> {
        let year = Zone::utc().year(self.since?);
        (self.until.is_some() && *self == Self::year(year)).then_some(year)
    }

    /// Whether a row in this place belongs to it.
    #[must_use]
    pub fn contains(&self, place: SortPosition) -> bool {
        self.since.is_none_or(|since| SortPosition::from(since) <= place)
            && self.until.is_none_or(|until| place < SortPosition::from(until))
    }

    /// The sort keys that its rows lie between, as long as all are in UTC.
    #[must_use]
    pub fn keys(&self) -> KeyBounds {
        if let Some(year) = self.as_year() {
            return (Some(format!("{year:04}")), Some(format!("{year:04}~")));
        }
        let first = self.since.and_then(|since| SortPosition::from(since).lower_key());
        let end = self.until.and_then(|until| SortPosition::from(until).upper_key());
        (first, end)
    }

    /// The sort keys that its rows lie between, whatever their offsets.
    #[must_use]
    pub fn wide_keys(&self) -> KeyBounds {
        let first = self.since.and_then(|since| SortPosition::from(since).first_key());
        let end = self.until.and_then(|until| SortPosition::from(until).end_key());
        (first, end)
    }
}

/// When a year of UTC begins.
fn new_year(year: i16) -> Option<Timestamp> {
    (1..=9999).contains(&year).then(|| Zone::utc().start_of(date(year, 1, 1))).flatten()
}
