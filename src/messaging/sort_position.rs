//! The order of rows in time, and the sort keys that enclose a time range.
//!
//! A sort key begins with a wall clock time. In UTC, keys sort in the order of time, except for
//! different formats within the same second. With another offset, a key is never further than
//! [`MAX_OFFSET`] from where its instant in UTC would sort.

use super::Timestamp;
use super::timestamp::MAX_OFFSET;

/// The position of a row in its partition.
///
/// A time is placed at its instant. A text that is not a time is placed where it sorts among UTC
/// times: `2024` before all of that year, `yesterday` after all years. Rows in the same place are
/// ordered by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortPosition(i64);

impl From<Timestamp> for SortPosition {
    fn from(time: Timestamp) -> Self {
        Self(time.microseconds())
    }
}

impl SortPosition {
    /// The place of the row with this sort key.
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

    /// A lower bound: every UTC row in this place or later sorts at or after it. `None` when even
    /// the first row may be in this place.
    pub fn lower_key(self) -> Option<String> {
        utc(self.0.checked_sub(1)?)
    }

    /// An upper bound: every UTC row before this place sorts before it. `None` when even the last
    /// row may be before this place.
    pub fn upper_key(self) -> Option<String> {
        let text = utc(self.0.checked_sub(1)?)?;
        // Within one second, `00Z` sorts after `00.5+00:00`; this sorts after both.
        text.split_once('.').map(|(wall, _)| format!("{wall}~"))
    }

    /// [`Self::lower_key`] for rows of any offset.
    pub fn first_key(self) -> Option<String> {
        Self(self.0 - offset()).lower_key()
    }

    /// [`Self::upper_key`] for rows of any offset.
    pub fn end_key(self) -> Option<String> {
        Self(self.0 + offset()).upper_key()
    }
}

fn offset() -> i64 {
    i64::try_from(MAX_OFFSET.as_micros()).unwrap_or(i64::MAX)
}

/// A time as stored in UTC, without its offset.
fn utc(microseconds: i64) -> Option<String> {
    let text = Timestamp::from_microseconds(microseconds)?.to_string();
    text.split_once('+').map(|(time, _)| time.to_owned())
}
