//! The connection under a session, and what happens when the server goes silent.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Error};

use super::connect::Dialer;
use super::failure::Failure;
use super::shown::brief;
use crate::error::span;
use crate::postgres::ConnectionUrl;
use crate::trace::SILENCE;

/// Asks for the session that runs this statement, and for the one it waits for. The driver does not
/// expose our backend's process id, so the statement is found by its beginning:
/// `track_activity_query_size` cuts off the rest.
const LOOK: &str = "\
    SELECT coalesce(a.wait_event_type, ''), extract(epoch FROM clock_timestamp() - a.query_start)::float8, \
    o.pid, coalesce(nullif(o.application_name, ''), 'no name'), \
    extract(epoch FROM clock_timestamp() - o.query_start)::float8 \
    FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_stat_activity o \
    ON o.pid = (pg_catalog.pg_blocking_pids(a.pid))[1] \
    WHERE a.usename = current_user AND a.datname = pg_catalog.current_database() \
    AND a.pid <> pg_catalog.pg_backend_pid() AND a.state NOT LIKE 'idle%' \
    AND left(a.query, 60) = left($1, 60) ORDER BY a.query_start LIMIT 1";

/// One connection to a server.
pub(crate) struct Line {
    url: ConnectionUrl,
    connection: AbortHandle,
    /// What is running, where that says more than the statement.
    subject: Mutex<Option<String>>,
    is_dead: AtomicBool,
}

/// What a second connection shows.
enum Look {
    /// The server is working on the statement.
    AtWork(String),
    /// The server does not know the statement, waits for us, or does not answer at all.
    Dead,
}

impl Line {
    pub(crate) fn new(url: &ConnectionUrl, connection: AbortHandle) -> Self {
        Self { url: url.clone(), connection, subject: Mutex::default(), is_dead: AtomicBool::new(false) }
    }

    /// Whether the connection was given up.
    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    /// Sets what is running, until the next call.
    pub(crate) fn run(&self, subject: Option<String>) {
        *self.subject.lock().unwrap_or_else(PoisonError::into_inner) = subject;
    }

    /// Waits for `work`, which runs `sql`. A statement may take hours. When nothing has come within
    /// the limit, asks the server on a second connection whether it is still working. If not,
    /// closes this connection, which makes `work` fail.
    pub(crate) async fn attend<T>(
        &self,
        sql: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limit = self.url.limit;
        let mut work = pin!(work);
        let first = SILENCE.min(limit);
        if let Ok(done) = timeout(first, &mut work).await {
            return done;
        }
        let rest = limit.saturating_sub(first);
        if !rest.is_zero() {
            self.url.trace.waits(limit, || {
                let subject = self.subject.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let what = subject.unwrap_or_else(|| brief(sql));
                format!(
                    "still waiting for PostgreSQL at {} ({what}); will ask the server in {}",
                    self.url,
                    span(rest)
                )
            });
            if let Ok(done) = timeout(rest, &mut work).await {
                return done;
            }
        }
        // Boxed to keep the future small: hardly any statement gets here.
        while let Look::AtWork(how) = Box::pin(self.look(sql)).await {
            self.url.trace.waits(limit, || format!("PostgreSQL at {} {how}", self.url));
            if let Ok(done) = timeout(limit, &mut work).await {
                return done;
            }
        }
        self.is_dead.store(true, Ordering::Relaxed);
        self.connection.abort();
        work.await
    }

    async fn look(&self, sql: &str) -> Look {
        let Ok(dialer) = Dialer::new(&self.url) else { return Look::Dead };
        let look = async {
            match dialer.dial_servers().await {
                Ok((client, _)) => ask(&client, sql).await,
                Err(Failure { is_answer: true, .. }) => {
                    Look::AtWork("answers, but accepts no second connection to ask about it".to_owned())
                }
                Err(_) => Look::Dead,
            }
        };
        timeout(self.url.limit, look).await.unwrap_or(Look::Dead)
    }
}

async fn ask(client: &Client, sql: &str) -> Look {
    let row = match client.query_opt(LOOK, &[&sql]).await {
        // A backend that waits for its client has received nothing of what we sent.
        Ok(Some(row)) if row.get::<_, &str>(0) != "Client" => row,
        // An old server, or one that only imitates PostgreSQL.
        Err(error) if error.as_db_error().is_some() => return Look::AtWork("answers".to_owned()),
        Ok(_) | Err(_) => return Look::Dead,
    };
    let seconds = |column: usize| row.get::<_, Option<f64>>(column).unwrap_or_default().max(0.0).round();
    Look::AtWork(match row.get::<_, Option<i32>>(2) {
        None => format!("has been working on it for {} s", seconds(1)),
        Some(pid) => format!(
            "is waiting for a lock of session {pid} ({}), whose query began {} s ago",
            row.get::<_, &str>(3),
            seconds(4)
        ),
    })
}
