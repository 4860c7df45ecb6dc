//! Who is who in the user pool.

use serde::Serialize;

use super::Timestamp;

/// A pool user, as far as matching goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Identity {
    /// The `preferred_username`, which a user may lack.
    pub handle: Option<String>,
    /// The id that the user's tokens carry; never changes.
    pub sub: String,
    /// The email address.
    pub email: Option<String>,
}

impl Identity {
    /// The handle, unless it is missing or blank.
    #[must_use]
    pub fn usable_handle(&self) -> Option<&str> {
        self.handle.as_deref().filter(|handle| !handle.trim().is_empty())
    }
}

/// A user of the user pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PoolUser {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// `CONFIRMED`, `UNCONFIRMED`, `FORCE_CHANGE_PASSWORD` and the like.
    pub status: Option<String>,
    /// Whether it may sign in.
    pub enabled: bool,
    /// When it was created.
    pub created: Option<Timestamp>,
}
