//! One conversation between two users, from a transcript.

use super::SeedArgs;
use crate::commands::common::{announce, read_text};
use crate::commands::plan::show_plan;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messaging::{Conversation, Timestamp, Transcript};
use crate::output::Ui;

/// The transcript used when none is named.
const DEFAULT_TRANSCRIPT: (&str, &str) =
    ("conversations/default.txt", include_str!("../../../../conversations/default.txt"));

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    if args.my_handle == args.other_handle {
        return Err(Error::usage("--my-handle and --other-handle name the same user"));
    }
    let transcript = read_transcript(args.transcript.as_deref())?;
    let table = args.table.name(cx);
    let group = args.message_group_uuid;

    let postgres = cx.postgres().await?;
    let me = postgres.user_by_handle(&args.my_handle).await?;
    let other = postgres.user_by_handle(&args.other_handle).await?;

    let db = cx.dynamodb().await?;
    announce(cx, ui, db.place()).await;
    let conversation = Conversation::from_transcript(&transcript, &me, &other, group, Timestamp::now());
    if cx.dry_run() {
        return show_plan(ui, &db.rehearse(db.replace_conversation(&table, group, &conversation)).await?);
    }
    let consequence = format!("whatever the group {group} holds in the table {table:?} is replaced");
    args.confirm.check(cx, ui, &table, &consequence)?;
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
    args.usage.show(ui, &db.usage(written.read, written.written));
    Ok(())
}

fn read_transcript(file: Option<&std::path::Path>) -> Result<Transcript> {
    let (name, text) = match file {
        None => (DEFAULT_TRANSCRIPT.0.to_owned(), DEFAULT_TRANSCRIPT.1.to_owned()),
        Some(file) => (file.display().to_string(), read_text(file)?),
    };
    Transcript::parse(&text).map_err(|error| {
        let place = error.line.map_or_else(|| name.clone(), |line| format!("{name}:{line}"));
        Error::failed(format!("{place}: {error}; nothing was written"))
    })
}
