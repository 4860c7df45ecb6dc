//! Lists users, page by page.

use std::collections::HashSet;

use aws_sdk_cognitoidentityprovider::primitives::DateTimeFormat;
use aws_sdk_cognitoidentityprovider::types::UserType;

use super::UserPool;
use crate::error::{Error, Result};
use crate::messaging::PoolUser;

/// The page size limit of ListUsers.
const PAGE: i32 = 60;

/// A listing in progress. Call [`Listing::next_page`] until it returns `None`.
pub struct Listing<'a> {
    pool: &'a UserPool,
    filter: Option<String>,
    token: Option<String>,
    /// The tokens used so far.
    seen: HashSet<String>,
    done: bool,
}

impl UserPool {
    /// Lists the pool's users that match `filter`.
    pub fn list_users(&self, filter: Option<&str>) -> Listing<'_> {
        Listing {
            pool: self,
            filter: filter.map(ToOwned::to_owned),
            token: None,
            seen: HashSet::new(),
            done: false,
        }
    }
}

impl Listing<'_> {
    /// The next page, which may be empty; `None` after the last one.
    ///
    /// Requests no attributes by name: one that a user lacks can fail the whole request. Only the
    /// token may differ between pages.
    pub async fn next_page(&mut self) -> Result<Option<Vec<PoolUser>>> {
        if self.done {
            return Ok(None);
        }
        let request = self
            .pool
            .client
            .list_users()
            .user_pool_id(&self.pool.id)
            .limit(PAGE)
            .set_filter(self.filter.clone())
            .set_pagination_token(self.token.clone());
        let page = request.send().await.map_err(|error| self.pool.error(self.filter.as_deref(), &error))?;
        self.token = page.pagination_token.filter(|token| !token.is_empty());
        match &self.token {
            None => self.done = true,
            Some(token) if !self.seen.insert(token.clone()) => {
                return Err(self
                    .pool
                    .endpoint()
                    .repeats(&format!("cannot list the users of {}", self.pool.id)));
            }
            Some(_) => {}
        }
        page.users
            .unwrap_or_default()
            .into_iter()
            .map(|user| self.pool.user(user))
            .collect::<Result<_>>()
            .map(Some)
    }

    /// Whether there are pages left.
    pub const fn has_more(&self) -> bool {
        !self.done
    }

    /// All remaining pages.
    pub async fn rest(mut self) -> Result<Vec<PoolUser>> {
        let mut users = Vec::new();
        while let Some(mut page) = self.next_page().await? {
            users.append(&mut page);
        }
        Ok(users)
    }
}

impl UserPool {
    pub(super) fn user(&self, user: UserType) -> Result<PoolUser> {
        let attributes = user.attributes.unwrap_or_default().into_iter();
        let mut identity = super::identity(attributes.map(|attribute| (attribute.name, attribute.value)))
            .ok_or_else(|| {
                Error::failed(format!(
                    "Cognito on {} returned a user of {} without a sub",
                    self.endpoint(),
                    self.id
                ))
            })?;
        let created = user.user_create_date.and_then(|date| date.fmt(DateTimeFormat::DateTime).ok());
        identity.status = user.user_status.map(|status| status.as_str().to_owned());
        Ok(PoolUser {
            username: user.username.unwrap_or_default(),
            identity,
            enabled: user.enabled,
            created: created.and_then(|text| text.parse().ok()),
        })
    }
}
