//! Formats times for people: in a time zone, or relative to now.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

use super::Timestamp;

/// The time zone for showing times, and for the start of days and years.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
    /// The suffix that tells its times from local ones.
    label: &'static str,
}

impl Zone {
    /// UTC.
    pub const fn utc() -> Self {
        Self { zone: TimeZone::UTC, label: " UTC" }
    }

    /// The machine's own time zone.
    pub fn local() -> Self {
        Self { zone: TimeZone::system(), label: "" }
    }

    /// The day of `time`: `Friday, 2026-11-20`, followed by ` UTC` in UTC.
    pub fn day(&self, time: Timestamp) -> String {
        format!("{}{}", self.at(time).strftime("%A, %Y-%m-%d"), self.label)
    }

    /// The clock time: `10:41`.
    pub fn clock(&self, time: Timestamp) -> String {
        self.at(time).strftime("%H:%M").to_string()
    }

    /// The day and the clock time: `2026-11-20 10:41`, followed by ` UTC` in UTC.
    pub fn minute(&self, time: Timestamp) -> String {
        format!("{}{}", self.at(time).strftime("%Y-%m-%d %H:%M"), self.label)
    }

    /// The same to the second, for current events.
    pub fn second(&self, time: Timestamp) -> String {
        format!("{}{}", self.at(time).strftime("%Y-%m-%d %H:%M:%S"), self.label)
    }

    /// The year of `time`.
    pub fn year(&self, time: Timestamp) -> i16 {
        self.at(time).year()
    }

    /// The instant of a wall clock time. A time that the clocks skipped is moved later by as much;
    /// for one that occurred twice, returns the first. `None` out of range.
    pub fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        wall.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp().into())
    }

    /// The first instant of a day.
    pub fn start_of(&self, day: Date) -> Option<Timestamp> {
        self.instant(day.to_datetime(jiff::civil::Time::midnight()))
    }

    fn at(&self, time: Timestamp) -> Zoned {
        time.instant().to_zoned(self.zone.clone())
    }
}

impl Timestamp {
    /// The distance from `now`, in one unit: `3 h ago`, `in 2 days`.
    pub fn distance(self, now: Self) -> String {
        let seconds = now.instant().duration_since(self.instant());
        let unit = |count: i64, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {many}"),
        };
        let minutes = seconds.abs().as_mins();
        let days = minutes / (24 * 60);
        let distance = match minutes {
            0 => return "just now".to_owned(),
            1..60 => unit(minutes, "min", "min"),
            60..1440 => unit(minutes / 60, "h", "h"),
            _ if days < 14 => unit(days, "day", "days"),
            _ if days < 60 => unit(days / 7, "week", "weeks"),
            _ if days < 365 => unit(days * 12 / 365, "month", "months"),
            // A year has 365.25 days, but day 365 already counts as one.
            _ => unit((days * 4 / 1461).max(1), "year", "years"),
        };
        if seconds > SignedDuration::ZERO { format!("{distance} ago") } else { format!("in {distance}") }
    }
}
