//! `cruddur ddb explain get-conversation`

use super::{ExplainArgs, show};
use crate::commands::ddb::patterns::get_conversation::GetConversationArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what the newest five messages cost, and what alternatives would
  cruddur ddb explain get-conversation --limit 5
  # the same for one year, at your own price for a million read units
  cruddur ddb explain get-conversation --year 2026 --price-read 0.25 -o json";

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ExplainArgs<GetConversationArgs>) -> Result<()> {
    let read = args.pattern.read.resolve()?;
    let mut recording = MessagesTable::new(&cx.dynamodb().await?, read.table(cx)).recording();
    let of_app = args.pattern.read.as_the_app();
    let of_app = of_app.resolve()?;
    of_app.ask(args.pattern.timeline(&recording.table, &of_app)?).await?;
    recording.was_the_app();
    read.drain(args.pattern.timeline(&recording.table, &read)?).await?;
    let explanation = recording.explain(args.measure).await?;
    show::show(ui, args.pattern.read.output, &args.pattern.read.usage, &explanation)
}
