//! `cruddur ddb patterns`: the app's access patterns.

mod get_conversation;
mod list_conversations;

use clap::{Args, Subcommand};

use crate::commands::common::OutputArgs;
use crate::commands::ddb::{TableArgs, show_read};
use crate::context::Context;
use crate::dynamodb::Capacity;
use crate::error::Result;
use crate::messaging::Timestamp;
use crate::output::{Format, Record, Ui};

/// `cruddur ddb patterns …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the newest messages of one group, oldest first
    GetConversation(get_conversation::GetConversationArgs),
    /// Show one user's groups, those with the newest messages last
    ListConversations(list_conversations::ListConversationsArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::GetConversation(args) => get_conversation::run(cx, ui, args).await,
            Self::ListConversations(args) => list_conversations::run(cx, ui, args).await,
        }
    }
}

/// How much a pattern reads, of which table, and how that is printed.
#[derive(Debug, Clone, Args)]
struct ReadArgs {
    /// How many of the newest
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Prints what a pattern has read, and what that consumed. `none` says that
/// there was nothing to read.
fn show<R: Record>(
    ui: &mut Ui,
    format: Format,
    name: &'static str,
    rows: &[R],
    capacity: &Capacity,
    none: impl FnOnce() -> String,
) -> Result<()> {
    let mut records = ui.records::<R>(format, name);
    for row in rows {
        records.push(row)?;
    }
    records.finish(&serde_json::json!({ "count": rows.len(), "consumed_capacity": capacity }))?;
    // Nothing was asked for with --limit 0.
    if rows.is_empty() && capacity.pages > 0 {
        ui.status(none());
    }
    show_read(ui, capacity);
    Ok(())
}

/// A stored time in local time; as it is when it does not parse.
fn local_time(stored: &str) -> String {
    stored.parse::<Timestamp>().map_or_else(|_| stored.to_owned(), Timestamp::to_local)
}
