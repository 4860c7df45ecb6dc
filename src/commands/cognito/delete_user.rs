//! `cruddur cognito delete-user`

use clap::Args;

use super::find;
use crate::commands::common::PoolArgs;
use crate::commands::plan::show_plan;
use crate::commands::target::ConfirmArgs;
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # which request would be sent
  cruddur cognito delete-user petra --dry-run
  # a user of the local stack
  cruddur cognito delete-user petra";

#[derive(Debug, Args)]
pub struct DeleteUserArgs {
    /// The user's handle, email address or sub
    #[arg(value_name = "HANDLE")]
    handle: String,
    #[command(flatten)]
    pool: PoolArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DeleteUserArgs) -> Result<()> {
    let name = &args.handle;
    let (pool, at, user) = find(cx, ui, &args.pool, name).await?;
    if cx.dry_run() {
        return show_plan(ui, pool.rehearse(pool.delete(&user.username)).await?);
    }
    let consequence = format!("this deletes {name:?} from {} on {}", pool.id(), pool.endpoint());
    args.confirm.check(ui, &at, name, &consequence)?;
    pool.delete(&user.username).await?;
    ui.status(format!("deleted {name:?} from {}", pool.id()));
    Ok(())
}
