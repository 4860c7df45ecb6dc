//! `cruddur db drop`

use clap::Args;

use crate::commands::common::ConfirmArgs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;
use crate::postgres::drop_database;

#[derive(Debug, Args)]
pub struct DropArgs {
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DropArgs) -> Result<()> {
    let url = cx.connection_url()?;
    super::announce(ui, &url);
    let database = url.database();
    let consequence = format!("the database {database:?} on {} and all its data are dropped", url.host());
    args.confirm.check(cx, ui, database, &consequence)?;
    if !drop_database(&url).await? {
        return Err(Error::failed(format!(
            "there is no database {database:?} on {}:{}",
            url.host(),
            url.port()
        )));
    }
    ui.status(format!("dropped the database {database:?}"));
    Ok(())
}
