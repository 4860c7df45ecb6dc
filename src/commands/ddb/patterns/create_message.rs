//! `cruddur ddb patterns create-message`

use clap::Args;
use uuid::Uuid;

use super::write::WriteArgs;
use crate::commands::plan::show_plan;
use crate::commands::target::announce;
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messaging::Timestamp;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # nina writes to a group
  cruddur ddb patterns create-message --from nina 'See you at the ferry!' \\
    --message-group-uuid 5ae290ed-55d1-47a0-bc6d-fe2bc2700399
  # a text of several lines, from stdin
  printf 'Two things.\\nThe boat leaves at seven.\\n' |
    cruddur ddb patterns create-message --from oscar - \\
      --message-group-uuid 5ae290ed-55d1-47a0-bc6d-fe2bc2700399";

#[derive(Debug, Args)]
pub struct CreateMessageArgs {
    /// The group to write to
    #[arg(long, value_name = "UUID")]
    pub(in crate::commands::ddb) message_group_uuid: Uuid,
    #[command(flatten)]
    pub(in crate::commands::ddb) write: WriteArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &CreateMessageArgs) -> Result<()> {
    let text = args.write.text(ui)?;
    let table = args.write.table.name(cx);
    let sender = cx.postgres().await?.user_by_handle(&args.write.from).await?;
    let db = cx.dynamodb().await?;
    announce(cx, ui, &db).await?;
    let messages = MessagesTable::new(&db, &table);
    let create = messages.create_message(args.message_group_uuid, &sender, &text, Timestamp::now());
    let create = Box::pin(create);
    if cx.dry_run() {
        return show_plan(ui, db.rehearse(&table, create).await?);
    }
    let sent = create.await?;
    args.write.show(ui, &db, &sent, " and moved")
}
