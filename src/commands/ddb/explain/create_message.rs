//! `cruddur ddb explain create-message`

use super::{ExplainArgs, show};
use crate::commands::ddb::patterns::create_message::CreateMessageArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messaging::Timestamp;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what a message costs; it is not written
  cruddur ddb explain create-message --from nina \"Are you there?\" \\
    --message-group-uuid 5ae290ed-55d1-47a0-bc6d-fe2bc2700399
  # a long message
  head -c 3000 /dev/zero | tr '\\0' 'x' | cruddur ddb explain create-message --from oscar - \\
    --message-group-uuid 5ae290ed-55d1-47a0-bc6d-fe2bc2700399";

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ExplainArgs<CreateMessageArgs>) -> Result<()> {
    let CreateMessageArgs { message_group_uuid: group, write } = &args.pattern;
    let text = write.text(ui)?;
    let table = write.table.name(cx);
    let sender = cx.postgres().await?.user_by_handle(&write.from).await?;
    let recording = MessagesTable::new(&cx.dynamodb().await?, table).recording_writes();
    Box::pin(recording.table.create_message(*group, &sender, &text, Timestamp::now())).await?;
    let explanation = recording.explain(args.measure).await?;
    show::show(ui, write.output, &write.usage, &explanation)
}
