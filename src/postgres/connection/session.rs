//! One connection, and errors that say what to do.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connect::Dialer;
use super::failure::describe;
use super::traced::Traced;
use crate::error::{Error, Result, span};
use crate::postgres::ConnectionUrl;

/// An open session on one database.
pub struct Session {
    pub(crate) client: Traced<Client>,
    pub(crate) url: ConnectionUrl,
}

impl Session {
    /// Connects and signs in. In a dry run, the server refuses what the session
    /// would write.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the server cannot be reached or the
    /// database is missing, [`crate::error::Kind::Config`] when it refuses the
    /// role or its password, and when TLS is not as was asked for.
    pub async fn open(url: &ConnectionUrl) -> Result<Self> {
        Self::with(Dialer::new(url)?.dial().await?, url).await
    }

    /// The same on a connection that is open.
    pub(crate) async fn with(client: Traced<Client>, url: &ConnectionUrl) -> Result<Self> {
        let session = Self { client, url: url.clone() };
        if url.read_only {
            // Not a start-up parameter, which a connection pooler may refuse.
            let read_only = session.client.batch_execute("SET default_transaction_read_only = on").await;
            read_only.map_err(|error| session.error("cannot make the session read-only", error))?;
        }
        Ok(session)
    }

    /// Asks the server to cancel the statement that it is at, if any. That takes a connection of its own,
    /// and nobody says whether it had an effect.
    pub async fn cancel(&self) {
        if let Ok(dialer) = Dialer::new(&self.url) {
            // Should it get through to nobody, neither did the statement.
            let _ = tokio::time::timeout(self.url.limit, dialer.cancel(self.client.cancel_token())).await;
        }
    }

    /// Where this session is.
    #[must_use]
    pub const fn url(&self) -> &ConnectionUrl {
        &self.url
    }

    /// The server's version, such as `15.18`.
    pub async fn server_version(&self) -> Result<String> {
        let row = self
            .client
            .query_one("SELECT split_part(current_setting('server_version'), ' ', 1)", &[])
            .await
            .map_err(|error| self.error("cannot ask for the server's version", error))?;
        Ok(row.get(0))
    }

    /// `what` failed because nothing came any more, and the server did not say that it is at it.
    pub(crate) fn silent(&self, what: &str) -> Error {
        let limit = self.url.limit;
        let limit_shown = span(limit);
        Error::failed(format!("{what}: no answer from PostgreSQL at {} within {limit_shown}", self.url))
            .out_of_time(limit)
    }

    /// The same of a COMMIT, with what has become of the work; `hint` helps where that is not known.
    pub(crate) fn commit_error(&self, what: &str, error: tokio_postgres::Error, hint: &str) -> Error {
        if is_refusal(&error) {
            return self.error(&format!("{what}, and nothing of it was kept"), error);
        }
        if self.client.line().is_dead() {
            return self.silent(&format!("{what}, and it may have been kept")).hint(hint);
        }
        let why = "COMMIT was not answered, so it may have been kept";
        Error::failed(format!("{what} on {}: {why}", self.url)).because(error).hint(hint)
    }

    /// An error of this session: `what` failed, on which database, and why.
    pub(crate) fn error(&self, what: &str, error: tokio_postgres::Error) -> Error {
        let hint = match error.code() {
            Some(&SqlState::UNDEFINED_TABLE) => {
                Some(format!("run: cruddur db schema-load{}", self.url.target().flag()))
            }
            _ => None,
        };
        if self.client.line().is_dead() {
            return self.silent(what);
        }
        let message = describe(&error);
        let shown = Error::failed(format!("{what} on {}: {message}", self.url));
        // What the server said is in the message already.
        let error = if error.as_db_error().is_some() { shown } else { shown.because(error) };
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What helps where work may have been kept that finds itself.
pub(crate) const GOES_ON: &str = "run the same command again: it goes on from what was kept";

/// Where a transaction failed.
pub(crate) enum Failed {
    /// Nothing is kept.
    Before(tokio_postgres::Error),
    AtCommit(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Before(error)
    }
}

/// Whether the server itself has refused a COMMIT. A session that it ends, class 57P, may have
/// committed before.
fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| !code.code().starts_with("57P"))
}
