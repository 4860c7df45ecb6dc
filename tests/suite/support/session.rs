//! Sessions that others than cruddur hold open.

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

use super::{Sandbox, eventually, runtime, sql, stack};

/// An open session on a database; it ends when dropped.
pub struct Session {
    client: Client,
    connection: JoinHandle<()>,
    /// The server process behind it.
    pub pid: i32,
}

impl Session {
    /// One that is idle, and calls itself `application`.
    pub fn open(url: &str, application: &str) -> Self {
        let mut config: Config = url.parse().unwrap();
        config.application_name(application);
        runtime().block_on(async {
            let (client, connection) = config.connect(NoTls).await.unwrap();
            let connection = tokio::spawn(async {
                // The server may end it: that is what it is here for.
                let _ = connection.await;
            });
            let pid = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
            Self { client, connection, pid }
        })
    }

    /// The same, in the middle of a transaction.
    pub fn in_transaction(url: &str, application: &str) -> Self {
        let session = Self::open(url, application);
        runtime().block_on(session.client.batch_execute("BEGIN")).unwrap();
        session
    }

    /// The same, having carried out `statements` in it.
    pub fn having_run(url: &str, application: &str, statements: &str) -> Self {
        let session = Self::in_transaction(url, application);
        runtime().block_on(session.client.batch_execute(statements)).unwrap();
        session
    }

    /// Commits what it has carried out.
    pub fn commit(&self) {
        runtime().block_on(self.client.batch_execute("COMMIT")).unwrap();
    }

    /// The same, in the middle of a query that does not end by itself.
    pub fn busy(url: &str, application: &str) -> Self {
        let session = Self::open(url, application);
        let query = session.client.simple_query_raw("SELECT pg_sleep(3600)");
        // Sent; the answer is not waited for.
        drop(runtime().block_on(async { tokio::time::timeout(std::time::Duration::ZERO, query).await }));
        eventually("the query runs", || {
            let state =
                format!("SELECT 1 FROM pg_stat_activity WHERE pid = {} AND state = 'active'", session.pid);
            (!sql(url, &state).is_empty()).then_some(())
        });
        session
    }

    /// Whether the server still serves it, by the server's own word.
    pub fn is_alive(&self) -> bool {
        let query = format!("SELECT 1 FROM pg_stat_activity WHERE pid = {}", self.pid);
        !sql(&stack().url("postgres"), &query).is_empty()
    }
}

impl Sandbox {
    /// Waits until the server has ended cruddur's sessions, which outlive their client for a moment.
    #[track_caller]
    pub fn waits_for_cruddur_to_leave(&self) {
        let ours = format!(
            "SELECT 1 FROM pg_stat_activity WHERE datname = '{}' AND application_name = 'cruddur'",
            self.database()
        );
        eventually("cruddur's sessions are over", || {
            sql(&stack().url("postgres"), &ours).is_empty().then_some(())
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // With a query under way, the connection would outlive its client.
        self.connection.abort();
    }
}
