//! Loads an SQL file, for `schema-load`, `seed` and `setup`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;

use crate::commands::common::{OutputArgs, count};
use crate::commands::plan::show_statements;
use crate::commands::project::Source;
use crate::commands::signals::Signals;
use crate::commands::target::{Announced, ConfirmArgs, announce};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Column, Record, Ui};
use crate::postgres::{
    ConnectionUrl, Executed, Lock, Script, Session, Summary, TableChange, Watch, is_variable_name,
};

/// The variables of SQL files.
#[derive(Debug, Args)]
pub(in crate::commands) struct VariableArgs {
    /// Set the file's psql variable NAME; any other comes from the environment. The file uses it as
    /// :NAME, as :'NAME' (a string) or as :"NAME" (an identifier)
    // Parsed by hand: clap's own error would repeat the value, which may be secret.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// What `schema-load` and `seed` take.
#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// The variables and where their values come from.
pub(in crate::commands) struct Variables<'a> {
    set: BTreeMap<&'a str, &'a str>,
    cx: &'a Context,
    url: ConnectionUrl,
}

impl VariableArgs {
    /// Resolves a variable from `--set`, then from what psql sets itself, then from the environment.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] for an argument that is not `NAME=VALUE`.
    pub(in crate::commands) fn resolve<'a>(&'a self, cx: &'a Context) -> Result<Variables<'a>> {
        let mut set = BTreeMap::new();
        for given in &self.set {
            let (name, value) = given.split_once('=').ok_or_else(|| {
                Error::usage("--set takes NAME=VALUE, and one has no =").hint("an empty value is --set NAME=")
            })?;
            if !is_variable_name(name) {
                return Err(Error::usage(format!("--set {name}=…: {name:?} is not a variable name"))
                    .hint("use letters, digits and underscores"));
            }
            set.insert(name, value);
        }
        Ok(Variables { set, cx, url: cx.connection_url()? })
    }
}

impl Variables<'_> {
    fn value(&self, name: &str) -> Option<String> {
        if let Some(value) = self.set.get(name) {
            return Some((*value).to_owned());
        }
        match name {
            // In the environment, USER and HOST would be this machine's.
            "DBNAME" => Some(self.url.database().to_owned()),
            "HOST" => Some(self.url.host()),
            "PORT" => Some(self.url.port().to_string()),
            "USER" => Some(self.url.user().to_owned()),
            _ => self.cx.config().environment().get(name).map(|setting| setting.value),
        }
    }

    /// The SQL of a file, checked before anything is sent.
    pub(in crate::commands) fn script(&self, source: Source) -> Result<Script> {
        Script::parse(source.name, source.bytes.into_owned(), &|name| self.value(name))
    }

    /// Warns about values that no file uses: the name may be mistyped.
    pub(super) fn warn_of_unused(&self, ui: &mut Ui, scripts: &[&Script]) {
        for name in self.set.keys() {
            if !scripts.iter().any(|script| script.variables().contains(*name)) {
                let names: Vec<&str> = scripts.iter().map(|script| script.name()).collect();
                ui.warn(format!("--set {name}: no such variable in {}", names.join(" or ")));
            }
        }
    }
}

impl Record for TableChange {
    const COLUMNS: &'static [Column] = &[
        Column::keep("TABLE"),
        Column::keep("ROWS"),
        Column::keep("INSERTED"),
        Column::keep("UPDATED"),
        Column::keep("DELETED"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            format!("{}.{}", self.schema, self.table),
            self.rows.map(|rows| rows.to_string()).unwrap_or_default(),
            self.inserted.to_string(),
            self.updated.to_string(),
            self.deleted.to_string(),
        ]
    }
}

/// Prints what a script would run, in a dry run.
fn show_script(cx: &Context, ui: &mut Ui, script: &Script) -> Result<()> {
    if let Some((line, words)) = script.first_destructive() {
        ui.notice(format!("{}:{line} may destroy data: {words}", script.name()));
    }
    let statements = script.statements();
    ui.notice(format!("would run {}", script.name()));
    show_statements(cx, ui, &in_one_transaction(script.begin(), &statements))
}

/// The statements as [`Script::run`] sends them.
pub(in crate::commands) fn in_one_transaction<'a>(begin: &'a str, statements: &'a [String]) -> Vec<&'a str> {
    let within = statements.iter().map(String::as_str);
    std::iter::once(begin).chain(within).chain(std::iter::once("COMMIT")).collect()
}

/// How long to wait for a cancelled statement to end before cancelling again.
const CANCEL_AGAIN: Duration = Duration::from_millis(200);

/// Runs `work`, which runs the script. On Ctrl-C the server cancels the current statement and the
/// file is rolled back, unless its COMMIT has already succeeded.
async fn or_cancel<T>(
    session: &Session,
    ui: &mut Ui,
    script: &Script,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut signals = Signals::catch()?;
    let mut running = std::pin::pin!(work);
    let stop = tokio::select! {
        ran = &mut running => return ran,
        stop = signals.next() => stop,
    };
    ui.status(format!("stopping {}; Ctrl-C again quits now", script.name()));
    loop {
        // A cancel request that arrives between two statements has no effect, so it is repeated.
        let ran = tokio::select! {
            ran = &mut running => ran,
            () = async { session.cancel().await; tokio::time::sleep(CANCEL_AGAIN).await } => continue,
        };
        let Err(error) = ran else { return ran };
        ui.notice(error.message());
        return Err(stop.unfinished());
    }
}

/// Waits until no other run loads a file or adds users. Call it before the transaction begins,
/// whose snapshot may otherwise predate the other run's changes.
pub(in crate::commands) async fn one_at_a_time(session: &Session, ui: &mut Ui) -> Result<()> {
    let waiting = || ui.status("another run is writing to the database; waiting for it");
    session.lock(Lock::Users, waiting).await
}

/// Runs the script and reports it.
pub(super) async fn run_script(session: &Session, ui: &mut Ui, script: &Script) -> Result<Summary> {
    let summary = or_cancel(session, ui, script, Box::pin(script.run(session))).await?;
    tell_run(ui, script, &summary);
    Ok(summary)
}

fn tell_run(ui: &mut Ui, script: &Script, summary: &Summary) {
    ui.status(format!("ran {} of {}", count(summary.statements, "statement"), script.name()));
}

/// How many of the lines that say what a file destroys are shown.
const SHOWN: usize = 10;

/// Runs the script. If the server reports that it destroyed something, asks before COMMIT.
async fn run_watched(
    session: &Session,
    ui: &mut Ui,
    script: &Script,
    at: &Announced,
    confirm: &ConfirmArgs,
) -> Result<Summary> {
    let work = async {
        let executed = script.execute(session, Watch::Losses).await?;
        if executed.losses().is_empty() { executed.commit().await.map(Ok) } else { Ok(Err(executed)) }
    };
    let summary = match or_cancel(session, ui, script, Box::pin(work)).await? {
        Ok(summary) => summary,
        Err(executed) => {
            let consequence = consequence(&executed, script, session);
            if confirm.asks(ui) {
                ui.notice("the transaction holds locks; the server rolls it back within 5 minutes");
            }
            if let Err(refused) = confirm.check(ui, at, session.url().database(), &consequence) {
                executed.roll_back().await;
                return Err(refused);
            }
            or_cancel(session, ui, script, Box::pin(executed.commit())).await?
        }
    };
    tell_run(ui, script, &summary);
    Ok(summary)
}

/// What a script destroyed, and where.
fn consequence(executed: &Executed<'_>, script: &Script, session: &Session) -> String {
    let losses = executed.losses();
    let lines: Vec<String> = losses.iter().take(SHOWN).map(|loss| format!("\n  {loss}")).collect();
    let more = losses.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    format!("{} on {}{}{more}", script.name(), session.url(), lines.concat())
}

/// Runs a file, and prints the rows of the tables it wrote to. On a database that is not local, it asks
/// before destroying data: up front if the file's statements say so, else before COMMIT if the server does.
pub(super) async fn load(cx: &Context, ui: &mut Ui, source: Source, args: &LoadArgs) -> Result<()> {
    let variables = args.variables.resolve(cx)?;
    let script = variables.script(source)?;
    let mut at = announce(cx, ui, &variables.url).await?;
    variables.warn_of_unused(ui, &[&script]);
    if cx.dry_run() {
        // Checks that the server can be reached.
        at.session(cx).await?;
        return show_script(cx, ui, &script);
    }
    if let Some((line, words)) = script.first_destructive() {
        let url = &variables.url;
        let consequence = format!("{}:{line} runs {words} on {url}", script.name());
        args.confirm.check(ui, &at, url.database(), &consequence)?;
    }
    let session = at.session(cx).await?;
    one_at_a_time(&session, ui).await?;
    // Asks only once.
    let is_settled = at.is_local() || script.first_destructive().is_some();
    let Summary { statements, mut tables } = if is_settled {
        run_script(&session, ui, &script).await?
    } else {
        Box::pin(run_watched(&session, ui, &script, &at, &args.confirm)).await?
    };
    session.count_rows(&mut tables).await;
    let mut records = ui.records::<TableChange>(args.output.output, "tables");
    for table in &tables {
        records.push(table)?;
    }
    records.finish(&serde_json::json!({ "count": tables.len(), "statements": statements }))
}
