//! The order of rows in time, and the sort keys that a span of time lies between.
//!
//! A sort key begins with a wall clock, and a wall clock may differ from UTC by
//! its offset. So the order of keys is not the order of times, but nearly:
//! a key is never further than [`MAX_OFFSET`] from where its instant would stand.

use super::Timestamp;
use super::timestamp::MAX_OFFSET;

/// Where a row stands among the others of its partition.
///
/// A time stands at its instant. A text that is not a time stands where it sorts
/// among the times of UTC: `2024` before all of that year, `yesterday` after all
/// years. Rows in the same place go by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(i64);

const SECOND: i64 = 1_000_000;

impl From<Timestamp> for Place {
    fn from(time: Timestamp) -> Self {
        Self(time.microseconds())
    }
}

impl Place {
    /// Where the row with this sort key stands.
    #[must_use]
    pub fn of(sort_key: &str) -> Self {
        sort_key.parse::<Timestamp>().map_or_else(|_| Self::of_text(sort_key), Self::from)
    }

    /// The first time that, written in UTC, does not sort before `text`.
    fn of_text(text: &str) -> Self {
        let sorts_before = |time| utc(time).is_some_and(|time| time.as_str() < text);
        let (mut low, mut high) = (Timestamp::EARLIEST.microseconds(), Timestamp::LATEST.microseconds() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if sorts_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Self(low)
    }

    /// A text that every row in this place or later sorts after, or is. The
    /// greatest that holds for any offset; `None` when even the first row may be
    /// in this place.
    #[must_use]
    pub fn first_key(self) -> Option<String> {
        let wall = (self.0 - offset()).div_euclid(SECOND);
        second(wall)
    }

    /// A text that every row before this place sorts before. The least that holds
    /// for any offset; `None` when even the last row may be before this place.
    #[must_use]
    pub fn end_key(self) -> Option<String> {
        let wall = -(-(self.0 + offset())).div_euclid(SECOND);
        second(wall)
    }
}

fn offset() -> i64 {
    i64::try_from(MAX_OFFSET.as_micros()).unwrap_or(i64::MAX)
}

/// A time as stored in UTC, without the offset.
fn utc(microseconds: i64) -> Option<String> {
    let text = Timestamp::from_microseconds(microseconds)?.to_string();
    text.split_once('+').map(|(time, _)| time.to_owned())
}

/// The same in whole seconds: no text with this wall clock sorts before it.
fn second(seconds: i64) -> Option<String> {
    let text = utc(seconds.checked_mul(SECOND)?)?;
    text.split_once('.').map(|(wall, _)| wall.to_owned())
}
