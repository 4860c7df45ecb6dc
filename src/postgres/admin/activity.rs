//! Who is connected to the server.

use std::net::IpAddr;

use serde::Serialize;
use tokio_postgres::Row;

use crate::error::{Error, Result};
use crate::messaging::Timestamp;
use crate::postgres::admin::create::{has_database, maintenance_session};
use crate::postgres::{ConnectionUrl, Session};

/// A session on the server, other than our own. Fields the role may not see are `None`: seeing them
/// takes the same role or membership in `pg_read_all_stats`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Activity {
    /// Its backend process.
    pub pid: i32,
    /// The role that signed in.
    pub user: Option<String>,
    /// The database; `None` for a replication session, which copies the whole server.
    pub database: Option<String>,
    /// The client: `address:port`, or `local` over a Unix socket.
    pub client: Option<String>,
    /// Its `application_name`.
    pub application: Option<String>,
    /// Its state, such as `active` or `idle in transaction`.
    pub state: Option<String>,
    /// When it began.
    pub backend_start: Option<Timestamp>,
    /// Its age in seconds, by the server's clock.
    pub age_seconds: Option<f64>,
    /// When its current query began, or its last one.
    pub query_start: Option<Timestamp>,
}

/// Which sessions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Those on one database.
    Database(&'a str),
    /// Those on every database.
    All,
}

/// The query for sessions. It skips autovacuum workers, which give way by themselves, and parallel
/// workers, which belong to their leader. Times come as microseconds since 1970.
const ACTIVITY: &str = "\
    SELECT pid, usename::text, datname::text, host(client_addr), client_port, \
    nullif(application_name, ''), state, \
    (extract(epoch FROM backend_start) * 1000000)::int8, \
    extract(epoch FROM clock_timestamp() - backend_start)::float8, \
    (extract(epoch FROM query_start) * 1000000)::int8 \
    FROM pg_catalog.pg_stat_activity \
    WHERE pid <> pg_catalog.pg_backend_pid() \
    AND (datname = $1 OR ($1 IS NULL AND (datid IS NOT NULL OR backend_type = 'walsender'))) \
    AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'parallel worker') \
    ORDER BY datname, backend_start, pid";

impl Activity {
    /// Whether the server hides this session's details from our role.
    pub const fn is_hidden(&self) -> bool {
        self.backend_start.is_none()
    }

    fn read(row: &Row) -> Self {
        let time = |column: usize| row.get::<_, Option<i64>>(column).and_then(Timestamp::from_microseconds);
        Self {
            pid: row.get(0),
            user: row.get(1),
            database: row.get(2),
            client: client(row.get(3), row.get(4)),
            application: row.get(5),
            state: row.get(6),
            backend_start: time(7),
            age_seconds: row.get(8),
            query_start: time(9),
        }
    }
}

/// Formats a client's address and port; a Unix socket's port is -1.
fn client(address: Option<&str>, port: Option<i32>) -> Option<String> {
    match (address, port?) {
        (None, _) => Some("local".to_owned()),
        (Some(address), port) => Some(match address.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]:{port}"),
            _ => format!("{address}:{port}"),
        }),
    }
}

impl Session {
    /// The sessions on the server other than this one.
    pub async fn activity(&self, scope: Scope<'_>) -> Result<Vec<Activity>> {
        let database = match scope {
            Scope::Database(name) => Some(name),
            Scope::All => None,
        };
        let rows = self
            .client
            .query(ACTIVITY, &[&database])
            .await
            .map_err(|error| self.error("cannot list the sessions", error))?;
        Ok(rows.iter().map(Activity::read).collect())
    }
}

/// The sessions on the server at `url`, whether or not its database exists.
///
/// # Errors
/// [`crate::error::Kind::Failed`] when the database of `scope` does not exist.
pub async fn server_activity(url: &ConnectionUrl, scope: Scope<'_>) -> Result<Vec<Activity>> {
    let session = maintenance_session(url).await?;
    if let Scope::Database(name) = scope
        && !has_database(&session, name).await?
    {
        return Err(Error::failed(format!("there is no database {name:?} on {}:{}", url.host(), url.port())));
    }
    session.activity(scope).await
}
