//! `cruddur cognito set-password`

use clap::Args;

use super::find;
use super::password::NewPasswordArgs;
use crate::commands::common::PoolArgs;
use crate::commands::plan::show_plan;
use crate::commands::target::ConfirmArgs;
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # a new password, from a pipe; at a terminal it is asked for
  echo Correct-horse-7 | cruddur cognito set-password nina --password-stdin
  # the request, without the password
  cruddur cognito set-password nina@example.com --temporary --dry-run";

#[derive(Debug, Args)]
pub struct SetPasswordArgs {
    /// The user's handle, email address or sub
    #[arg(value_name = "HANDLE")]
    handle: String,
    #[command(flatten)]
    password: NewPasswordArgs,
    #[command(flatten)]
    pool: PoolArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SetPasswordArgs) -> Result<()> {
    let name = &args.handle;
    let (pool, at, user) = find(cx, ui, &args.pool, name).await?;
    let permanent = !args.password.temporary;
    if cx.dry_run() {
        // It shows no password, so it needs none.
        return show_plan(ui, pool.rehearse(pool.set_password(&user.username, "", permanent)).await?);
    }
    let consequence =
        format!("this replaces the password of {name:?} in {} on {}", pool.id(), pool.endpoint());
    args.confirm.check(ui, &at, name, &consequence)?;
    let password = args.password.given.read(ui)?;
    pool.set_password(&user.username, &password, permanent).await?;
    let kind = if permanent { "password" } else { "temporary password" };
    ui.status(format!("set the {kind} of {name:?} in {}", pool.id()));
    Ok(())
}
