//! Drops a database, with or without the sessions on it.

use std::time::Duration;

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;

use super::activity::{Activity, Scope};
use crate::error::{Error, Result};
use crate::postgres::admin::create::{has_database, maintenance_session};
use crate::postgres::{ConnectionUrl, Session, quote_identifier, quote_literal};

/// The outcome of dropping a database.
#[derive(Debug, Clone, PartialEq)]
pub enum Dropped {
    /// It is gone, along with these sessions.
    Gone(Vec<Activity>),
    /// It did not exist.
    Missing,
    /// It is unchanged, because something is using it.
    InUse {
        /// Who is connected to it.
        sessions: Vec<Activity>,
        /// The server's own message.
        detail: String,
    },
}

/// The first version with `DROP DATABASE … WITH (FORCE)`, as a `server_version_num`.
const KNOWS_FORCE: i32 = 130_000;

/// How often sessions are terminated while a drop waits for them. The server waits five seconds at most.
const INTERVAL: Duration = Duration::from_millis(100);

/// What dropping a database would take.
#[derive(Debug, Clone, PartialEq)]
pub struct DropPlan {
    /// The statements, in order.
    pub statements: Vec<String>,
    /// Who is connected to the database.
    pub sessions: Vec<Activity>,
}

/// What [`drop_database`] would run, or [`drop_database_with_sessions`] with `force`; `None` when
/// the database does not exist.
pub async fn plan_drop(url: &ConnectionUrl, force: bool) -> Result<Option<DropPlan>> {
    let session = maintenance_session(url).await?;
    if !has_database(&session, url.database()).await? {
        return Ok(None);
    }
    let sessions = session.activity(Scope::Database(url.database())).await?;
    let statements = match (force, knows_force(&session).await?) {
        (false, _) => vec![statement(url, "")],
        (true, true) => vec![statement(url, " WITH (FORCE)")],
        (true, false) => {
            vec![statement(url, ""), TERMINATE.replace("$1", &quote_literal(url.database()))]
        }
    };
    Ok(Some(DropPlan { statements, sessions }))
}

async fn knows_force(session: &Session) -> Result<bool> {
    let version: i32 = session
        .client
        .query_one("SELECT pg_catalog.current_setting('server_version_num')::int4", &[])
        .await
        .map_err(|error| session.error("cannot get the server's version", error))?
        .get(0);
    Ok(version >= KNOWS_FORCE)
}

/// Drops the database of `url`, unless others use it. The server itself waits a few seconds for
/// sessions that are about to end.
pub async fn drop_database(url: &ConnectionUrl) -> Result<Dropped> {
    let session = maintenance_session(url).await?;
    let dropped = session.client.batch_execute(&statement(url, "")).await;
    outcome(&session, url, dropped, Vec::new()).await
}

/// Drops the database of `url` and ends the sessions on it.
///
/// # Errors
/// [`crate::error::Kind::Failed`] when the role may not drop the database or end one of the
/// sessions; no session is ended then.
pub async fn drop_database_with_sessions(url: &ConnectionUrl) -> Result<Dropped> {
    let session = maintenance_session(url).await?;
    if !knows_force(&session).await? {
        return drop_database_by_terminating(url).await;
    }
    let sessions = session.activity(Scope::Database(url.database())).await?;
    let dropped = session.client.batch_execute(&statement(url, " WITH (FORCE)")).await;
    outcome(&session, url, dropped, sessions).await
}

/// What prevents ending the sessions on a database: no right to drop it, other uses of it, and
/// sessions the role may not end. Checked first, as `WITH (FORCE)` does.
const OBSTACLES: &str = "\
    SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE'), \
    (SELECT count(*) FROM pg_catalog.pg_prepared_xacts p WHERE p.database = d.datname), \
    (SELECT count(*) FROM pg_catalog.pg_replication_slots s WHERE s.database = d.datname), \
    ARRAY(SELECT a.pid FROM pg_catalog.pg_stat_activity a \
        JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid \
        JOIN pg_catalog.pg_roles me ON me.rolname = current_user \
        WHERE a.datid = d.oid AND NOT (me.rolsuper OR (NOT r.rolsuper AND \
        (pg_catalog.pg_has_role(r.oid, 'USAGE') OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))) \
        ORDER BY a.pid) \
    FROM pg_catalog.pg_database d WHERE d.datname = $1";

/// Ends the sessions. Skips autovacuum workers, which belong to no role: the drop ends those itself.
const TERMINATE: &str = "\
    SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
    WHERE datname = $1 AND usesysid IS NOT NULL";

/// Does what [`drop_database_with_sessions`] does, on a server of any version: one session drops
/// the database, and a second one ends the other sessions while the drop waits for them.
///
/// The drop holds the database's lock from the start. So nobody can reconnect meanwhile, and there
/// is nothing to undo if it fails or is interrupted.
pub async fn drop_database_by_terminating(url: &ConnectionUrl) -> Result<Dropped> {
    let (session, second) = (maintenance_session(url).await?, maintenance_session(url).await?);
    let name = url.database();
    let cannot_ask = |error| second.error("cannot find out who uses the database", error);
    let Some(row) = second.client.query_opt(OBSTACLES, &[&name]).await.map_err(cannot_ask)? else {
        return Ok(Dropped::Missing);
    };
    let (may_drop, prepared, slots): (bool, i64, i64) = (row.get(0), row.get(1), row.get(2));
    let untouchable: Vec<i32> = row.get(3);
    let sessions = second.activity(Scope::Database(name)).await?;
    if prepared + slots > 0 {
        let detail = format!("prepared transactions that use it: {prepared}, replication slots: {slots}");
        return Ok(Dropped::InUse { sessions, detail });
    }
    if may_drop && !untouchable.is_empty() {
        let pids: Vec<String> = untouchable.iter().map(ToString::to_string).collect();
        return Err(Error::failed(format!(
            "cannot drop the database {name:?} on {}:{}: the role {:?} may not end the sessions {}",
            url.host(),
            url.port(),
            url.user(),
            pids.join(", ")
        )));
    }
    let statement = statement(url, "");
    let mut dropping = std::pin::pin!(session.client.batch_execute(&statement));
    let dropped = loop {
        tokio::select! {
            biased;
            dropped = &mut dropping => break dropped,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        if may_drop {
            // If this fails, the drop reports the sessions that are left.
            let _ = second.client.execute(TERMINATE, &[&name]).await;
        }
    };
    outcome(&second, url, dropped, sessions).await
}

fn statement(url: &ConnectionUrl, option: &str) -> String {
    format!("DROP DATABASE {}{option}", quote_identifier(url.database()))
}

async fn outcome(
    session: &Session,
    url: &ConnectionUrl,
    dropped: Result<(), DriverError>,
    sessions: Vec<Activity>,
) -> Result<Dropped> {
    let name = url.database();
    let error = match dropped {
        Ok(()) => return Ok(Dropped::Gone(sessions)),
        Err(error) => error,
    };
    match error.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => Ok(Dropped::Missing),
        Some(&SqlState::OBJECT_IN_USE) => {
            let said = error.as_db_error().map(|db| db.detail().unwrap_or(db.message()));
            Ok(Dropped::InUse {
                sessions: session.activity(Scope::Database(name)).await?,
                detail: said.unwrap_or_default().to_owned(),
            })
        }
        _ => Err(session.error(&format!("cannot drop the database {name:?}"), error)),
    }
}
