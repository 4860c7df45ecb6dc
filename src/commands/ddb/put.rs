//! `cruddur ddb put`

use clap::Args;

use super::TableArgs;
use super::items::{ItemArgs, parse_condition};
use crate::commands::ddb::args::attributes::AttributeArgs;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::plan::show_plan;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::dynamodb::item::expression::Condition;
use crate::dynamodb::{Capacity, SingleWrite};
use crate::error::{Error, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # a new item: a string, a number, a set of strings
  cruddur ddb put pk=NOTE#2 sk=2026-01-01 message='Buy the tickets' likes:=3 tags:SS=boat,friday
  # replace an item, if it has not changed
  cruddur ddb put pk=NOTE#2 sk=2026-01-01 message='Bought' likes:=4 --replace --if 'likes = 3'
  # from JSON, plain or typed
  echo '{\"pk\": \"NOTE#3\", \"sk\": \"2026-01-02\", \"deep\": {\"list\": [1, true]}}' |
    cruddur ddb put --item -";

#[derive(Debug, Args)]
pub struct PutArgs {
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    table: TableArgs,
    /// Replace an existing item with the same key
    #[arg(long)]
    replace: bool,
    /// Only if the existing item matches this expression, such as "likes = 3"
    #[arg(long = "if", value_name = "EXPR", requires = "replace")]
    condition: Option<String>,
    #[command(flatten)]
    item: ItemArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &PutArgs) -> Result<()> {
    let condition = parse_condition(args.condition.as_deref(), "--if")?;
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let schema = db.table_schema(&table).await?;
    let item = args.attributes.item(&table, &schema)?;
    let condition =
        if args.replace { condition } else { schema.key.names().next().map(Condition::is_missing) };
    let mut written = Capacity::default();
    let at = announce(cx, ui, &db).await?;
    let put = db.put_item(&table, &schema.key, item.clone(), condition.as_ref(), &mut written);
    if cx.dry_run() {
        return show_plan(ui, db.rehearse(&table, put).await?);
    }
    if args.replace {
        let consequence =
            format!("this overwrites any item with that key in the table {table:?} on {}", db.endpoint());
        args.confirm.check(ui, &at, &table, &consequence)?;
    }
    let outcome = put.await?;
    let usage = db.usage(Capacity::default(), written);
    let show =
        |ui: &mut Ui, former| args.item.show(ui, "replaced", former, &schema.key, args.usage.json(&usage));
    match outcome {
        SingleWrite::Done(former) => {
            show(ui, former.as_ref())?;
            let how = if former.is_some() { "replaced the item above" } else { "put a new item" };
            ui.status(format!("{how} in {table:?}"));
        }
        SingleWrite::Unheard => {
            show(ui, None)?;
            ui.status(format!("the item is in {table:?}; an earlier try put it, but its answer was lost"));
        }
        SingleWrite::Refused(Some(there)) if !args.replace && there == item => {
            show(ui, None)?;
            ui.status(format!("exactly this item is already in {table:?}"));
        }
        SingleWrite::Refused(_) if args.replace => {
            return Err(Error::failed(format!(
                "the --if condition is not met in the table {table:?} on {}; nothing was written",
                db.endpoint()
            )));
        }
        SingleWrite::Refused(_) => {
            return Err(Error::failed(format!("an item in {table:?} on {} has this key", db.endpoint()))
                .hint("to replace it add: --replace"));
        }
    }
    args.usage.show(ui, &usage, Bill::Calls);
    Ok(())
}
