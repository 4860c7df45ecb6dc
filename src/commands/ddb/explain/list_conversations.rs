//! `cruddur ddb explain list-conversations`

use super::{ExplainArgs, show};
use crate::commands::ddb::patterns::list_conversations::ListConversationsArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what an inbox costs, and what alternatives would
  cruddur ddb explain list-conversations --handle oscar
  # the same with every figure measured; this reads the whole table
  cruddur ddb explain list-conversations --measure";

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ExplainArgs<ListConversationsArgs>) -> Result<()> {
    let read = args.pattern.read.resolve()?;
    let mut recording = MessagesTable::new(&cx.dynamodb().await?, read.table(cx)).recording();
    let of_app = args.pattern.read.as_the_app();
    let of_app = of_app.resolve()?;
    of_app.ask(args.pattern.timeline(cx, &recording.table, &of_app).await?).await?;
    recording.was_the_app();
    read.drain(args.pattern.timeline(cx, &recording.table, &read).await?).await?;
    let explanation = recording.explain(args.measure).await?;
    show::show(ui, args.pattern.read.output, &args.pattern.read.usage, &explanation)
}
