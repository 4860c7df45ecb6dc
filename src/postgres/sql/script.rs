//! An SQL file that is fit to run; an error is shown where it stands in the file,
//! whatever its variables have become.

use std::collections::BTreeSet;
use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use super::destructive::destroys;
use super::lexer::SyntaxError;
use super::statement::{Statement, cut};
use super::variables::{Expanded, Lookup, expand};
use crate::error::{Error, Result};

/// An SQL file that has been cut into statements and found fit to run.
pub struct Script {
    pub(in crate::postgres) name: String,
    pub(in crate::postgres) text: Expanded,
    /// Where each statement stands in the SQL.
    pub(in crate::postgres) ranges: Vec<Range<usize>>,
    /// The first of them that destroys something.
    destructive: Option<Range<usize>>,
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
        let mut script = Self { name: name.into(), text, ranges: Vec::new(), destructive: None };
        let mut first_unfit = None;
        let whole = cut(script.text.sql(), |statement| {
            if let (None, Some(message)) = (&first_unfit, unfit(&statement)) {
                first_unfit = Some(SyntaxError::new(statement.start, message));
            }
            let range = statement.start..statement.start + statement.text.len();
            if script.destructive.is_none() && destroys(&statement) {
                script.destructive = Some(range.clone());
            }
            script.ranges.push(range);
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
        if script.ranges.is_empty() {
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
        self.ranges.iter().map(|range| self.text.shown(range.clone()).into_owned()).collect()
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

    /// `file:line: what`, the line, and a caret under the column of the file's byte `at`.
    pub(in crate::postgres) fn error_at(&self, at: usize, what: &str) -> Error {
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
