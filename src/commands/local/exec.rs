//! `cruddur local exec`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::AccessArgs;
use crate::context::Context;
use crate::error::Result;
use crate::local::{self, Kept, data_dir};
use crate::output::Ui;
use crate::postgres::ConnectionUrl;

pub(super) const EXAMPLES: &str = "\
Examples:
  # a fresh database for one command
  cruddur local exec -- cruddur db setup
  # for several commands, run by a shell
  cruddur local exec -- sh -c 'cruddur db setup && cruddur db sessions'
  # on a copy of a snapshot
  cruddur local exec --from seeded -- cruddur ddb check";

#[derive(Debug, Args)]
pub struct ExecArgs {
    #[command(flatten)]
    access: AccessArgs,
    /// Snapshot whose data the stack has, instead of none
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// Folder of the stack that the snapshot is of [default: that of local up]
    #[arg(long, value_name = "DIR", requires = "from")]
    data_dir: Option<PathBuf>,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

pub(super) async fn run(cx: &Context, _ui: &mut Ui, args: &ExecArgs) -> Result<()> {
    // The stack has its own PostgreSQL, so variables must not change where the URL leads.
    let url = ConnectionUrl::new(&cx.config().postgres_by_url()?)?;
    let from = match args.from.clone() {
        Some(name) => Some(Kept { data_dir: data_dir(cx.config(), args.data_dir.as_deref())?, name }),
        None => None,
    };
    local::exec(cx.config(), &url, args.access.access(), from.as_ref(), &args.command).await
}
