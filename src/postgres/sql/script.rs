//! An SQL file that is ready to run. Errors show the place in the file, not in the expanded SQL.

use std::collections::BTreeSet;
use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use super::checks::{Checks, Fate};
use super::destructive::destroys;
use super::encoding::{Unreadable, decode};
use super::expand::expand;
use super::lexer::SyntaxError;
use super::statement::{Piece, cut};
use super::variables::{Expanded, Lookup};
use crate::error::{Error, Reason, Result};

/// How many unset variables an error names, besides the first.
const MOST_NAMED: usize = 10;

/// An SQL file, split into statements and checked.
pub struct Script {
    pub(in crate::postgres) name: String,
    pub(in crate::postgres) text: Expanded,
    /// The file's own BEGIN, when a COMMIT at its end closes it.
    begin: Option<Range<usize>>,
    pub(in crate::postgres) pieces: Vec<Piece>,
    /// The first statement that destroys something.
    destructive: Option<Range<usize>>,
}

impl Script {
    /// Checks the text of the file `name` before anything is sent. `lookup` returns the values of
    /// psql's variables.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`], with file and line: an unset variable, an unclosed quote,
    /// comment or parenthesis, a psql command, or a statement that would end the transaction.
    pub fn parse(name: impl Into<String>, bytes: Vec<u8>, lookup: Lookup<'_>) -> Result<Self> {
        let name = name.into();
        let (text, encoding) = decode(bytes, lookup).map_err(|Unreadable { line, message, hint }| {
            let error = Error::failed(format!("{name}:{line}: {message}"));
            hint.into_iter().fold(error, Error::hint)
        })?;
        let text = expand(text, lookup);
        let mut script = Self { name, text, begin: None, pieces: Vec::new(), destructive: None };
        let mut checks = Checks::new(encoding);
        let mut rows = script.text.rows().iter().cloned();
        let (mut pieces, mut destructive) = (Vec::new(), None);
        let whole = cut(script.text.sql(), |statement| {
            let sql = statement.start..statement.start + statement.text.len();
            if checks.take(&statement, pieces.len()) == Fate::Left {
                return;
            }
            if destructive.is_none() && destroys(&statement) {
                destructive = Some(sql.clone());
            }
            let rows = if statement.has_rows { rows.next() } else { None };
            pieces.push(Piece { sql, rows });
        });
        // Rows after a COPY are not SQL: the COPY itself is the error.
        let unfit = checks.end(&mut pieces).map(|begin| script.begin = begin).err().or(whole.err());
        let unfit = unfit.map(|mut error| {
            error.at = script.text.origin(error.at);
            error
        });
        (script.pieces, script.destructive) = (pieces, destructive);
        // The earliest error is shown: after a psql command, or in rows like these, a colon is not
        // a variable.
        let in_order = [script.text.error().cloned(), script.unset(), unfit];
        if let Some(error) = in_order.into_iter().flatten().min_by_key(|error| error.at) {
            let shown = script.error_at(error.at, &error.message);
            return Err(error.hint.into_iter().fold(shown, Error::hint));
        }
        if script.pieces.is_empty() {
            return Err(Error::failed(format!("{} contains no SQL statement", script.name)));
        }
        Ok(script)
    }

    /// The file's name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line and the first words of the first statement that destroys data or structure, also
    /// inside a body (DROP, TRUNCATE or DELETE), or that acts outside the transaction.
    pub fn first_destructive(&self) -> Option<(usize, String)> {
        let range = self.destructive.clone()?;
        let line = self.line(self.text.origin(range.start));
        let shown = self.text.shown(range);
        let words: Vec<&str> = shown.split_whitespace().take(5).collect();
        let words = words.join(" ");
        // A string may hold a password, such as dblink's connection string.
        Some((line, words.split_once('\'').map_or(words.clone(), |(before, _)| format!("{before}'…'"))))
    }

    /// The statements, with string variables left unexpanded: they are data, and may be secret.
    pub fn statements(&self) -> Vec<String> {
        let shown = |Piece { sql, rows }: &Piece| {
            let sql = self.text.shown(sql.clone()).into_owned();
            let Some(rows) = rows else { return sql };
            let lines = self.text.original()[rows.clone()].matches('\n').count();
            format!("{sql} /* and {lines} {} of rows */", if lines == 1 { "line" } else { "lines" })
        };
        self.pieces.iter().map(shown).collect()
    }

    /// The statement that begins the transaction: the file's own BEGIN with its options, or else BEGIN.
    pub fn begin(&self) -> &str {
        self.begin.clone().map_or("BEGIN", |range| &self.text.sql()[range])
    }

    /// psql's variables that the file uses.
    pub const fn variables(&self) -> &BTreeSet<String> {
        self.text.names()
    }

    /// The error for the first unset variable; it names the others too.
    fn unset(&self) -> Option<SyntaxError> {
        let (first, rest) = self.text.unset().split_first()?;
        let name = &first.name;
        let mut seen = BTreeSet::from([name.as_str()]);
        let others = rest.iter().map(|unset| unset.name.as_str()).filter(|other| seen.insert(other));
        let mut others: Vec<&str> = others.collect();
        let more = others.len().saturating_sub(MOST_NAMED);
        others.truncate(MOST_NAMED);
        let others = match (others.as_slice(), more) {
            ([], _) => String::new(),
            ([other], _) => format!("; nor is {other}"),
            (others, 0) => format!("; nor are {}", others.join(", ")),
            (others, more) => format!("; nor are {} and {more} more", others.join(", ")),
        };
        Some(SyntaxError {
            at: first.at,
            message: format!("the variable {name} is not set{others}").into(),
            hint: Some(Reason::UnsetVariable(name.clone(), first.plain).into()),
        })
    }

    /// The line of an offset in the file.
    fn line(&self, at: usize) -> usize {
        self.text.original()[..at].matches('\n').count() + 1
    }

    /// An error `file:line: what`, with the line and a caret under the byte `at`.
    pub(in crate::postgres) fn error_at(&self, at: usize, what: &str) -> Error {
        let text = self.text.original();
        let at = at.min(text.len());
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let number = self.line(at);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let (before, after) = line.split_at((at - line_start).min(line.len()));
        // A long line is cut down to the surroundings of that byte.
        let (from, to) = (tail(before, SHOWN_BEFORE), head(after, SHOWN_AFTER));
        let (cut_before, cut_after) =
            (if from == 0 { "" } else { "…" }, if to == after.len() { "" } else { "…" });
        let (before, after) = (&before[from..], &after[..to]);
        // Tabs stay tabs, so that the caret lines up.
        let indent: String = cut_before
            .chars()
            .chain(before.chars())
            .map(|c| if c == '\t' { c.to_string() } else { " ".repeat(c.width().unwrap_or(0)) })
            .collect();
        let margin = " ".repeat(number.to_string().len());
        Error::failed(format!(
            "{}:{number}: {what}\n {margin} |\n {number} | {cut_before}{before}{after}{cut_after}\n {margin} | {indent}^",
            self.name
        ))
    }
}

/// How many characters of a line an error shows before and after its byte.
const SHOWN_BEFORE: usize = 100;
const SHOWN_AFTER: usize = 200;

/// The offset of the last `count` characters.
fn tail(text: &str, count: usize) -> usize {
    text.char_indices().rev().nth(count - 1).map_or(0, |(at, _)| at)
}

/// The end of the first `count` characters.
fn head(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}
