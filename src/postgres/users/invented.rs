//! Adds many invented users at once.

use std::collections::HashMap;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Transaction};

use crate::error::{Error, Result};
use crate::messaging::{InventedUser, MOCK, Timestamp, User};
use crate::postgres::Session;
use crate::postgres::connection::session::{Failed, GOES_ON};
use crate::postgres::connection::traced::Traced;

/// Bytes per message to the server.
const CHUNK: usize = 64 * 1024;

/// The result of adding invented users.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsersAdded {
    /// Rows inserted.
    pub inserted: u64,
    /// Users that already exist under another uuid or name, by their number.
    pub known: HashMap<u64, User>,
}

impl Session {
    /// Adds those of `users` whose uuid and handle do not exist yet, all or none. Uses COPY, so
    /// their number hardly matters.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`], with nothing added, unless the answer to COMMIT is lost.
    pub async fn add_users(
        &mut self,
        users: impl Iterator<Item = InventedUser>,
        created_at: Timestamp,
    ) -> Result<UsersAdded> {
        let added = add(&mut self.client, users, created_at).await;
        let what = "cannot add the users";
        match added {
            Ok(Added::Done(added)) => Ok(added),
            Err(Failed::AtCommit(error)) => Err(self.commit_error(what, error, GOES_ON)),
            Err(Failed::Before(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                let detail = error.as_db_error().and_then(|db| db.detail()).unwrap_or_default();
                Err(Error::failed(format!(
                    "{what} on {}: another user has one of the handles; nothing was added: {detail}",
                    self.url
                ))
                .hint("if that user was added just now, run it again"))
            }
            Err(Failed::Before(error)) => Err(self.error(what, error)),
            Ok(Added::Ambiguous(handle)) => Err(Error::failed(format!(
                "more than one user has the handle {handle:?} on {}, so it is ambiguous; nothing was added",
                self.url
            ))),
        }
    }
}

enum Added {
    Done(UsersAdded),
    /// Two rows have this handle.
    Ambiguous(String),
}

async fn add(
    client: &mut Traced<Client>,
    users: impl Iterator<Item = InventedUser>,
    created_at: Timestamp,
) -> Result<Added, Failed> {
    let transaction = client.transaction().await?;
    transaction
        .batch_execute(
            "CREATE TEMPORARY TABLE invented (number bigint, uuid uuid, display_name text, handle text, \
             email text) ON COMMIT DROP",
        )
        .await?;
    copy(&transaction, users).await?;
    let created_at = created_at.to_string();
    let parameters: [&(dyn ToSql + Sync); 2] = [&MOCK, &created_at];
    // A renamed user keeps the uuid; a user of an earlier database keeps the handle.
    let inserted = transaction
        .execute(
            "INSERT INTO public.users (uuid, display_name, handle, email, cognito_user_id, created_at) \
             SELECT i.uuid, i.display_name, i.handle, i.email, $1, \
             ($2::text)::timestamptz AT TIME ZONE 'UTC' FROM invented i \
             WHERE NOT EXISTS (SELECT FROM public.users u WHERE u.uuid = i.uuid) \
             AND NOT EXISTS (SELECT FROM public.users u WHERE u.handle = i.handle)",
            &parameters,
        )
        .await?;
    let rows = transaction
        .query(
            "SELECT i.number, u.uuid, u.display_name::text, u.handle::text FROM invented i \
             JOIN public.users u ON u.uuid = i.uuid \
             WHERE (u.display_name, u.handle) IS DISTINCT FROM (i.display_name, i.handle) \
             UNION ALL SELECT i.number, u.uuid, u.display_name::text, u.handle::text FROM invented i \
             JOIN public.users u ON u.handle = i.handle \
             WHERE NOT EXISTS (SELECT FROM public.users v WHERE v.uuid = i.uuid)",
            &[],
        )
        .await?;
    let mut known = HashMap::new();
    for row in &rows {
        let number = u64::try_from(row.get::<_, i64>(0)).unwrap_or_default();
        let user = User { uuid: row.get(1), display_name: row.get(2), handle: row.get(3) };
        if let Some(other) = known.insert(number, user) {
            return Ok(Added::Ambiguous(other.handle));
        }
    }
    transaction.commit().await.map_err(Failed::AtCommit)?;
    Ok(Added::Done(UsersAdded { inserted, known }))
}

async fn copy(
    transaction: &Traced<Transaction<'_>>,
    users: impl Iterator<Item = InventedUser>,
) -> Result<(), tokio_postgres::Error> {
    let mut rows = transaction.copy_in("COPY invented FROM STDIN").await?;
    let mut chunk = String::with_capacity(CHUNK + 1024);
    for (number, InventedUser { user, email }) in users.enumerate() {
        let User { uuid, display_name, handle } = user;
        let line = format!("{number}\t{uuid}\t{display_name}\t{handle}\t{email}\n");
        // COPY's text format: names hold none of its special characters, and one would break the row.
        chunk.push_str(&line.replace('\\', "\\\\"));
        if chunk.len() >= CHUNK {
            rows.send(std::mem::take(&mut chunk).into_bytes()).await?;
        }
    }
    rows.send(chunk.into_bytes()).await?;
    rows.finish().await?;
    Ok(())
}
