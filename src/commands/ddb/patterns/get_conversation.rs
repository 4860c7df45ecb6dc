//! `cruddur ddb patterns get-conversation`

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::read::{Read, ReadArgs, Words, searched, show, who};
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::{MessagesTable, Timeline};
use crate::messaging::{DEFAULT_GROUP, Message, Timestamp, Zone};
use crate::output::{Layout, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # the newest messages of the seeded group
  cruddur ddb patterns get-conversation --limit 5
  # all of a group's messages from the last week, as JSON
  cruddur ddb patterns get-conversation --since 7d --all -o json \\
    --message-group-uuid 5ae290ed-55d1-47a0-bc6d-fe2bc2700399";

#[derive(Debug, Args)]
pub struct GetConversationArgs {
    /// The group to read
    #[arg(long, value_name = "UUID", default_value_t = DEFAULT_GROUP)]
    message_group_uuid: Uuid,
    #[command(flatten)]
    pub(in crate::commands::ddb) read: ReadArgs,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Line {
    message: Message,
    #[serde(skip)]
    zone: Zone,
}

impl Record for Line {
    const LAYOUT: Layout = Layout::Thread;

    fn cells(&self) -> Vec<String> {
        let sent_at = &self.message.sent_at;
        let (day, clock) = match sent_at.parse::<Timestamp>() {
            Ok(time) => (self.zone.day(time), self.zone.clock(time)),
            Err(_) => ("Date unknown".to_owned(), sent_at.clone()),
        };
        vec![day, who(&self.message.sender), clock, self.message.message.clone()]
    }
}

impl GetConversationArgs {
    /// What to read.
    pub(in crate::commands::ddb) fn timeline<'a>(
        &self,
        table: &'a MessagesTable,
        read: &Read<'_>,
    ) -> Result<Timeline<'a, Message>> {
        table.messages(self.message_group_uuid, read.direction, read.span())
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &GetConversationArgs) -> Result<()> {
    let read = args.read.resolve()?;
    let table = MessagesTable::new(&cx.dynamodb().await?, read.table(cx));
    let group = args.message_group_uuid;
    let timeline = args.timeline(&table, &read)?;
    let none = format!("no messages in the group {group}");
    let words = Words { rows: "messages", row: "message", none, searched: searched(&table) };
    let zone = &read.zone;
    show(ui, &read, timeline, &words, |message| Line { message, zone: zone.clone() }).await
}
