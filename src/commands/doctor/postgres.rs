//! A PostgreSQL server: whether and how it lets us in, and what it holds.

use std::time::Duration;

use super::finding::Findings;
use crate::commands::common::count;
use crate::commands::target::{Ask, AskProduction, of_postgres};
use crate::config::Target;
use crate::context::Context;
use crate::error::Result;
use crate::postgres::{ConnectionUrl, Session};

/// The largest tolerable difference between the clocks, in seconds. Messages are ordered by their
/// writers' clocks.
const CLOCK_LIMIT: f64 = 2.0;

/// Asks production which cluster it is only if production is checked too.
pub(super) async fn check(
    cx: &Context,
    limit: Duration,
    ask_production: AskProduction,
    found: &mut Findings,
) -> Result<()> {
    let url = cx.connection_url()?;
    scripts(cx, &url, found);
    found.wait_for(format!("PostgreSQL at {url}"));
    let session = cx.postgres().await;
    let ask = session.as_ref().map_or(Ask::Nothing, Ask::On);
    found.stands(&of_postgres(cx, &url, ask, ask_production).await.standing);
    let session = session?;
    session.only_look(limit).await?;
    server(&session, found).await?;
    tables(cx, &session, found).await
}

/// Checks version, encryption and clock.
async fn server(session: &Session, found: &mut Findings) -> Result<()> {
    let url = session.url();
    let version = session.server_version().await?;
    let tls = session.tls_version().await?;
    let clock = session.clock_difference().await?;
    let encrypted = tls.as_deref().map_or_else(|| "no TLS".to_owned(), ToOwned::to_owned);
    let clock_shown = clock.map(|clock| format!(", clock {} s", signed(clock.seconds))).unwrap_or_default();
    found
        .ok(format!("PostgreSQL {version} at {url}, {encrypted}{clock_shown}"))
        .value("version", &version)
        .value("host", url.host())
        .value("port", url.port())
        .value("database", url.database())
        .value("user", url.user())
        .value("tls", &tls)
        .value("clock_difference_seconds", clock.map(|clock| clock.seconds));
    if tls.is_none() && url.target() == Target::Prod && !url.is_loopback() {
        found.warn("connections to production's PostgreSQL use no TLS").mend(
            "put sslmode=verify-full and sslrootcert=FILE into PROD_CONNECTION_URL (docs/postgresql.md)",
        );
    }
    if let Some(clock) = clock.filter(|clock| clock.exceeds(CLOCK_LIMIT)) {
        let (ahead, seconds) =
            if clock.seconds > 0.0 { ("ahead of", clock.seconds) } else { ("behind", -clock.seconds) };
        found
            .warn(format!("its clock is {seconds:.1} s {ahead} this machine's"))
            .value("clock_difference_seconds", clock.seconds)
            .mend("sudo timedatectl set-ntp true");
    }
    Ok(())
}

/// Formats as `+0.001`. Zero is `+0.000`, whatever its sign.
fn signed(seconds: f64) -> String {
    let text = format!("{seconds:+.3}");
    if text == "-0.000" { "+0.000".to_owned() } else { text }
}

/// Checks the app's tables, and its users' Cognito ids.
async fn tables(cx: &Context, session: &Session, found: &mut Findings) -> Result<()> {
    let prod = cx.target().flag();
    let missing = session.missing_tables().await?;
    if missing.is_everything() {
        found
            .fail("the tables users and activities are missing")
            .value("missing_tables", &missing.tables)
            .mend(format!("cruddur db schema-load{prod}"))
            .mend(format!("cruddur db seed{prod}"));
        return Ok(());
    }
    let lacking: Vec<String> =
        missing.tables.iter().map(|table| (*table).to_owned()).chain(missing.columns.clone()).collect();
    if !lacking.is_empty() {
        found
            .fail(format!("missing: {}", lacking.join(", ")))
            .value("missing_tables", &missing.tables)
            .value("missing_columns", &missing.columns)
            .mend(format!(
                "cruddur db schema-load{prod} FILE, where FILE adds them; the built-in one starts over"
            ));
    }
    let users_are_whole = !missing.tables.contains(&"users")
        && !missing.columns.iter().any(|column| column == "users.cognito_user_id");
    if users_are_whole { users(cx, session, found).await } else { Ok(()) }
}

async fn users(cx: &Context, session: &Session, found: &mut Findings) -> Result<()> {
    let users = session.count_users().await?;
    let text = format!("{}, {} of them still MOCK", count(users.total, "user"), users.mock);
    let has_pool = cx.config().user_pool(None).ok().flatten().is_some();
    let is_expected = cx.target() == Target::Local && !has_pool;
    let finding = if users.total == 0 {
        let finding = found.warn("the users table is empty");
        finding.mend(format!("cruddur db seed{}", cx.target().flag()))
    } else if users.mock == 0 {
        found.ok(format!("{}, none of them MOCK", count(users.total, "user")))
    } else if is_expected {
        found.ok(format!("{text}, as no user pool is configured"))
    } else {
        let finding = found.warn(text);
        finding.mend(format!("cruddur db update-cognito-user-ids{}", cx.target().flag()))
    };
    finding.value("users", users.total).value("mock_users", users.mock);
    Ok(())
}

/// What the old scripts would have done with this URL.
fn scripts(cx: &Context, url: &ConnectionUrl, found: &mut Findings) {
    let prod = cx.target().flag();
    let variable = match cx.target() {
        Target::Local => "CONNECTION_URL",
        Target::Prod => "PROD_CONNECTION_URL",
    };
    let Some(setting) = cx.config().environment().get(variable) else { return };
    if cx.target() == Target::Prod {
        found.script(
            format!(
                "db/setup prod would have dropped the local database, and run schema.sql, with its DROP TABLE, on {url}"
            ),
            "cruddur db setup (never with --prod)",
        );
        if !setting.value.contains("sslmode") {
            found.script(
                format!("db/* prod would have trusted any server at {url}: psql verifies no certificate by default"),
                "cruddur db connect --prod",
            );
        }
        return;
    }
    if is_mangled(&setting.value) {
        found.script(
            format!("db/create and db/drop would have mangled {variable}: they cut out /cruddur anywhere, and nothing else"),
            format!("cruddur db create{prod}"),
        );
    } else if url.user() != "postgres" {
        found.script(
            format!(
                "db/create and db/drop would have needed a database named after the role, {:?}",
                url.user()
            ),
            format!("cruddur db create{prod}"),
        );
    }
}

/// Whether `s/\/cruddur//g` leaves anything but the URL without its database.
fn is_mangled(url: &str) -> bool {
    let (before_query, query) = url.split_once('?').unwrap_or((url, ""));
    let host_at = before_query.rfind('@').or_else(|| before_query.find("://").map(|at| at + 2)).unwrap_or(0);
    let path_at = before_query[host_at + 1..].find('/').map_or(before_query.len(), |at| host_at + 1 + at);
    let question_mark = if query.is_empty() { "" } else { "?" };
    let meant = format!("{}{question_mark}{query}", &before_query[..path_at]);
    url.replace("/cruddur", "") != meant
}
