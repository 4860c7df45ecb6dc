//! `cruddur db connect`

use std::ffi::OsString;

use clap::Args;

use crate::commands::plan::refuse_dry_run;
use crate::commands::target::announce_unasked;
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;
use crate::postgres::Psql;

pub(super) const EXAMPLES: &str = "\
Examples:
  # psql on the local database
  cruddur db connect
  # one query in production; arguments after -- go to psql
  cruddur db connect --prod -- -c 'SELECT handle FROM users'";

#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// Arguments for psql, such as -- -c 'SELECT 1'
    #[arg(last = true, value_name = "PSQL ARGUMENTS")]
    arguments: Vec<OsString>,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ConnectArgs) -> Result<()> {
    refuse_dry_run(cx, "db connect", "psql can run any statement")?;
    let url = cx.connection_url()?;
    let psql = Psql::new(cx.config(), &url, &args.arguments)?;
    // A failed connection is no reason to stop: psql reports the error itself, and can ask for a
    // password that we lack.
    let _ = announce_unasked(cx, ui, &url).await;
    Err(psql.hand_over())
}
