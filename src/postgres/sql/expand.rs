//! Does what psql does to a file before the server sees it: replaces variables, and removes the
//! rows of COPY and the lines `\restrict` and `\unrestrict`.

use std::collections::BTreeSet;
use std::ops::Range;

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
    /// The word ARRAY.
    Array,
    /// The opening bracket of a subscript.
    Subscript,
    Other,
}

#[derive(PartialEq, Eq)]
enum Bracket {
    Parenthesis,
    /// `[` after a value that has elements.
    Subscript,
    /// `[` of `ARRAY[…]`.
    Array,
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
    brackets: Vec<Bracket>,
    /// The variables whose values are being expanded.
    active: Vec<String>,
    /// The current statement.
    boundary: Boundary,
    restriction: Restriction,
}

impl Expander<'_> {
    /// Appends `text`: the file, or a value used at `site`.
    fn text(&mut self, text: &str, site: Option<&Range<usize>>) {
        let mut lexer = Lexer::new(text);
        let mut copied = 0;
        loop {
            let (start, token) = match lexer.next() {
                Ok(Some(token)) => token,
                Ok(None) => break,
                Err(error) => {
                    // Errors in the file itself are reported when it is split into statements.
                    if let Some(site) = site {
                        self.fail_in_value(site, &error.message);
                    }
                    break;
                }
            };
            let rest = &text[lexer.at()..];
            let escape = token == Token::Backslash && rest.starts_with(':');
            if token == Token::Backslash && !escape {
                // A psql command up to the end of the line, or an error.
                if site.is_some() || self.boundary.is_open() {
                    break;
                }
                let length = match self.restriction.take(start, rest) {
                    Ok(Some(length)) => length,
                    Ok(None) => break,
                    Err(error) => {
                        self.fail(error);
                        break;
                    }
                };
                self.take_out(text, &mut copied, start, lexer.at() + length);
                lexer.skip(length);
                continue;
            }
            if token == Token::Semicolon && self.boundary.can_end() {
                let has_rows = std::mem::take(&mut self.boundary).has_rows();
                if has_rows && site.is_some() {
                    self.fail_in_value(site.unwrap_or(&(0..0)), "the rows after it are in the file");
                    break;
                }
                if has_rows {
                    match copy::rows(text, lexer.at()) {
                        Ok(found) => {
                            self.take_out(text, &mut copied, found.rows.start, found.end);
                            self.rows.push(found.rows);
                            lexer.skip(found.end - lexer.at());
                        }
                        Err(error) => {
                            self.fail(error);
                            break;
                        }
                    }
                }
            } else {
                self.boundary.take(start, &token);
            }
            let found = if token == Token::Colon { reference(rest) } else { None };
            let Some((form, name, length)) = found.or_else(|| escape.then_some((Form::Plain, "", 1))) else {
                self.pass(&token);
                continue;
            };
            let here = start..start + 1 + length;
            let own_site = site.cloned().unwrap_or_else(|| here.clone());
            let start_of_value = self.sql.len() + (start - copied);
            let value =
                if escape { Some(Value::Text(":".to_owned())) } else { self.value(form, name, &own_site) };
            let Some(value) = value else {
                // A slice's colon is a token of its own; an unset variable is skipped.
                if self.left_alone(form, name) {
                    self.before = Before::Other;
                } else {
                    lexer.skip(length);
                    self.before = Before::Operand;
                }
                continue;
            };
            self.sql.push_str(&text[copied..start]);
            lexer.skip(length);
            copied = lexer.at();
            match value {
                Value::Text(text) => {
                    self.sql.push_str(&text);
                    self.before = if escape { Before::Other } else { Before::Operand };
                }
                Value::Sql(sql) => {
                    self.active.push(name.to_owned());
                    self.text(&sql, Some(&own_site));
                    self.active.pop();
                }
            }
            if site.is_none() {
                self.replacements.push(Replacement {
                    to: start_of_value..self.sql.len(),
                    from: here,
                    is_string: form == Form::Literal,
                });
            }
        }
        if site.is_none() && self.boundary.has_rows() && self.error.is_none() {
            self.fail(copy::without_rows(self.boundary.start()));
        }
        if site.is_some() || !self.replacements.is_empty() {
            self.sql.push_str(&text[copied..]);
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
        self.brackets.last() == Some(&Bracket::Subscript) && self.before == Before::Operand
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
            Token::Word(word) if word.eq_ignore_ascii_case("array") => Before::Array,
            Token::Word(_) | Token::Operand => Before::Operand,
            Token::Open('[') if self.before == Before::Operand => {
                self.brackets.push(Bracket::Subscript);
                Before::Subscript
            }
            Token::Open(open) => {
                self.brackets.push(if *open == '[' { Bracket::Array } else { Bracket::Parenthesis });
                Before::Other
            }
            Token::Close => {
                self.brackets.pop();
                Before::Operand
            }
            Token::Comma | Token::Semicolon | Token::Colon | Token::Backslash | Token::Other => Before::Other,
        };
    }

    /// Removes a part of the file; copies the text before it, from `copied` on.
    fn take_out(&mut self, text: &str, copied: &mut usize, start: usize, end: usize) {
        self.sql.push_str(&text[*copied..start]);
        *copied = end;
        let here = self.sql.len();
        self.replacements.push(Replacement { to: here..here, from: start..end, is_string: false });
    }

    fn fail_in_value(&mut self, site: &Range<usize>, why: &str) {
        let message = format!("this variable's value cannot be used here as SQL: {why}");
        self.fail(SyntaxError { at: site.start, message: message.into(), hint: None });
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
