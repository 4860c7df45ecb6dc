//! `cruddur cognito create-user`

use clap::Args;

use super::password::NewPasswordArgs;
use crate::cognito::{Added, FirstPassword};
use crate::commands::common::{PoolArgs, check_display_name, check_handle};
use crate::commands::plan::show_plan;
use crate::commands::target::announce;
use crate::config::LOCAL_PASSWORD;
use crate::context::Context;
use crate::error::{Error, Reason, Result};
use crate::messaging::Newcomer;
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # somebody who can sign in to the local stack at once
  cruddur cognito create-user quinn --email quinn@example.com --name 'Quinn Abara'
  # with a password to be changed, which a pipe gives
  echo Correct-horse-7 | cruddur cognito create-user rosa --email rosa@example.com \\
    --password-stdin --temporary
  # somebody who gets a temporary password by email
  cruddur cognito create-user simon --email simon@example.com --send-password --prod";

#[derive(Debug, Args)]
pub struct CreateUserArgs {
    /// The new user's handle, stored as preferred_username
    #[arg(value_name = "HANDLE")]
    new_handle: String,
    /// The email address to sign in by, which counts as verified
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// The display name; by default the handle
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    password: NewPasswordArgs,
    /// Let Cognito make up a temporary password and send it to the address; otherwise nobody gets
    /// a message
    #[arg(long, conflicts_with_all = ["password_stdin", "temporary"])]
    send_password: bool,
    #[command(flatten)]
    pool: PoolArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &CreateUserArgs) -> Result<()> {
    let handle = &args.new_handle;
    check_handle("HANDLE", handle)?;
    if let Some(name) = &args.name {
        check_display_name("--name", name)?;
    }
    let id = args.pool.to_change(cx)?;
    let is_local_pool = id.is_local();
    let pool = cx.cognito(id).await?;
    let is_ours = announce(cx, ui, pool.endpoint()).await?.is_local() && is_local_pool;
    if is_ours && args.send_password {
        return Err(Error::usage("the local user pool sends no messages; leave out --send-password"));
    }
    if !pool.find(handle).await?.is_empty() {
        return Err(Error::failed(format!("{} has a user {handle:?} already; nothing was done", pool.id()))
            .hint(Reason::HandleTaken(handle.clone(), cx.target())));
    }
    let password = if cx.dry_run() || args.send_password {
        // None is shown, or none is needed.
        String::new()
    } else if is_ours && !args.password.given.password_stdin {
        LOCAL_PASSWORD.to_owned()
    } else {
        args.password.given.read(ui)?
    };
    let password = match (args.send_password, args.password.temporary) {
        (true, _) => FirstPassword::Sent,
        (false, true) => FirstPassword::Temporary(&password),
        (false, false) => FirstPassword::Permanent(&password),
    };
    let person = Newcomer {
        handle: handle.clone(),
        display_name: args.name.as_ref().unwrap_or(handle).clone(),
        email: args.email.clone(),
    };
    if cx.dry_run() {
        return show_plan(ui, pool.rehearse(pool.add(&person, password)).await?);
    }
    match pool.add(&person, password).await? {
        Added::Done(identity) => {
            ui.status(format!("added {handle:?} to {}", pool.id()));
            ui.status(format!("the sub is {}", identity.sub));
            Ok(())
        }
        Added::Refused(error) => Err(error),
    }
}
