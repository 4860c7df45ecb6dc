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
  # switch the local stream off
  cruddur ddb stream disable
  # in production, from a script that nobody watches
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
        "the stream of the table {table:?} on {} ends: whoever reads it gets nothing more, also when it is enabled again, for that is another stream",
        db.place()
    );
    args.confirm.check(ui, &at, &table, &consequence)?;
    match db.disable_stream(&table).await? {
        Some(_) => ui.status(format!("the stream of the table {table:?} is off")),
        None => ui.status(format!("the table {table:?} has no stream that is on; nothing was changed")),
    }
    Ok(())
}
