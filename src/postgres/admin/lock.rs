//! Locks against concurrent runs. Advisory locks need no privilege, lock no table, and end with
//! their session.

use std::fmt;
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::error::Result;
use crate::postgres::{ConnectionUrl, Session, maintenance_session};

/// How long a server may take to notice that a process with a session has ended.
const MAX_LINGER: Duration = Duration::from_secs(2);

/// Work that only one session at a time may do on a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock<'a> {
    /// Renaming a user.
    Renaming(Uuid),
    /// Writing the conversation of a group in a table. The endpoint is not part of the key: one
    /// endpoint has many names.
    Conversation(&'a str, Uuid),
    /// Adding users, or loading a file that may add some.
    Users,
    /// Creating the database of this name; taken on the maintenance database.
    Database(&'a str),
}

impl fmt::Display for Lock<'_> {
    /// Writes the text that is hashed into the lock's key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renaming(user) => write!(f, "cruddur user {user}"),
            Self::Conversation(table, group) => write!(f, "cruddur conversation {table} {group}"),
            Self::Users => f.write_str("cruddur users"),
            Self::Database(name) => write!(f, "cruddur database {name}"),
        }
    }
}

impl Session {
    /// Takes the lock until this session ends. Returns false when another session holds it, and has not
    /// just ended.
    pub async fn try_lock(&self, lock: Lock<'_>) -> Result<bool> {
        let start = Instant::now();
        loop {
            let row = self
                .client
                .query_one(
                    "SELECT pg_catalog.pg_try_advisory_lock(hashtextextended($1, 0))",
                    &[&lock.to_string()],
                )
                .await
                .map_err(|error| self.error("cannot take a lock", error))?;
            if row.get(0) || start.elapsed() >= MAX_LINGER {
                return Ok(row.get(0));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Takes the lock until this session ends. Calls `on_waiting` before it waits for another session.
    pub async fn lock(&self, lock: Lock<'_>, on_waiting: impl FnOnce()) -> Result<()> {
        if self.try_lock(lock).await? {
            return Ok(());
        }
        on_waiting();
        let waited = self
            .client
            .execute("SELECT pg_catalog.pg_advisory_lock(hashtextextended($1, 0))", &[&lock.to_string()])
            .await;
        waited.map(drop).map_err(|error| {
            let gave_up = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
            let error = self.error("cannot wait for the other run", error);
            if gave_up { error.hint("run it again when the other run is done") } else { error }
        })
    }
}

/// A session that keeps others from creating the database of `url` for as long as it is open: this one,
/// on another database, or a new one. `None` for the database `postgres`: the session would have
/// to be on template1, and that blocks CREATE DATABASE.
pub async fn lock_database(
    url: &ConnectionUrl,
    session: Option<Session>,
    on_waiting: impl FnOnce(),
) -> Result<Option<Session>> {
    if url.database() == "postgres" {
        return Ok(None);
    }
    let session = match session {
        Some(session) => session,
        None => maintenance_session(url).await?,
    };
    session.lock(Lock::Database(url.database()), on_waiting).await?;
    Ok(Some(session))
}
