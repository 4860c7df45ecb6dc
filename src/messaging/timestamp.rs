//! A time, above all a message's: written in one shape, read in all that are about.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, TimestampRound, Unit};
use serde::{Serialize, Serializer};

/// An instant, in whole microseconds.
///
/// Displays as `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`: always UTC and always six
/// digits, so that text order is time order, and so that the backend's
/// `%Y-%m-%dT%H:%M:%S.%f%z` reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        Self::floor(jiff::Timestamp::now())
    }

    /// The instant so many microseconds after 1970 began; `None` beyond the ends of time.
    #[must_use]
    pub fn from_microseconds(microseconds: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(microseconds).ok().map(Self)
    }

    /// Drops what is finer than a microsecond.
    fn floor(instant: jiff::Timestamp) -> Self {
        let microseconds = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Floor);
        // Rounding fails only at the very ends of time.
        Self(instant.round(microseconds).unwrap_or(instant))
    }

    /// The next instant that can be told from this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_micros(1)).unwrap_or(self.0))
    }

    /// This many minutes earlier.
    #[must_use]
    pub fn minutes_before(self, minutes: usize) -> Self {
        let minutes = i64::try_from(minutes).unwrap_or(i64::MAX / 60);
        Self(self.0.saturating_sub(SignedDuration::from_secs(minutes.saturating_mul(60))).unwrap_or(self.0))
    }

    /// As shown to people: local time, to the minute.
    #[must_use]
    pub fn to_local(self) -> String {
        self.local("%Y-%m-%d %H:%M")
    }

    /// The same to the second, for what is going on now.
    #[must_use]
    pub fn to_local_seconds(self) -> String {
        self.local("%Y-%m-%d %H:%M:%S")
    }

    fn local(self, format: &str) -> String {
        self.0.to_zoned(TimeZone::system()).strftime(format).to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The year 1, where Python's time begins; before it, four digits are not enough.
const FIRST: jiff::Timestamp = jiff::Timestamp::constant(-62_135_596_800, 0);

/// The text is not a date and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotATimestamp;

impl fmt::Display for NotATimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a date and time such as 2023-03-29T09:45:13.050615+00:00")
    }
}

impl std::error::Error for NotATimestamp {}

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    /// Any offset, `Z`, or none, which a later backend wrote and which means
    /// UTC; with or without a fraction.
    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let instant = text.parse().or_else(|_| without_offset(text))?;
        if instant < FIRST {
            return Err(NotATimestamp);
        }
        Ok(Self::floor(instant))
    }
}

fn without_offset(text: &str) -> Result<jiff::Timestamp, NotATimestamp> {
    // Dates without a time are not message times.
    if !text.contains(['T', 't', ' ']) {
        return Err(NotATimestamp);
    }
    let civil: jiff::civil::DateTime = text.parse().map_err(|_| NotATimestamp)?;
    civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| NotATimestamp)
}
