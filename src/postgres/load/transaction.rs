//! The transaction of an SQL file, by the server's own word.

use tokio_postgres::SimpleQueryMessage;

use super::changes::TupleCounts;
use crate::postgres::Session;

/// Cutting a file into statements rests on this; a role or a database may have another default.
const PIN: &str = "SET LOCAL standard_conforming_strings = on";

/// A backend numbers its transactions one by one, those that write nothing included.
const STATE: &str = "\
    SELECT l.virtualtransaction, \
    CASE WHEN pg_catalog.current_setting('standard_conforming_strings') <> 'on' \
    THEN 'standard_conforming_strings' \
    WHEN pg_catalog.current_setting('client_encoding') <> 'UTF8' THEN 'client_encoding' END \
    FROM pg_catalog.pg_locks l \
    WHERE l.locktype = 'virtualxid' AND l.pid = pg_catalog.pg_backend_pid() \
    AND l.virtualxid = l.virtualtransaction";

/// A transaction as it began.
pub(crate) struct Transaction {
    /// The backend, and the transaction's number in it.
    id: (String, u64),
    /// What the session had counted before.
    pub(crate) counts: TupleCounts,
}

/// What may have become of an open transaction.
pub(crate) enum State {
    Open,
    /// This setting is not what reading the file rests on.
    Changed(String),
    /// A COMMIT or ROLLBACK of the file's own has ended it.
    Ended,
}

impl Session {
    /// Begins a transaction with the statement `begin`.
    pub(crate) async fn begin(&self, begin: &str) -> Result<Transaction, tokio_postgres::Error> {
        self.client.batch_execute(&format!("{begin}; {PIN}")).await?;
        let (id, _) = self.state().await?;
        Ok(Transaction { id, counts: self.tuple_counts().await? })
    }

    /// What has become of `transaction`, as long as nothing has failed in it.
    pub(crate) async fn state_of(&self, transaction: &Transaction) -> Result<State, tokio_postgres::Error> {
        let (id, changed) = self.state().await?;
        Ok(match changed {
            _ if id != transaction.id => State::Ended,
            Some(setting) => State::Changed(setting),
            None => State::Open,
        })
    }

    /// Rolls back. Gives false where `transaction` had ended before, so that there was something
    /// else to roll back, or nothing.
    pub(crate) async fn roll_back(&self, transaction: &Transaction) -> bool {
        // A lost connection has rolled back already.
        let _ = self.client.batch_execute("ROLLBACK").await;
        match self.state().await {
            // Behind a pooler it may be another backend by now.
            Ok(((backend, number), _)) => backend != transaction.id.0 || number == transaction.id.1 + 1,
            Err(_) => true,
        }
    }

    /// The current transaction, and a setting that is not as it must be. One message: it is no
    /// more than one transaction by itself.
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
