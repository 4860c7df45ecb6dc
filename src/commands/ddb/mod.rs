//! `cruddur ddb`: the table of direct messages.

mod args;
mod check;
mod delete;
mod drop;
mod explain;
mod export;
mod get;
mod import;
mod items;
mod list_tables;
mod patterns;
mod put;
mod query;
mod rename_user;
mod scan;
mod schema_load;
mod seed;
mod stats;
mod stream;
mod truncate;
mod writing;

use clap::{Args, Subcommand};

pub(super) use self::args::people::People;
pub(super) use self::seed::{lock_group, read_transcript};

use crate::commands::common::shell_word;
use crate::commands::hints;
use crate::context::Context;
use crate::dynamodb::{DynamoDb, Segments};
use crate::error::{Error, Hint, Reason, Result};
use crate::output::Ui;
use crate::state_file;

/// `cruddur ddb …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the messages table and its index, or bring a table up to date in place
    ///
    /// Waits until all of it is ready. A table that is there and differs is shown, and left alone
    /// unless --apply is given: then its index, billing, units, stream, deletion protection and tags
    /// are changed one after the other, and its items stay. What filling an index takes is said
    /// before. The key of a table cannot be changed; the commands that take its items over are named.
    #[command(after_help = schema_load::EXAMPLES)]
    SchemaLoad(schema_load::SchemaLoadArgs),
    /// List all tables
    #[command(after_help = list_tables::EXAMPLES)]
    ListTables(list_tables::ListTablesArgs),
    /// Delete a table and wait until it is gone
    #[command(after_help = drop::EXAMPLES)]
    Drop(drop::DropArgs),
    /// Delete every item of a table, by key or with the table itself
    ///
    /// By key, the keys are scanned and each item is deleted. That takes read and write units for
    /// every item. Dropping the table and creating it again with the same definition takes none,
    /// so that is done when there are many items and nothing would be lost with the table. The
    /// command says which of both it does, and why.
    #[command(after_help = truncate::EXAMPLES)]
    Truncate(truncate::TruncateArgs),
    /// Write a conversation between two users from a transcript, or many invented ones
    #[command(after_help = seed::EXAMPLES)]
    Seed(seed::SeedArgs),
    /// Print every item of the table, or of an index of it
    #[command(after_help = scan::EXAMPLES)]
    Scan(scan::ScanArgs),
    /// Write every item of a table into a file, or to stdout
    #[command(after_help = export::EXAMPLES)]
    Export(export::ExportArgs),
    /// Write the items of a file into a table: an export, one of AWS's, typed or plain JSON
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Print the items of one partition of the table, or of an index of it
    #[command(after_help = query::EXAMPLES)]
    Query(query::QueryArgs),
    /// Print one item
    #[command(after_help = get::EXAMPLES)]
    Get(get::GetArgs),
    /// Write one item
    #[command(after_help = put::EXAMPLES)]
    Put(put::PutArgs),
    /// Delete one item, and print what it was
    #[command(after_help = delete::EXAMPLES)]
    Delete(delete::DeleteArgs),
    /// Count what the table holds: by kind of item, its largest item, its hottest partitions
    #[command(after_help = stats::EXAMPLES)]
    Stats(stats::StatsArgs),
    /// Change a user's names in PostgreSQL and wherever messages copied them
    #[command(after_help = rename_user::EXAMPLES)]
    RenameUser(rename_user::RenameUserArgs),
    /// Find what is broken in the table, and mend what can be
    ///
    /// Reads the table once and lists every broken promise: a group with one row or none, a row
    /// whose time or text is not its newest message's, two rows of one user with the same group,
    /// messages of a group that no row names, keys and times that do not parse, users that
    /// PostgreSQL does not know.
    ///
    /// Exit code 0: clean, or all of it mended. 1: broken. 5: mended in part.
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArgs),
    /// The app's access patterns, with the capacity they consume
    #[command(subcommand)]
    Patterns(patterns::Command),
    /// Show what a pattern sends, what it is charged, and what other ways would be
    ///
    /// Takes a pattern with its own arguments. What reads is run once; what writes stops short of
    /// its write. The requests shown are those that were sent, or would have been. Other ways to
    /// the same follow: strongly consistent, without the index, with a filter instead of the key
    /// condition, and each says whether its figures are measured, computed from the sizes of the
    /// items, or estimated from the size of the table. What it takes to measure is charged, and told.
    #[command(subcommand)]
    Explain(explain::Command),
    /// The table's stream: switch it on, watch it, keep the inbox true with it
    #[command(subcommand)]
    Stream(stream::Command),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self.dispatch(cx, ui).await {
            Err(error) => Err(self.explain_missing_table(cx, error).await),
            done => done,
        }
    }

    /// Replaces the hints for a missing table with those for this command.
    async fn explain_missing_table(&self, cx: &Context, error: Error) -> Error {
        let missing = error.reasons().find_map(|reason| match reason {
            Reason::MissingTable(table, target) => Some((table.clone(), *target)),
            _ => None,
        });
        let Some((table, target)) = missing else { return error };
        let error = Error::new(error.kind(), error.message().to_owned());
        let like = match cx.dynamodb().await {
            Ok(db) => db.table_like(&table).await.ok().flatten(),
            Err(_) => None,
        };
        let error = match like {
            Some(like) => error.hint(format!("did you mean {like:?}?")),
            None => error,
        };
        let flags = hints::flags(&table, target);
        let error = match self {
            Self::Drop(_) => error,
            Self::Stream(_) => error.hint(Hint::Run(format!("cruddur ddb schema-load --stream{flags}"))),
            _ => error.hint(Hint::Run(format!("cruddur ddb schema-load{flags}"))),
        };
        error.hint(hints::list_tables(target))
    }

    async fn dispatch(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::SchemaLoad(args) => schema_load::run(cx, ui, args).await,
            Self::ListTables(args) => list_tables::run(cx, ui, args).await,
            Self::Drop(args) => drop::run(cx, ui, args).await,
            Self::Truncate(args) => truncate::run(cx, ui, args).await,
            Self::Seed(args) => seed::run(cx, ui, args).await,
            Self::Scan(args) => scan::run(cx, ui, args).await,
            Self::Export(args) => export::run(cx, ui, args).await,
            Self::Import(args) => import::run(cx, ui, args).await,
            Self::Query(args) => query::run(cx, ui, args).await,
            Self::Get(args) => get::run(cx, ui, args).await,
            Self::Put(args) => put::run(cx, ui, args).await,
            Self::Delete(args) => delete::run(cx, ui, args).await,
            Self::Stats(args) => stats::run(cx, ui, args).await,
            Self::RenameUser(args) => rename_user::run(cx, ui, args).await,
            Self::Check(args) => check::run(cx, ui, args).await,
            Self::Patterns(command) => command.run(cx, ui).await,
            Self::Explain(command) => command.run(cx, ui).await,
            Self::Stream(command) => command.run(cx, ui).await,
        }
    }
}

/// Which table.
#[derive(Debug, Clone, Args)]
pub(super) struct TableArgs {
    /// The messages table [env: DDB_MESSAGE_TABLE] [default: cruddur-messages]
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
}

impl TableArgs {
    pub(super) fn name(&self, cx: &Context) -> String {
        cx.config().table(self.table.as_deref())
    }

    /// The table from the command line, if given.
    pub(super) fn given(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// ` --table NAME` for a command line, if it was given.
    pub(super) fn flag(&self) -> String {
        self.table.as_ref().map(|table| format!(" --table {}", shell_word(table))).unwrap_or_default()
    }
}

/// How fast a whole table is read.
#[derive(Debug, Clone, Copy, Args)]
struct ScanSpeedArgs {
    /// Read the table in this many segments at the same time; auto goes by its size
    #[arg(long, value_name = "auto|N", default_value = "auto", hide_default_value = true)]
    segments: Segments,
    /// Consume at most this many read units a second, over all segments
    #[arg(long, value_name = "N", value_parser = parse_units)]
    max_rcu: Option<f64>,
}

/// The folder where runs of one kind keep their state. It is separate for each target, for each
/// endpoint or region, and for whatever `parts` name, such as the table.
fn state_folder(cx: &Context, kind: &str, db: &DynamoDb, parts: &[&str]) -> Result<std::path::PathBuf> {
    let target = cx.target().name().to_lowercase();
    let place = db.place().name();
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    let parts = [kind, &target, place].into_iter().chain(parts.iter().copied());
    Ok(state_file::place(&cx.config().state_dir()?, parts))
}

/// Units a second: a number above zero.
fn parse_units(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(units) if units.is_finite() && units > 0.0 => Ok(units),
        _ => Err("a number of units a second, above 0".to_owned()),
    }
}
