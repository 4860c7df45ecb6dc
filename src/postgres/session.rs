//! One connection, and errors that say what to do.

use std::io;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::ConnectionUrl;
use super::url::CONNECT_TIMEOUT;
use crate::config::Target;
use crate::error::{Error, Result};

/// An open session on one database.
pub struct Session {
    pub(super) client: Client,
    pub(super) url: ConnectionUrl,
}

impl Session {
    /// Connects and signs in.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the server cannot be reached or the
    /// database is missing, [`crate::error::Kind::Config`] when it refuses the
    /// role or its password.
    pub async fn open(url: &ConnectionUrl) -> Result<Self> {
        let config = url.plaintext()?;
        // The driver's own limit ends with the TCP handshake; a listener that then
        // says nothing would hold us for ever.
        let patience = config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
        let (client, connection) = tokio::time::timeout(patience, config.connect(NoTls))
            .await
            .map_err(|_| no_answer(url, patience))?
            .map_err(|error| connect_error(url, error))?;
        // Ends with the client; what it has to say reaches us as the client's errors.
        tokio::spawn(connection);
        Ok(Self { client, url: url.clone() })
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

    /// An error of this session: `what` failed, on which database, and why.
    pub(super) fn error(&self, what: &str, error: tokio_postgres::Error) -> Error {
        let hint = match error.code() {
            Some(&SqlState::UNDEFINED_TABLE) => {
                Some(format!("run: cruddur db schema-load{}", self.url.target().flag()))
            }
            _ => None,
        };
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

/// The server's own message, with its detail, or the driver's.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => match db.detail() {
            Some(detail) => format!("{} ({detail})", db.message()),
            None => db.message().to_owned(),
        },
        None => error.to_string(),
    }
}

fn connect_error(url: &ConnectionUrl, error: tokio_postgres::Error) -> Error {
    let prod = url.target().flag();
    let role = url.user();
    match error.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => Error::failed(format!(
            "there is no database {:?} on {}:{}",
            url.database(),
            url.host(),
            url.port()
        ))
        .hint(format!("run: cruddur db create{prod}")),
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            Error::config(format!("PostgreSQL at {url} refuses the role {role:?}: {}", describe(&error)))
                .hint(format!("check the user and the password in {}", variable(url.target())))
        }
        Some(&SqlState::CANNOT_CONNECT_NOW) => Error::failed(format!(
            "PostgreSQL at {url} is starting up or shutting down: {}",
            describe(&error)
        ))
        .hint("try again in a moment"),
        Some(&SqlState::TOO_MANY_CONNECTIONS) => {
            Error::failed(format!("PostgreSQL at {url} takes no more connections: {}", describe(&error)))
        }
        Some(_) => Error::failed(format!("PostgreSQL at {url} refuses the connection: {}", describe(&error))),
        None => unreachable_error(url, error),
    }
}

fn unreachable_error(url: &ConnectionUrl, error: tokio_postgres::Error) -> Error {
    use std::error::Error as _;
    // The driver reports a missing password only in words, before it asks the server.
    if error.source().is_some_and(|cause| cause.to_string().contains("password missing")) {
        return Error::config(format!("PostgreSQL at {url} asks for a password, and none is set"))
            .hint(format!("add it to {}: postgresql://USER:PASSWORD@…", variable(url.target())));
    }
    let refused = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
    let error = Error::failed(format!("cannot reach PostgreSQL at {url}")).because(error);
    match url.target() {
        Target::Local if refused => error.hint("run: cruddur local up"),
        Target::Local => error.hint("check CONNECTION_URL; for the local stack run: cruddur local up"),
        Target::Prod => {
            error.hint("check PROD_CONNECTION_URL, and that the database's security group lets you in")
        }
    }
}

fn no_answer(url: &ConnectionUrl, patience: Duration) -> Error {
    Error::failed(format!("no answer from PostgreSQL at {url} within {} seconds", patience.as_secs()))
        .hint(format!("check {}; its connect_timeout sets how long to wait", variable(url.target())))
}

const fn variable(target: Target) -> &'static str {
    match target {
        Target::Local => "CONNECTION_URL",
        Target::Prod => "PROD_CONNECTION_URL",
    }
}
