//! The app's users.

mod cognito_ids;
mod invented;

use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{Session, quote_literal};
use crate::error::{Error, Reason, Result};
use crate::messaging::User;
use crate::nearest::nearest;
use crate::postgres::connection::session::{Failed, GOES_ON};

pub use cognito_ids::{COGNITO_INSERT, COGNITO_UPDATE, MissingUsers};
pub use invented::UsersAdded;

/// How many of the known handles an error lists.
const LISTED: i64 = 20;
/// How many handles are compared, at most, with one that does not exist.
const COMPARED: i64 = 10_000;

/// Renames the user that still has the old names.
const UPDATE_NAMES: &str = "UPDATE public.users SET handle = $1, display_name = $2 \
    WHERE uuid = $3 AND handle = $4 AND display_name = $5";

/// The outcome of renaming a user.
enum Renamed {
    Done,
    /// Another user has the new handle.
    Taken,
    /// The user has changed since it was read.
    Changed,
}

impl Session {
    /// The user with this handle.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is none (the message lists the handles), or more than one.
    pub async fn user_by_handle(&self, handle: &str) -> Result<User> {
        match self.find_user(handle).await? {
            Some(user) => Ok(user),
            None => Err(self.no_such_user(handle).await?),
        }
    }

    /// The user with this handle, if any.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there are several.
    pub async fn find_user(&self, handle: &str) -> Result<Option<User>> {
        let rows = self
            .client
            .query(
                "SELECT uuid, display_name, handle FROM public.users WHERE handle = $1 LIMIT 2",
                &[&handle],
            )
            .await
            .map_err(|error| self.error(&format!("cannot look up the user {handle:?}"), error))?;
        match rows.as_slice() {
            [row] => Ok(Some(User { uuid: row.get(0), display_name: row.get(1), handle: row.get(2) })),
            [] => Ok(None),
            _ => Err(Error::failed(format!(
                "more than one user has the handle {handle:?} on {}, so it is ambiguous",
                self.url
            ))),
        }
    }

    /// Renames the user `from` to `to`, unless another user has that handle. The table may have no
    /// unique constraint, so this locks out new users until the transaction ends.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`], with nothing written; also when the handle is taken, or the
    /// user no longer matches `from`. When the answer to COMMIT is lost, the change may be kept.
    pub async fn rename_user(&mut self, from: &User, to: &User) -> Result<()> {
        let renamed = self.try_rename_user(from, to).await;
        let what = "cannot rename the user";
        let renamed = match renamed {
            Err(Failed::AtCommit(error)) => return Err(self.commit_error(what, error, GOES_ON)),
            // A unique constraint that covers more than the exact handle, such as one that ignores case.
            Err(Failed::Before(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Renamed::Taken,
            Err(Failed::Before(error)) => {
                let locked = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
                let error = self.error(what, error);
                return Err(if locked {
                    error.hint("nothing was written; run it again when the table is less busy")
                } else {
                    error
                });
            }
            Ok(renamed) => renamed,
        };
        let why = match renamed {
            Renamed::Done => return Ok(()),
            Renamed::Taken => return Err(self.handle_taken(&to.handle)),
            Renamed::Changed => "somebody else has just changed the user",
        };
        Err(Error::failed(format!("cannot rename the user on {}: {why}; nothing was written", self.url))
            .hint("run it again"))
    }

    /// The statement of [`Self::rename_user`], with its values filled in.
    pub fn plan_rename_user(&self, from: &User, to: &User) -> String {
        let uuid = from.uuid.to_string();
        let values = [&to.handle, &to.display_name, &uuid, &from.handle, &from.display_name];
        (1..).zip(values).fold(UPDATE_NAMES.to_owned(), |statement, (number, value)| {
            statement.replacen(&format!("${number}"), &quote_literal(value), 1)
        })
    }

    async fn try_rename_user(&mut self, from: &User, to: &User) -> std::result::Result<Renamed, Failed> {
        let transaction = self.client.transaction().await?;
        transaction
            .batch_execute(
                "SET LOCAL lock_timeout = '2s'; LOCK TABLE public.users IN SHARE ROW EXCLUSIVE MODE",
            )
            .await?;
        let taken = transaction
            .query(
                "SELECT FROM public.users WHERE handle = $1 AND uuid <> $2 LIMIT 1",
                &[&to.handle, &to.uuid],
            )
            .await?;
        if !taken.is_empty() {
            return Ok(Renamed::Taken);
        }
        let changed = transaction
            .execute(
                UPDATE_NAMES,
                &[&to.handle, &to.display_name, &from.uuid, &from.handle, &from.display_name],
            )
            .await?;
        if changed != 1 {
            return Ok(Renamed::Changed);
        }
        transaction.commit().await.map_err(Failed::AtCommit)?;
        Ok(Renamed::Done)
    }

    /// The error when another user has `handle`.
    pub fn handle_taken(&self, handle: &str) -> Error {
        Error::failed(format!("the handle {handle:?} is taken on {}; nothing was written", self.url))
    }

    /// The users among `uuids` that exist, in no particular order.
    pub async fn users_by_uuid(&self, uuids: &[Uuid]) -> Result<Vec<User>> {
        let rows = self
            .client
            .query("SELECT uuid, display_name, handle FROM public.users WHERE uuid = ANY($1)", &[&uuids])
            .await
            .map_err(|error| self.error("cannot look up users", error))?;
        Ok(rows
            .iter()
            .map(|row| User { uuid: row.get(0), display_name: row.get(1), handle: row.get(2) })
            .collect())
    }

    /// The handles that begin with `prefix`, in order, each with its display name; at most `limit`.
    pub async fn users_by_prefix(&self, prefix: &str, limit: i64) -> Result<Vec<(String, String)>> {
        let rows = self
            .client
            .query(
                "SELECT handle, display_name FROM public.users WHERE left(handle, length($1)) = $1 \
                 ORDER BY handle LIMIT $2",
                &[&prefix, &limit],
            )
            .await
            .map_err(|error| self.error("cannot look up handles", error))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// The nearest handle to `handle`, among those of similar length.
    async fn handle_like(&self, handle: &str) -> Result<Option<String>> {
        let rows = self
            .client
            .query(
                "SELECT handle FROM public.users WHERE abs(length(handle) - length($1)) <= 2 \
                 ORDER BY left(handle, 1) <> left($1, 1) LIMIT $2",
                &[&handle, &COMPARED],
            )
            .await
            .map_err(|error| self.error("cannot look for similar handles", error))?;
        let handles: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        Ok(nearest(handle, &handles).cloned())
    }

    /// The error when no user has `handle`; lists those that exist.
    pub async fn no_such_user(&self, handle: &str) -> Result<Error> {
        let rows = self
            .client
            .query("SELECT handle, count(*) OVER () FROM public.users ORDER BY handle LIMIT $1", &[&LISTED])
            .await
            .map_err(|error| self.error("cannot list the users", error))?;
        let error = Error::failed(format!("no user has the handle {handle:?} on {}", self.url));
        let Some(total) = rows.first().map(|row| row.get::<_, i64>(1)) else {
            return Ok(error.hint(Reason::NoUsers(self.url.target())));
        };
        let handles: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let more = total - i64::try_from(handles.len()).unwrap_or(total);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let error = match self.handle_like(handle).await? {
            Some(like) => error.hint(format!("did you mean {like:?}?")),
            None => error,
        };
        Ok(error.hint(format!("existing handles: {}{more}", handles.join(", "))))
    }
}
