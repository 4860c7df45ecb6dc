//! Timestamps, mostly of messages: written in one format, read in all that occur.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, TimestampRound, Unit};
use serde::{Serialize, Serializer};

/// An instant, in whole microseconds.
///
/// Displays as `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`: always UTC and always six digits, so that text
/// order is time order, and the backend's `%Y-%m-%dT%H:%M:%S.%f%z` can parse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The current time.
    pub fn now() -> Self {
        Self::floor(jiff::Timestamp::now())
    }

    /// The instant this many microseconds after 1970 began; `None` out of range.
    pub fn from_microseconds(microseconds: i64) -> Option<Self> {
        // Not `from_microsecond`, which rejects the last second in range.
        let instant = jiff::Timestamp::from_nanosecond(i128::from(microseconds) * 1000);
        instant.ok().filter(|instant| *instant >= FIRST).map(Self)
    }

    /// Rounds down to a microsecond.
    fn floor(instant: jiff::Timestamp) -> Self {
        let microseconds = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Floor);
        // Rounding fails only at the very ends of the range.
        Self(instant.round(microseconds).unwrap_or(instant))
    }

    /// The next instant, one microsecond later.
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

    /// This much earlier, but not before the year 1.
    #[must_use]
    pub fn before(self, distance: Duration) -> Self {
        Self::from(self.0.saturating_sub(distance).unwrap_or(FIRST))
    }

    pub(super) const fn instant(self) -> jiff::Timestamp {
        self.0
    }

    /// Microseconds since 1970 began.
    pub fn microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Whether `text` is a time with an offset other than UTC. `Z`, zeros and no offset count as UTC.
    pub fn has_offset(text: &str) -> bool {
        read(text).is_ok_and(|(_, offset)| !offset.is_zero())
    }

    /// The earliest supported time.
    pub(super) const EARLIEST: Self = Self(FIRST);

    /// The latest supported time, near the end of the year 9999.
    pub(super) const LATEST: Self = Self(jiff::Timestamp::MAX);
}

impl From<jiff::Timestamp> for Timestamp {
    /// Rounds down to a microsecond. Times before the year 1 become its start.
    fn from(instant: jiff::Timestamp) -> Self {
        Self::floor(instant.max(FIRST))
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

/// The start of the year 1, where Python's time begins; earlier years do not fit into four digits.
const FIRST: jiff::Timestamp = jiff::Timestamp::constant(-62_135_596_800, 0);

/// An error: the text is not a date and time.
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

    /// Parses `YYYY-MM-DDTHH:MM:SS`, with or without a fraction. An offset of less than
    /// [`MAX_OFFSET`] or `Z` may follow. Without one, as written by a later backend, the time is
    /// UTC.
    ///
    /// Accepts no other format. A stored time must begin with its wall clock in one format, or
    /// ranges of sort keys would not be ranges of time. The app's reader accepts nothing else
    /// either.
    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        read(text).map(|(time, _)| time)
    }
}

/// Parses a time. Returns it with its offset.
fn read(text: &str) -> Result<(Timestamp, SignedDuration), NotATimestamp> {
    let (wall, rest) = text.split_at_checked(WALL.len()).ok_or(NotATimestamp)?;
    let same_shape = |(shape, byte): (u8, u8)| {
        if shape.is_ascii_digit() { byte.is_ascii_digit() } else { byte == shape }
    };
    // A leap second would sort before the minute that it belongs to.
    if !WALL.bytes().zip(wall.bytes()).all(same_shape) || wall.ends_with("60") {
        return Err(NotATimestamp);
    }
    let end = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (fraction, offset) = rest.split_at(end);
    if !(fraction.is_empty() || fraction.starts_with('.')) {
        return Err(NotATimestamp);
    }
    let offset = parse_offset(offset)?;
    let civil: DateTime = format!("{wall}{fraction}").parse().map_err(|_| NotATimestamp)?;
    let utc = civil.to_zoned(TimeZone::UTC).map_err(|_| NotATimestamp)?.timestamp();
    let instant = utc.checked_sub(offset).map_err(|_| NotATimestamp)?;
    if instant < FIRST {
        return Err(NotATimestamp);
    }
    Ok((Timestamp::floor(instant), offset))
}

/// The format of a wall clock time; any digit stands for any other.
const WALL: &str = "0000-00-00T00:00:00";

/// The limit of offsets. Time zones are between -12:00 and +14:00; an offset beyond this limit is not real.
pub const MAX_OFFSET: SignedDuration = SignedDuration::from_hours(15);

/// Parses `Z`, nothing, or `+HH:MM`; also without the colon, without minutes, or with seconds.
fn parse_offset(text: &str) -> Result<SignedDuration, NotATimestamp> {
    let (sign, digits) = match text.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => return Ok(SignedDuration::ZERO),
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        Some(_) => return Err(NotATimestamp),
    };
    let in_place = digits.bytes().enumerate().all(|(at, byte)| (byte == b':') == (at % 3 == 2));
    if digits.contains(':') && !in_place || digits.ends_with(':') {
        return Err(NotATimestamp);
    }
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotATimestamp);
    }
    let part = |at: usize| digits.get(at..at + 2).and_then(|part| part.parse::<i64>().ok()).unwrap_or(0);
    let (hours, minutes, seconds) = (part(0), part(2), part(4));
    let offset = SignedDuration::from_secs(sign * (3600 * hours + 60 * minutes + seconds));
    if minutes > 59 || seconds > 59 || offset.abs() >= MAX_OFFSET {
        return Err(NotATimestamp);
    }
    Ok(offset)
}
