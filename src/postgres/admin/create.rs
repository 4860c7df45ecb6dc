//! Creates databases, from a session on another one.

use tokio_postgres::error::SqlState;

use crate::error::Result;
use crate::postgres::{ConnectionUrl, Session, quote_identifier};

/// A session on the same server, on a database other than the one in `url`.
///
/// # Errors
/// Those of [`Session::open`].
pub async fn maintenance_session(url: &ConnectionUrl) -> Result<Session> {
    let other = if url.database() == "postgres" { "template1" } else { "postgres" };
    Session::open(&url.with_database(other)).await
}

/// What [`create_database`] would run; `None` when the database exists.
pub async fn plan_create(url: &ConnectionUrl) -> Result<Option<String>> {
    let session = maintenance_session(url).await?;
    Ok(if has_database(&session, url.database()).await? { None } else { Some(create_statement(url)) })
}

/// Whether the server has a database of this name.
pub(crate) async fn has_database(session: &Session, name: &str) -> Result<bool> {
    let known = session
        .client
        .query_opt("SELECT FROM pg_catalog.pg_database WHERE datname = $1", &[&name])
        .await
        .map_err(|error| session.error("cannot look for the database", error))?;
    Ok(known.is_some())
}

/// The statement of [`create_database`].
pub fn create_statement(url: &ConnectionUrl) -> String {
    format!("CREATE DATABASE {}", quote_identifier(url.database()))
}

/// Creates the database of `url`, in this session on another one or in one of its own. Returns false when
/// it already exists.
pub async fn create_database(url: &ConnectionUrl, session: Option<&Session>) -> Result<bool> {
    // The second one is what the server says when another session creates it at the same time.
    const EXISTS: [Option<&SqlState>; 2] =
        [Some(&SqlState::DUPLICATE_DATABASE), Some(&SqlState::UNIQUE_VIOLATION)];
    let session = match session {
        Some(session) => session,
        None => &maintenance_session(url).await?,
    };
    match session.client.batch_execute(&create_statement(url)).await {
        Ok(()) => Ok(true),
        Err(error) if EXISTS.contains(&error.code()) => Ok(false),
        Err(error) => Err(session.error(&format!("cannot create the database {:?}", url.database()), error)),
    }
}
