//! `cruddur ddb explain refresh-group`

use clap::Args;
use uuid::Uuid;

use super::{ExplainArgs, show};
use crate::commands::common::OutputArgs;
use crate::commands::ddb::TableArgs;
use crate::commands::ddb::args::usage::UsageArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messaging::DEFAULT_GROUP;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what it costs to update the seeded group's rows
  cruddur ddb explain refresh-group
  # the same for a group of your choice, as JSON
  cruddur ddb explain refresh-group -o json \\
    --message-group-uuid 5ae290ed-55d1-47a0-bc6d-fe2bc2700399";

#[derive(Debug, Args)]
pub struct RefreshGroupArgs {
    /// The group
    #[arg(long, value_name = "UUID", default_value_t = DEFAULT_GROUP)]
    message_group_uuid: Uuid,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    usage: UsageArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ExplainArgs<RefreshGroupArgs>) -> Result<()> {
    let RefreshGroupArgs { message_group_uuid: group, table, output, usage } = &args.pattern;
    let table = table.name(cx);
    let recording = MessagesTable::new(&cx.dynamodb().await?, table).recording_writes();
    Box::pin(recording.table.refresh_group(&group.to_string(), &[])).await?;
    let explanation = recording.explain(args.measure).await?;
    show::show(ui, *output, usage, &explanation)
}
