//! `cruddur db setup`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::drop::{ForceArgs, drop, tell_who_is_connected};
use super::load::{VariableArgs, in_one_transaction, one_at_a_time, run_script};
use crate::commands::common::PoolArgs;
use crate::commands::local_people::PoolOfSetup;
use crate::commands::plan::show_statements;
use crate::commands::project::{BuiltInArgs, SCHEMA, SEED};
use crate::commands::strangers::Strangers;
use crate::commands::target::{WriteTarget, announce, local_only};
use crate::config::Target;
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::messages_table::MessagesTable;
use crate::output::Ui;
use crate::postgres::{
    ConnectionUrl, Script, Session, TableChange, create_statement, lock_database, plan_drop,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  # a fresh local database, from the project's own files or the built-in ones
  cruddur db setup
  # the app's tables and three invented people, even if the project has its own
  cruddur db setup --built-in
  # from files of your own, even if others are connected
  cruddur db setup --force --schema db/schema.sql --seed db/seed.sql";

/// How long DynamoDB may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub struct SetupArgs {
    /// The schema file [default: db/schema.sql here or in the nearest parent folder, else the
    /// built-in one]
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// The seed file [default: db/seed.sql, found the same way]
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    #[command(flatten)]
    built_in: BuiltInArgs,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    pool: PoolArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SetupArgs) -> Result<()> {
    // Before the other settings are read.
    if cx.target() == Target::Prod {
        return Err(not_here(cx));
    }
    // Reads both files and checks the settings before the old database is dropped.
    let variables = args.variables.resolve(cx)?;
    let schema = variables.script(SCHEMA.read(args.schema.as_deref(), args.built_in)?)?;
    let seed = variables.script(SEED.read(args.seed.as_deref(), args.built_in)?)?;
    let pool = args.pool.configured(cx)?;
    if let Some(pool) = &pool {
        cx.config().cognito(pool)?;
    }
    let url = cx.connection_url()?;
    let at = announce(cx, ui, WriteTarget::Server(&url)).await?;
    if !at.is_local() {
        return Err(not_here(cx));
    }
    let pool = match pool {
        Some(pool) => Some(PoolOfSetup::open(cx, ui, pool).await?),
        None => None,
    };
    variables.warn_of_unused(ui, &[&schema, &seed]);
    if cx.dry_run() {
        return plan(cx, ui, &url, args.force, [&schema, &seed], pool.as_ref()).await;
    }
    let lock = lock_database(&url, at.session, || ui.status(making(&url))).await?;
    drop(ui, &url, args.force, "db setup").await?;
    super::create::create(ui, &url, lock.as_ref()).await?;
    let session = cx.postgres().await?;
    one_at_a_time(&session, ui).await?;
    let made = run_script(&session, ui, &schema).await?;
    let seeded = run_script(&session, ui, &seed).await?;
    let mut tables = TableChange::merge(made.tables, seeded.tables);
    session.count_rows(&mut tables).await;
    ui.table(&tables);
    tell_strangers(cx, ui, &session).await;
    let Some(pool) = pool else {
        ui.status("skipped the Cognito user ids: AWS_COGNITO_USER_POOL_ID is empty");
        return Ok(());
    };
    super::update_cognito_user_ids::update(cx, ui, &session, &pool).await.map_err(|error| {
        let message = format!("the database is ready, but without its Cognito user ids: {}", error.message());
        error
            .with(Kind::Partial, message)
            .hint("then run this step alone: cruddur db update-cognito-user-ids")
    })
}

/// Warns about users that DynamoDB names and the new database does not have, if DynamoDB answers in time.
async fn tell_strangers(cx: &Context, ui: &mut Ui, session: &Session) {
    let table = cx.config().table(None);
    let look = async { Strangers::look(&MessagesTable::new(&cx.dynamodb().await?, &table), session).await };
    // The command does not need DynamoDB, so it is no error if it does not answer.
    let Ok(Ok(found)) = tokio::time::timeout(TIMEOUT, look).await else { return };
    if found.strange > 0 {
        ui.warn(found.line(&table));
        ui.hint("to relink them by handle run: cruddur setup");
    }
}

/// Printed while another run sets up the database.
pub(in crate::commands) fn making(url: &ConnectionUrl) -> String {
    format!("another run is setting up the database {:?}; waiting for it", url.database())
}

fn not_here(cx: &Context) -> Error {
    let steps = ["db drop", "db create", "db schema-load", "db seed", "db update-cognito-user-ids"];
    local_only(cx, "db setup drops the database first, so it works only on local databases", &steps)
}

/// Prints what would run, in a dry run.
async fn plan(
    cx: &Context,
    ui: &mut Ui,
    url: &ConnectionUrl,
    force: ForceArgs,
    scripts: [&Script; 2],
    pool: Option<&PoolOfSetup>,
) -> Result<()> {
    let mut statements = Vec::new();
    if let Some(plan) = plan_drop(url, force.is_given()).await? {
        tell_who_is_connected(ui, &plan, force);
        statements.extend(plan.statements);
    }
    // By then the old database would be dropped.
    statements.push(create_statement(url));
    let names = scripts.map(Script::name);
    ui.notice(format!("would run {} and {}", names[0], names[1]));
    for script in scripts {
        let within = script.statements();
        statements.extend(in_one_transaction(script.begin(), &within).into_iter().map(ToOwned::to_owned));
    }
    if let Some(pool) = pool {
        if pool.is_ours() {
            ui.notice("would then add the people to the user pool");
        }
        ui.notice("would then update the Cognito user ids from the user pool");
    }
    show_statements(cx, ui, &statements)
}
