//! `cruddur ddb patterns get-conversation`

use clap::Args;
use uuid::Uuid;

use super::ReadArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messaging::{DEFAULT_GROUP, Message};
use crate::output::{Column, Record, Ui};

#[derive(Debug, Args)]
pub struct GetConversationArgs {
    /// The group to read
    #[arg(long, value_name = "UUID", default_value_t = DEFAULT_GROUP)]
    message_group_uuid: Uuid,
    #[command(flatten)]
    read: ReadArgs,
}

impl Record for Message {
    const COLUMNS: &'static [Column] = &[Column::keep("FROM"), Column::keep("WHEN"), Column::wrap("MESSAGE")];

    fn cells(&self) -> Vec<String> {
        vec![self.sender.user_handle.clone(), super::local_time(&self.sent_at), self.message.clone()]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &GetConversationArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.read.table.name(cx);
    let (messages, capacity) = db.newest_messages(&table, args.message_group_uuid, args.read.limit).await?;
    super::show(ui, args.read.output.output, "messages", &messages, &capacity, || {
        format!("no messages in the group {}", args.message_group_uuid)
    })
}
