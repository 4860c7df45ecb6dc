//! psql's variables in an SQL file.
//!
//! `:name` stands for the value as it is, `:'name'` for it as a string,
//! `:"name"` as an identifier, and `:{?name}` for `TRUE` or `FALSE`: whether it is
//! set. `\:` is a colon that stands for nothing else. Strings, quoted names,
//! dollar quotes, comments, `::` and `:=` are left alone. Source: psql's manual
//! page, "Variables" and "SQL Interpolation".
//!
//! Two things differ. psql leaves a variable that is not set as it stands; here it
//! is an error, since the server's complaint about a colon helps nobody. And psql
//! takes the colon of an array slice for a variable's when one of that name is
//! set; here a colon inside a subscript that follows its lower bound is the
//! slice's, always: nothing else can stand there.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::lexer::SyntaxError;
use crate::secrets::hide;

/// Where the value of a variable comes from; `None` when it is not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A file with its variables replaced, and the way back to what it was.
#[derive(Debug, Clone)]
pub struct Expanded {
    pub(super) sql: String,
    /// The file's own text, where anything was replaced.
    pub(super) original: Option<String>,
    pub(super) replacements: Vec<Replacement>,
    /// The rows that were taken out, in the order of their statements.
    pub(super) rows: Vec<Range<usize>>,
    pub(super) names: BTreeSet<String>,
    /// Values that stand in the SQL, but for names.
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
    /// Whether it is written without quotes, as a colon of SQL's own may be.
    pub plain: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Replacement {
    /// What it became, in the SQL; nothing, where it was taken out.
    pub(super) to: Range<usize>,
    /// What it was, in the file.
    pub(super) from: Range<usize>,
    /// Whether it is a string: data, as opposed to a part of the statement.
    pub(super) is_string: bool,
}

impl Expanded {
    /// The SQL to run.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The file as it was written.
    #[must_use]
    pub fn original(&self) -> &str {
        self.original.as_deref().unwrap_or(&self.sql)
    }

    /// What a server says of the SQL, without the values of variables: they may be secret.
    #[must_use]
    pub fn without_values(&self, text: &str) -> String {
        let doubled: Vec<String> = self.values.iter().map(|value| value.replace('\'', "''")).collect();
        let values = self.values.iter().map(|value| value.trim_matches('\''));
        hide(text, values.chain(doubled.iter().map(String::as_str)))
    }

    /// The variables that the file names, set or not.
    #[must_use]
    pub const fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// Those that are not set, in the order of the file; left as they were.
    #[must_use]
    pub fn unset(&self) -> &[Unset] {
        &self.unset
    }

    /// The rows after the `COPY … FROM stdin` of the file, in order: where they stand in it.
    #[must_use]
    pub fn rows(&self) -> &[Range<usize>] {
        &self.rows
    }

    /// What is wrong with rows, with `\restrict`, or with a value that stands for SQL; the
    /// place of that one is its variable's.
    #[must_use]
    pub const fn error(&self) -> Option<&SyntaxError> {
        self.error.as_ref()
    }

    /// Where in the file the byte at `at` of the SQL comes from: for one of a
    /// value, the place of its variable.
    #[must_use]
    pub fn origin(&self, at: usize) -> usize {
        let before = self.replacements.partition_point(|replacement| replacement.to.start <= at);
        match before.checked_sub(1).and_then(|index| self.replacements.get(index)) {
            None => at,
            Some(last) if at < last.to.end => last.from.start,
            Some(last) => last.from.end + (at - last.to.end),
        }
    }

    /// A part of the SQL to be shown: strings that were put in stay variables,
    /// since they are data and may be secret.
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

/// Whether psql could have a variable of this name: letters, digits, underscores,
/// and all that is not ASCII.
#[must_use]
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

/// A variable after its colon: its form, its name, and the length of it all.
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
