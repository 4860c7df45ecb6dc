//! `cruddur local`: the local stack.

mod down;
mod exec;
mod status;
mod up;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::commands::plan::refuse_dry_run;
use crate::config::Target;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::local::{Access, Host, Origin, Ports, Report, Service, StackConfig, data_dir};
use crate::output::{Column, Record, Ui};

/// `cruddur local …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start DynamoDB and PostgreSQL, or use what runs already
    #[command(after_help = up::EXAMPLES)]
    Up(up::UpArgs),
    /// Stop what `up` has started; the data stays
    #[command(after_help = down::EXAMPLES)]
    Down(down::DownArgs),
    /// Show what runs, and where
    #[command(after_help = status::EXAMPLES)]
    Status(status::StatusArgs),
    /// Run a command with a stack of its own, gone when the command ends
    #[command(after_help = exec::EXAMPLES)]
    Exec(exec::ExecArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        if cx.target() == Target::Prod {
            return Err(Error::usage(
                "cruddur local and --prod exclude each other: the local stack is local",
            ));
        }
        if !matches!(self, Self::Status(_)) {
            refuse_dry_run(cx, "cruddur local", "it starts and stops servers")?;
        }
        match self {
            Self::Up(args) => up::run(cx, ui, args).await,
            Self::Down(args) => down::run(cx, ui, args).await,
            Self::Status(args) => status::run(cx, ui, args).await,
            Self::Exec(args) => exec::run(cx, ui, args).await,
        }
    }
}

/// Where the stack keeps its data.
#[derive(Debug, Clone, Args)]
struct DataArgs {
    /// Where the data is kept [env: CRUDDUR_DATA_DIR] [default: /var/lib/cruddur for root,
    /// else the user's data folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Which stack.
#[derive(Debug, Clone, Args)]
struct StackArgs {
    /// Port of DynamoDB [default: that of the local endpoint, 8000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    dynamodb_port: Option<u16>,
    /// Port of PostgreSQL [default: that of CONNECTION_URL, 5432]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    postgres_port: Option<u16>,
    #[command(flatten)]
    data: DataArgs,
}

/// Who may use the stack's DynamoDB.
#[derive(Debug, Clone, Args)]
struct AccessArgs {
    /// Web page that may use DynamoDB, such as http://localhost:3000; else none may.
    /// May be repeated
    #[arg(long, value_name = "URL")]
    allow_origin: Vec<Origin>,
    /// Name by which DynamoDB is reached, besides localhost, 127.0.0.1 and [::1].
    /// May be repeated
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<Host>,
}

impl AccessArgs {
    fn access(&self) -> Access {
        Access { hosts: self.allow_host.clone(), origins: self.allow_origin.clone() }
    }
}

impl StackArgs {
    fn plan(&self, cx: &Context, ephemeral: bool) -> Result<StackConfig> {
        let ports = Ports { dynamodb: self.dynamodb_port, postgres: self.postgres_port };
        let data_dir = data_dir(cx.config(), self.data.data_dir.as_deref())?;
        StackConfig::new(cx.config(), &cx.connection_url()?, data_dir, ports, ephemeral)
    }
}

impl Record for Service {
    const COLUMNS: &'static [Column] =
        &[Column::keep("SERVICE"), Column::keep("STATE"), Column::keep("ADDRESS")];

    fn cells(&self) -> Vec<String> {
        vec![self.service.clone(), self.state.name().to_owned(), self.address.clone()]
    }
}

/// Prints what runs where, for people.
fn show(ui: &mut Ui, report: &Report) {
    for service in &report.services {
        ui.status(format!("{:<10}  {:<8}  {}", service.service, service.state.name(), service.address));
    }
}
