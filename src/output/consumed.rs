//! The line that says what a command consumed.

use std::fmt;

/// The limit of the line's length.
const COLUMNS: usize = 80;

/// What a command consumed. Displays as one line of at most 80 columns.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Consumed {
    /// Whether the figures are an emulator's estimate.
    pub estimated: bool,
    /// Read units; `None` if nothing was read.
    pub read: Option<f64>,
    /// Write units; `None` if nothing was written.
    pub write: Option<f64>,
    /// Requests that got a response.
    pub requests: u64,
    /// Items written, or items returned by a command that only reads.
    pub items: u64,
    /// Items read to find those returned.
    pub scanned: u64,
    /// The price.
    pub price: Option<Price>,
}

/// A price in US dollars, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Price {
    /// For a million calls of the same command.
    MillionCalls(f64),
    /// For this run.
    ThisRun(f64),
}

/// How much to show, depending on the room.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Room {
    words: bool,
    digits: bool,
}

/// From the most room to the least, which always fits.
const ROOMS: [Room; 4] = [
    Room { words: true, digits: true },
    Room { words: false, digits: true },
    Room { words: true, digits: false },
    Room { words: false, digits: false },
];

impl fmt::Display for Consumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        for room in ROOMS {
            line = self.line(room);
            if line.len() <= COLUMNS {
                break;
            }
        }
        f.write_str(&line)
    }
}

impl Consumed {
    fn line(&self, room: Room) -> String {
        let verb = if self.estimated { "estimated" } else { "consumed" };
        let units = self.units(room);
        let requests = counted(self.requests, "request", room);
        let items = counted(self.items.max(self.scanned), "item", room);
        let part = if self.items < self.scanned {
            format!("{} of ", number(float(self.items), room))
        } else {
            String::new()
        };
        let money = self.price.map_or_else(String::new, |price| price.said(room));
        format!("{verb} {units}, {requests}, {part}{items}{money}")
    }

    fn units(&self, room: Room) -> String {
        let noun = if room.words { " units" } else { "" };
        match (self.read, self.write) {
            (Some(read), Some(write)) => {
                format!("{} read + {} write{noun}", number(read, room), number(write, room))
            }
            (None, Some(write)) => units(write, "write unit", room),
            (read, None) => units(read.unwrap_or_default(), "read unit", room),
        }
    }
}

impl Price {
    fn said(self, room: Room) -> String {
        let (usd, exact, what): (f64, fn(f64) -> String, _) = match self {
            Self::MillionCalls(usd) if room.words => (usd, dollars, " a million calls"),
            Self::MillionCalls(usd) => (usd, dollars, " a million"),
            Self::ThisRun(usd) if room.words => (usd, cents, " this run"),
            Self::ThisRun(usd) => (usd, cents, ""),
        };
        format!("; {}{what}", if room.digits { exact(usd) } else { short_dollars(usd) })
    }
}

fn counted(count: u64, noun: &str, room: Room) -> String {
    units(float(count), noun, room)
}

/// `1 write unit`, `0.5 write units`.
#[expect(clippy::float_cmp, reason = "one is exact")]
fn units(units: f64, noun: &str, room: Room) -> String {
    format!("{} {noun}{}", number(units, room), if units == 1.0 { "" } else { "s" })
}

#[expect(clippy::cast_precision_loss, reason = "is shown to people")]
const fn float(count: u64) -> f64 {
    count as f64
}

fn number(number: f64, room: Room) -> String {
    if room.digits { number.to_string() } else { short(number) }
}

/// `12.5`, `999`, `1.2k`, `64M`: at most four characters, up to 999 trillion.
fn short(number: f64) -> String {
    let (mut number, mut letters) = (number, ["", "k", "M", "G", "T"].iter());
    let mut letter = letters.next().copied().unwrap_or_default();
    while number.round() >= 1000.0 {
        let Some(larger) = letters.next() else { break };
        (number, letter) = (number / 1000.0, larger);
    }
    let digits = usize::from(number < if letter.is_empty() { 99.95 } else { 9.95 });
    let text = format!("{number:.digits$}");
    format!("{}{letter}", text.strip_suffix(".0").unwrap_or(&text))
}

fn short_dollars(usd: f64) -> String {
    if usd < 99.995 { cents(usd) } else { format!("${}", short(usd)) }
}

/// `$0.04`, `<$0.01`, `$1,234,567.50`: the price of a run.
pub fn cents(usd: f64) -> String {
    if usd > 0.0 && usd < 0.005 { "<$0.01".to_owned() } else { grouped(usd, 2) }
}

/// `$0.0625`, `$2.50`, `$1,234,567.50`: a unit price, with fractions of a cent below one dollar.
pub fn dollars(usd: f64) -> String {
    match usd {
        usd if usd >= 1.0 || usd <= 0.0 => grouped(usd, 2),
        usd if usd < 0.00005 => "<$0.0001".to_owned(),
        usd => {
            let text = grouped(usd, 4);
            text.strip_suffix("00").unwrap_or_else(|| text.strip_suffix('0').unwrap_or(&text)).to_owned()
        }
    }
}

/// Formats with commas. Rounds halves up, even those that are slightly less in binary.
fn grouped(usd: f64, digits: usize) -> String {
    let scale = if digits == 2 { 1e2 } else { 1e4 };
    let text = format!("{:.digits$}", ((usd * scale * 1e2).round() / 1e2).round() / scale);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("${grouped}.{fraction}")
}
