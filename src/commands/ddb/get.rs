//! `cruddur ddb get`

use clap::Args;

use super::TableArgs;
use super::items::{ItemArgs, parse_attributes};
use crate::commands::ddb::args::attributes::KeyArgs;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::context::Context;
use crate::dynamodb::Capacity;
use crate::error::{Error, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # an item by its key; the values alone work too
  cruddur ddb put pk=NOTE#1 sk=2026-01-01 message='Buy the tickets' likes:=3
  cruddur ddb get pk=NOTE#1 sk=2026-01-01
  # one attribute of it, read consistently, as JSON
  cruddur ddb get NOTE#1 2026-01-01 --attributes likes --consistent -o json";

#[derive(Debug, Args)]
pub struct GetArgs {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    table: TableArgs,
    /// Only these attributes, such as message,address.city
    #[arg(long, value_name = "A,B")]
    attributes: Option<String>,
    /// Use a strongly consistent read, at twice the units
    #[arg(long)]
    consistent: bool,
    #[command(flatten)]
    item: ItemArgs,
    #[command(flatten)]
    usage: UsageArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &GetArgs) -> Result<()> {
    let attributes = parse_attributes(args.attributes.as_deref())?;
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let schema = db.table_schema(&table).await?;
    let key = args.key.key(&table, &schema.key)?;
    let mut read = Capacity::default();
    let item = db.get_item(&table, key, attributes.as_ref(), args.consistent, &mut read).await?;
    let usage = db.usage(read, Capacity::default());
    let found = item.is_some();
    args.item.show(ui, "item", item.as_ref(), &schema.key, args.usage.json(&usage))?;
    args.usage.show(ui, &usage, Bill::Calls);
    if found {
        return Ok(());
    }
    Err(Error::failed(format!("no item in {table:?} on {} has this key", db.endpoint())))
}
