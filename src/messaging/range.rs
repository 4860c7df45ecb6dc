//! A span of time to read.

use jiff::civil::date;

use super::{Place, Timestamp, Zone};

/// From an instant on, up to another and without it; open where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant that belongs to it.
    pub since: Option<Timestamp>,
    /// The first instant after it.
    pub until: Option<Timestamp>,
}

impl TimeRange {
    /// A year from 1 to 9999, as the clocks of `zone` have it.
    #[must_use]
    pub fn year(year: i16, zone: &Zone) -> Self {
        let start = |year| (1..=9999).contains(&year).then(|| zone.start_of(date(year, 1, 1))).flatten();
        Self { since: start(year), until: start(year.saturating_add(1)) }
    }

    /// Whether a row in this place belongs to it.
    #[must_use]
    pub fn contains(&self, place: Place) -> bool {
        self.since.is_none_or(|since| Place::from(since) <= place)
            && self.until.is_none_or(|until| place < Place::from(until))
    }

    /// The sort keys that its rows lie between: from the first one on, up to the
    /// second one.
    #[must_use]
    pub fn keys(&self) -> (Option<String>, Option<String>) {
        let first = self.since.and_then(|since| Place::from(since).first_key());
        let end = self.until.and_then(|until| Place::from(until).end_key());
        (first, end)
    }
}
