//! `cruddur ddb stats`

use clap::Args;
use serde::Serialize;

use super::{ScanSpeedArgs, TableArgs};
use crate::commands::common::{OutputArgs, count};
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::context::Context;
use crate::dynamodb::ScanRequest;
use crate::error::Result;
use crate::messages_table::{Partition, Report, Stats, Sum};
use crate::output::{Column, Format, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # what the table holds
  cruddur ddb stats
  # only the hottest partition, as JSON, at no more than 50 read units per second
  cruddur ddb stats --top 1 --max-rcu 50 -o json";

#[derive(Debug, Args)]
pub struct StatsArgs {
    #[command(flatten)]
    table: TableArgs,
    /// How many of the hottest partitions to show
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    #[command(flatten)]
    speed: ScanSpeedArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    usage: UsageArgs,
}

/// A line of the report.
#[derive(Serialize)]
struct Line {
    what: String,
    items: String,
    bytes: String,
    which: String,
}

impl Record for Line {
    const COLUMNS: &'static [Column] =
        &[Column::keep("WHAT"), Column::keep("ITEMS"), Column::keep("BYTES"), Column::wrap("WHICH")];

    fn cells(&self) -> Vec<String> {
        vec![self.what.clone(), self.items.clone(), self.bytes.clone(), self.which.clone()]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &StatsArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let schema = db.table_schema(&table).await?;
    let request = ScanRequest {
        table: table.clone(),
        segments: args.speed.segments,
        max_rcu: args.speed.max_rcu,
        ..ScanRequest::default()
    };
    let mut scan = db.scan(request).await?;
    let key = schema.key.names().map(ToOwned::to_owned).collect();
    let mut stats = Stats::new(key, scan.segments(), usize::from(args.top));
    let progress = ui.progress("counting", usize::try_from(schema.items).unwrap_or_default());
    while let Some(page) = scan.next_page().await? {
        progress.advance(page.items.len());
        stats.add(&page);
    }
    drop(progress);
    let (report, usage) = (stats.report(), scan.usage());
    match args.output.output {
        Format::Table => {
            let mut records = ui.records::<Line>(Format::Table, "stats");
            for line in lines(&report) {
                records.push(&line)?;
            }
            records.finish(&())?;
            ui.status(format!("{} in {table:?} on {}", count(report.total.items, "item"), db.endpoint()));
            if report.unparsed_times > 0 {
                ui.status(format!("{} without a date and time", count(report.unparsed_times, "sort key")));
                ui.hint(format!("to list them run: cruddur ddb check{}", db.target().flag()));
            }
        }
        Format::Json | Format::Ndjson => {
            #[derive(Serialize)]
            struct Document<'a> {
                #[serde(flatten)]
                report: &'a Report,
                consumed_capacity: serde_json::Value,
            }
            let document = Document { report: &report, consumed_capacity: args.usage.json(&usage) };
            ui.document(&document)?;
        }
    }
    args.usage.show(ui, &usage, Bill::Run);
    Ok(())
}

fn lines(report: &Report) -> Vec<Line> {
    let line = |what: &str, sum: Option<Sum>, which: &str| Line {
        what: what.to_owned(),
        items: sum.map(|sum| sum.items.to_string()).unwrap_or_default(),
        bytes: sum.map(|sum| sum.bytes.to_string()).unwrap_or_default(),
        which: which.to_owned(),
    };
    let mut lines = vec![line("everything", Some(report.total), "")];
    for (kind, sum) in &report.kinds {
        lines.push(line(&kind.replace('_', " "), Some(*sum), ""));
    }
    lines.push(Line { items: report.partitions.to_string(), ..line("partitions", None, "") });
    if let Some(largest) = &report.largest {
        let key: Vec<&str> = largest.key.values().map(String::as_str).collect();
        lines.push(Line { bytes: largest.bytes.to_string(), ..line("largest item", None, &key.join(" ")) });
    }
    for (what, partitions) in
        [("most items", &report.hottest_by_items), ("most bytes", &report.hottest_by_bytes)]
    {
        for Partition { partition, items, bytes } in partitions {
            lines.push(line(what, Some(Sum { items: *items, bytes: *bytes }), partition));
        }
    }
    for (what, time) in [("oldest", &report.oldest), ("newest", &report.newest)] {
        if let Some(time) = time {
            lines.push(line(what, None, time));
        }
    }
    lines
}
