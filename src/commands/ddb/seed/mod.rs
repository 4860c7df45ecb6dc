//! `cruddur ddb seed`: one conversation from a transcript, or many invented ones.

mod checkpoint;
mod invented;
mod transcript;

pub(in crate::commands) use self::transcript::{lock_group, read_transcript};

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use super::{TableArgs, parse_units};
use crate::commands::ddb::args::usage::UsageArgs;
use crate::commands::project::BuiltInArgs;
use crate::commands::target::ConfirmArgs;
use crate::context::Context;
use crate::error::Result;
use crate::messaging::DEFAULT_GROUP;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # the project's own conversations/default.txt, or the built-in one, between nina and oscar
  cruddur ddb seed
  # a transcript of your own, between two other users
  cruddur ddb seed conversations/default.txt --my-handle petra --other-handle oscar \\
    --message-group-uuid 0b7f4a52-6d0c-4c8e-9d53-7a1f2e9c4b10
  # invented users, and 20 conversations of 50 messages between them
  cruddur ddb seed --conversations 20 --messages 50
  # different ones, over ten years
  cruddur ddb seed --conversations 5 --messages 10 --users 8 --seed 7 --years 10";

#[derive(Debug, Args)]
pub struct SeedArgs {
    /// A file of lines "Person 1: …" and "Person 2: …" [default: conversations/default.txt here or
    /// in the nearest parent folder, else the built-in one]
    #[arg(value_name = "TRANSCRIPT", conflicts_with = "built_in")]
    transcript: Option<PathBuf>,
    #[command(flatten)]
    built_in: BuiltInArgs,
    /// Handle of Person 1 [env: user1_username] [default: nina]
    #[arg(long, value_name = "HANDLE")]
    my_handle: Option<String>,
    /// Handle of Person 2 [env: user2_username] [default: oscar]
    #[arg(long, value_name = "HANDLE")]
    other_handle: Option<String>,
    /// The group to write; its current messages are replaced
    #[arg(long, value_name = "UUID", default_value_t = DEFAULT_GROUP)]
    message_group_uuid: Uuid,
    #[command(flatten)]
    invented: InventedArgs,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// The arguments that apply to a transcript only.
const OF_A_TRANSCRIPT: [&str; 5] =
    ["transcript", "built_in", "my_handle", "other_handle", "message_group_uuid"];

/// What to invent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Invented data")]
struct InventedArgs {
    /// Write this many invented conversations, each between two invented users
    #[arg(long, value_name = "N", requires = "messages", conflicts_with_all = OF_A_TRANSCRIPT)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=crate::messaging::MAX_INVENTED))]
    conversations: Option<u64>,
    /// Messages per conversation
    #[arg(long, value_name = "M", requires = "conversations")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=crate::messaging::MAX_INVENTED))]
    messages: Option<u64>,
    /// Number of users; missing ones are added to PostgreSQL [default: twice the square root of N,
    /// but at least 10, and at most 2 * N]
    #[arg(long, value_name = "U", requires = "conversations")]
    #[arg(value_parser = clap::value_parser!(u64).range(2..=u64::from(u32::MAX)))]
    users: Option<u64>,
    /// Seed for the random data: the same number gives the same data
    #[arg(long, value_name = "S", default_value_t = 1, requires = "conversations")]
    seed: u64,
    /// Number of years over which to spread the messages
    #[arg(long, value_name = "Y", default_value_t = 1, requires = "conversations")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1000))]
    years: u64,
    /// Date all messages before this time, in UTC, or before the start of this day [default: now]
    #[arg(long, value_name = "TIME", requires = "conversations")]
    until: Option<String>,
    /// Limit on write units per second [default: as many as the table takes]
    #[arg(long, value_name = "N", requires = "conversations", value_parser = parse_units)]
    max_wcu: Option<f64>,
    /// Resume an interrupted run with the same numbers
    #[arg(long, requires = "conversations")]
    resume: bool,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SeedArgs) -> Result<()> {
    match (args.invented.conversations, args.invented.messages) {
        (Some(conversations), Some(messages)) => invented::run(cx, ui, args, conversations, messages).await,
        _ => transcript::run(cx, ui, args).await,
    }
}
