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
  # records that hold the new item
  cruddur ddb stream enable
  # in production, records of the item before and after
  cruddur ddb stream enable --prod --view new-and-old-images";

#[derive(Debug, Args)]
pub struct EnableArgs {
    /// What the records hold besides the key
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
        Enabled::Now(stream) => ("has a stream now", stream),
        Enabled::Before(stream) => ("has this stream already", stream),
    };
    ui.status(format!("the table {table:?} {said}: {}", stream.view_type));
    ui.status(stream.arn.unwrap_or_default());
    Ok(())
}
