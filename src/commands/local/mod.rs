//! `cruddur local`: the local stack.

mod down;
mod env;
mod exec;
mod restore;
mod snapshot;
mod snapshots;
mod status;
mod up;

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::commands::plan::refuse_dry_run;
use crate::config::Target;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::local::{Access, Host, Origin, PortChoice, Ports, Report, Service, StackConfig, data_dir};
use crate::output::{Column, Record, Ui};

/// `cruddur local …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start DynamoDB, PostgreSQL and Cognito, or use those already running
    ///
    /// The stack belongs to the project, which is git's top level, or else the folder of the .env file.
    /// It keeps its ports, and commands that run below that folder find them.
    #[command(after_help = up::EXAMPLES)]
    Up(up::UpArgs),
    /// Stop what `up` started, and keep the data
    #[command(after_help = down::EXAMPLES)]
    Down(down::DownArgs),
    /// Show what is running, and where
    #[command(after_help = status::EXAMPLES)]
    Status(status::StatusArgs),
    /// Print the variables with which other programs find the stack
    ///
    /// For a shell, a .env file or as JSON. CONNECTION_URL holds the local PostgreSQL's password. The
    /// stack need not be running, because it keeps its ports.
    #[command(after_help = env::EXAMPLES)]
    Env(env::EnvArgs),
    /// Keep the data of all three services under a name, from a running or a stopped stack
    #[command(after_help = snapshot::EXAMPLES)]
    Snapshot(snapshot::SnapshotArgs),
    /// List the snapshots
    #[command(after_help = snapshots::EXAMPLES)]
    Snapshots(snapshots::SnapshotsArgs),
    /// Put the data of a snapshot back
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::RestoreArgs),
    /// Run a command on a temporary stack, removed when the command ends
    #[command(after_help = exec::EXAMPLES)]
    Exec(exec::ExecArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        if cx.target() == Target::Prod {
            return Err(Error::usage("cruddur local cannot be used with --prod: the local stack is local"));
        }
        if !matches!(self, Self::Status(_) | Self::Env(_) | Self::Snapshots(_)) {
            refuse_dry_run(
                cx,
                "cruddur local",
                "it works on servers and files, not by requests that could be listed",
            )?;
        }
        match self {
            Self::Up(args) => up::run(cx, ui, args).await,
            Self::Down(args) => down::run(cx, ui, args).await,
            Self::Status(args) => status::run(cx, ui, args).await,
            Self::Env(args) => env::run(cx, ui, args),
            Self::Snapshot(args) => snapshot::run(cx, ui, args).await,
            Self::Snapshots(args) => snapshots::run(cx, ui, args),
            Self::Restore(args) => restore::run(cx, ui, args).await,
            Self::Exec(args) => exec::run(cx, ui, args).await,
        }
    }
}

/// Where the stack keeps its data.
#[derive(Debug, Clone, Args)]
struct DataArgs {
    /// Folder of the stack [default: the project's in the data folder, which is CRUDDUR_DATA_DIR, or else
    /// /var/lib/cruddur for root and the user's data folder for others]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Which stack.
#[derive(Debug, Clone, Args)]
struct StackArgs {
    /// Port of DynamoDB [default: the one that it had, or else the local endpoint's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    dynamodb_port: Option<u16>,
    /// Port of PostgreSQL [default: the one that it had, or else CONNECTION_URL's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    postgres_port: Option<u16>,
    /// Port of Cognito [default: the one that it had, or else the local endpoint's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    cognito_port: Option<u16>,
    #[command(flatten)]
    data: DataArgs,
}

/// Who may use the stack's DynamoDB and Cognito, how much of DynamoDB, and what follows.
#[derive(Debug, Clone, Args)]
struct AccessArgs {
    /// Origin whose web pages may use DynamoDB and Cognito, such as http://localhost:3000; repeatable
    /// [default: none]
    #[arg(long, value_name = "URL")]
    allow_origin: Vec<Origin>,
    /// Host name to accept for both, besides localhost, 127.0.0.1 and [::1]; repeatable
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<Host>,
    /// Read units, and write units, that a table takes a second; what exceeds them is refused as on AWS
    /// [default: no limit]
    #[arg(long, value_name = "N")]
    throttle: Option<NonZero<u32>>,
    /// Add whoever confirms a sign-up to the table users, as the app's post-confirmation trigger does
    #[arg(long)]
    post_confirmation: bool,
}

impl AccessArgs {
    fn access(&self) -> Access {
        Access {
            hosts: self.allow_host.clone(),
            origins: self.allow_origin.clone(),
            units_per_second: self.throttle,
            post_confirmation: self.post_confirmation,
        }
    }
}

impl StackArgs {
    fn plan(&self, cx: &Context, choice: Option<PortChoice>, ephemeral: bool) -> Result<StackConfig> {
        let by_service = [self.dynamodb_port, self.postgres_port, self.cognito_port];
        let ports = Ports { by_service, choice };
        let data_dir = data_dir(cx.config(), self.data.data_dir.as_deref())?;
        StackConfig::new(cx.config(), data_dir, ports, ephemeral)
    }
}

impl Record for Service {
    const COLUMNS: &'static [Column] =
        &[Column::keep("SERVICE"), Column::keep("STATE"), Column::keep("ADDRESS")];

    fn cells(&self) -> Vec<String> {
        vec![self.service.to_string(), self.state.name().to_owned(), self.address.clone()]
    }
}

/// Prints what runs where, for people.
fn show(ui: &mut Ui, report: &Report) {
    for service in &report.services {
        ui.status(format!("{:<10}  {:<8}  {}", service.service, service.state.name(), service.address));
    }
}

/// A size, rounded up.
fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1024 * 1024))
}
