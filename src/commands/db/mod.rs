//! `cruddur db`: the PostgreSQL database.

mod connect;
mod create;
mod drop;
mod load;
mod schema_load;
mod seed;
mod sessions;
mod setup;
mod update_cognito_user_ids;
mod wait;

use clap::Subcommand;

pub(super) use self::drop::{ForceArgs, drop, tell_who_is_connected};
pub(super) use self::load::{VariableArgs, Variables, in_one_transaction, one_at_a_time};
pub(super) use self::setup::making;
pub(super) use self::update_cognito_user_ids::summary;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// `cruddur db …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open psql on the database
    #[command(after_help = connect::EXAMPLES)]
    Connect(connect::ConnectArgs),
    /// Create the database
    #[command(after_help = create::EXAMPLES)]
    Create(create::CreateArgs),
    /// Drop the database
    #[command(after_help = drop::EXAMPLES)]
    Drop(drop::DropArgs),
    /// Load the schema, in one transaction
    #[command(after_help = schema_load::EXAMPLES)]
    SchemaLoad(schema_load::SchemaLoadArgs),
    /// Load the seed data, in one transaction
    #[command(after_help = seed::EXAMPLES)]
    Seed(seed::SeedArgs),
    /// List who is connected
    #[command(after_help = sessions::EXAMPLES)]
    Sessions(sessions::SessionsArgs),
    /// Recreate the local database: drop, create, load the schema, seed, update the Cognito ids
    #[command(after_help = setup::EXAMPLES)]
    Setup(setup::SetupArgs),
    /// Wait until the server accepts connections
    ///
    /// Gives up after --timeout in total, by default 30s.
    #[command(after_help = wait::EXAMPLES)]
    Wait(wait::WaitArgs),
    /// Copy the users' ids from the Cognito user pool, in one transaction
    ///
    /// A row matches a pool user if its handle is exactly the user's preferred_username; its
    /// cognito_user_id becomes the user's sub, whatever the user's status. A handle that two rows
    /// or two pool users share is left alone. The table shows what changes and what does not match;
    /// JSON and NDJSON also have the unchanged users.
    #[command(after_help = update_cognito_user_ids::EXAMPLES)]
    UpdateCognitoUserIds(update_cognito_user_ids::UpdateCognitoUserIdsArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::Connect(args) => connect::run(cx, ui, args).await,
            Self::Create(args) => create::run(cx, ui, args).await,
            Self::Drop(args) => drop::run(cx, ui, args).await,
            Self::SchemaLoad(args) => schema_load::run(cx, ui, args).await,
            Self::Seed(args) => seed::run(cx, ui, args).await,
            Self::Sessions(args) => sessions::run(cx, ui, args).await,
            Self::Setup(args) => Box::pin(setup::run(cx, ui, args)).await,
            Self::Wait(args) => wait::run(cx, ui, args).await,
            Self::UpdateCognitoUserIds(args) => update_cognito_user_ids::run(cx, ui, args).await,
        }
    }
}
