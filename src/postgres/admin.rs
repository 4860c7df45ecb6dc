//! Creating and dropping whole databases, from a session on another one.

use tokio_postgres::error::SqlState;

use super::{ConnectionUrl, Session, quote_identifier};
use crate::error::Result;

/// A session on the same server, on a database that is not the one at stake.
pub(super) async fn maintenance_session(url: &ConnectionUrl) -> Result<Session> {
    let other = if url.database() == "postgres" { "template1" } else { "postgres" };
    Session::open(&url.with_database(other)).await
}

/// Creates the database that `url` names. Returns false when it was there already.
pub async fn create_database(url: &ConnectionUrl) -> Result<bool> {
    let session = maintenance_session(url).await?;
    let statement = format!("CREATE DATABASE {}", quote_identifier(url.database()));
    match session.client.batch_execute(&statement).await {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(false),
        Err(error) => Err(session.error(&format!("cannot create the database {:?}", url.database()), error)),
    }
}
