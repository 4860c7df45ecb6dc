//! `cruddur db connect`

use std::ffi::OsString;

use clap::Args;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;
use crate::postgres::Psql;

#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// Arguments for psql, such as: -- -c 'SELECT 1'
    #[arg(last = true, value_name = "PSQL ARGUMENTS")]
    arguments: Vec<OsString>,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ConnectArgs) -> Result<()> {
    let url = cx.connection_url()?;
    let psql = Psql::new(cx.config(), &url, &args.arguments)?;
    super::announce(ui, &url);
    Err(psql.hand_over())
}
