//! `cruddur ddb patterns list-conversations`

use clap::Args;

use super::ReadArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messaging::{DEFAULT_MY_HANDLE, MessageGroup};
use crate::output::{Column, Record, Ui};

#[derive(Debug, Args)]
pub struct ListConversationsArgs {
    /// Whose conversations
    #[arg(long, value_name = "HANDLE", default_value = DEFAULT_MY_HANDLE)]
    handle: String,
    #[command(flatten)]
    read: ReadArgs,
}

impl Record for MessageGroup {
    const COLUMNS: &'static [Column] = &[
        Column::keep("WITH"),
        Column::keep("LAST MESSAGE AT"),
        Column::keep("MESSAGE GROUP UUID"),
        Column::cut("LAST MESSAGE"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.other.user_handle.clone(),
            super::local_time(&self.last_message_at),
            self.message_group_uuid.clone(),
            self.message.clone(),
        ]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ListConversationsArgs) -> Result<()> {
    let user = cx.postgres().await?.user_by_handle(&args.handle).await?;
    let db = cx.dynamodb().await?;
    let table = args.read.table.name(cx);
    let (groups, capacity) = db.newest_groups(&table, user.uuid, args.read.limit).await?;
    super::show(ui, args.read.output.output, "conversations", &groups, &capacity, || {
        format!("{} has no conversations", args.handle)
    })
}
