//! Times as people read and say them: in a time zone, or as a distance.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

use super::Timestamp;

/// The time zone that times are shown in, and that days and years begin in.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
    /// What tells a time in it from local time.
    label: &'static str,
}

impl Zone {
    /// UTC.
    #[must_use]
    pub const fn utc() -> Self {
        Self { zone: TimeZone::UTC, label: " UTC" }
    }

    /// The machine's own.
    #[must_use]
    pub fn local() -> Self {
        Self { zone: TimeZone::system(), label: "" }
    }

    /// The day of `time`: `Friday, 2026-11-20`; UTC says so.
    #[must_use]
    pub fn day(&self, time: Timestamp) -> String {
        format!("{}{}", self.at(time).strftime("%A, %Y-%m-%d"), self.label)
    }

    /// The clock at `time`: `10:41`.
    #[must_use]
    pub fn clock(&self, time: Timestamp) -> String {
        self.at(time).strftime("%H:%M").to_string()
    }

    /// Day and clock at `time`: `2026-11-20 10:41`; UTC says so.
    #[must_use]
    pub fn minute(&self, time: Timestamp) -> String {
        format!("{}{}", self.at(time).strftime("%Y-%m-%d %H:%M"), self.label)
    }

    /// The same to the second, for what is going on now.
    #[must_use]
    pub fn second(&self, time: Timestamp) -> String {
        format!("{}{}", self.at(time).strftime("%Y-%m-%d %H:%M:%S"), self.label)
    }

    /// The year of `time`.
    #[must_use]
    pub fn year(&self, time: Timestamp) -> i16 {
        self.at(time).year()
    }

    /// The instant of a wall clock. One that the clocks skipped is as much later,
    /// one that they showed twice is the first; `None` at the ends of time.
    #[must_use]
    pub fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        wall.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp().into())
    }

    /// The first instant of a day.
    #[must_use]
    pub fn start_of(&self, day: Date) -> Option<Timestamp> {
        self.instant(day.to_datetime(jiff::civil::Time::midnight()))
    }

    fn at(&self, time: Timestamp) -> Zoned {
        time.instant().to_zoned(self.zone.clone())
    }
}

impl Timestamp {
    /// How far away it is from `now`, in one unit: `3 h ago`, `in 2 days`.
    #[must_use]
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
            // A year is 365 days and a quarter, but a birthday is one.
            _ => unit((days * 4 / 1461).max(1), "year", "years"),
        };
        if seconds > SignedDuration::ZERO { format!("{distance} ago") } else { format!("in {distance}") }
    }
}
