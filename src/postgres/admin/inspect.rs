//! How a server and the app's tables on it are, for whoever looks for faults.

use std::time::Duration;

use crate::error::Result;
use crate::messaging::{MOCK, Timestamp};
use crate::postgres::Session;

/// The app's tables, and the columns that their readers and writers name.
const TABLES: [(&str, &[&str]); 2] = [
    ("users", &["uuid", "display_name", "handle", "email", "cognito_user_id", "created_at"]),
    (
        "activities",
        &[
            "uuid",
            "user_uuid",
            "message",
            "replies_count",
            "reposts_count",
            "likes_count",
            "reply_to_activity_uuid",
            "expires_at",
            "created_at",
        ],
    ),
];

/// How far the server's clock is ahead of this machine's, and how exactly that is
/// known; in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockDifference {
    /// Negative when the server's is behind.
    pub seconds: f64,
    /// Half of the time that asking took.
    pub uncertainty: f64,
}

impl ClockDifference {
    /// From this machine's time before and after the server said its own. The answer
    /// is taken to have been made in the middle.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
    pub fn new(sent: Timestamp, server: Timestamp, received: Timestamp) -> Self {
        let (sent, received) = (sent.microseconds(), received.microseconds());
        let half = (received - sent) as f64 / 2e6;
        Self { seconds: (server.microseconds() - sent) as f64 / 1e6 - half, uncertainty: half.abs() }
    }

    /// Whether the clocks surely differ by more than `limit` seconds.
    #[must_use]
    pub fn exceeds(self, limit: f64) -> bool {
        self.seconds.abs() - self.uncertainty > limit
    }
}

/// What of the app's tables is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Tables.
    pub tables: Vec<&'static str>,
    /// Columns of the others, as `table.column`.
    pub columns: Vec<String>,
}

impl Missing {
    /// Whether none of the tables is there.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.tables.len() == TABLES.len()
    }
}

/// How many users there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserCount {
    /// All of them.
    pub total: i64,
    /// Those whose Cognito id is [`MOCK`].
    pub mock: i64,
}

impl Session {
    /// From now on the server refuses what writes, and breaks off what takes longer
    /// than `limit`, also when nobody waits for the answer any more.
    pub async fn only_look(&self, limit: Duration) -> Result<()> {
        let milliseconds = limit.as_millis().max(1);
        self.client
            .batch_execute(&format!(
                "SET default_transaction_read_only = on; SET statement_timeout = {milliseconds}"
            ))
            .await
            .map_err(|error| self.error("cannot make the session read-only", error))
    }

    /// The version of TLS that this session is encrypted with, such as `TLSv1.3`, by
    /// the server's word.
    pub async fn tls_version(&self) -> Result<Option<String>> {
        let row = self
            .client
            .query_one(
                "SELECT max(version) FROM pg_catalog.pg_stat_ssl \
                 WHERE pid = pg_catalog.pg_backend_pid() AND ssl",
                &[],
            )
            .await
            .map_err(|error| self.error("cannot ask whether the session is encrypted", error))?;
        Ok(row.get(0))
    }

    /// How far the server's clock is from this machine's.
    pub async fn clock_difference(&self) -> Result<Option<ClockDifference>> {
        // Prepared first: what is measured is one round trip.
        let what = "cannot ask for the server's time";
        let ask = "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8";
        let ask = self.client.prepare(ask).await.map_err(|error| self.error(what, error))?;
        let sent = Timestamp::now();
        let row = self.client.query_one(&ask, &[]).await.map_err(|error| self.error(what, error))?;
        let received = Timestamp::now();
        let server = Timestamp::from_microseconds(row.get(0));
        Ok(server.map(|server| ClockDifference::new(sent, server, received)))
    }

    /// What of the app's tables is not there.
    pub async fn missing_tables(&self) -> Result<Missing> {
        let rows = self
            .client
            .query(
                "SELECT c.relname::text, array_agg(a.attname::text) FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
                 WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped \
                 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') GROUP BY c.relname",
                &[],
            )
            .await
            .map_err(|error| self.error("cannot look for the tables", error))?;
        let there: Vec<(String, Vec<String>)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let columns_of = |table: &str| there.iter().find(|(name, _)| name == table).map(|(_, found)| found);
        let mut missing = Missing { tables: Vec::new(), columns: Vec::new() };
        for (table, columns) in TABLES {
            let Some(found) = columns_of(table) else {
                missing.tables.push(table);
                continue;
            };
            let lacking = columns.iter().filter(|column| !found.iter().any(|name| name == *column));
            missing.columns.extend(lacking.map(|column| format!("{table}.{column}")));
        }
        Ok(missing)
    }

    /// Whether the app's schema has this table.
    pub async fn has_table(&self, table: &str) -> Result<bool> {
        let row = self
            .client
            .query_one("SELECT to_regclass('public.' || quote_ident($1)) IS NOT NULL", &[&table])
            .await
            .map_err(|error| self.error(&format!("cannot look for the table {table:?}"), error))?;
        Ok(row.get(0))
    }

    /// Whether there is any table that is not the server's own.
    pub async fn has_tables(&self) -> Result<bool> {
        let row = self
            .client
            .query_one(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' \
                 AND n.nspname <> 'information_schema')",
                &[],
            )
            .await
            .map_err(|error| self.error("cannot look for tables", error))?;
        Ok(row.get(0))
    }

    /// The handles of those of `handles` that there are, and their Cognito ids.
    pub async fn cognito_ids(&self, handles: &[&str]) -> Result<Vec<(String, String)>> {
        let rows = self
            .client
            .query(
                "SELECT handle::text, cognito_user_id::text FROM public.users WHERE handle = ANY($1)",
                &[&handles],
            )
            .await
            .map_err(|error| self.error("cannot look up Cognito ids", error))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// How many users there are, and how many of them without a Cognito id.
    pub async fn count_users(&self) -> Result<UserCount> {
        let row = self
            .client
            .query_one(
                "SELECT count(*), count(*) FILTER (WHERE cognito_user_id = $1) FROM public.users",
                &[&MOCK],
            )
            .await
            .map_err(|error| self.error("cannot count the users", error))?;
        Ok(UserCount { total: row.get(0), mock: row.get(1) })
    }
}
