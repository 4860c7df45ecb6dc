//! Fills in the users' Cognito ids.

use std::collections::BTreeSet;

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::{Error, Hint, Reason, Result};
use crate::messaging::{AppUser, Identity, Match, MatchOutcome, Newcomer, add_missing, match_users};
use crate::postgres::Session;
use crate::postgres::connection::session::GOES_ON;

/// The message of a failure.
const WHAT: &str = "cannot update the Cognito user ids";

/// Lets others read, but makes them wait to write: a row that appears or changes its handle between
/// the SELECT and the UPDATE could make a match wrong. Gives up after a while, because a writer
/// that makes us wait makes everyone behind us wait too.
const LOCK: &str = "SET LOCAL lock_timeout = '5s'; LOCK TABLE public.users IN SHARE ROW EXCLUSIVE MODE";

/// Updates all rows with one statement, from their uuids and, in the same order, their new ids.
pub const COGNITO_UPDATE: &str = "UPDATE public.users SET cognito_user_id = change.sub \
    FROM unnest($1::uuid[], $2::text[]) AS change (uuid, sub) WHERE users.uuid = change.uuid";

/// Adds rows with one statement, from their columns. The others have defaults, on which the app
/// relies too when it adds a user.
pub const COGNITO_INSERT: &str = "INSERT INTO public.users (display_name, handle, email, cognito_user_id) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])";

/// What happens to pool users whom the users table lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingUsers {
    /// Nothing.
    Leave,
    /// They are added, as far as [`add_missing`] can.
    Add,
}

impl Session {
    /// What [`Session::update_cognito_user_ids`] would do. Its transaction is read-only.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`].
    pub async fn match_cognito_user_ids(
        &self,
        pool: Vec<Identity>,
        missing: MissingUsers,
    ) -> Result<Vec<Match>> {
        self.execute("BEGIN READ ONLY").await?;
        let matches = self.matches(pool, missing).await;
        // There is nothing to keep; a lost connection has ended the transaction already.
        let _ = self.client.batch_execute("COMMIT").await;
        matches
    }

    /// The users with a handle and an email address, for a user pool.
    pub async fn newcomers(&self) -> Result<Vec<Newcomer>> {
        let users = "SELECT display_name::text, handle::text, email::text FROM public.users \
            WHERE handle IS NOT NULL AND email IS NOT NULL AND display_name IS NOT NULL ORDER BY handle";
        let rows = self.client.query(users, &[]).await.map_err(|error| self.update_error(error))?;
        Ok(rows
            .iter()
            .map(|row| Newcomer { display_name: row.get(0), handle: row.get(1), email: row.get(2) })
            .collect())
    }

    /// Sets the id of each row of the users table to the `sub` of the one pool user with its
    /// handle. Uses one transaction of a few statements, however many users there are. With
    /// `confirmed`, replaces ids other than `MOCK` only as listed there.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`]; nothing has changed then.
    pub async fn update_cognito_user_ids(
        &self,
        pool: Vec<Identity>,
        missing: MissingUsers,
        confirmed: Option<&[Match]>,
    ) -> Result<Vec<Match>> {
        self.in_transaction(self.match_and_update(pool, missing, confirmed)).await
    }

    /// Adds the pool user to the users table, as [`MissingUsers::Add`] does. A row that is there
    /// already with the handle and the `sub` is left as it is.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`]: nothing has changed then. Also when another user has the handle, or
    /// the user lacks something that a row needs.
    pub async fn add_user(&self, user: Identity) -> Result<()> {
        self.in_transaction(async {
            self.execute(LOCK).await?;
            let sub = user.sub.clone();
            let mut matches = self.matches(vec![user], MissingUsers::Add).await?;
            matches.retain(|one| one.new.as_ref() == Some(&sub));
            matches.iter().try_for_each(|one| self.must_be_addable(one))?;
            self.insert(&matches).await
        })
        .await
    }

    fn must_be_addable(&self, user: &Match) -> Result<()> {
        let why = match user.result {
            MatchOutcome::Added | MatchOutcome::Unchanged => return Ok(()),
            MatchOutcome::NoHandle => "there is no preferred_username",
            MatchOutcome::NoEmail => "there is no email address",
            MatchOutcome::NoName => "there is no name",
            MatchOutcome::Unconfirmed => "the sign-up is not confirmed",
            MatchOutcome::OtherHandle => "a row with another handle has the same id",
            MatchOutcome::Updated
            | MatchOutcome::Ambiguous
            | MatchOutcome::NotInTable
            | MatchOutcome::NotInPool => {
                return Err(self.handle_taken(user.handle.as_deref().unwrap_or_default()));
            }
        };
        Err(Error::failed(format!("cannot add the user to {}: {why}", self.url)))
    }

    async fn in_transaction<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        match work.await {
            Ok(done) => {
                let committed = self.client.batch_execute("COMMIT").await;
                committed.map_err(|error| self.commit_error(WHAT, error, GOES_ON))?;
                Ok(done)
            }
            Err(error) => {
                // A lost connection is rolled back already.
                let _ = self.client.batch_execute("ROLLBACK").await;
                Err(error)
            }
        }
    }

    async fn matches(&self, pool: Vec<Identity>, missing: MissingUsers) -> Result<Vec<Match>> {
        let users = "SELECT uuid, handle::text, cognito_user_id::text FROM public.users";
        let rows = self.client.query(users, &[]).await.map_err(|error| self.update_error(error))?;
        let mut matches = match_users(rows.iter().map(app_user).collect(), pool);
        if missing == MissingUsers::Add {
            add_missing(&mut matches);
        }
        Ok(matches)
    }

    async fn match_and_update(
        &self,
        pool: Vec<Identity>,
        missing: MissingUsers,
        confirmed: Option<&[Match]>,
    ) -> Result<Vec<Match>> {
        self.execute(LOCK).await?;
        let matches = self.matches(pool, missing).await?;
        let unconfirmed =
            confirmed.is_some_and(|confirmed| !replaced(&matches).is_subset(&replaced(confirmed)));
        if unconfirmed {
            return Err(Error::refused(format!(
                "{WHAT} on {}: the ids to replace have changed since you confirmed them; nothing was written",
                self.url
            ))
            .hint("run it again to see them"));
        }
        let changes = matches.iter().filter(|one| one.result == MatchOutcome::Updated);
        let (uuids, subs): (Vec<Option<Uuid>>, Vec<Option<&str>>) =
            changes.map(|one| (one.user_uuid, one.new.as_deref())).unzip();
        self.write(COGNITO_UPDATE, "updated", uuids.len(), &[&uuids, &subs]).await?;
        self.insert(&matches).await?;
        Ok(matches)
    }

    /// Adds those who are to be added.
    async fn insert(&self, matches: &[Match]) -> Result<()> {
        let added: Vec<&Match> = matches.iter().filter(|one| one.result == MatchOutcome::Added).collect();
        let column = |of: fn(&Match) -> &Option<String>| {
            added.iter().map(|one| of(one).as_deref()).collect::<Vec<_>>()
        };
        let (names, handles) = (column(|one| &one.name), column(|one| &one.handle));
        let (emails, subs) = (column(|one| &one.email), column(|one| &one.new));
        self.write(COGNITO_INSERT, "added", added.len(), &[&names, &handles, &emails, &subs]).await
    }

    /// Runs a statement that must write `rows` rows, unless that is none.
    async fn write(
        &self,
        statement: &str,
        done: &str,
        rows: usize,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<()> {
        if rows == 0 {
            return Ok(());
        }
        let written =
            self.client.execute(statement, parameters).await.map_err(|error| self.update_error(error))?;
        if usize::try_from(written) != Ok(rows) {
            return Err(Error::failed(format!(
                "{WHAT} on {}: {written} rows were {done} instead of {rows}, so it was rolled back",
                self.url
            ))
            .hint("look for triggers, rules, row-level security, and rows with the same uuid"));
        }
        Ok(())
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        self.client.batch_execute(statement).await.map_err(|error| self.update_error(error))
    }

    fn update_error(&self, error: tokio_postgres::Error) -> Error {
        let hint = match error.code() {
            Some(&SqlState::UNDEFINED_COLUMN) => Reason::OtherUsersTable.into(),
            Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Hint::from("another session has been changing users for a while; try again when it is done")
            }
            _ => return self.error(WHAT, error),
        };
        self.error(WHAT, error).hint(hint)
    }
}

/// The rows whose ids are replaced, with the old and the new id.
fn replaced(matches: &[Match]) -> BTreeSet<(Option<Uuid>, Option<&str>, Option<&str>)> {
    let replaced = matches.iter().filter(|one| one.replaces_an_id());
    replaced.map(|one| (one.user_uuid, one.old.as_deref(), one.new.as_deref())).collect()
}

fn app_user(row: &Row) -> AppUser {
    AppUser { uuid: row.get(0), handle: row.get(1), cognito_user_id: row.get(2) }
}
