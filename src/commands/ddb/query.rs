//! `cruddur ddb query`

use clap::Args;

use super::TableArgs;
use super::items::{SelectArgs, parse_condition};
use crate::commands::common::count as counted;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::context::Context;
use crate::dynamodb::QueryRequest;
use crate::dynamodb::item::expression::Condition;
use crate::error::Result;
use crate::output::{Format, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # a group's last three messages, newest first
  cruddur ddb query \"pk = 'MSG#5ae290ed-55d1-47a0-bc6d-fe2bc2700399'\" --descending --limit 3
  # one sender's messages since 2023, in two columns
  cruddur ddb query \"pk = 'MSG#5ae290ed-55d1-47a0-bc6d-fe2bc2700399' AND sk >= '2023'\" \\
    --filter \"user_handle = 'nina'\" --attributes sk,message
  # a group's rows, through the index
  cruddur ddb query \"message_group_uuid = '5ae290ed-55d1-47a0-bc6d-fe2bc2700399'\" \\
    --index message-group-sk-index";

#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Condition on the partition key and, optionally, the sort key: "pk = 'A' AND sk > '2023'"
    ///
    /// The sort key takes =, <, <=, >, >=, BETWEEN … AND … and begins_with(sk, '…'). Text is
    /// 'quoted', numbers are not. Conditions on other attributes go into --filter.
    #[arg(value_name = "EXPR")]
    key: String,
    #[command(flatten)]
    table: TableArgs,
    /// Query this index instead of the table
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// Stop after this many items
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Sort by descending sort key
    #[arg(long)]
    descending: bool,
    /// Use strongly consistent reads, at twice the units; not for a global index
    #[arg(long)]
    consistent: bool,
    /// Print only the number of items
    #[arg(long, conflicts_with_all = ["attributes", "typed"])]
    count: bool,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    usage: UsageArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &QueryArgs) -> Result<()> {
    let key: Option<Condition> = parse_condition(Some(&args.key), "the key condition")?;
    let (filter, attributes) = (args.select.filter()?, args.select.attributes()?);
    let Some(key) = key else { return Ok(()) };
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let request = QueryRequest {
        table: table.clone(),
        index: args.index.clone(),
        key,
        filter,
        attributes: attributes.clone(),
        limit: args.limit,
        descending: args.descending,
        consistent: args.consistent,
        count_only: args.count,
    };
    let mut query = db.query(request).await?;
    if args.count {
        while query.next_page().await?.is_some() {}
        let usage = query.usage();
        match args.select.format() {
            Format::Table => ui.data(&format!("{}\n", query.count))?,
            Format::Json | Format::Ndjson => {
                let counted = serde_json::json!({
                    "count": query.count, "consumed_capacity": args.usage.json(&usage),
                });
                ui.json(&counted.to_string())?;
            }
        }
        args.usage.show(ui, &usage, Bill::Calls);
        return Ok(());
    }
    let mut items = args.select.records(ui, attributes);
    while let Some(page) = query.next_page().await? {
        items.page(&page)?;
    }
    let (count, usage) = (items.count(), query.usage());
    items.finish(&serde_json::json!({ "count": count, "consumed_capacity": args.usage.json(&usage) }))?;
    ui.status(format!("{} in {table:?} on {}", counted(count, "item"), db.endpoint()));
    args.usage.show(ui, &usage, Bill::Calls);
    Ok(())
}
