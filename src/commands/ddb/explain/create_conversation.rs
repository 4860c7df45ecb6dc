//! `cruddur ddb explain create-conversation`

use super::{ExplainArgs, show};
use crate::commands::ddb::patterns::create_conversation::CreateConversationArgs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages_table::MessagesTable;
use crate::messaging::Timestamp;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what a new conversation costs; it is not written
  cruddur ddb explain create-conversation --from petra --to nina \"Hello!\"
  # the same without checking whether there is one already
  cruddur ddb explain create-conversation --from petra --to nina \"Hello!\" --allow-duplicate -o json";

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ExplainArgs<CreateConversationArgs>) -> Result<()> {
    let CreateConversationArgs { write, to, allow_duplicate } = &args.pattern;
    if write.from == *to {
        return Err(Error::usage("--from and --to name the same user"));
    }
    let text = write.text(ui)?;
    let table = write.table.name(cx);
    let postgres = cx.postgres().await?;
    let sender = postgres.user_by_handle(&write.from).await?;
    let recipient = postgres.user_by_handle(to).await?;
    let recording = MessagesTable::new(&cx.dynamodb().await?, table).recording_writes();
    let (messages, now) = (&recording.table, Timestamp::now());
    if *allow_duplicate {
        Box::pin(messages.create_conversation(&sender, &recipient, &text, now)).await?;
    } else {
        Box::pin(messages.create_only_conversation(&sender, &recipient, &text, now)).await?;
    }
    let explanation = recording.explain(args.measure).await?;
    show::show(ui, write.output, &write.usage, &explanation)
}
