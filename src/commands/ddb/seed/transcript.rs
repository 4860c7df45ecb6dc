//! One conversation between two users, from a transcript.

use std::path::Path;

use uuid::Uuid;

use super::SeedArgs;
use crate::commands::ddb::args::people::People;
use crate::commands::ddb::args::usage::Bill;
use crate::commands::plan::show_plan;
use crate::commands::project::{BuiltInArgs, TRANSCRIPT};
use crate::commands::target::announce;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages_table::MessagesTable;
use crate::messaging::{Conversation, Timestamp, Transcript, User};
use crate::output::Ui;
use crate::postgres::{Lock, Session};

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    let people = People::resolve(cx, args.my_handle.as_deref(), args.other_handle.as_deref())?;
    let (name, transcript) = read_transcript(args.transcript.as_deref(), args.built_in)?;
    let table = args.table.name(cx);
    let group = args.message_group_uuid;

    let postgres = cx.postgres().await?;
    let mut users = people.users(&postgres).await?;

    let db = cx.dynamodb().await?;
    let at = announce(cx, ui, &db).await?;
    let messages = MessagesTable::new(&db, &table);
    if args.transcript.is_none() {
        ui.status(format!("read {name}"));
    }
    let compose =
        |[me, other]: &[User; 2], now| Conversation::from_transcript(&transcript, me, other, group, now);
    if cx.dry_run() {
        let conversation = compose(&users, Timestamp::now());
        return show_plan(
            ui,
            db.rehearse(&table, messages.replace_conversation(group, &conversation)).await?,
        );
    }
    let consequence = format!("this replaces everything in the group {group} of the table {table:?}");
    args.confirm.check(ui, &at, &table, &consequence)?;
    lock_group(ui, &postgres, &table, group).await?;
    let now = Timestamp::now();
    let conversation = compose(&users, now);
    let mut written = messages.replace_conversation(group, &conversation).await?;
    loop {
        // A rename that was over before the last batch has not seen these copies.
        let renamed = people.users(&postgres).await?;
        if renamed == users {
            break;
        }
        written.merge(&messages.replace_conversation(group, &compose(&renamed, now)).await?);
        users = renamed;
    }

    ui.status(format!(
        "wrote {} messages between {people} and 2 group rows to {table:?}",
        conversation.messages.len(),
    ));
    if written.deleted > 0 {
        ui.status(format!("deleted {} items that the group {group} held before", written.deleted));
    }
    args.usage.show(ui, &db.usage(written.read, written.written), Bill::Run);
    Ok(())
}

/// Keeps other runs from seeding the group until the session ends. Two at once would each write
/// their own conversation, since neither sees what the other is about to write.
pub(in crate::commands) async fn lock_group(
    ui: &mut Ui,
    postgres: &Session,
    table: &str,
    group: Uuid,
) -> Result<()> {
    let waiting = || ui.status(format!("waiting for another seed of the group {group}"));
    postgres.lock(Lock::Conversation(table, group), waiting).await
}

/// Reads the transcript that was named, else the project's own, else the built-in one. Also returns
/// its name.
pub(in crate::commands) fn read_transcript(
    file: Option<&Path>,
    built_in: BuiltInArgs,
) -> Result<(String, Transcript)> {
    let source = TRANSCRIPT.read(file, built_in)?;
    let name = source.name.clone();
    let transcript = Transcript::parse(&source.text()?).map_err(|error| {
        let place = error.line.map_or_else(|| name.clone(), |line| format!("{name}:{line}"));
        Error::failed(format!("{place}: {error}; nothing was written"))
    })?;
    Ok((name, transcript))
}
