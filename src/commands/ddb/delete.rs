//! `cruddur ddb delete`

use clap::Args;

use super::TableArgs;
use super::items::{ItemArgs, parse_condition};
use crate::commands::ddb::args::attributes::KeyArgs;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::plan::show_plan;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::dynamodb::{Capacity, SingleWrite};
use crate::error::{Error, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # delete an item by its key, and print it
  cruddur ddb put pk=NOTE#4 sk=2026-01-01 likes:=3
  cruddur ddb delete pk=NOTE#4 sk=2026-01-01 --if 'likes < 5'
  # what would be sent
  cruddur ddb delete NOTE#4 2026-01-01 --dry-run";

#[derive(Debug, Args)]
pub struct DeleteArgs {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    table: TableArgs,
    /// Only if the item matches this expression, such as "likes = 3"
    #[arg(long = "if", value_name = "EXPR")]
    condition: Option<String>,
    #[command(flatten)]
    item: ItemArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DeleteArgs) -> Result<()> {
    let condition = parse_condition(args.condition.as_deref(), "--if")?;
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let schema = db.table_schema(&table).await?;
    let key = args.key.key(&table, &schema.key)?;
    let mut written = Capacity::default();
    let at = announce(cx, ui, &db).await?;
    let delete = db.delete_item(&table, key, condition.as_ref(), &mut written);
    if cx.dry_run() {
        return show_plan(ui, db.rehearse(&table, delete).await?);
    }
    let consequence =
        format!("this deletes the item with that key in the table {table:?} on {}", db.endpoint());
    args.confirm.check(ui, &at, &table, &consequence)?;
    let outcome = delete.await?;
    let usage = db.usage(Capacity::default(), written);
    let (former, is_unheard) = match outcome {
        SingleWrite::Done(former) => (former, false),
        SingleWrite::Unheard => (None, true),
        SingleWrite::Refused(_) => {
            return Err(Error::failed(format!(
                "the --if condition is not met in the table {table:?} on {}; nothing was deleted",
                db.endpoint()
            )));
        }
    };
    args.item.show(ui, "deleted", former.as_ref(), &schema.key, args.usage.json(&usage))?;
    if is_unheard {
        ui.status(format!("deleted the item from {table:?}; an earlier try did, but its answer was lost"));
        args.usage.show(ui, &usage, Bill::Calls);
        return Ok(());
    }
    if former.is_none() {
        args.usage.show(ui, &usage, Bill::Calls);
        return Err(Error::failed(format!("no item in {table:?} on {} has this key", db.endpoint())));
    }
    ui.status(format!("deleted the item above from {table:?}"));
    args.usage.show(ui, &usage, Bill::Calls);
    Ok(())
}
