//! `--since`, `--until` and `--year`

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, value_parser};
use jiff::civil::{Date, DateTime};

use crate::config::parse_duration;
use crate::error::{Error, Result};
use crate::messaging::{TimeRange, Timestamp, Zone};

/// Which times to read.
#[derive(Debug, Clone, Args)]
pub(super) struct RangeArgs {
    /// Start at this time: an instant (2024-03-31T18:00:00Z), a day (2024-03-31), or a time ago
    /// (7d, 12h, 2w)
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Stop before this time; a day is included in full
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// One year in UTC: the keys that begin with it, as the app queries them
    #[arg(long, value_name = "YYYY", value_parser = value_parser!(i16).range(1..=9999), conflicts_with_all = ["since", "until"])]
    year: Option<i16>,
    /// Compare instants, whatever the offsets of the stored times; also reads, and pays for, 15
    /// hours before and after [default: only if a row read has an offset other than UTC's]
    #[arg(long)]
    pub(super) exact: bool,
}

/// A time as the user typed it, and its meaning.
#[derive(Debug, Clone)]
struct When {
    said: String,
    meant: Meant,
}

#[derive(Debug, Clone, Copy)]
enum Meant {
    Instant(Timestamp),
    /// A local time without an offset.
    Wall(DateTime),
    Day(Date),
    Ago(Duration),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self { said: text.to_owned(), meant: meant(text.trim())? })
    }
}

fn meant(text: &str) -> Result<Meant, String> {
    // A bare number would mean a year to the user, never seconds.
    if text.parse::<u64>().is_ok() {
        return Err("a number alone is not a time; use --year for a year, or a span such as 7d".to_owned());
    }
    if let (10, Ok(day)) = (text.len(), text.parse()) {
        return Ok(Meant::Day(day));
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(Meant::Instant(instant.into()));
    }
    if let (true, Ok(wall)) = (text.contains(':'), text.parse()) {
        return Ok(Meant::Wall(wall));
    }
    parse_duration(text).map(Meant::Ago).map_err(|why| {
        let shapes =
            "an instant such as 2024-03-31T18:00:00Z, a day such as 2024-03-31, or a span such as 7d";
        if text.parse::<jiff::Span>().is_err() { format!("expected {shapes}") } else { why }
    })
}

impl When {
    /// Its first instant, and the first instant after it. They differ only for a day.
    fn instants(&self, zone: &Zone, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>)> {
        let far = || Error::usage(format!("{} is out of range", self.said));
        match self.meant {
            Meant::Instant(instant) => Ok((instant, Some(instant))),
            Meant::Wall(wall) => zone.instant(wall).map(|time| (time, Some(time))).ok_or_else(far),
            Meant::Ago(span) => Ok((now.before(span), Some(now.before(span)))),
            Meant::Day(day) => {
                let next = day.tomorrow().ok().and_then(|next| zone.start_of(next));
                Ok((zone.start_of(day).ok_or_else(far)?, next))
            }
        }
    }
}

impl RangeArgs {
    /// The range the app asks for: one year, the current one by default.
    pub(super) fn as_the_app(&self, now: Timestamp) -> Self {
        let year = self.year.unwrap_or_else(|| Zone::utc().year(now));
        Self { since: None, until: None, year: Some(year), exact: false }
    }

    /// The range, and the flags that set it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when the range is empty.
    pub(super) fn resolve(&self, zone: &Zone, now: Timestamp) -> Result<(TimeRange, String)> {
        if let Some(year) = self.year {
            return Ok((TimeRange::year(year), format!("--year {year}")));
        }
        let said = |flag, when: &Option<When>| when.as_ref().map(|when| format!("{flag} {}", when.said));
        let flags = [said("--since", &self.since), said("--until", &self.until)];
        let flags: Vec<String> = flags.into_iter().flatten().collect();
        let mut range = TimeRange::default();
        if let Some(when) = &self.since {
            range.since = Some(when.instants(zone, now)?.0);
        }
        if let Some(when) = &self.until {
            range.until = when.instants(zone, now)?.1;
        }
        if let (Some(since), Some(until)) = (range.since, range.until)
            && since >= until
        {
            let [since, until] = [since, until].map(|time| zone.minute(time));
            return Err(Error::usage(format!(
                "{} give an empty range: it begins {since} and ends {until}",
                flags.join(" and ")
            )));
        }
        Ok((range, flags.join(" ")))
    }
}
