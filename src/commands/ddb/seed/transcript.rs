//! One conversation between two users, from a transcript.

use super::super::people;
use super::SeedArgs;
use crate::commands::ddb::usage::Bill;
use crate::commands::plan::show_plan;
use crate::commands::project::{Source, TRANSCRIPT};
use crate::commands::target::announce;
use crate::config::Setting;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messaging::{Conversation, Timestamp, Transcript};
use crate::output::Ui;

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    let mine = people::my_handle(cx, "--my-handle", args.my_handle.as_deref());
    let others = people::other_handle(cx, args.other_handle.as_deref());
    if mine.value == others.value {
        return Err(same_user(&mine, &others));
    }
    let source = TRANSCRIPT.read(args.transcript.as_deref(), args.built_in)?;
    let name = source.name.clone();
    let transcript = parse(source)?;
    let table = args.table.name(cx);
    let group = args.message_group_uuid;

    let postgres = cx.postgres().await?;
    let me = people::user(&postgres, &mine).await?;
    let other = people::user(&postgres, &others).await?;

    let db = cx.dynamodb().await?;
    let at = announce(cx, ui, &db).await?;
    if args.transcript.is_none() {
        ui.status(format!("read {name}"));
    }
    let conversation = Conversation::from_transcript(&transcript, &me, &other, group, Timestamp::now());
    if cx.dry_run() {
        return show_plan(ui, &db.rehearse(db.replace_conversation(&table, group, &conversation)).await?);
    }
    let consequence = format!("whatever the group {group} holds in the table {table:?} is replaced");
    args.confirm.check(ui, &at, &table, &consequence)?;
    let written = db.replace_conversation(&table, group, &conversation).await?;

    ui.status(format!(
        "wrote {} messages between {} and {} and 2 group rows to {table:?}",
        conversation.messages.len(),
        me.handle,
        other.handle
    ));
    if written.deleted > 0 {
        ui.status(format!("deleted {} items that the group {group} held before", written.deleted));
    }
    args.usage.show(ui, &db.usage(written.read, written.written), Bill::Run);
    Ok(())
}

fn same_user(mine: &Setting, others: &Setting) -> Error {
    let Setting { value, source } = mine;
    Error::usage(format!("both people are the same user, {value:?}, by {source} and {}", others.source))
        .hint("to name others add: --my-handle HANDLE --other-handle HANDLE")
}

fn parse(source: Source) -> Result<Transcript> {
    let name = source.name.clone();
    Transcript::parse(&source.text()?).map_err(|error| {
        let place = error.line.map_or_else(|| name.clone(), |line| format!("{name}:{line}"));
        Error::failed(format!("{place}: {error}; nothing was written"))
    })
}
