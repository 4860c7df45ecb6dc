//! `cruddur ddb stream`: the table's stream.

mod disable;
mod enable;
mod policy;
mod run;
mod status;
mod tail;

use clap::Subcommand;

use crate::commands::ddb::TableArgs;
use crate::context::Context;
use crate::dynamodb::DynamoDb;
use crate::dynamodb::streams::{Stream, Streams, TableStream};
use crate::error::{Error, Hint, Result};
use crate::output::Ui;

/// `cruddur ddb stream …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enable the table's stream, and wait until the table is ready
    #[command(after_help = enable::EXAMPLES)]
    Enable(enable::EnableArgs),
    /// Disable the table's stream
    #[command(after_help = disable::EXAMPLES)]
    Disable(disable::DisableArgs),
    /// Show whether the table has a stream, and its shards
    #[command(after_help = status::EXAMPLES)]
    Status(status::StatusArgs),
    /// Follow the stream, and update the rows of groups with new messages
    #[command(after_help = run::EXAMPLES)]
    Run(run::RunArgs),
    /// Show the stream's records as they arrive
    #[command(after_help = tail::EXAMPLES)]
    Tail(tail::TailArgs),
    /// Print the IAM policy for the stream's handler
    #[command(after_help = policy::EXAMPLES)]
    Policy(policy::PolicyArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::Enable(args) => enable::run(cx, ui, args).await,
            Self::Disable(args) => disable::run(cx, ui, args).await,
            Self::Status(args) => status::run(cx, ui, args).await,
            Self::Run(args) => run::run(cx, ui, args).await,
            Self::Tail(args) => tail::run(cx, ui, args).await,
            Self::Policy(args) => policy::run(cx, ui, args),
        }
    }
}

/// The stream to read, and the client that reads it.
struct Source {
    streams: Streams,
    stream: Stream,
}

/// Finds the stream of a table. A stream that was switched off can still be read.
async fn source(cx: &Context, db: &DynamoDb, table: &str, args: &TableArgs) -> Result<Source> {
    let none = || {
        let flag = args.table.as_ref().map(|table| format!(" --table {table}")).unwrap_or_default();
        Error::failed(format!("the table {table:?} on {} has no stream", db.endpoint()))
            .hint(Hint::Run(format!("cruddur ddb stream enable{flag}{}", cx.target().flag())))
    };
    let TableStream { arn: Some(arn), .. } = db.stream_of(table).await? else { return Err(none()) };
    let streams = cx.streams().await?;
    match streams.describe(&arn).await? {
        Some(stream) => Ok(Source { streams, stream }),
        None => Err(none()),
    }
}

fn announce(ui: &mut Ui, table: &str, stream: &Stream) {
    ui.status(format!("reading the stream of {table:?} ({})", stream.view_type));
    ui.detail(format!("  {}", stream.arn));
    if !stream.is_enabled() {
        ui.warn("the stream is off: this reads what is left in it and ends");
    }
}
