//! Creating and dropping whole databases, from a session on another one.

use tokio_postgres::error::SqlState;

use super::{ConnectionUrl, Session, quote_identifier};
use crate::error::{Error, Result};

/// A session on the same server, on a database that is not the one at stake.
async fn maintenance_session(url: &ConnectionUrl) -> Result<Session> {
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

/// Drops the database that `url` names. Returns false when there was none.
pub async fn drop_database(url: &ConnectionUrl) -> Result<bool> {
    let session = maintenance_session(url).await?;
    let statement = format!("DROP DATABASE {}", quote_identifier(url.database()));
    match session.client.batch_execute(&statement).await {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => Ok(false),
        Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => {
            let detail =
                error.as_db_error().and_then(|db| db.detail()).unwrap_or("others are connected to it");
            Err(Error::failed(format!("cannot drop the database {:?}: {detail}", url.database())).hint(
                format!("close those sessions, then run again: cruddur db drop{}", url.target().flag()),
            ))
        }
        Err(error) => Err(session.error(&format!("cannot drop the database {:?}", url.database()), error)),
    }
}
