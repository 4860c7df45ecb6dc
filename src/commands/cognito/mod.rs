//! `cruddur cognito`: the user pool.

mod list_users;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// `cruddur cognito …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the users of the pool
    #[command(after_help = list_users::EXAMPLES)]
    ListUsers(list_users::ListUsersArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::ListUsers(args) => list_users::run(cx, ui, args).await,
        }
    }
}
