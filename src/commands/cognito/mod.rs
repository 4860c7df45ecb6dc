//! `cruddur cognito`: the user pool.

mod create_user;
mod delete_user;
mod list_users;
mod password;
mod set_password;
mod sign_in;

use clap::Subcommand;

use crate::cognito::UserPool;
use crate::commands::common::PoolArgs;
use crate::commands::target::{Announced, announce};
use crate::context::Context;
use crate::error::Result;
use crate::messaging::PoolUser;
use crate::output::Ui;

/// `cruddur cognito …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the users of the pool
    #[command(after_help = list_users::EXAMPLES)]
    ListUsers(list_users::ListUsersArgs),
    /// Add a user who signs in by email
    ///
    /// In the local stack's pool the password is Cruddur-local-1, unless stdin gives another.
    /// Elsewhere it is asked for at a terminal. The handle must be new to the pool. PostgreSQL is not
    /// changed.
    #[command(after_help = create_user::EXAMPLES)]
    CreateUser(create_user::CreateUserArgs),
    /// Give a user another password
    #[command(after_help = set_password::EXAMPLES)]
    SetPassword(set_password::SetPasswordArgs),
    /// Sign a user in by password, and verify the tokens
    ///
    /// Verifies the signature, issuer, client and expiry, as the app's backend does. In the local
    /// stack's pool the password is Cruddur-local-1, unless stdin gives another. Elsewhere it is asked
    /// for at a terminal. Tokens are secrets: none is printed without --token.
    #[command(after_help = sign_in::EXAMPLES)]
    SignIn(sign_in::SignInArgs),
    /// Delete a user from the pool
    ///
    /// PostgreSQL is not changed: the user's row keeps its cognito_user_id.
    #[command(after_help = delete_user::EXAMPLES)]
    DeleteUser(delete_user::DeleteUserArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::ListUsers(args) => list_users::run(cx, ui, args).await,
            Self::CreateUser(args) => Box::pin(create_user::run(cx, ui, args)).await,
            Self::SetPassword(args) => Box::pin(set_password::run(cx, ui, args)).await,
            Self::SignIn(args) => Box::pin(sign_in::run(cx, ui, args)).await,
            Self::DeleteUser(args) => Box::pin(delete_user::run(cx, ui, args)).await,
        }
    }
}

/// The pool to change, which is announced, and its one user of this handle, email address or sub.
async fn find(
    cx: &Context,
    ui: &mut Ui,
    pool: &PoolArgs,
    name: &str,
) -> Result<(UserPool, Announced, PoolUser)> {
    let pool = cx.cognito(pool.to_change(cx)?).await?;
    let at = announce(cx, ui, pool.endpoint()).await?;
    let user = pool.find_one(name).await?;
    Ok((pool, at, user))
}
