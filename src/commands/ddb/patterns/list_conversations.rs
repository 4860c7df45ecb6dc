//! `cruddur ddb patterns list-conversations`

use clap::Args;
use serde::Serialize;

use super::read::{Read, ReadArgs, Words, searched, show, who};
use crate::commands::ddb::args::people;
use crate::config::Setting;
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::{MessagesTable, Timeline};
use crate::messaging::{MessageGroup, Timestamp, Zone};
use crate::output::{Layout, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # who nina talked to last
  cruddur ddb patterns list-conversations
  # all of oscar's conversations, the latest first
  cruddur ddb patterns list-conversations --handle oscar --all --reverse";

#[derive(Debug, Args)]
pub struct ListConversationsArgs {
    /// Whose conversations to read [env: user1_username] [default: nina]
    #[arg(long, value_name = "HANDLE")]
    handle: Option<String>,
    #[command(flatten)]
    pub(in crate::commands::ddb) read: ReadArgs,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Row {
    group: MessageGroup,
    #[serde(skip)]
    zone: Zone,
    #[serde(skip)]
    now: Timestamp,
}

impl Record for Row {
    const LAYOUT: Layout = Layout::Cards;

    fn cells(&self) -> Vec<String> {
        let stored = &self.group.last_message_at;
        let when = stored.parse::<Timestamp>().map_or_else(
            |_| stored.clone(),
            |time| format!("{}, {}", time.distance(self.now), self.zone.minute(time)),
        );
        let MessageGroup { message, message_group_uuid, .. } = &self.group;
        vec![who(&self.group.other), when, message.clone(), message_group_uuid.clone()]
    }
}

impl ListConversationsArgs {
    fn handle(&self, cx: &Context) -> Setting {
        people::my_handle(cx, "--handle", self.handle.as_deref())
    }

    /// What to read.
    pub(in crate::commands::ddb) async fn timeline<'a>(
        &self,
        cx: &Context,
        table: &'a MessagesTable,
        read: &Read<'_>,
    ) -> Result<Timeline<'a, MessageGroup>> {
        let user = people::user(&cx.postgres().await?, &self.handle(cx)).await?;
        table.groups(user.uuid, read.direction, read.span())
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ListConversationsArgs) -> Result<()> {
    let read = args.read.resolve()?;
    let table = MessagesTable::new(&cx.dynamodb().await?, read.table(cx));
    let timeline = args.timeline(cx, &table, &read).await?;
    let none = format!("{} has no conversations", args.handle(cx).value);
    let words = Words { rows: "conversations", row: "conversation", none, searched: searched(&table) };
    let (zone, now) = (&read.zone, read.now);
    show(ui, &read, timeline, &words, |group| Row { group, zone: zone.clone(), now }).await
}
