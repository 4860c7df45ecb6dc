//! Runs an SQL file in one transaction.

use std::ops::Range;

use tokio_postgres::error::SqlState;

use super::session::describe;
use super::{Script, Session, TableChange};
use crate::config::Target;
use crate::error::{Error, Result};

/// What a script did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many statements ran.
    pub statements: usize,
    /// The tables that they wrote to, by name; their rows are not counted yet.
    pub tables: Vec<TableChange>,
}

impl Script {
    /// Runs every statement in one transaction: all of them, or none.
    pub async fn run(&self, session: &Session) -> Result<Summary> {
        let begin = |error| session.error("cannot begin a transaction", error);
        session.client.batch_execute("BEGIN").await.map_err(begin)?;
        let before = session.tuple_counts().await.map_err(begin)?;
        for range in &self.ranges {
            if let Err(error) = session.client.batch_execute(&self.text.sql()[range.clone()]).await {
                let shown = self.statement_error(session, range, &error);
                // A lost connection has rolled back already.
                let _ = session.client.batch_execute("ROLLBACK").await;
                return Err(shown);
            }
        }
        let tables = session.written_tables(&before).await.map_err(|error| {
            let name = &self.name;
            session.error(&format!("cannot ask what {name} has written, and nothing of it was kept"), error)
        })?;
        session.client.batch_execute("COMMIT").await.map_err(|error| {
            // Of an answer that never came, nobody knows what it would have been.
            let outcome = if error.as_db_error().is_some() {
                "nothing of it was kept"
            } else {
                "it may be kept or not"
            };
            session.error(&format!("cannot commit {}, and {outcome}", self.name), error)
        })?;
        Ok(Summary { statements: self.ranges.len(), tables })
    }

    fn statement_error(
        &self,
        session: &Session,
        range: &Range<usize>,
        error: &tokio_postgres::Error,
    ) -> Error {
        use tokio_postgres::error::ErrorPosition;
        let Some(db) = error.as_db_error() else {
            return self.error_at(
                self.text.origin(range.start),
                &format!("the connection to {} broke: {error}", session.url()),
            );
        };
        let offset = match db.position() {
            // Counted in characters, from 1.
            Some(ErrorPosition::Original(position)) => self.text.sql()[range.clone()]
                .char_indices()
                .nth((*position as usize).saturating_sub(1))
                .map_or(range.len(), |(offset, _)| offset),
            _ => 0,
        };
        let what = format!("{} [{}], so nothing of this file was kept", describe(error), db.code().code());
        let shown = self.error_at(self.text.origin(range.start + offset), &what);
        let shown = match db.hint() {
            Some(hint) => shown.hint(format!("the server says: {hint}")),
            None => shown,
        };
        let missing = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::UNDEFINED_FILE].contains(db.code());
        if missing && creates_extension(&self.text.sql()[range.clone()]) {
            return shown.hint(extension_hint(session.url().target()));
        }
        shown
    }
}

fn creates_extension(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    ["CREATE", "EXTENSION"]
        .iter()
        .all(|wanted| words.next().is_some_and(|word| word.eq_ignore_ascii_case(wanted)))
}

/// What helps when the server has no files of an extension.
const fn extension_hint(target: Target) -> &'static str {
    match target {
        Target::Local => {
            "PostgreSQL's own extensions, such as uuid-ossp, are in a package of their own on some systems; \
             run: scripts/ensure-postgres.sh, or: dnf install postgresql-contrib, or: apt-get install postgresql-contrib"
        }
        Target::Prod => {
            "the server must offer it; for uuids alone, gen_random_uuid() needs no extension since PostgreSQL 13"
        }
    }
}
