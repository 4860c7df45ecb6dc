//! `cruddur local exec`

use std::ffi::OsString;

use clap::Args;

use super::AccessArgs;
use crate::context::Context;
use crate::error::Result;
use crate::local;
use crate::output::Ui;
use crate::postgres::ConnectionUrl;

pub(super) const EXAMPLES: &str = "\
Examples:
  # a fresh database for one command
  cruddur local exec -- cruddur db setup
  # for several commands, run by a shell
  cruddur local exec -- sh -c 'cruddur db setup && cruddur db sessions'";

#[derive(Debug, Args)]
pub struct ExecArgs {
    #[command(flatten)]
    access: AccessArgs,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

pub(super) async fn run(cx: &Context, _ui: &mut Ui, args: &ExecArgs) -> Result<()> {
    // The stack has its own PostgreSQL, so variables must not change where the URL leads.
    let url = ConnectionUrl::new(&cx.config().postgres_by_url()?)?;
    local::exec(cx.config(), &url, args.access.access(), &args.command).await
}
