//! Prints an explanation.

use serde::Serialize;

use crate::commands::common::{OutputArgs, count};
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::error::Result;
use crate::messages_table::{Alternative, Explanation, Figures, Request};
use crate::output::consumed::dollars;
use crate::output::{Column, Format, Record, Ui};

/// How many requests of each way are printed for people. JSON has all of them.
const MAX_SHOWN: usize = 3;

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    way: &'a Alternative,
    usd_per_million_calls: Option<f64>,
}

impl Record for Row<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::keep("WAY"),
        Column::keep("READ"),
        Column::keep("WRITE"),
        Column::keep("A MILLION"),
        Column::keep("FIGURES"),
        Column::wrap("NOTE"),
    ];

    fn cells(&self) -> Vec<String> {
        let units = |units: Option<f64>| units.map(|units| units.to_string()).unwrap_or_default();
        let figures = |figures| match figures {
            Figures::Measured => Some("measured"),
            Figures::Computed | Figures::Estimated => Some("estimate"),
            Figures::None => None,
        };
        let mut known: Vec<&str> =
            [self.way.read_figures, self.way.write_figures].into_iter().filter_map(figures).collect();
        known.dedup();
        vec![
            self.way.way.to_owned(),
            units(self.way.read_units),
            units(self.way.write_units),
            self.usd_per_million_calls.map(dollars).unwrap_or_default(),
            known.join(", "),
            self.way.note.clone(),
        ]
    }
}

/// Prints the requests of the app and of cruddur, then the alternatives, then what measuring them consumed.
pub(super) fn show(
    ui: &mut Ui,
    output: OutputArgs,
    prices: &UsageArgs,
    explanation: &Explanation,
) -> Result<()> {
    let Explanation { alternatives, usage } = explanation;
    if output.output == Format::Table {
        for way in alternatives.iter().filter(|way| matches!(way.way, "the app" | "cruddur")) {
            requests(ui, way)?;
        }
    }
    let mut records = ui.records::<Row<'_>>(output.output, "ways");
    for way in alternatives {
        let million = |read| prices.million(&usage.region, read, way.write_units.unwrap_or_default());
        let usd_per_million_calls = way.read_units.and_then(million);
        records.push(&Row { way, usd_per_million_calls })?;
    }
    records.finish(&serde_json::json!({
        "count": alternatives.len(),
        "consumed_capacity": prices.json(usage),
    }))?;
    prices.show(ui, usage, Bill::Run);
    Ok(())
}

/// The first requests of a way, under its name.
fn requests(ui: &mut Ui, way: &Alternative) -> Result<()> {
    let (shown, more) = way.requests.split_at(way.requests.len().min(MAX_SHOWN));
    for request in shown {
        ui.json(&format!("{}: {}", way.way, text(request)))?;
    }
    if !more.is_empty() {
        ui.data(&format!("... and {}\n\n", count(more.len(), "more request")))?;
    }
    Ok(())
}

/// A request, readable by people and by `--cli-input-json`.
fn text(request: &Request) -> String {
    let Request { operation, read_units, returned, scanned, bytes, .. } = request;
    let outcome = match read_units {
        Some(units) => {
            let items = count(*returned, "item");
            let units = count(*units, "read unit");
            format!("{units}, {items} returned of {scanned} scanned, {bytes} bytes returned")
        }
        None => "not sent".to_owned(),
    };
    let body = serde_json::to_string_pretty(&request.request).unwrap_or_default();
    format!("{operation}: {outcome}\n{body}\n")
}
