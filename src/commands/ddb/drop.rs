//! `cruddur ddb drop`

use clap::Args;

use crate::commands::plan::show_plan;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # drop the local table
  cruddur ddb drop cruddur-messages
  # in production, from an unattended script
  cruddur ddb drop cruddur-messages --prod --yes --confirm cruddur-messages";

#[derive(Debug, Args)]
pub struct DropArgs {
    /// The table to delete
    #[arg(value_name = "TABLE")]
    table: String,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DropArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = &args.table;
    let at = announce(cx, ui, &db).await?;
    db.check_droppable(table).await?;
    if cx.dry_run() {
        return show_plan(ui, db.rehearse(table, db.drop_table(table)).await?);
    }
    let consequence = format!("this deletes the table {table:?} on {} and all its items", db.endpoint());
    args.confirm.check(ui, &at, table, &consequence)?;
    db.drop_table(table).await?;
    ui.status(format!("dropped the table {table:?}"));
    Ok(())
}
