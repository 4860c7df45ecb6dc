//! `cruddur db create`

use clap::Args;

use crate::commands::plan::show_statements;
use crate::commands::target::{WriteTarget, announce};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;
use crate::postgres::{ConnectionUrl, Session, create_database, plan_create};

pub(super) const EXAMPLES: &str = "\
Examples:
  # create the database that CONNECTION_URL names
  cruddur db create
  # the one that PROD_CONNECTION_URL names
  cruddur db create --prod";

#[derive(Debug, Args)]
pub struct CreateArgs {}

pub(super) async fn run(cx: &Context, ui: &mut Ui, _args: &CreateArgs) -> Result<()> {
    let url = cx.connection_url()?;
    let at = announce(cx, ui, WriteTarget::Server(&url)).await?;
    if cx.dry_run() {
        let statement = plan_create(&url).await?;
        if statement.is_none() {
            ui.status(format!("the database {:?} already exists", url.database()));
        }
        return show_statements(cx, ui, statement.as_slice());
    }
    create(ui, &url, at.session.as_ref()).await
}

/// Creates the database and reports it.
pub(super) async fn create(ui: &mut Ui, url: &ConnectionUrl, session: Option<&Session>) -> Result<()> {
    let created = create_database(url, session).await?;
    let database = url.database();
    ui.status(if created {
        format!("created the database {database:?}")
    } else {
        format!("the database {database:?} already exists")
    });
    Ok(())
}
