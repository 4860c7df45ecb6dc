//! Runs an SQL file in one transaction.

mod changes;
mod losses;
mod transaction;

use tokio_postgres::error::SqlState;

use super::sql::Piece;
use super::{Script, Session};
use crate::config::Target;
use crate::error::{Error, Kind, Reason, Result, span};
use crate::postgres::connection::failure::describe;
use crate::postgres::load::transaction::{State, Transaction};

pub use changes::TableChange;

/// Bytes of rows per message.
const CHUNK: usize = 64 * 1024;

/// The first lines of a file, in which pg_dump names its version.
const HEADER: usize = 20;

/// Resets what a file leaves in the session, so that it does not reach the next file: settings,
/// role and temporary tables.
const RESET: &str = "RESET SESSION AUTHORIZATION; RESET ALL; DISCARD TEMP";

/// The message when the file ended our transaction early.
const GOT_THROUGH: &str = "a COMMIT or ROLLBACK got through, so part of this file may be committed";

/// Has the server end a transaction that waits too long for an answer, because it holds locks.
const LIMIT_IDLE_TRANSACTION: &str = "\
    SELECT pg_catalog.set_config(name, '300000', true) FROM pg_catalog.pg_settings \
    WHERE name = 'idle_in_transaction_session_timeout' AND setting::int NOT BETWEEN 1 AND 300000";

/// What is checked before a transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Nothing: it is committed in any case.
    Nothing,
    /// The data and structure that it destroys.
    Losses,
}

/// What a script did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many statements ran.
    pub statements: usize,
    /// The tables they wrote to, by name. Their rows are not counted yet.
    pub tables: Vec<TableChange>,
}

impl Script {
    /// Runs all statements in one transaction. Resets what the file has set in the session.
    pub async fn run(&self, session: &Session) -> Result<Summary> {
        Box::pin(self.execute(session, Watch::Nothing)).await?.commit().await
    }

    /// Runs all statements in one transaction, and leaves it open.
    pub async fn execute<'a>(&'a self, session: &'a Session, watch: Watch) -> Result<Executed<'a>> {
        let name = &self.name;
        let begin = |error| session.error("cannot begin a transaction", error);
        let transaction = session.begin(self.begin()).await.map_err(begin)?;
        let before =
            match watch {
                Watch::Nothing => None,
                Watch::Losses => Some(session.before().await.map_err(|error| {
                    session.error("cannot inspect the database, so nothing was run", error)
                })?),
            };
        let (mut line, mut counted) = (1, 0);
        for (number, piece) in self.pieces.iter().enumerate() {
            let at = self.text.origin(piece.sql.start).max(counted);
            line += self.text.original()[counted..at].matches('\n').count();
            counted = at;
            session.client.line().run(Some(format!("statement {} of {name}, line {line}", number + 1)));
            let ran = self.run_piece(session, piece, &transaction).await;
            session.client.line().run(None);
            if let Err(fault) = ran {
                return Err(self.failed(session, piece, &transaction, &fault).await);
            }
        }
        if watch == Watch::Losses {
            // Deferred triggers may destroy data too. At COMMIT they would run after the confirmation.
            let all = session.client.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await;
            let what = format!("cannot commit {name} (rolled back)");
            all.map_err(|error| self.without_values(session.error(&what, error)))?;
        }
        let unasked =
            |error| session.error(&format!("cannot check what {name} has written (rolled back)"), error);
        match session.state_of(&transaction).await.map_err(unasked)? {
            State::Open => {}
            state => return Err(self.unfit(session, None, &transaction, &state).await),
        }
        let tables = session.written_tables(&transaction.counts).await.map_err(unasked)?;
        let losses = match &before {
            Some(before) => session.losses(before, &transaction.counts).await.map_err(unasked)?,
            None => Vec::new(),
        };
        if !losses.is_empty() {
            session.client.batch_execute(LIMIT_IDLE_TRANSACTION).await.map_err(unasked)?;
        }
        let summary = Summary { statements: self.pieces.len(), tables };
        Ok(Executed { script: self, session, transaction, summary, losses })
    }

    /// Removes the values of variables from an error.
    fn without_values(&self, error: Error) -> Error {
        let message = self.text.without_values(error.message());
        let kind = error.kind();
        error.with(kind, message)
    }

    async fn run_piece(
        &self,
        session: &Session,
        piece: &Piece,
        transaction: &Transaction,
    ) -> std::result::Result<(), Fault> {
        let sql = &self.text.sql()[piece.sql.clone()];
        let Some(rows) = &piece.rows else {
            // The server may read several statements here; `execute_one` makes it refuse them.
            if sql.contains(';') {
                session.client.execute_one(sql).await?;
            } else {
                session.client.batch_execute(sql).await?;
            }
            // These settings would change how later statements are read.
            if ["client_encoding", "standard_conforming_strings"].iter().any(|name| sql.contains(name))
                && let state @ (State::Changed(_) | State::Ended) = session.state_of(transaction).await?
            {
                return Err(Fault::Unfit(state));
            }
            return Ok(());
        };
        let mut sending = session.client.copy_in(sql).await?;
        for chunk in self.text.original().as_bytes()[rows.clone()].chunks(CHUNK) {
            sending.send(chunk.to_vec()).await?;
        }
        sending.finish().await?;
        Ok(())
    }

    /// The error for a statement that failed. Rolls back first.
    async fn failed(
        &self,
        session: &Session,
        piece: &Piece,
        transaction: &Transaction,
        fault: &Fault,
    ) -> Error {
        let error = match fault {
            Fault::Unfit(state) => return self.unfit(session, Some(piece), transaction, state).await,
            Fault::Server(error) => error,
        };
        let is_rolled_back = session.roll_back(transaction).await;
        let shown = self.statement_error(session, piece, error, is_rolled_back).await;
        if is_rolled_back { shown } else { look(shown) }
    }

    /// The error for a file that did something it must not. Rolls back first. `piece` is the
    /// statement at fault, if known.
    async fn unfit(
        &self,
        session: &Session,
        piece: Option<&Piece>,
        transaction: &Transaction,
        state: &State,
    ) -> Error {
        let is_rolled_back = session.roll_back(transaction).await;
        let shown = |what: &str| match piece {
            Some(piece) => self.error_at(self.text.origin(piece.sql.start), &format!("this {what}")),
            None => Error::failed(format!("{} {what}", self.name)),
        };
        match state {
            State::Changed(setting) if is_rolled_back => shown(&format!(
                "changes {setting}, so this file was rolled back"
            ))
            .hint(match setting.as_str() {
                "client_encoding" => "make it a separate statement: SET client_encoding = 'LATIN1';",
                _ => "it stays on; write strings with escapes as E'…'",
            }),
            _ => look(shown(&format!("is not one transaction: {GOT_THROUGH}"))),
        }
    }

    async fn statement_error(
        &self,
        session: &Session,
        piece: &Piece,
        error: &tokio_postgres::Error,
        is_rolled_back: bool,
    ) -> Error {
        use tokio_postgres::error::ErrorPosition;
        let sql = &self.text.sql()[piece.sql.clone()];
        let outcome = if is_rolled_back { "this file was rolled back" } else { GOT_THROUGH };
        if session.client.line().is_dead() {
            let limit = session.url().limit;
            let at = self.text.origin(piece.sql.start);
            let silence =
                format!("no answer from PostgreSQL at {} within {}; {outcome}", session.url(), span(limit));
            return self.error_at(at, &silence).hint(Reason::Timeout(limit));
        }
        let Some(db) = error.as_db_error() else {
            return self.error_at(
                self.text.origin(piece.sql.start),
                &format!("the connection to {} broke: {error}; {outcome}", session.url()),
            );
        };
        let at = match db.position() {
            // The position counts characters, from 1.
            Some(ErrorPosition::Original(position)) => {
                let nth = sql.char_indices().nth((*position as usize).saturating_sub(1));
                self.text.origin(piece.sql.start + nth.map_or(sql.len(), |(offset, _)| offset))
            }
            _ => self.row(piece, db.where_()).unwrap_or_else(|| self.text.origin(piece.sql.start)),
        };
        // The parser always gives a position.
        let is_several = *db.code() == SqlState::SYNTAX_ERROR && db.position().is_none() && sql.contains(';');
        let said = if is_several && db.where_().is_none() {
            "the server reads several statements here".to_owned()
        } else {
            self.text.without_values(&describe(error))
        };
        let what = format!("{said} [{}]; {outcome}", db.code().code());
        let shown = self.error_at(at, &what);
        let shown = match db.hint() {
            Some(hint) => shown.hint(format!("the server says: {}", self.text.without_values(hint))),
            None => shown,
        };
        let missing = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::UNDEFINED_FILE].contains(db.code());
        if missing && creates_extension(sql) {
            return shown.hint(extension_hint(session.url().target()));
        }
        match self.newer_than(session, db.code()).await {
            Some(hint) => shown.hint(hint),
            None => shown,
        }
    }

    /// The byte of the row that the server's context names: `COPY notes, line 3, column n: "x"`.
    fn row(&self, piece: &Piece, context: Option<&str>) -> Option<usize> {
        let rows = piece.rows.clone()?;
        let context = context?.lines().rev().find_map(|line| line.strip_prefix("COPY "))?;
        // The text may be in any language: take the first number after a comma and a word.
        let number = context.split(", ").skip(1).find_map(|part| {
            let digits = part.split_once(' ')?.1;
            digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse::<usize>().ok()
        })?;
        let text = &self.text.original()[rows.clone()];
        let line = text.split_inclusive('\n').take(number.checked_sub(1)?).map(str::len).sum::<usize>();
        let value = context.split_once(": \"").and_then(|(_, value)| value.strip_suffix('"'));
        let column = value.and_then(|value| text[line..].lines().next()?.find(value)).unwrap_or_default();
        Some(rows.start + line + column)
    }

    /// The hint for a dump that comes from a newer server than this one.
    async fn newer_than(&self, session: &Session, code: &SqlState) -> Option<String> {
        let unknown = [SqlState::SYNTAX_ERROR, SqlState::UNDEFINED_OBJECT, SqlState::UNDEFINED_FUNCTION];
        if !unknown.contains(code) {
            return None;
        }
        let dumped = self.text.original().lines().take(HEADER).find_map(|line| {
            let version = line.strip_prefix("-- Dumped by pg_dump version ")?;
            version.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok()
        })?;
        let server = session.server_version().await.ok()?;
        let major: u32 = server.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        (dumped > major).then(|| {
            format!(
                "pg_dump {dumped} made this file, but the server is PostgreSQL {server}, which may not know this \
                 statement: load it into PostgreSQL {dumped}, or remove the statement"
            )
        })
    }
}

/// A script that has run in a transaction that is still open.
pub struct Executed<'a> {
    script: &'a Script,
    session: &'a Session,
    transaction: Transaction,
    summary: Summary,
    losses: Vec<String>,
}

impl Executed<'_> {
    /// What it destroyed, one line each, such as `deletes 3 rows of public.users`.
    pub fn losses(&self) -> &[String] {
        &self.losses
    }

    /// Commits the transaction.
    pub async fn commit(self) -> Result<Summary> {
        let Self { script, session, transaction, summary, losses } = self;
        let name = &script.name;
        // The confirmation may have taken a while.
        if !losses.is_empty() {
            session
                .state_of(&transaction)
                .await
                .map_err(|error| session.error(&format!("{name} was not committed"), error))?;
        }
        let done = session.client.batch_execute("COMMIT").await;
        let hint = "check what is there before you run it again";
        done.map_err(|error| {
            script.without_values(session.commit_error(&format!("cannot commit {name}"), error, hint))
        })?;
        // A dump clears the search path, for example. If this fails, the next request fails too.
        let _ = session.client.batch_execute(RESET).await;
        Ok(summary)
    }

    /// Rolls the transaction back.
    pub async fn roll_back(self) {
        self.session.roll_back(&self.transaction).await;
    }
}

/// Why a statement failed.
enum Fault {
    Server(tokio_postgres::Error),
    /// It ran, but nothing may follow it.
    Unfit(State),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

/// Marks the error of a file that may have been kept in part.
fn look(error: Error) -> Error {
    let message = error.message().to_owned();
    error.with(Kind::Partial, message).hint("check the tables before you load the file again")
}

fn creates_extension(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    ["CREATE", "EXTENSION"]
        .iter()
        .all(|wanted| words.next().is_some_and(|word| word.eq_ignore_ascii_case(wanted)))
}

/// The hint for an extension whose files the server lacks.
const fn extension_hint(target: Target) -> &'static str {
    match target {
        Target::Local => {
            "PostgreSQL's own extensions, such as uuid-ossp, are in a separate package on some systems; \
             run: scripts/ensure-postgres.sh, or: dnf install postgresql-contrib, or: apt-get install postgresql-contrib"
        }
        Target::Prod => {
            "the server must offer it; for uuids alone, gen_random_uuid() needs no extension since PostgreSQL 13"
        }
    }
}
