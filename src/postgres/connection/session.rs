//! A session, with errors that say what to do.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connect::Dialer;
use super::failure::describe;
use super::traced::Traced;
use crate::error::{Error, Reason, Result, span};
use crate::postgres::ConnectionUrl;

/// An open session on one database.
pub struct Session {
    pub(crate) client: Traced<Client>,
    pub(crate) url: ConnectionUrl,
}

impl Session {
    /// Connects and signs in. In a dry run, the server refuses all writes of the session.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the server cannot be reached or the database is missing.
    /// [`crate::error::Kind::Config`] when the server refuses the role or its password, or TLS is
    /// not as configured.
    pub async fn open(url: &ConnectionUrl) -> Result<Self> {
        Self::with(Dialer::new(url)?.dial().await?, url).await
    }

    /// Makes a session of an open connection.
    pub(crate) async fn with(client: Traced<Client>, url: &ConnectionUrl) -> Result<Self> {
        let session = Self { client, url: url.clone() };
        if url.read_only {
            // Not a startup parameter: a connection pooler may refuse those.
            let read_only = session.client.batch_execute("SET default_transaction_read_only = on").await;
            read_only.map_err(|error| session.error("cannot make the session read-only", error))?;
        }
        Ok(session)
    }

    /// Asks the server to cancel the running statement, if any. This takes a second connection, and
    /// nothing tells whether it had an effect.
    pub async fn cancel(&self) {
        if let Ok(dialer) = Dialer::new(&self.url) {
            // If the server cannot be reached, the statement is lost too.
            let _ = tokio::time::timeout(self.url.limit, dialer.cancel(self.client.cancel_token())).await;
        }
    }

    /// The URL of this session.
    pub const fn url(&self) -> &ConnectionUrl {
        &self.url
    }

    /// The server's version, such as `15.18`.
    pub async fn server_version(&self) -> Result<String> {
        let row = self
            .client
            .query_one("SELECT split_part(current_setting('server_version'), ' ', 1)", &[])
            .await
            .map_err(|error| self.error("cannot get the server's version", error))?;
        Ok(row.get(0))
    }

    /// The error when `what` got no answer and the server does not confirm that it is working on it.
    pub(crate) fn silent(&self, what: &str) -> Error {
        let limit = self.url.limit;
        let limit_shown = span(limit);
        Error::failed(format!("{what}: no answer from PostgreSQL at {} within {limit_shown}", self.url))
            .hint(Reason::Timeout(limit))
    }

    /// The error of a COMMIT, which says what became of the work; `hint` is shown when that is unknown.
    pub(crate) fn commit_error(&self, what: &str, error: tokio_postgres::Error, hint: &str) -> Error {
        if is_refusal(&error) {
            return self.error(&format!("{what} (rolled back)"), error);
        }
        if self.client.line().is_dead() {
            return self.silent(&format!("{what}, but it may have been committed")).hint(hint);
        }
        let why = "COMMIT got no answer, so it may have been committed";
        Error::failed(format!("{what} on {}: {why}", self.url)).because(error).hint(hint)
    }

    /// The error of this session: `what` failed, on which database, and why.
    pub(crate) fn error(&self, what: &str, error: tokio_postgres::Error) -> Error {
        let is_missing_table = error.code() == Some(&SqlState::UNDEFINED_TABLE);
        if self.client.line().is_dead() {
            return self.silent(what);
        }
        let message = describe(&error);
        let shown = Error::failed(format!("{what} on {}: {message}", self.url));
        // The message already holds what the server said.
        let error = if error.as_db_error().is_some() { shown } else { shown.because(error) };
        if is_missing_table { error.hint(Reason::MissingRelation(self.url.target())) } else { error }
    }
}

/// The hint for work that may have been kept and that a second run resumes.
pub(crate) const GOES_ON: &str = "run the same command again: it continues from what was committed";

/// Where a transaction failed.
pub(crate) enum Failed {
    /// Before COMMIT: nothing was kept.
    Before(tokio_postgres::Error),
    AtCommit(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Before(error)
    }
}

/// Whether the server itself refused a COMMIT. Not for class 57P, where it ends the session: it may
/// have committed before.
fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| !code.code().starts_with("57P"))
}
