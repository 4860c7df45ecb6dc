//! `cruddur ddb seed`

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use super::TableArgs;
use super::usage::UsageArgs;
use crate::commands::common::{ConfirmArgs, announce, read_text, show_plan};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messaging::{
    Conversation, DEFAULT_GROUP, DEFAULT_MY_HANDLE, DEFAULT_OTHER_HANDLE, Timestamp, Transcript,
};
use crate::output::Ui;

/// The transcript used when none is named.
const DEFAULT_TRANSCRIPT: (&str, &str) =
    ("conversations/default.txt", include_str!("../../../conversations/default.txt"));

pub(super) const EXAMPLES: &str = "\
Examples:
  # the built-in conversation between nina and oscar
  cruddur ddb seed
  # a transcript of your own, between two others
  cruddur ddb seed conversations/default.txt --my-handle petra --other-handle oscar \\
    --message-group-uuid 0b7f4a52-6d0c-4c8e-9d53-7a1f2e9c4b10";

#[derive(Debug, Args)]
pub struct SeedArgs {
    /// A file of lines "Person 1: …" and "Person 2: …" [default: a built-in conversation]
    #[arg(value_name = "TRANSCRIPT")]
    transcript: Option<PathBuf>,
    /// Who Person 1 is
    #[arg(long, value_name = "HANDLE", default_value = DEFAULT_MY_HANDLE)]
    my_handle: String,
    /// Who Person 2 is
    #[arg(long, value_name = "HANDLE", default_value = DEFAULT_OTHER_HANDLE)]
    other_handle: String,
    /// The group to write; whatever it holds now is replaced
    #[arg(long, value_name = "UUID", default_value_t = DEFAULT_GROUP)]
    message_group_uuid: Uuid,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

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
