//! Does what psql does to a file before the server sees it: replaces variables, and removes the
//! rows of COPY and the lines `\restrict` and `\unrestrict`.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use super::copy::{self, Boundary};
use super::lexer::{Lexer, SyntaxError, Token};
use super::quote::{quote_identifier, quote_literal};
use super::restrict::Restriction;
use super::variables::{Expanded, Form, Lookup, Replacement, Unset, reference};

/// Replaces the variables of `text` with their values from `lookup`, and removes what is not SQL.
pub fn expand(text: String, lookup: Lookup<'_>) -> Expanded {
    let mut expander = Expander {
        lookup,
        sql: String::new(),
        replacements: Vec::new(),
        rows: Vec::new(),
        names: BTreeSet::new(),
        values: BTreeSet::new(),
        unset: Vec::new(),
        error: None,
        inserted: 0,
        before: Before::Other,
        brackets: Vec::new(),
        active: Vec::new(),
        boundary: Boundary::default(),
        restriction: Restriction::default(),
    };
    expander.text(&text, None);
    let Expander { sql, replacements, rows, names, values, unset, error, .. } = expander;
    let (sql, original) = if replacements.is_empty() { (text, None) } else { (sql, Some(text)) };
    Expanded { sql, original, replacements, rows, names, values, unset, error }
}

/// How deep values may refer to other variables.
const DEEPEST: usize = 100;

/// How many bytes the values in a file may have in all. Without a limit, a few short values that name each
/// other would grow beyond any memory.
const MOST: usize = 16 * 1024 * 1024;
/// How many bytes a value in another value counts for, besides its own: it may be empty and yet take time.
const NESTED: usize = 1024;

/// What precedes a token, as far as the meaning of a colon depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A value, or a word.
    Operand,
    /// The opening bracket of a subscript.
    Subscript,
    Other,
}

struct Expander<'a> {
    lookup: Lookup<'a>,
    /// Empty until something is replaced.
    sql: String,
    replacements: Vec<Replacement>,
    rows: Vec<Range<usize>>,
    names: BTreeSet<String>,
    values: BTreeSet<String>,
    unset: Vec<Unset>,
    error: Option<SyntaxError>,
    /// The bytes of all values so far, by which [`MOST`] is counted.
    inserted: usize,
    before: Before,
    /// For each open bracket, whether it is a subscript's.
    brackets: Vec<bool>,
    /// The variables whose values are being expanded.
    active: Vec<String>,
    /// The current statement.
    boundary: Boundary,
    restriction: Restriction,
}

/// A text that is being expanded: the file, or the value of a variable.
struct Part<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// How far it has been copied or replaced.
    copied: usize,
    /// Where in the file the value is used; `None` for the file itself.
    site: Option<Range<usize>>,
}

impl Expander<'_> {
    /// Appends `text`: the file, or a value used at `site`.
    fn text(&mut self, text: &str, site: Option<Range<usize>>) {
        let mut part = Part { text, lexer: Lexer::new(text), copied: 0, site };
        loop {
            let goes_on = match part.lexer.next() {
                Ok(Some((start, token))) => self.token(&mut part, start, &token),
                Ok(None) => ControlFlow::Break(()),
                Err(error) => {
                    // Errors in the file itself are reported when it is split into statements.
                    if let Some(site) = &part.site {
                        self.fail_in_value(site, &error.message);
                    }
                    ControlFlow::Break(())
                }
            };
            if goes_on.is_break() {
                break;
            }
        }
        if part.site.is_none() && self.boundary.has_rows() && self.error.is_none() {
            self.fail(copy::without_rows(self.boundary.start()));
        }
        if part.site.is_some() || !self.replacements.is_empty() {
            self.sql.push_str(&text[part.copied..]);
        }
    }

    /// Takes one token. Breaks where the rest of the text stays as it is.
    fn token(&mut self, part: &mut Part<'_>, start: usize, token: &Token<'_>) -> ControlFlow<()> {
        let rest = &part.text[part.lexer.at()..];
        match token {
            Token::Backslash if !rest.starts_with(':') => return self.command(part, start, rest),
            Token::Semicolon if self.boundary.can_end() => {
                if std::mem::take(&mut self.boundary).has_rows() {
                    self.rows(part)?;
                }
            }
            _ => self.boundary.take(start, token),
        }
        match token {
            // `\:` is a colon.
            Token::Backslash => {
                let to = self.cut(part, start, start + 2);
                self.sql.push(':');
                self.replaced(part, start, to, false);
                self.before = Before::Other;
            }
            Token::Colon => match reference(rest) {
                Some((form, name, length)) => self.variable(part, start, form, name, length),
                None => self.pass(token),
            },
            _ => self.pass(token),
        }
        ControlFlow::Continue(())
    }

    /// Removes a command of psql's at `start`, up to the end of the line. `rest` comes after the backslash.
    fn command(&mut self, part: &mut Part<'_>, start: usize, rest: &str) -> ControlFlow<()> {
        if part.site.is_some() || self.boundary.is_open() {
            return ControlFlow::Break(());
        }
        match self.restriction.take(start, rest) {
            Ok(Some(length)) => {
                let end = part.lexer.at() + length;
                self.take_out(part, start, end);
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Break(()),
            Err(error) => self.stop(error),
        }
    }

    /// Removes the rows of a COPY whose semicolon was the last token.
    fn rows(&mut self, part: &mut Part<'_>) -> ControlFlow<()> {
        if let Some(site) = &part.site {
            self.fail_in_value(site, "the rows after it are in the file");
            return ControlFlow::Break(());
        }
        match copy::rows(part.text, part.lexer.at()) {
            Ok(found) => {
                self.take_out(part, found.rows.start, found.end);
                self.rows.push(found.rows);
                ControlFlow::Continue(())
            }
            Err(error) => self.stop(error),
        }
    }

    /// Replaces the variable whose colon is at `start`, if it has a value.
    fn variable(&mut self, part: &mut Part<'_>, start: usize, form: Form, name: &str, length: usize) {
        let end = start + 1 + length;
        let site = part.site.clone().unwrap_or(start..end);
        let Some(value) = self.value(form, name, &site) else {
            // A slice's colon is a token of its own.
            if self.left_alone(form, name) {
                self.before = Before::Other;
            } else {
                part.lexer.skip(length);
                self.before = Before::Operand;
            }
            return;
        };
        let to = self.cut(part, start, end);
        match value {
            Value::Text(text) => {
                self.sql.push_str(&text);
                self.before = Before::Operand;
            }
            Value::Sql(sql) => {
                self.active.push(name.to_owned());
                self.text(&sql, Some(site));
                self.active.pop();
            }
        }
        self.replaced(part, start, to, form == Form::Literal);
    }

    /// Removes the text from `start` to `end`.
    fn take_out(&mut self, part: &mut Part<'_>, start: usize, end: usize) {
        let to = self.cut(part, start, end);
        self.replaced(part, start, to, false);
    }

    /// Leaves out the text from `start` to `end`, and goes on after it. Returns where its replacement begins.
    fn cut(&mut self, part: &mut Part<'_>, start: usize, end: usize) -> usize {
        self.sql.push_str(&part.text[part.copied..start]);
        part.lexer.skip(end - part.lexer.at());
        part.copied = end;
        self.sql.len()
    }

    /// Records that all since `to` replaces what was left out from `start` on.
    fn replaced(&mut self, part: &Part<'_>, start: usize, to: usize, is_string: bool) {
        if part.site.is_none() {
            let (to, from) = (to..self.sql.len(), start..part.copied);
            self.replacements.push(Replacement { to, from, is_string });
        }
    }

    /// The replacement for a variable; `None` leaves it as it is.
    fn value(&mut self, form: Form, name: &str, site: &Range<usize>) -> Option<Value> {
        if self.is_slice() || self.inserted > MOST {
            return None;
        }
        let value = (self.lookup)(name);
        let nested = if self.active.is_empty() { 0 } else { NESTED };
        self.inserted += value.as_ref().map_or(0, String::len) + nested;
        if self.inserted > MOST {
            self.fail_in_value(site, "the values of the file's variables come to more than 16 MiB");
            return None;
        }
        if form == Form::Test {
            self.names.insert(name.to_owned());
            return Some(Value::Text(if value.is_some() { "TRUE" } else { "FALSE" }.to_owned()));
        }
        if value.is_none() && self.left_alone(form, name) {
            return None;
        }
        self.names.insert(name.to_owned());
        let Some(value) = value else {
            self.unset.push(Unset { name: name.to_owned(), at: site.start, plain: form == Form::Plain });
            return None;
        };
        // A name is not secret.
        if form != Form::Identifier {
            self.values.insert(value.clone());
        }
        match form {
            Form::Literal => Some(Value::Text(quote_literal(&value))),
            Form::Identifier => Some(Value::Text(quote_identifier(&value))),
            Form::Plain | Form::Test => {
                if self.active.iter().any(|active| active == name) {
                    self.fail_in_value(site, "its value refers back to the variable");
                    return None;
                }
                if self.active.len() == DEEPEST {
                    self.fail_in_value(site, "its value refers to too many other variables");
                    return None;
                }
                Some(Value::Sql(value))
            }
        }
    }

    /// Whether a colon here belongs to a slice: it follows the lower bound.
    fn is_slice(&self) -> bool {
        self.brackets.last() == Some(&true) && self.before == Before::Operand
    }

    /// Whether this is not a variable unless one of that name is set: the upper bound of a slice
    /// without a lower one, or a number.
    fn left_alone(&self, form: Form, name: &str) -> bool {
        self.is_slice()
            || (self.before == Before::Subscript && form != Form::Literal)
            || (form == Form::Plain && name.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Records a token that is not a variable.
    fn pass(&mut self, token: &Token<'_>) {
        self.before = match token {
            // It is not a value, and its bracket not a subscript's.
            Token::Word(word) if word.eq_ignore_ascii_case("array") => Before::Other,
            Token::Word(_) | Token::Operand => Before::Operand,
            Token::Open(open) => {
                let is_subscript = *open == '[' && self.before == Before::Operand;
                self.brackets.push(is_subscript);
                if is_subscript { Before::Subscript } else { Before::Other }
            }
            Token::Close => {
                self.brackets.pop();
                Before::Operand
            }
            Token::Semicolon | Token::Colon | Token::Backslash | Token::Other => Before::Other,
        };
    }

    fn fail_in_value(&mut self, site: &Range<usize>, why: &str) {
        let message = format!("this variable's value cannot be used here as SQL: {why}");
        self.fail(SyntaxError { at: site.start, message: message.into(), hint: None });
    }

    fn stop(&mut self, error: SyntaxError) -> ControlFlow<()> {
        self.fail(error);
        ControlFlow::Break(())
    }

    /// Keeps the first error.
    fn fail(&mut self, error: SyntaxError) {
        self.error.get_or_insert(error);
    }
}

/// The replacement for a variable.
enum Value {
    /// Text to insert as it is.
    Text(String),
    /// SQL, which may contain variables itself.
    Sql(String),
}
