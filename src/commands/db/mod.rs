//! `cruddur db`: the PostgreSQL database.

mod connect;
mod create;
mod drop;
mod load;
mod schema_load;
mod seed;
mod sessions;
mod setup;
mod wait;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;
use crate::postgres::ConnectionUrl;

/// `cruddur db …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open psql on the database
    Connect(connect::ConnectArgs),
    /// Create the database
    Create(create::CreateArgs),
    /// Drop the database
    Drop(drop::DropArgs),
    /// Load the schema, in one transaction
    SchemaLoad(schema_load::SchemaLoadArgs),
    /// Load the seed data, in one transaction
    Seed(seed::SeedArgs),
    /// List who is connected
    Sessions(sessions::SessionsArgs),
    /// Drop, create, load the schema and seed: a fresh local database
    Setup(setup::SetupArgs),
    /// Wait until the server accepts connections
    Wait(wait::WaitArgs),
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
            Self::Setup(args) => setup::run(cx, ui, args).await,
            Self::Wait(args) => wait::run(cx, ui, args).await,
        }
    }
}

/// Says, before anything is written, where.
fn announce(ui: &mut Ui, url: &ConnectionUrl) {
    ui.status(format!("{:<5} PostgreSQL at {url}", url.target().name()));
}
