//! `cruddur db update-cognito-user-ids`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cognito::{UserPool, parse_saved};
use crate::commands::common::{OutputArgs, PoolArgs, count, read_text};
use crate::commands::local_people::{Joined, PoolOfSetup};
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::error::{Context as _, Error, Result};
use crate::messaging::{Identity, Match, MatchOutcome, Tally};
use crate::output::{Column, Format, Record, Ui};
use crate::postgres::{COGNITO_INSERT, COGNITO_UPDATE, MissingUsers, Session};

pub(super) const EXAMPLES: &str = "\
Examples:
  # what would change
  cruddur db update-cognito-user-ids --dry-run
  # from a list saved by somebody with access to the pool
  cruddur cognito list-users -o json > users.json
  cruddur db update-cognito-user-ids --from users.json --strict
  # also add whoever is in the pool only, as the app does after a sign-up
  cruddur db update-cognito-user-ids --add-missing";

#[derive(Debug, Args)]
pub struct UpdateCognitoUserIdsArgs {
    #[command(flatten)]
    pool: PoolArgs,
    /// Read the JSON output of cognito list-users (-o json, -o ndjson or --map) instead of asking
    /// the pool; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "user_pool_id")]
    from: Option<PathBuf>,
    /// Add pool users whom the table lacks, unless they have no email address or name, or have not
    /// confirmed their sign-up
    #[arg(long)]
    add_missing: bool,
    /// Exit with 5 if anything is unmatched or still MOCK; matching rows are updated anyway
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

impl Record for Match {
    const COLUMNS: &'static [Column] = &[
        Column::keep("RESULT"),
        Column::keep("HANDLE"),
        Column::cut("EMAIL"),
        Column::keep("OLD"),
        Column::keep("NEW"),
    ];

    fn cells(&self) -> Vec<String> {
        let result = match self.result {
            MatchOutcome::Updated => "updated",
            MatchOutcome::Unchanged => "unchanged",
            MatchOutcome::NotInTable => "not in the table",
            MatchOutcome::NotInPool => "not in the pool",
            MatchOutcome::NoHandle => "no handle",
            MatchOutcome::Ambiguous => "ambiguous",
            MatchOutcome::Added => "added",
            MatchOutcome::OtherHandle => "other handle",
            MatchOutcome::Unconfirmed => "unconfirmed",
            MatchOutcome::NoEmail => "no email",
            MatchOutcome::NoName => "no name",
        };
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![result.to_owned(), text(&self.handle), text(&self.email), text(&self.old), text(&self.new)]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &UpdateCognitoUserIdsArgs) -> Result<()> {
    let url = cx.connection_url()?;
    let saved = args.from.as_deref().map(read_saved).transpose()?;
    let pool = if saved.is_none() { Some(cx.cognito(args.pool.needed(cx)?).await?) } else { None };
    let mut at = announce(cx, ui, &url).await?;
    let session = at.session(cx).await?;
    let identities = match (saved, pool) {
        (Some(saved), _) => saved,
        (None, Some(pool)) => read_pool(ui, &pool).await?,
        (None, None) => Vec::new(),
    };
    let missing = if args.add_missing { MissingUsers::Add } else { MissingUsers::Leave };
    let matches = if cx.dry_run() {
        session.match_cognito_user_ids(identities, missing).await?
    } else if at.is_local() {
        session.update_cognito_user_ids(identities, missing, None).await?
    } else {
        let planned = session.match_cognito_user_ids(identities.clone(), missing).await?;
        if let Some(consequence) = consequence(&planned) {
            let consequence = format!("{consequence}, on {url}");
            args.confirm.check(ui, &at, url.database(), &consequence)?;
        }
        session.update_cognito_user_ids(identities, missing, Some(&planned)).await?
    };
    let tally = Tally::of(&matches);
    show(cx, ui, args, &matches, tally)?;
    if cx.dry_run() {
        for (statement, parameters) in statements(tally) {
            if args.output.output == Format::Table {
                ui.data(&format!("{statement};\n"))?;
            }
            ui.notice(format!("would run 1 statement ({parameters}); nothing was written"));
        }
        if let Some(consequence) = consequence(&matches) {
            ui.notice(consequence);
        }
    }
    for line in counts(tally, cx.dry_run()) {
        ui.status(line);
    }
    if args.strict && (tally.unmatched() > 0 || tally.still_mock > 0) {
        let done = if cx.dry_run() { "nothing was changed" } else { "matched users are up to date" };
        return Err(Error::partial(format!(
            "{} unmatched, {} still MOCK; {done}",
            tally.unmatched(),
            tally.still_mock
        )));
    }
    Ok(())
}

/// The statements that a dry run shows, with what their parameters are.
fn statements(tally: Tally) -> Vec<(&'static str, String)> {
    let rows = count(tally.updated, "row");
    let users = count(tally.added, "user");
    [
        (tally.updated, COGNITO_UPDATE, format!("$1 and $2 are the uuids and new ids of {rows}")),
        (tally.added, COGNITO_INSERT, format!("$1 to $4 are the names, handles, emails and ids of {users}")),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(_, statement, parameters)| (statement, parameters))
    .collect()
}

/// Describes the ids that would be replaced. `None` if there are none.
fn consequence(matches: &[Match]) -> Option<String> {
    const NAMED: usize = 3;
    let replaced: Vec<&str> = matches
        .iter()
        .filter(|one| one.replaces_an_id())
        .map(|one| one.handle.as_deref().unwrap_or_default())
        .collect();
    let named = replaced.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if replaced.len() > NAMED { " …" } else { "" };
    let ids = count(replaced.len(), "Cognito id");
    (!replaced.is_empty()).then(|| format!("{ids} other than MOCK would be replaced ({named}{more})"))
}

/// The last step of `db setup`.
pub(super) async fn update(cx: &Context, ui: &mut Ui, session: &Session, pool: &PoolOfSetup) -> Result<()> {
    let Some(joined) = pool.join(cx, session).await? else {
        ui.status(format!("skipped the Cognito user ids: {}", pool.nobody_serves_it()));
        return Ok(());
    };
    if joined.added > 0 {
        ui.status(format!(
            "added {} to {} on {}",
            count(joined.added, "user"),
            pool.pool().id(),
            pool.pool().endpoint()
        ));
    }
    joined.warn_of_refused(ui);
    let Joined { identities, .. } = joined;
    tell_read(ui, pool.pool(), identities.len());
    let matches = session.update_cognito_user_ids(identities, MissingUsers::Leave, None).await?;
    for line in counts(Tally::of(&matches), false) {
        ui.status(line);
    }
    Ok(())
}

/// Reads every user of the pool before the database is touched.
async fn read_pool(ui: &mut Ui, pool: &UserPool) -> Result<Vec<Identity>> {
    let users = pool.list_users(None).rest().await?;
    tell_read(ui, pool, users.len());
    Ok(users.into_iter().map(|user| user.identity).collect())
}

fn tell_read(ui: &mut Ui, pool: &UserPool, users: usize) {
    ui.status(format!("read {} from {} on {}", count(users, "user"), pool.id(), pool.endpoint()));
}

fn read_saved(file: &Path) -> Result<Vec<Identity>> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).or_failed(|| "cannot read stdin".to_owned())?;
        return parse_saved("stdin", &text);
    }
    parse_saved(&file.display().to_string(), &read_text(file)?)
}

fn show(
    cx: &Context,
    ui: &mut Ui,
    args: &UpdateCognitoUserIdsArgs,
    matches: &[Match],
    tally: Tally,
) -> Result<()> {
    let format = args.output.output;
    let mut records = ui.records::<Match>(format, "users");
    for one in matches {
        // In a table, thousands of unchanged users would hide the few that matter.
        if format != Format::Table || one.result != MatchOutcome::Unchanged {
            records.push(one)?;
        }
    }
    let planned = if cx.dry_run() { statements(tally) } else { Vec::new() };
    let statements: Vec<&str> = planned.into_iter().map(|(statement, _)| statement).collect();
    records.finish(&serde_json::json!({
        "count": matches.len(),
        "dry_run": cx.dry_run(),
        "statements": statements,
        "tally": tally,
    }))
}

/// The counts on one line.
pub(in crate::commands) fn summary(tally: Tally, dry_run: bool) -> String {
    counts(tally, dry_run).join(", ")
}

/// The counts. Problems are listed only if there are any.
fn counts(tally: Tally, dry_run: bool) -> Vec<String> {
    let updated = if dry_run { "would be updated" } else { "updated" };
    let others = [
        (tally.not_in_table, "in the pool but not in the table"),
        (tally.not_in_pool, "in the table but not in the pool"),
        (tally.no_handle, "without a handle"),
        (tally.ambiguous, "ambiguous"),
        (tally.not_added, "in the pool and not added"),
        (tally.still_mock, "still MOCK"),
    ];
    let others = others.into_iter().filter(|(number, _)| *number > 0);
    let added = match tally.added {
        0 => String::new(),
        number if dry_run => format!(", {number} would be added"),
        number => format!(", {number} added"),
    };
    [format!("{} {updated}, {} unchanged{added}", tally.updated, tally.unchanged)]
        .into_iter()
        .chain(others.map(|(number, what)| format!("{number} {what}")))
        .collect()
}
