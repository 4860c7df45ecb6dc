//! Matches the user pool's users and the app's by their handles.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use uuid::Uuid;

use super::Timestamp;

/// The value of `cognito_user_id` until it is replaced by the pool's `sub`.
pub const MOCK: &str = "MOCK";

/// The status of a pool user whose sign-up is not confirmed.
const UNCONFIRMED: &str = "UNCONFIRMED";

/// A pool user, as far as matching needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Identity {
    /// The `preferred_username`, which a user may lack.
    pub handle: Option<String>,
    /// The id in the user's tokens; never changes.
    pub sub: String,
    /// The email address.
    pub email: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// `CONFIRMED`, `UNCONFIRMED`, `FORCE_CHANGE_PASSWORD` and the like.
    pub status: Option<String>,
}

impl Identity {
    /// The handle, unless it is missing or blank.
    pub fn usable_handle(&self) -> Option<&str> {
        self.handle.as_deref().filter(|handle| !handle.trim().is_empty())
    }
}

/// A user of the user pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PoolUser {
    /// The name by which the service finds the user, often the `sub`.
    #[serde(skip)]
    pub username: String,
    /// The fields used for matching.
    #[serde(flatten)]
    pub identity: Identity,
    /// Whether the user may sign in.
    pub enabled: bool,
    /// When it was created.
    pub created: Option<Timestamp>,
}

impl PoolUser {
    /// The handle, or else the user name.
    pub fn name(&self) -> &str {
        self.identity.usable_handle().unwrap_or(&self.username)
    }
}

/// Somebody who can be added to a user pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The future `preferred_username`.
    pub handle: String,
    /// The future `name`.
    pub display_name: String,
    /// The address to sign in by.
    pub email: String,
}

/// A row of the users table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppUser {
    /// The row's key.
    pub uuid: Uuid,
    /// The handle; tables other than ours may allow NULL.
    pub handle: Option<String>,
    /// The value of `cognito_user_id`.
    pub cognito_user_id: Option<String>,
}

/// What happens to a row and its pool user, or to either alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchOutcome {
    /// The row is given the pool user's `sub`.
    Updated,
    /// The row already has it.
    Unchanged,
    /// A pool user whose handle no row has.
    NotInTable,
    /// A row whose handle no pool user has.
    NotInPool,
    /// A pool user without a handle.
    NoHandle,
    /// Two rows or two pool users share the handle, so they cannot be matched.
    Ambiguous,
    /// A pool user whose handle no row has, and who is given one.
    Added,
    /// The same, who is given none because a row with another handle has the `sub`.
    OtherHandle,
    /// The same, because nobody has confirmed the sign-up.
    Unconfirmed,
    /// The same, because there is no email address.
    NoEmail,
    /// The same, because there is no display name.
    NoName,
}

/// One line of the difference between the pool and the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    /// What happens to it.
    pub result: MatchOutcome,
    /// The handle.
    pub handle: Option<String>,
    /// The pool user's email address.
    pub email: Option<String>,
    /// The pool user's display name.
    pub name: Option<String>,
    /// The pool user's status.
    #[serde(skip)]
    pub status: Option<String>,
    /// The row.
    pub user_uuid: Option<Uuid>,
    /// The previous value of the row's `cognito_user_id`.
    pub old: Option<String>,
    /// The pool user's `sub`.
    pub new: Option<String>,
    /// Whether the row still has `MOCK` afterwards.
    pub still_mock: bool,
}

/// The number of lines for each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// [`MatchOutcome::Updated`]
    pub updated: usize,
    /// [`MatchOutcome::Unchanged`]
    pub unchanged: usize,
    /// [`MatchOutcome::NotInTable`]
    pub not_in_table: usize,
    /// [`MatchOutcome::NotInPool`]
    pub not_in_pool: usize,
    /// [`MatchOutcome::NoHandle`]
    pub no_handle: usize,
    /// [`MatchOutcome::Ambiguous`]
    pub ambiguous: usize,
    /// [`MatchOutcome::Added`]
    pub added: usize,
    /// The pool users who are given no row, although those without one are to be added.
    pub not_added: usize,
    /// The rows left with `MOCK`, which are also counted above.
    pub still_mock: usize,
}

impl Match {
    fn of(result: MatchOutcome, row: Option<AppUser>, user: Option<Identity>) -> Self {
        let (user_uuid, row_handle, old) =
            row.map_or((None, None, None), |row| (Some(row.uuid), row.handle, row.cognito_user_id));
        let (new, user) = user.map_or_else(Default::default, |user| (Some(user.sub.clone()), user));
        Self {
            result,
            handle: row_handle.or(user.handle),
            email: user.email,
            name: user.name,
            status: user.status,
            user_uuid,
            still_mock: result != MatchOutcome::Updated && old.as_deref() == Some(MOCK),
            old,
            new,
        }
    }

    /// Whether a real id is replaced: neither `MOCK` nor blank.
    pub fn replaces_an_id(&self) -> bool {
        let is_id = |old: &str| !old.trim().is_empty() && old != MOCK;
        self.result == MatchOutcome::Updated && self.old.as_deref().is_some_and(is_id)
    }
}

impl Tally {
    /// Counts `matches`.
    pub fn of(matches: &[Match]) -> Self {
        let mut tally = Self::default();
        for one in matches {
            let count = match one.result {
                MatchOutcome::Updated => &mut tally.updated,
                MatchOutcome::Unchanged => &mut tally.unchanged,
                MatchOutcome::NotInTable => &mut tally.not_in_table,
                MatchOutcome::NotInPool => &mut tally.not_in_pool,
                MatchOutcome::NoHandle => &mut tally.no_handle,
                MatchOutcome::Ambiguous => &mut tally.ambiguous,
                MatchOutcome::Added => &mut tally.added,
                MatchOutcome::OtherHandle
                | MatchOutcome::Unconfirmed
                | MatchOutcome::NoEmail
                | MatchOutcome::NoName => &mut tally.not_added,
            };
            *count += 1;
            tally.still_mock += usize::from(one.still_mock);
        }
        tally
    }

    /// The number of lines that are neither updated, nor unchanged, nor added.
    pub const fn unmatched(&self) -> usize {
        self.not_added + self.not_in_table + self.not_in_pool + self.no_handle + self.ambiguous
    }
}

/// Matches `rows` and `pool` by handle, exactly as written; never guesses. Sorted by handle; those
/// without a handle come last.
pub fn match_users(rows: Vec<AppUser>, pool: Vec<Identity>) -> Vec<Match> {
    let mut by_handle: BTreeMap<String, (Vec<AppUser>, Vec<Identity>)> = BTreeMap::new();
    let mut without_handle = Vec::new();
    for row in rows {
        match row.handle.clone() {
            Some(handle) => by_handle.entry(handle).or_default().0.push(row),
            None => without_handle.push(Match::of(MatchOutcome::NotInPool, Some(row), None)),
        }
    }
    // A user who moves between pages while they are read may appear twice.
    for user in pool.into_iter().collect::<BTreeSet<_>>() {
        match user.usable_handle().map(ToOwned::to_owned) {
            Some(handle) => by_handle.entry(handle).or_default().1.push(user),
            None => without_handle.push(Match::of(MatchOutcome::NoHandle, None, Some(user))),
        }
    }
    let mut matches = Vec::new();
    for (mut rows, mut users) in by_handle.into_values() {
        if rows.len() > 1 || users.len() > 1 {
            rows.sort();
            matches.extend(rows.into_iter().map(|row| Match::of(MatchOutcome::Ambiguous, Some(row), None)));
            matches
                .extend(users.into_iter().map(|user| Match::of(MatchOutcome::Ambiguous, None, Some(user))));
            continue;
        }
        let (row, user) = (rows.pop(), users.pop());
        let result = match (&row, &user) {
            (Some(row), Some(user)) if row.cognito_user_id.as_deref() == Some(&user.sub) => {
                MatchOutcome::Unchanged
            }
            (Some(_), Some(_)) => MatchOutcome::Updated,
            (Some(_), None) => MatchOutcome::NotInPool,
            (None, _) => MatchOutcome::NotInTable,
        };
        matches.push(Match::of(result, row, user));
    }
    matches.append(&mut without_handle);
    matches
}

/// Decides who of those in the pool and not in the table is given a row: whoever has all that a row
/// needs, and has confirmed the sign-up, unless a row with another handle is that user's.
pub fn add_missing(matches: &mut [Match]) {
    let id = |row: &Match| {
        let is_updated = row.result == MatchOutcome::Updated;
        row.user_uuid.and(if is_updated { row.new.clone() } else { row.old.clone() })
    };
    let mut ids: BTreeSet<String> = matches.iter().filter_map(id).collect();
    let lacks = |value: &Option<String>| value.as_deref().is_none_or(|value| value.trim().is_empty());
    for one in matches.iter_mut().filter(|one| one.result == MatchOutcome::NotInTable) {
        let sub = one.new.clone().unwrap_or_default();
        one.result = match one {
            _ if ids.contains(&sub) => MatchOutcome::OtherHandle,
            Match { status: Some(status), .. } if status == UNCONFIRMED => MatchOutcome::Unconfirmed,
            Match { email, .. } if lacks(email) => MatchOutcome::NoEmail,
            Match { name, .. } if lacks(name) => MatchOutcome::NoName,
            _ => MatchOutcome::Added,
        };
        if one.result == MatchOutcome::Added {
            // One who was renamed while the pool was read is there twice.
            ids.insert(sub);
        }
    }
}
