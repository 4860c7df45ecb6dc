//! `cruddur setup`: creates what the app needs, or what is missing of it.

mod dynamodb;
mod postgres;
mod steps;

use clap::Args;

use self::steps::Steps;
use super::common::PoolArgs;
use super::db::{ForceArgs, VariableArgs, Variables, making};
use super::ddb::TableArgs;
use super::local_people::PoolOfSetup;
use super::project::BuiltInArgs;
use super::target::{WriteTarget, announce_unasked, local_only};
use crate::config::Target;
use crate::context::Context;
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Result};
use crate::output::Ui;
use crate::postgres::{ConnectionUrl, lock_database};

pub(super) const EXAMPLES: &str = "\
Examples:
  # create what is missing, and nothing else
  cruddur setup
  # show what it would do
  cruddur setup --dry-run
  # start over from scratch
  cruddur setup --fresh --force";

#[derive(Debug, Args)]
pub struct SetupArgs {
    /// Start over: drop the database and the table first
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    built_in: BuiltInArgs,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    pool: PoolArgs,
}

/// What the steps work with.
struct Setup<'a> {
    cx: &'a Context,
    args: &'a SetupArgs,
    url: &'a ConnectionUrl,
    db: &'a DynamoDb,
    table: &'a str,
    variables: Variables<'a>,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SetupArgs) -> Result<()> {
    // Before the other settings are read.
    if cx.target() == Target::Prod {
        return Err(not_here(cx));
    }
    let url = cx.connection_url()?;
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let setup = Setup { cx, args, url: &url, db: &db, table: &table, variables: args.variables.resolve(cx)? };
    if args.fresh {
        // Before anything is dropped.
        setup.check_scripts()?;
    }
    // If a server does not answer, its steps fail. But nothing is dropped unless both could be
    // asked what they are.
    let (postgres, mut postgres_asked) = announce_unasked(cx, ui, WriteTarget::Server(&url)).await;
    let (dynamodb, dynamodb_asked) = announce_unasked(cx, ui, &db).await;
    if !postgres.max(dynamodb).is_local() {
        return Err(not_here(cx));
    }
    // What is wrong with the setting is reported by the step.
    let pool = match args.pool.configured(cx) {
        Ok(Some(pool)) => PoolOfSetup::open(cx, ui, pool).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    // If the lock cannot be taken, the step that needs the server reports why.
    let lock = match &mut postgres_asked {
        Ok(session) if !cx.dry_run() => {
            lock_database(&url, session.take(), || ui.status(making(&url))).await.ok().flatten()
        }
        _ => None,
    };
    let mut steps = Steps::new(cx.dry_run());
    if args.fresh {
        postgres_asked?;
        dynamodb_asked?;
        setup.begin_anew(ui, &mut steps).await?;
    }
    let base = setup.database(ui, &mut steps, lock.as_ref()).await;
    let people = setup.people(ui, &mut steps, base).await;
    let has_table = setup.table(ui, &mut steps).await;
    setup.links(ui, &mut steps, &people, has_table).await;
    setup.conversation(ui, &mut steps, &people, has_table).await;
    setup.cognito(ui, &mut steps, &people, pool).await;
    steps.conclude(cx, ui)
}

fn not_here(cx: &Context) -> Error {
    let steps = ["db create", "db schema-load", "ddb schema-load", "db update-cognito-user-ids"];
    local_only(cx, "setup invents people, so it works only on local databases", &steps)
}
