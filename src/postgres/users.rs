//! The app's users.

use super::Session;
use crate::error::{Error, Result};
use crate::messaging::User;

/// How many of the known handles an error lists.
const LISTED: i64 = 20;

impl Session {
    /// The user with this handle.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is none (the message lists who
    /// is there) or more than one.
    pub async fn user_by_handle(&self, handle: &str) -> Result<User> {
        let rows = self
            .client
            .query(
                "SELECT uuid, display_name, handle FROM public.users WHERE handle = $1 LIMIT 2",
                &[&handle],
            )
            .await
            .map_err(|error| self.error(&format!("cannot look up the user {handle:?}"), error))?;
        match rows.as_slice() {
            [row] => Ok(User { uuid: row.get(0), display_name: row.get(1), handle: row.get(2) }),
            [] => Err(self.no_such_user(handle).await?),
            _ => Err(Error::failed(format!(
                "more than one user has the handle {handle:?} on {}, so it names nobody",
                self.url
            ))),
        }
    }

    async fn no_such_user(&self, handle: &str) -> Result<Error> {
        let rows = self
            .client
            .query("SELECT handle, count(*) OVER () FROM public.users ORDER BY handle LIMIT $1", &[&LISTED])
            .await
            .map_err(|error| self.error("cannot list the users", error))?;
        let error = Error::failed(format!("no user has the handle {handle:?} on {}", self.url));
        let Some(total) = rows.first().map(|row| row.get::<_, i64>(1)) else {
            return Ok(error.hint(format!(
                "the users table is empty; run: cruddur db seed{}",
                self.url.target().flag()
            )));
        };
        let handles: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let more = total - i64::try_from(handles.len()).unwrap_or(total);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Ok(error.hint(format!("who is there: {}{more}", handles.join(", "))))
    }
}
