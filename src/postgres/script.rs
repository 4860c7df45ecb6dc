//! Runs an SQL file in one transaction; an error is shown where it stands in the
//! file, whatever its variables have become.

use std::collections::BTreeSet;
use std::ops::Range;

use tokio_postgres::error::SqlState;
use unicode_width::UnicodeWidthChar as _;

use super::destructive::destroys;
use super::lexer::SyntaxError;
use super::session::describe;
use super::sql::{Statement, cut};
use super::variables::{Expanded, Lookup, expand};
use super::{Session, TableChange};
use crate::config::Target;
use crate::error::{Error, Result};

/// An SQL file that has been cut into statements and found fit to run.
pub struct Script {
    name: String,
    text: Expanded,
    /// Where each statement stands in the SQL.
    statements: Vec<Range<usize>>,
    /// The first of them that destroys something.
    destructive: Option<Range<usize>>,
}

/// What a script did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many statements ran.
    pub statements: usize,
    /// The tables that they wrote to, by name; their rows are not counted yet.
    pub tables: Vec<TableChange>,
}

impl Script {
    /// Checks `text`, which came from the file `name`, before anything is sent.
    /// `lookup` knows the values of psql's variables.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`], with file and line: a variable that is not
    /// set, what is never closed, psql's own commands, and statements that would
    /// end the transaction.
    pub fn parse(name: impl Into<String>, text: impl Into<String>, lookup: Lookup<'_>) -> Result<Self> {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let text = expand(text, lookup);
        let mut script = Self { name: name.into(), text, statements: Vec::new(), destructive: None };
        let mut first_unfit = None;
        let whole = cut(script.text.sql(), |statement| {
            if let (None, Some(message)) = (&first_unfit, unfit(&statement)) {
                first_unfit = Some(SyntaxError::new(statement.start, message));
            }
            let range = statement.start..statement.start + statement.text.len();
            if script.destructive.is_none() && destroys(&statement) {
                script.destructive = Some(range.clone());
            }
            script.statements.push(range);
        });
        // The rows after a COPY are no SQL: what is wrong with them is the COPY.
        let unfit = first_unfit.or(whole.err()).map(|mut error| {
            error.at = script.text.origin(error.at);
            error
        });
        // After a command of psql's, or in such rows, no colon is a variable's.
        let in_order = [script.text.error().cloned(), script.unset(), unfit];
        if let Some(error) = in_order.into_iter().flatten().min_by_key(|error| error.at) {
            let shown = script.error_at(error.at, &error.message);
            return Err(error.hint.into_iter().fold(shown, Error::hint));
        }
        if script.statements.is_empty() {
            return Err(Error::failed(format!("{} holds no SQL statement", script.name)));
        }
        Ok(script)
    }

    /// The file's name, as shown.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line and the first words of the first statement that destroys data
    /// or structure: DROP, TRUNCATE, or DELETE, also in a body.
    #[must_use]
    pub fn first_destructive(&self) -> Option<(usize, String)> {
        let range = self.destructive.clone()?;
        let line = self.line(self.text.origin(range.start));
        let shown = self.text.shown(range);
        let words: Vec<&str> = shown.split_whitespace().take(5).collect();
        Some((line, words.join(" ")))
    }

    /// The statements, with strings that came from variables still as variables: they
    /// are data, and may be secret.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        self.statements.iter().map(|range| self.text.shown(range.clone()).into_owned()).collect()
    }

    /// psql's variables that the file names.
    #[must_use]
    pub const fn variables(&self) -> &BTreeSet<String> {
        self.text.names()
    }

    /// The error for the first variable that is not set; it names them all.
    fn unset(&self) -> Option<SyntaxError> {
        let (first, rest) = self.text.unset().split_first()?;
        let name = &first.name;
        let mut others: Vec<&str> = Vec::new();
        for other in rest.iter().map(|unset| unset.name.as_str()) {
            if other != name && !others.contains(&other) {
                others.push(other);
            }
        }
        let others = if others.is_empty() {
            String::new()
        } else {
            format!("; nor {} {}", if others.len() == 1 { "is" } else { "are" }, others.join(", "))
        };
        let mut hint = format!(
            "give it as --set {name}=VALUE or in the environment variable {name} (an empty one counts as not set)"
        );
        if first.plain {
            hint += "; a colon of SQL itself takes a space after it";
        }
        Some(SyntaxError {
            at: first.at,
            message: format!("the variable {name} is not set{others}").into(),
            hint: Some(hint.into()),
        })
    }

    /// The line of a byte of the file.
    fn line(&self, at: usize) -> usize {
        self.text.original()[..at].matches('\n').count() + 1
    }

    /// Runs every statement in one transaction: all of them, or none.
    pub async fn run(&self, session: &Session) -> Result<Summary> {
        let begin = |error| session.error("cannot begin a transaction", error);
        session.client.batch_execute("BEGIN").await.map_err(begin)?;
        let before = session.tuple_counts().await.map_err(begin)?;
        for range in &self.statements {
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
        Ok(Summary { statements: self.statements.len(), tables })
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

    /// `file:line: what`, the line, and a caret under the column of the file's byte `at`.
    fn error_at(&self, at: usize, what: &str) -> Error {
        let text = self.text.original();
        let at = at.min(text.len());
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let number = self.line(at);
        let line = text[line_start..].lines().next().unwrap_or_default();
        // Tabs stay tabs, so that the caret lands under its character.
        let indent: String = text[line_start..at]
            .chars()
            .map(|c| if c == '\t' { c.to_string() } else { " ".repeat(c.width().unwrap_or(0)) })
            .collect();
        let margin = " ".repeat(number.to_string().len());
        Error::failed(format!(
            "{}:{number}: {what}\n {margin} |\n {number} | {line}\n {margin} | {indent}^",
            self.name
        ))
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

/// Why a statement cannot be part of a file that runs in one transaction.
fn unfit(statement: &Statement<'_>) -> Option<&'static str> {
    let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["BEGIN" | "COMMIT" | "END" | "ABORT", ..] | ["START" | "PREPARE", "TRANSACTION", ..] => {
            Some("the whole file runs in one transaction already; take this statement out")
        }
        // ROLLBACK TO a savepoint stays inside.
        ["ROLLBACK", rest @ ..] if !rest.contains(&"TO") => {
            Some("the whole file runs in one transaction already; take this statement out")
        }
        ["COPY", rest @ ..] if rest.windows(2).any(|pair| pair == ["TO", "STDOUT"]) => {
            Some("COPY TO STDOUT needs psql to take the rows; a file that is loaded shows none")
        }
        ["COPY", rest @ ..] if rest.windows(2).any(|pair| pair == ["FROM", "STDIN"]) => {
            Some("COPY FROM STDIN needs psql to send the rows; write them as INSERT")
        }
        _ => None,
    }
}
