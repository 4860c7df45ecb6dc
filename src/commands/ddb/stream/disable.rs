//! `cruddur ddb stream disable`

use clap::Args;

use crate::commands::ddb::TableArgs;
use crate::commands::plan::show_plan;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # disable the local stream
  cruddur ddb stream disable
  # in production, from an unattended script
  cruddur ddb stream disable --prod --yes --confirm cruddur-messages";

#[derive(Debug, Args)]
pub struct DisableArgs {
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DisableArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let at = announce(cx, ui, &db).await?;
    if cx.dry_run() {
        return show_plan(ui, db.rehearse(&table, db.disable_stream(&table)).await?);
    }
    let consequence = format!(
        "this ends the stream of the table {table:?} on {}: its readers get nothing more, even if it is enabled again, because that makes a new stream",
        db.endpoint()
    );
    args.confirm.check(ui, &at, &table, &consequence)?;
    match db.disable_stream(&table).await? {
        Some(_) => ui.status(format!("the stream of the table {table:?} is now off")),
        None => ui.status(format!("the table {table:?} has no enabled stream; nothing was changed")),
    }
    Ok(())
}
