//! The transaction of an SQL file, as the server sees it.

use tokio_postgres::SimpleQueryMessage;

use super::changes::TupleCounts;
use crate::postgres::Session;

/// Splitting a file into statements relies on this; a role or a database may have another default.
const PIN: &str = "SET LOCAL standard_conforming_strings = on";

/// A backend numbers all its transactions in sequence, even those that write nothing.
const STATE: &str = "\
    SELECT l.virtualtransaction, \
    CASE WHEN pg_catalog.current_setting('standard_conforming_strings') <> 'on' \
    THEN 'standard_conforming_strings' \
    WHEN pg_catalog.current_setting('client_encoding') <> 'UTF8' THEN 'client_encoding' END \
    FROM pg_catalog.pg_locks l \
    WHERE l.locktype = 'virtualxid' AND l.pid = pg_catalog.pg_backend_pid() \
    AND l.virtualxid = l.virtualtransaction";

/// An open transaction.
pub(crate) struct Transaction {
    /// The backend, and the number of the transaction in it.
    id: (String, u64),
    /// The session's counts at its start.
    pub(crate) counts: TupleCounts,
}

/// The state of a transaction.
pub(crate) enum State {
    Open,
    /// This setting was changed, and reading the file relies on it.
    Changed(String),
    /// A COMMIT or ROLLBACK in the file ended it.
    Ended,
}

impl Session {
    /// Begins a transaction with the statement `begin`.
    pub(crate) async fn begin(&self, begin: &str) -> Result<Transaction, tokio_postgres::Error> {
        self.client.batch_execute(&format!("{begin}; {PIN}")).await?;
        let (id, _) = self.state().await?;
        Ok(Transaction { id, counts: self.tuple_counts().await? })
    }

    /// The state of `transaction`, as long as nothing in it has failed.
    pub(crate) async fn state_of(&self, transaction: &Transaction) -> Result<State, tokio_postgres::Error> {
        let (id, changed) = self.state().await?;
        Ok(match changed {
            _ if id != transaction.id => State::Ended,
            Some(setting) => State::Changed(setting),
            None => State::Open,
        })
    }

    /// Rolls back. Returns false when `transaction` had already ended, so that this rolled back
    /// another one, or none.
    pub(crate) async fn roll_back(&self, transaction: &Transaction) -> bool {
        // A lost connection is rolled back already.
        let _ = self.client.batch_execute("ROLLBACK").await;
        match self.state().await {
            // Behind a pooler this may be another backend.
            Ok(((backend, number), _)) => backend != transaction.id.0 || number == transaction.id.1 + 1,
            Err(_) => true,
        }
    }

    /// The current transaction, and a setting that was changed. One message, so it is at most one
    /// transaction of its own.
    async fn state(&self) -> Result<((String, u64), Option<String>), tokio_postgres::Error> {
        let messages = self.client.simple_query(STATE).await?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let id = row.and_then(|row| row.get(0)).unwrap_or_default();
        let (backend, number) = id.rsplit_once('/').unwrap_or_default();
        let changed = row.and_then(|row| row.get(1)).map(ToOwned::to_owned);
        Ok(((backend.to_owned(), number.parse().unwrap_or_default()), changed))
    }
}
