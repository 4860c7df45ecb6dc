//! `cruddur db`: the PostgreSQL database.

mod create;
mod drop;
mod schema_load;
mod seed;
mod setup;

use std::path::Path;

use clap::Subcommand;

use crate::commands::common::{ConfirmArgs, read_text};
use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;
use crate::postgres::{ConnectionUrl, Script};

/// `cruddur db …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the database
    Create(create::CreateArgs),
    /// Drop the database
    Drop(drop::DropArgs),
    /// Load the schema, in one transaction
    SchemaLoad(schema_load::SchemaLoadArgs),
    /// Load the seed data, in one transaction
    Seed(seed::SeedArgs),
    /// Drop, create, load the schema and seed: a fresh local database
    Setup(setup::SetupArgs),
}

impl Command {
    pub(super) async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::Create(args) => create::run(cx, ui, args).await,
            Self::Drop(args) => drop::run(cx, ui, args).await,
            Self::SchemaLoad(args) => schema_load::run(cx, ui, args).await,
            Self::Seed(args) => seed::run(cx, ui, args).await,
            Self::Setup(args) => setup::run(cx, ui, args).await,
        }
    }
}

/// A built-in SQL file.
struct BuiltIn {
    name: &'static str,
    text: &'static str,
}

const SCHEMA: BuiltIn = BuiltIn { name: "db/schema.sql", text: include_str!("../../../db/schema.sql") };
const SEED: BuiltIn = BuiltIn { name: "db/seed.sql", text: include_str!("../../../db/seed.sql") };

/// `file`, else the built-in one, checked before anything is sent.
fn script(file: Option<&Path>, built_in: &BuiltIn) -> Result<Script> {
    match file {
        Some(file) => Script::parse(file.display().to_string(), read_text(file)?),
        None => Script::parse(built_in.name, built_in.text),
    }
}

/// Says, before anything is written, where.
fn announce(ui: &mut Ui, url: &ConnectionUrl) {
    ui.status(format!("{:<5} PostgreSQL at {url}", url.target().name()));
}

async fn load(cx: &Context, ui: &mut Ui, script: &Script) -> Result<()> {
    let summary = script.run(&cx.postgres().await?).await?;
    ui.status(format!("ran {} of {}", count(summary.statements, "statement"), script.name()));
    Ok(())
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Runs `script`; what destroys data asks first in production.
async fn load_confirmed(cx: &Context, ui: &mut Ui, script: &Script, confirm: &ConfirmArgs) -> Result<()> {
    let url = cx.connection_url()?;
    announce(ui, &url);
    if let Some((line, words)) = script.first_destructive() {
        let consequence = format!("{}:{line} says {words}, on {url}", script.name());
        confirm.check(cx, ui, url.database(), &consequence)?;
    }
    load(cx, ui, script).await
}
