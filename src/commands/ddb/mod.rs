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

pub(super) use self::args::people::{People, my_handle};
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
    /// Create the messages table and its index, or update an existing table in place
    ///
    /// Waits until everything is ready. If the table exists but differs, shows how, and changes it
    /// only with --apply: its index, billing, units, stream, deletion protection and tags, one
    /// after the other, keeping its items. Says beforehand what filling an index takes. The key of
    /// a table cannot be changed; for that, shows the commands that move its items to a new table.
    #[command(after_help = schema_load::EXAMPLES)]
    SchemaLoad(schema_load::SchemaLoadArgs),
    /// List all tables
    #[command(after_help = list_tables::EXAMPLES)]
    ListTables(list_tables::ListTablesArgs),
    /// Delete a table and wait until it is gone
    #[command(after_help = drop::EXAMPLES)]
    Drop(drop::DropArgs),
    /// Delete every item of a table, by key or by recreating the table
    ///
    /// Deleting by key scans the keys and deletes each item, which takes read and write units for
    /// every item. Dropping the table and creating it again with the same definition takes none, so
    /// that is done if there are many items and nothing would be lost with the table. The command
    /// says which of the two it does, and why.
    #[command(after_help = truncate::EXAMPLES)]
    Truncate(truncate::TruncateArgs),
    /// Write a conversation between two users from a transcript, or many invented ones
    #[command(after_help = seed::EXAMPLES)]
    Seed(seed::SeedArgs),
    /// Print every item of the table, or of one of its indexes
    #[command(after_help = scan::EXAMPLES)]
    Scan(scan::ScanArgs),
    /// Write every item of a table to a file or to stdout
    #[command(after_help = export::EXAMPLES)]
    Export(export::ExportArgs),
    /// Write the items of a file to a table: an export, an AWS export, typed or plain JSON
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Print the items of one partition of the table, or of one of its indexes
    #[command(after_help = query::EXAMPLES)]
    Query(query::QueryArgs),
    /// Print one item
    #[command(after_help = get::EXAMPLES)]
    Get(get::GetArgs),
    /// Write one item
    #[command(after_help = put::EXAMPLES)]
    Put(put::PutArgs),
    /// Delete one item, and print it
    #[command(after_help = delete::EXAMPLES)]
    Delete(delete::DeleteArgs),
    /// Count the table's items by kind, and show its largest item and hottest partitions
    #[command(after_help = stats::EXAMPLES)]
    Stats(stats::StatsArgs),
    /// Change a user's names in PostgreSQL and in every copy in the table
    #[command(after_help = rename_user::EXAMPLES)]
    RenameUser(rename_user::RenameUserArgs),
    /// Find what is broken in the table; --repair fixes what it can
    ///
    /// Reads the table once and lists every inconsistency: a group with one row or none, a row
    /// whose time or text is not its newest message's, two rows of one user for the same group,
    /// messages of a group that no row refers to, keys and times that do not parse, users that
    /// PostgreSQL does not have.
    ///
    /// Exit code 0: clean, or everything repaired. 1: broken. 5: partly repaired.
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArgs),
    /// The app's access patterns, with the capacity they consume
    #[command(subcommand)]
    Patterns(patterns::Command),
    /// Show what a pattern sends, what it costs, and what alternatives would cost
    ///
    /// Takes a pattern with its own arguments. A read runs once; a write stops short of writing.
    /// Shows the requests that were sent, or would have been, and then the alternatives: strongly
    /// consistent, without the index, with a filter instead of the key condition. Each says whether
    /// its figures are measured, computed from the sizes of the items, or estimated from the size
    /// of the table. What measuring consumes is charged, and reported.
    #[command(subcommand)]
    Explain(explain::Command),
    /// The table's stream: enable it, watch it, keep inboxes up to date with it
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
        let Some(table) = error.missing_table() else { return error };
        let like = match cx.dynamodb().await {
            Ok(db) => db.table_like(table).await.ok().flatten(),
            Err(_) => None,
        };
        error.replace_reasons(|reason| {
            let Reason::MissingTable(table, target) = reason else { return None };
            let flags = hints::flags(table, *target);
            let create = match self {
                Self::Drop(_) => None,
                Self::Stream(_) => Some(Hint::Run(format!("cruddur ddb schema-load --stream{flags}"))),
                _ => Some(Hint::Run(format!("cruddur ddb schema-load{flags}"))),
            };
            Some(match &like {
                Some(like) => [format!("did you mean {like:?}?").into()].into_iter().chain(create).collect(),
                None => create.into_iter().chain([hints::list_tables(*target)]).collect(),
            })
        })
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
    /// Read the table in this many parallel segments; auto depends on its size
    #[arg(long, value_name = "auto|N", default_value = "auto", hide_default_value = true)]
    segments: Segments,
    /// Limit on read units per second, across all segments
    #[arg(long, value_name = "N", value_parser = parse_units)]
    max_rcu: Option<f64>,
}

/// The folder where runs of one kind keep their state. It is separate for each target, for each
/// endpoint or region, and for whatever `parts` name, such as the table.
fn state_folder(cx: &Context, kind: &str, db: &DynamoDb, parts: &[&str]) -> Result<std::path::PathBuf> {
    let target = cx.target().name().to_lowercase();
    let place = db.endpoint().name();
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    let parts = [kind, &target, place].into_iter().chain(parts.iter().copied());
    Ok(state_file::place(&cx.config().state_dir()?, parts))
}

/// Units a second: a number above zero.
fn parse_units(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(units) if units.is_finite() && units > 0.0 => Ok(units),
        _ => Err("expected a number of units per second, above 0".to_owned()),
    }
}
