//! `cruddur ddb stream enable`

use clap::Args;

use crate::commands::ddb::TableArgs;
use crate::commands::plan::show_plan;
use crate::commands::target::announce;
use crate::context::Context;
use crate::dynamodb::streams::{Enabled, View};
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # records with the new item
  cruddur ddb stream enable
  # in production, records with the item before and after
  cruddur ddb stream enable --prod --view new-and-old-images";

#[derive(Debug, Args)]
pub struct EnableArgs {
    /// What the records contain besides the key
    #[arg(long, value_name = "VIEW", default_value = "new-image")]
    view: View,
    #[command(flatten)]
    table: TableArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &EnableArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    announce(cx, ui, &db).await?;
    if cx.dry_run() {
        return show_plan(ui, db.rehearse(&table, db.enable_stream(&table, args.view)).await?);
    }
    let (said, stream) = match db.enable_stream(&table, args.view).await? {
        Enabled::Now(stream) => ("now has a stream", stream),
        Enabled::Before(stream) => ("already has this stream", stream),
    };
    ui.status(format!("the table {table:?} {said}: {}", stream.view_type));
    ui.status(stream.arn.unwrap_or_default());
    Ok(())
}
