//! `cruddur db drop`

use clap::Args;

use super::sessions::tell_what_is_hidden;
use crate::commands::common::count;
use crate::commands::plan::show_statements;
use crate::commands::target::{ConfirmArgs, WriteTarget, announce};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;
use crate::postgres::{
    ConnectionUrl, DropPlan, Dropped, drop_database, drop_database_with_sessions, plan_drop,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  # drop it, even if others are connected
  cruddur db drop --force
  # in production, from an unattended script
  cruddur db drop --prod --yes --confirm cruddur";

#[derive(Debug, Args)]
pub struct DropArgs {
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// What becomes of others who are connected.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::commands) struct ForceArgs {
    /// End other sessions that are connected to the database
    #[arg(long)]
    force: bool,
}

impl ForceArgs {
    pub(in crate::commands) const fn is_given(self) -> bool {
        self.force
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DropArgs) -> Result<()> {
    let url = cx.connection_url()?;
    let at = announce(cx, ui, WriteTarget::Server(&url)).await?;
    let database = url.database();
    if cx.dry_run() {
        let Some(plan) = plan_drop(&url, args.force.force).await? else { return Err(no_database(&url)) };
        tell_who_is_connected(ui, &plan, args.force);
        return show_statements(cx, ui, &plan.statements);
    }
    let sessions = if args.force.force { ", and ends its sessions" } else { "" };
    let consequence =
        format!("this drops the database {database:?} on {} and all its data{sessions}", url.host());
    args.confirm.check(ui, &at, database, &consequence)?;
    if !drop(ui, &url, args.force, "db drop").await? {
        return Err(no_database(&url));
    }
    Ok(())
}

fn no_database(url: &ConnectionUrl) -> Error {
    Error::failed(format!("there is no database {:?} on {}:{}", url.database(), url.host(), url.port()))
}

/// Prints what would happen to the sessions, in a dry run.
pub(in crate::commands) fn tell_who_is_connected(
    ui: &mut Ui,
    plan: &DropPlan,
    ForceArgs { force }: ForceArgs,
) {
    let DropPlan { sessions, .. } = plan;
    if sessions.is_empty() {
        return;
    }
    let sessions_are = count(sessions.len(), "other session");
    ui.notice(if force {
        format!("would end {sessions_are}:")
    } else {
        format!("would be refused: {sessions_are} on the database (--force ends them):")
    });
    ui.notice_table(sessions);
}

/// Drops the database and reports it. Returns false when it does not exist.
///
/// # Errors
/// [`crate::error::Kind::Failed`] when others are connected. They are listed first, and the hint
/// says how to run `command` again.
pub(in crate::commands) async fn drop(
    ui: &mut Ui,
    url: &ConnectionUrl,
    ForceArgs { force }: ForceArgs,
    command: &str,
) -> Result<bool> {
    let database = url.database();
    let dropped = if force { drop_database_with_sessions(url).await? } else { drop_database(url).await? };
    match dropped {
        Dropped::Missing => Ok(false),
        Dropped::Gone(ended) => {
            if !ended.is_empty() {
                ui.status(format!("ended {}:", count(ended.len(), "other session")));
                ui.table(&ended);
            }
            ui.status(format!("dropped the database {database:?}"));
            Ok(true)
        }
        Dropped::InUse { sessions, detail } => {
            ui.notice_table(&sessions);
            tell_what_is_hidden(ui, &sessions);
            let error = Error::failed(format!(
                "cannot drop the database {database:?} on {}:{}: {detail}",
                url.host(),
                url.port()
            ));
            Err(if sessions.is_empty() || force {
                error
            } else {
                error.hint(format!(
                    "close the sessions, or end them with: cruddur {command}{} --force",
                    url.target().flag()
                ))
            })
        }
    }
}
