//! The line with which every command that reads or writes items ends: what it
//! consumed, and what that costs.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::commands::common::count;
use crate::dynamodb::{Capacity, DEFAULT_PRICE_REGION, Prices, Usage};
use crate::output::Ui;

/// What units cost, where the built-in table does not know better.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct UsageArgs {
    /// What a million read request units cost, in US dollars [default: the price table's,
    /// for the region]
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    price_read: Option<f64>,
    /// What a million write request units cost, in US dollars [default: the price table's,
    /// for the region]
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    price_write: Option<f64>,
}

fn parse_price(text: &str) -> Result<f64, String> {
    let price: f64 =
        text.trim().parse().map_err(|_| "it is a number of US dollars, such as 0.125".to_owned())?;
    if !price.is_finite() {
        return Err("it is a number of US dollars, such as 0.125".to_owned());
    }
    if price < 0.0 {
        return Err("a price is not negative".to_owned());
    }
    Ok(price)
}

/// What a million calls of a command cost on demand.
#[derive(Serialize)]
struct Cost {
    usd_per_million_calls: f64,
    usd_per_million_read_units: f64,
    usd_per_million_write_units: f64,
    /// Whose prices they are; `null` when both were given.
    region: Option<&'static str>,
    prices_as_of: Option<&'static str>,
}

/// What a command consumed, as JSON. The units of both kinds add up in `total`,
/// `table`, `indexes` and `pages`, as in DynamoDB's own `ConsumedCapacity`.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    sum: Capacity,
    estimated: bool,
    returned: u64,
    scanned: u64,
    read: &'a Capacity,
    write: &'a Capacity,
    cost: Option<Cost>,
}

impl UsageArgs {
    /// What a million calls of so many units cost, in US dollars.
    pub(super) fn million(&self, region: &str, read: f64, write: f64) -> Option<f64> {
        let capacity = |total: f64| Capacity { total, ..Capacity::default() };
        let region = region.to_owned();
        let usage = Usage { read: capacity(read), write: capacity(write), region, estimated: false };
        self.cost(&usage).map(|(cost, _)| cost.usd_per_million_calls)
    }

    /// Prints the line. It is the last one, unless the command fails.
    pub(super) fn show(&self, ui: &mut Ui, usage: &Usage) {
        ui.status(self.line(usage));
    }

    /// What `-o json` has under `consumed_capacity`.
    pub(super) fn json(&self, usage: &Usage) -> serde_json::Value {
        let mut sum = usage.read.clone();
        sum.merge(&usage.write);
        let json = Json {
            estimated: usage.estimated,
            returned: usage.read.returned,
            scanned: usage.read.scanned,
            read: &usage.read,
            write: &usage.write,
            cost: self.cost(usage).map(|(cost, _)| cost),
            sum,
        };
        // Numbers and texts only: nothing that JSON lacks.
        serde_json::to_value(json).unwrap_or_default()
    }

    fn line(&self, usage: &Usage) -> String {
        let Usage { read, write, .. } = usage;
        let mut line = String::from("consumed ");
        let (reads, writes) = kinds(usage);
        if reads {
            let _ = write!(
                line,
                "{} in {}, {} returned of {} scanned",
                units(read, "read"),
                count(read.pages, "page"),
                count(read.returned, "item"),
                read.scanned
            );
        }
        if writes {
            if reads {
                line.push_str(", and ");
            }
            let requests =
                if write.pages == 1 { "1 request".to_owned() } else { format!("{} requests", write.pages) };
            let _ = write!(line, "{} in {requests}", units(write, "write"));
        }
        if let Some((cost, whose)) = self.cost(usage) {
            let _ = write!(
                line,
                "; a million such calls cost {} on demand ({whose})",
                dollars(cost.usd_per_million_calls)
            );
        }
        if usage.estimated {
            line.push_str("; the emulator's estimate");
        }
        line
    }

    /// The cost, and whose prices it is made of. There is none only if the table
    /// lost a line that a test looks for.
    fn cost(&self, usage: &Usage) -> Option<(Cost, String)> {
        let known = Prices::of(&usage.region);
        let table = known.clone().or_else(|| Prices::of(DEFAULT_PRICE_REGION));
        let read = self.price_read.or(table.as_ref().map(|prices| prices.read))?;
        let write = self.price_write.or(table.as_ref().map(|prices| prices.write))?;
        let (region, as_of) = match (self.price_read, self.price_write, &table) {
            (Some(_), Some(_), _) | (_, _, None) => (None, None),
            (_, _, Some(prices)) => (Some(prices.region), Some(prices.as_of)),
        };
        let (reads, writes) = kinds(usage);
        let is_from_table = reads && self.price_read.is_none() || writes && self.price_write.is_none();
        let mut whose = match (region.filter(|_| is_from_table), as_of) {
            (Some(region), Some(as_of)) if known.is_none() => {
                format!("{region}'s prices of {as_of}, for those of {} are not known", usage.region)
            }
            (Some(region), Some(as_of)) => format!("{region}, prices of {as_of}"),
            _ => String::new(),
        };
        for (given, name, is_used) in [(self.price_read, "read", reads), (self.price_write, "write", writes)]
        {
            if let Some(price) = given.filter(|_| is_used) {
                let comma = if whose.is_empty() { "" } else { "; " };
                let _ = write!(whose, "{comma}a million {name} units at {}", dollars(price));
            }
        }
        let cost = Cost {
            usd_per_million_calls: rounded(usage.read.total * read + usage.write.total * write),
            usd_per_million_read_units: read,
            usd_per_million_write_units: write,
            region,
            prices_as_of: as_of,
        };
        Some((cost, whose))
    }
}

/// Whether to tell of reading, and of writing: of what was done, and of reading
/// if nothing was.
const fn kinds(usage: &Usage) -> (bool, bool) {
    let writes = usage.write.pages > 0;
    (usage.read.pages > 0 || !writes, writes)
}

/// `2.5 read units (table 2, an-index 0.5)`.
fn units(capacity: &Capacity, kind: &str) -> String {
    let mut text = format!("{} {kind} units (table {}", capacity.total, capacity.table);
    for (name, units) in &capacity.indexes {
        let _ = write!(text, ", {name} {units}");
    }
    text.push(')');
    text
}

/// Without what floating point adds at the far end.
fn rounded(usd: f64) -> f64 {
    (usd * 1e6).round() / 1e6
}

/// `$0.3125`, `$2.50`, `$1,234,567.50`: cents, and what is less than a cent only
/// where it matters.
pub(super) fn dollars(usd: f64) -> String {
    // Halves go up, also those that binary fractions miss by a little.
    let text = if usd < 100.0 {
        format!("{:.4}", ((usd * 1e6).round() / 1e2).round() / 1e4)
    } else {
        format!("{:.2}", (usd * 1e2).round() / 1e2)
    };
    let (whole, mut cents) = text.split_once('.').unwrap_or((&text, "00"));
    while cents.len() > 2 && cents.ends_with('0') {
        cents = &cents[..cents.len() - 1];
    }
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("${grouped}.{cents}")
}
