//! `cruddur ddb scan`

use clap::Args;
use serde::{Serialize, Serializer};

use super::TableArgs;
use super::usage::UsageArgs;
use crate::commands::common::OutputArgs;
use crate::context::Context;
use crate::dynamodb::{Item, json};
use crate::error::Result;
use crate::output::{Column, Record, Ui};

/// A table shows the key and what people read; JSON shows every attribute.
const READ_FIRST: [&str; 4] = ["pk", "sk", "user_handle", "message"];

pub(super) const EXAMPLES: &str = "\
Examples:
  # the first three items
  cruddur ddb scan --limit 3
  # every item with all its attributes, one JSON value a line
  cruddur ddb scan -o ndjson | head -n 2";

#[derive(Debug, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    table: TableArgs,
    /// Stop after this many items
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print DynamoDB's typed JSON instead of plain values
    #[arg(long)]
    typed: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    usage: UsageArgs,
}

struct Row {
    item: Item,
    typed: bool,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::Json { item: &self.item, typed: self.typed }.serialize(serializer)
    }
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[
        Column::cut("PK"),
        Column::cut("SK"),
        Column::cut("HANDLE"),
        Column::cut("MESSAGE"),
        Column::cut("OTHER ATTRIBUTES"),
    ];

    fn cells(&self) -> Vec<String> {
        let mut cells: Vec<String> =
            READ_FIRST.iter().map(|name| self.item.get(*name).map(json::cell).unwrap_or_default()).collect();
        let mut others: Vec<&str> =
            self.item.keys().map(String::as_str).filter(|name| !READ_FIRST.contains(name)).collect();
        others.sort_unstable();
        cells.push(others.join(" "));
        cells
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ScanArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let mut scan = db.scan(&args.table.name(cx), args.limit);
    let mut records = ui.records::<Row>(args.output.output, "items");
    while let Some(items) = scan.next_page().await? {
        for item in items {
            records.push(&Row { item, typed: args.typed })?;
        }
        records.flush()?;
    }
    let count = records.count();
    let usage = scan.usage();
    records.finish(&serde_json::json!({ "count": count, "consumed_capacity": args.usage.json(&usage) }))?;
    ui.status(format!("{count} items"));
    args.usage.show(ui, &usage);
    Ok(())
}
