//! psql's variables in an SQL file.
//!
//! `:name` is replaced by the value as it is, `:'name'` by the value as a string, `:"name"` as an
//! identifier, and `:{?name}` by `TRUE` or `FALSE`, depending on whether it is set. `\:` is a plain
//! colon. Strings, quoted names, dollar quotes, comments, `::` and `:=` are left alone. Source:
//! psql's manual page, "Variables" and "SQL Interpolation".
//!
//! Two things differ. psql leaves an unset variable as it is; here it is an error, because the
//! server's complaint about a colon helps nobody. And psql takes the colon of an array slice for a
//! variable's when one of that name is set. Here a colon after the lower bound of a subscript
//! always belongs to the slice: nothing else can stand there.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::lexer::SyntaxError;
use crate::secrets::hide;

/// Looks up the value of a variable; `None` when it is not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A file with its variables replaced, and the mapping back to the original.
#[derive(Debug, Clone)]
pub struct Expanded {
    pub(super) sql: String,
    /// The file's own text, if anything was replaced.
    pub(super) original: Option<String>,
    pub(super) replacements: Vec<Replacement>,
    /// The ranges of the rows that were removed, in the order of their statements.
    pub(super) rows: Vec<Range<usize>>,
    pub(super) names: BTreeSet<String>,
    /// The values inserted into the SQL, except identifiers.
    pub(super) values: BTreeSet<String>,
    pub(super) unset: Vec<Unset>,
    pub(super) error: Option<SyntaxError>,
}

/// A variable that is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    /// Its name.
    pub name: String,
    /// Byte offset of its colon in the file.
    pub at: usize,
    /// Whether it is written without quotes, so that its colon may be SQL's own.
    pub plain: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Replacement {
    /// The range in the SQL; empty when the text was removed.
    pub(super) to: Range<usize>,
    /// The range in the file.
    pub(super) from: Range<usize>,
    /// Whether it is a string: data, not a part of the statement.
    pub(super) is_string: bool,
}

impl Expanded {
    /// The SQL to run.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The original file.
    pub fn original(&self) -> &str {
        self.original.as_deref().unwrap_or(&self.sql)
    }

    /// A message of the server without the values of variables, which may be secret.
    pub fn without_values(&self, text: &str) -> String {
        let doubled: Vec<String> = self.values.iter().map(|value| value.replace('\'', "''")).collect();
        let values = self.values.iter().map(|value| value.trim_matches('\''));
        hide(text, values.chain(doubled.iter().map(String::as_str)))
    }

    /// The variables that the file uses, set or not.
    pub const fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// The unset ones, in the order of the file. They were not replaced.
    pub fn unset(&self) -> &[Unset] {
        &self.unset
    }

    /// The ranges in the file of the rows after each `COPY … FROM stdin`, in order.
    pub fn rows(&self) -> &[Range<usize>] {
        &self.rows
    }

    /// An error in rows, in `\restrict`, or in a value used as SQL. The last is reported at its variable.
    pub const fn error(&self) -> Option<&SyntaxError> {
        self.error.as_ref()
    }

    /// The offset in the file of the byte `at` in the SQL. A byte of a value maps to its variable.
    pub fn origin(&self, at: usize) -> usize {
        let before = self.replacements.partition_point(|replacement| replacement.to.start <= at);
        match before.checked_sub(1).and_then(|index| self.replacements.get(index)) {
            None => at,
            Some(last) if at < last.to.end => last.from.start,
            Some(last) => last.from.end + (at - last.to.end),
        }
    }

    /// A part of the SQL to show: string variables stay unexpanded, because they are data and may
    /// be secret.
    pub(in crate::postgres) fn shown(&self, range: Range<usize>) -> Cow<'_, str> {
        let first = self.replacements.partition_point(|replacement| replacement.to.start < range.start);
        let strings = self.replacements[first..]
            .iter()
            .take_while(|replacement| replacement.to.end <= range.end)
            .filter(|replacement| replacement.is_string);
        let mut at = range.start;
        let mut shown = Cow::Borrowed("");
        for string in strings {
            shown += &self.sql[at..string.to.start];
            shown += &self.original()[string.from.clone()];
            at = string.to.end;
        }
        shown += &self.sql[at..range.end];
        shown
    }
}

/// Whether psql allows a variable of this name: letters, digits, underscores, and all non-ASCII characters.
pub fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_part)
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// How a variable is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Literal,
    Identifier,
    Test,
}

/// Parses a variable after its colon. Returns its form, its name, and its length.
pub(super) fn reference(rest: &str) -> Option<(Form, &str, usize)> {
    let (form, open, close) = match rest.as_bytes().first()? {
        b'\'' => (Form::Literal, "'", "'"),
        b'"' => (Form::Identifier, "\"", "\""),
        b'{' => (Form::Test, "{?", "}"),
        _ => (Form::Plain, "", ""),
    };
    let rest = rest.strip_prefix(open)?;
    let name = &rest[..rest.find(|c| !is_name_part(c)).unwrap_or(rest.len())];
    (!name.is_empty() && rest[name.len()..].starts_with(close)).then_some((
        form,
        name,
        open.len() + name.len() + close.len(),
    ))
}
