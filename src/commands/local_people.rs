//! The app's people in the local stack's user pool: added where they are missing.

use std::collections::HashSet;

use super::target::announce_unasked;
use crate::cognito::{Added, FirstPassword, UserPool};
use crate::config::{LOCAL_PASSWORD, Source, UserPoolId};
use crate::context::Context;
use crate::error::{Reason, Result};
use crate::messaging::Identity;
use crate::output::Ui;
use crate::postgres::Session;

/// A user pool from which setup takes the users' ids.
pub(super) struct PoolOfSetup {
    pool: UserPool,
    /// Nobody has named it, so it need not be there.
    is_default: bool,
    /// Whether people may be added: it is the local stack's, on this machine.
    is_ours: bool,
}

/// What setup read from the pool, and did to it.
pub(super) struct Joined {
    /// Its users, those who are new among them.
    pub(super) identities: Vec<Identity>,
    /// How many are new, or would be in a dry run.
    pub(super) added: usize,
    /// The handles that the pool did not take, for their email addresses.
    refused: Vec<String>,
}

impl Joined {
    /// Warns of the people who are not in the pool.
    pub(super) fn warn_of_refused(&self, ui: &mut Ui) {
        if !self.refused.is_empty() {
            let handles = self.refused.join(", ");
            ui.warn(format!("the user pool does not take the email addresses of {handles}"));
        }
    }
}

impl PoolOfSetup {
    /// Prepares the work, and announces the pool if it may be written to. Sends no request.
    pub(super) async fn open(cx: &Context, ui: &mut Ui, id: UserPoolId) -> Result<Self> {
        let (is_default, is_local) = (*id.source() == Source::Default, id.is_local());
        let pool = cx.cognito(id).await?;
        let is_ours = is_local && announce_unasked(cx, ui, pool.endpoint()).await.0.is_local();
        Ok(Self { pool, is_default, is_ours })
    }

    /// The pool.
    pub(super) const fn pool(&self) -> &UserPool {
        &self.pool
    }

    /// Whether people may be added.
    pub(super) const fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// Why there are no ids when nobody serves a pool that nobody has asked for.
    pub(super) fn nobody_serves_it(&self) -> String {
        format!("nothing serves a user pool at {}", self.pool.endpoint())
    }

    /// Reads the pool, and adds the users of the table that are missing. `None` if nobody serves a
    /// pool that nobody has asked for.
    pub(super) async fn join(&self, cx: &Context, session: &Session) -> Result<Option<Joined>> {
        let users = match self.pool.list_users(None).rest().await {
            Err(error) if self.is_default && error.is(&Reason::NoLocalStack) => return Ok(None),
            users => users?,
        };
        let identities = users.into_iter().map(|user| user.identity).collect();
        let mut joined = Joined { identities, added: 0, refused: Vec::new() };
        if !self.is_ours {
            return Ok(Some(joined));
        }
        let known: HashSet<String> =
            joined.identities.iter().filter_map(|user| user.usable_handle().map(str::to_owned)).collect();
        for person in session.newcomers().await?.into_iter().filter(|person| !known.contains(&person.handle))
        {
            if cx.dry_run() {
                joined.added += 1;
                continue;
            }
            match self.pool.add(&person, FirstPassword::Permanent(LOCAL_PASSWORD)).await? {
                Added::Done(identity) => {
                    joined.identities.push(identity);
                    joined.added += 1;
                }
                Added::Refused(_) => joined.refused.push(person.handle),
            }
        }
        Ok(Some(joined))
    }
}
