//! Finds one user, and changes or deletes it.

use std::future::Future;

use uuid::Uuid;

use super::UserPool;
use crate::aws::{DryRun, Plan, Tries, code};
use crate::error::{Error, Reason, Result};
use crate::messaging::PoolUser;

impl UserPool {
    /// The users with the handle `name`, or with the email address or the sub that it is.
    pub async fn find(&self, name: &str) -> Result<Vec<PoolUser>> {
        let attribute = match name {
            _ if name.contains('@') => "email",
            _ if Uuid::try_parse(name).is_ok() => "sub",
            _ => "preferred_username",
        };
        let value = name.replace('\\', r"\\").replace('"', "\\\"");
        self.list_users(Some(&format!("{attribute} = \"{value}\""))).rest().await
    }

    /// The one user that [`Self::find`] finds.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is none, or more than one.
    pub async fn find_one(&self, name: &str) -> Result<PoolUser> {
        let (pool, place) = (&self.id, self.endpoint());
        let mut found = self.find(name).await?;
        match (found.pop(), found.len()) {
            (Some(user), 0) => Ok(user),
            (None, _) => Err(Error::failed(format!("{pool} on {place} has no user {name:?}"))
                .hint(Reason::MissingPoolUser(place.target()))),
            (Some(last), more) => {
                let subs: Vec<String> =
                    found.into_iter().chain([last]).map(|user| user.identity.sub).collect();
                Err(Error::failed(format!("{} users of {pool} on {place} are {name:?}", more + 1))
                    .hint(format!("name one by the sub: {}", subs.join(", "))))
            }
        }
    }

    /// Sets the password of the user with this user name.
    pub async fn set_password(&self, username: &str, password: &str, permanent: bool) -> Result<()> {
        self.conceal(password);
        let set = self.client.admin_set_user_password().user_pool_id(&self.id).username(username);
        let set = set.password(password).permanent(permanent).send().await;
        let what = || format!("cannot set the password in {}", self.id);
        set.map(drop).map_err(|error| self.error_without(password, &what(), &error))
    }

    /// Deletes the user with this user name.
    pub async fn delete(&self, username: &str) -> Result<()> {
        let tries = Tries::default();
        let delete = self.client.admin_delete_user().user_pool_id(&self.id).username(username);
        match delete.customize().interceptor(tries.clone()).send().await {
            Ok(_) => Ok(()),
            // An earlier try deleted the user, but its response was lost.
            Err(error) if code(&error) == Some("UserNotFoundException") && tries.went_unanswered() => Ok(()),
            Err(error) => {
                Err(self.endpoint().error(&format!("cannot delete the user in {}", self.id), &error))
            }
        }
    }

    /// Does `work` with a dry run's client. Returns what it would have sent.
    ///
    /// # Errors
    /// Those of `work`, except for a write that was not sent.
    pub async fn rehearse<T>(&self, work: impl Future<Output = Result<T>>) -> Result<Plan> {
        match work.await {
            Err(error) if !error.is(&Reason::NotSent) => Err(error),
            _ => Ok(self.aws.dry_run.as_ref().map(DryRun::take).unwrap_or_default()),
        }
    }
}
