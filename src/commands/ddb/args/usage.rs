//! The line that ends every command that reads or writes items: what it consumed and what that costs.

use clap::Args;
use serde::Serialize;

use crate::dynamodb::{Capacity, DEFAULT_PRICE_REGION, Prices, Usage};
use crate::output::Ui;
use crate::output::consumed::{Consumed, Price, dollars};

/// What units cost, where the built-in table does not know better.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::commands) struct UsageArgs {
    /// Price of a million read request units, in US dollars [default: the built-in price for the
    /// region]
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    price_read: Option<f64>,
    /// Price of a million write request units, in US dollars [default: the built-in price for the
    /// region]
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    price_write: Option<f64>,
}

fn parse_price(text: &str) -> Result<f64, String> {
    let price: f64 =
        text.trim().parse().map_err(|_| "expected a number of US dollars, such as 0.125".to_owned())?;
    if !price.is_finite() {
        return Err("expected a number of US dollars, such as 0.125".to_owned());
    }
    if price < 0.0 {
        return Err("must not be negative".to_owned());
    }
    Ok(price)
}

/// What the price at the end of the line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Bill {
    /// A million calls, for what an app does repeatedly.
    Calls,
    /// This run, for what is done once to a whole table.
    Run,
}

/// The cost of a command, at on-demand prices.
#[derive(Serialize)]
struct Cost {
    usd_per_million_calls: f64,
    usd_this_run: f64,
    usd_per_million_read_units: f64,
    usd_per_million_write_units: f64,
    /// The region of the prices. `null` when both prices were given.
    region: Option<&'static str>,
    prices_as_of: Option<&'static str>,
}

/// What a command consumed, as JSON. `total`, `table`, `indexes` and `pages` sum read and write
/// units, as in DynamoDB's own `ConsumedCapacity`.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    sum: Capacity,
    estimated: bool,
    returned: u64,
    scanned: u64,
    written: u64,
    read: &'a Capacity,
    write: &'a Capacity,
    cost: Option<Cost>,
}

impl UsageArgs {
    /// The price of a million calls that consume these units, in US dollars.
    pub(in crate::commands) fn million(&self, region: &str, read: f64, write: f64) -> Option<f64> {
        let capacity = |total: f64| Capacity { total, ..Capacity::default() };
        let region = region.to_owned();
        let usage = Usage { read: capacity(read), write: capacity(write), region, estimated: false };
        self.cost(&usage).map(|cost| cost.usd_per_million_calls)
    }

    /// Prints the line, and with `-v` the details, unless nothing was consumed. On success it is
    /// the last output of a command.
    pub(in crate::commands) fn show(&self, ui: &mut Ui, usage: &Usage, bill: Bill) {
        let Usage { read, write, estimated, .. } = usage;
        // No request was sent, or no response reported its capacity.
        if read.pages + write.pages == 0 {
            return;
        }
        let (reads, writes) = kinds(usage);
        let cost = self.cost(usage);
        let price = cost.as_ref().map(|cost| match bill {
            Bill::Calls => Price::MillionCalls(cost.usd_per_million_calls),
            Bill::Run => Price::ThisRun(cost.usd_this_run),
        });
        let consumed = Consumed {
            estimated: *estimated,
            read: reads.then_some(read.total),
            write: writes.then_some(write.total),
            requests: (read.pages + write.pages) as u64,
            items: if writes { write.written } else { read.returned },
            scanned: if writes { 0 } else { read.scanned },
            price,
        };
        ui.status(consumed.to_string());
        for fact in self.facts(usage, cost.as_ref()) {
            ui.detail(format!("  {fact}"));
        }
    }

    /// The value of `consumed_capacity` with `-o json`.
    pub(in crate::commands) fn json(&self, usage: &Usage) -> serde_json::Value {
        let mut sum = usage.read.clone();
        sum.merge(&usage.write);
        let json = Json {
            estimated: usage.estimated,
            returned: usage.read.returned,
            scanned: usage.read.scanned,
            written: usage.write.written,
            read: &usage.read,
            write: &usage.write,
            cost: self.cost(usage),
            sum,
        };
        // Cannot fail: it holds only numbers and strings.
        serde_json::to_value(json).unwrap_or_default()
    }

    /// All details, one per line.
    fn facts(&self, usage: &Usage, cost: Option<&Cost>) -> Vec<String> {
        let Usage { read, write, region, estimated } = usage;
        let (reads, writes) = kinds(usage);
        let mut facts = Vec::new();
        for (capacity, kind, is_used) in [(read, "read", reads), (write, "write", writes)] {
            if !is_used {
                continue;
            }
            facts.push(format!("{kind} units of the table: {}", capacity.table));
            let of_index = |(name, units): (&String, &f64)| format!("{kind} units of {name}: {units}");
            facts.extend(capacity.indexes.iter().map(of_index));
            facts.push(format!("{kind} requests: {}", capacity.pages));
        }
        if reads {
            facts.push(format!("items returned: {}", read.returned));
            facts.push(format!("items read: {}", read.scanned));
        }
        if writes {
            facts.push(format!("items written: {}", write.written));
        }
        if let Some(cost) = cost {
            let own = |price: Option<f64>| if price.is_some() { " (yours)" } else { "" };
            if reads {
                let price = dollars(cost.usd_per_million_read_units);
                facts.push(format!("a million read units: {price}{}", own(self.price_read)));
            }
            if writes {
                let price = dollars(cost.usd_per_million_write_units);
                facts.push(format!("a million write units: {price}{}", own(self.price_write)));
            }
            if let (Some(priced), Some(day)) = (cost.region, cost.prices_as_of) {
                facts.push(format!("prices: on demand in {priced}, as of {day}"));
                if priced != region.as_str() {
                    facts.push(format!("no price is known for {region}"));
                }
            }
        }
        facts.push(format!(
            "figures: {}",
            if *estimated { "the emulator's estimate" } else { "DynamoDB's own" }
        ));
        facts
    }

    /// Returns `None` only if the price table lacks the default region; a test checks that it does not.
    fn cost(&self, usage: &Usage) -> Option<Cost> {
        let table = Prices::of(&usage.region).or_else(|| Prices::of(DEFAULT_PRICE_REGION));
        let read = self.price_read.or(table.as_ref().map(|prices| prices.read))?;
        let write = self.price_write.or(table.as_ref().map(|prices| prices.write))?;
        let is_from_table = self.price_read.is_none() || self.price_write.is_none();
        let table = table.filter(|_| is_from_table);
        // Rounds off floating-point noise.
        let million = ((usage.read.total * read + usage.write.total * write) * 1e6).round() / 1e6;
        Some(Cost {
            usd_per_million_calls: million,
            usd_this_run: million / 1e6,
            usd_per_million_read_units: read,
            usd_per_million_write_units: write,
            region: table.as_ref().map(|prices| prices.region),
            prices_as_of: table.as_ref().map(|prices| prices.as_of),
        })
    }
}

/// Whether to report reads, and writes. With neither, reads are reported.
const fn kinds(usage: &Usage) -> (bool, bool) {
    let writes = usage.write.pages > 0;
    (usage.read.pages > 0 || !writes, writes)
}
