//! `cruddur ddb scan`

use clap::Args;

use super::items::SelectArgs;
use super::{ScanSpeedArgs, TableArgs};
use crate::commands::common::count as counted;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::context::Context;
use crate::dynamodb::ScanRequest;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # the first three items
  cruddur ddb scan --limit 3
  # every item with all its attributes, one JSON value per line
  cruddur ddb scan -o ndjson | head -n 2
  # what nina wrote, as two columns
  cruddur ddb scan --filter \"begins_with(pk, 'MSG#') AND user_handle = 'nina'\" --attributes sk,message";

#[derive(Debug, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    table: TableArgs,
    /// Read this index instead of the table
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// Stop after this many items
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    speed: ScanSpeedArgs,
    #[command(flatten)]
    usage: UsageArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ScanArgs) -> Result<()> {
    let (filter, attributes) = (args.select.filter()?, args.select.attributes()?);
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let request = ScanRequest {
        table: table.clone(),
        index: args.index.clone(),
        segments: args.speed.segments,
        max_rcu: args.speed.max_rcu,
        limit: args.limit,
        filter,
        attributes: attributes.clone(),
        ..ScanRequest::default()
    };
    let mut scan = db.scan(request).await?;
    let mut items = args.select.records(ui, attributes);
    while let Some(page) = scan.next_page().await? {
        items.page(&page.items)?;
    }
    let count = items.count();
    let usage = scan.usage();
    items.finish(&serde_json::json!({ "count": count, "consumed_capacity": args.usage.json(&usage) }))?;
    ui.status(format!("{} in {table:?} on {}", counted(count, "item"), db.endpoint()));
    args.usage.show(ui, &usage, Bill::Run);
    Ok(())
}
