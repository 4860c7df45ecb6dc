//! The state of a server and of the app's tables on it, for diagnosis.

use std::time::Duration;

use crate::error::Result;
use crate::messaging::{MOCK, Timestamp};
use crate::postgres::Session;

/// The app's tables, with the columns that the app reads or writes.
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

/// How far the server's clock is ahead of this machine's, and how precisely that is known, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockDifference {
    /// Negative when the server's clock is behind.
    pub seconds: f64,
    /// Half the round-trip time.
    pub uncertainty: f64,
}

impl ClockDifference {
    /// Computes the difference from this machine's time before and after the request. Assumes that
    /// the server answered halfway between the two.
    #[allow(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
    pub fn new(sent: Timestamp, server: Timestamp, received: Timestamp) -> Self {
        let (sent, received) = (sent.microseconds(), received.microseconds());
        let half = (received - sent) as f64 / 2e6;
        Self { seconds: (server.microseconds() - sent) as f64 / 1e6 - half, uncertainty: half.abs() }
    }

    /// Whether the clocks certainly differ by more than `limit` seconds.
    pub fn exceeds(self, limit: f64) -> bool {
        self.seconds.abs() - self.uncertainty > limit
    }
}

/// What is missing of the app's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Missing tables.
    pub tables: Vec<&'static str>,
    /// Missing columns of the other tables, as `table.column`.
    pub columns: Vec<String>,
}

impl Missing {
    /// Whether all tables are missing.
    pub const fn is_everything(&self) -> bool {
        self.tables.len() == TABLES.len()
    }
}

/// The number of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserCount {
    /// All users.
    pub total: i64,
    /// Users whose Cognito id is [`MOCK`].
    pub mock: i64,
}

impl Session {
    /// Makes the session read-only and sets its statement timeout to `limit`. The server enforces
    /// both, even when the client no longer waits for the answer.
    pub async fn only_look(&self, limit: Duration) -> Result<()> {
        let milliseconds = limit.as_millis().max(1);
        self.client
            .batch_execute(&format!(
                "SET default_transaction_read_only = on; SET statement_timeout = {milliseconds}"
            ))
            .await
            .map_err(|error| self.error("cannot make the session read-only", error))
    }

    /// The TLS version of this session according to the server, such as `TLSv1.3`.
    pub async fn tls_version(&self) -> Result<Option<String>> {
        let row = self
            .client
            .query_one(
                "SELECT max(version) FROM pg_catalog.pg_stat_ssl \
                 WHERE pid = pg_catalog.pg_backend_pid() AND ssl",
                &[],
            )
            .await
            .map_err(|error| self.error("cannot check whether the session is encrypted", error))?;
        Ok(row.get(0))
    }

    /// How far the server's clock is from this machine's.
    pub async fn clock_difference(&self) -> Result<Option<ClockDifference>> {
        // Prepared first, so that only one round trip is measured.
        let what = "cannot get the server's time";
        let ask = "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8";
        let ask = self.client.prepare(ask).await.map_err(|error| self.error(what, error))?;
        let sent = Timestamp::now();
        let row = self.client.query_one(&ask, &[]).await.map_err(|error| self.error(what, error))?;
        let received = Timestamp::now();
        let server = Timestamp::from_microseconds(row.get(0));
        Ok(server.map(|server| ClockDifference::new(sent, server, received)))
    }

    /// Which of the app's tables and columns are missing.
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

    /// Whether the schema `public` has this table.
    pub async fn has_table(&self, table: &str) -> Result<bool> {
        let row = self
            .client
            .query_one("SELECT to_regclass('public.' || quote_ident($1)) IS NOT NULL", &[&table])
            .await
            .map_err(|error| self.error(&format!("cannot look for the table {table:?}"), error))?;
        Ok(row.get(0))
    }

    /// Whether there is any table other than the server's own.
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

    /// The existing users among `handles`, each with its Cognito id.
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

    /// The number of users, and how many of them have no Cognito id.
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
