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

use super::lexer::{Lexer, SyntaxError, Token};
use super::quote::{quote_identifier, quote_literal};

/// Where the value of a variable comes from; `None` when it is not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A file with its variables replaced, and the way back to what it was.
#[derive(Debug, Clone)]
pub struct Expanded {
    sql: String,
    /// The file's own text, where anything was replaced.
    original: Option<String>,
    replacements: Vec<Replacement>,
    names: BTreeSet<String>,
    unset: Vec<Unset>,
    error: Option<SyntaxError>,
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
struct Replacement {
    /// What it became, in the SQL.
    to: Range<usize>,
    /// What it was, in the file.
    from: Range<usize>,
    /// Whether it is a string: data, as opposed to a part of the statement.
    is_string: bool,
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

    /// What is wrong with a value that stands for SQL; its place is the variable's.
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
        let strings = self.replacements.iter().filter(|replacement| {
            replacement.is_string && replacement.to.start >= range.start && replacement.to.end <= range.end
        });
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

/// Replaces the variables of `text` by what `lookup` knows of them.
#[must_use]
pub fn expand(text: String, lookup: Lookup<'_>) -> Expanded {
    let mut expander = Expander {
        lookup,
        sql: String::new(),
        replacements: Vec::new(),
        names: BTreeSet::new(),
        unset: Vec::new(),
        error: None,
        before: Before::Other,
        brackets: Vec::new(),
        active: Vec::new(),
    };
    expander.text(&text, None);
    let Expander { sql, replacements, names, unset, error, .. } = expander;
    let (sql, original) = if replacements.is_empty() { (text, None) } else { (sql, Some(text)) };
    Expanded { sql, original, replacements, names, unset, error }
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
enum Form {
    Plain,
    Literal,
    Identifier,
    Test,
}

/// A variable after its colon: its form, its name, and the length of it all.
fn reference(rest: &str) -> Option<(Form, &str, usize)> {
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

/// What stands before a token, as far as colons depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// What has a value, or a word.
    Operand,
    /// The word ARRAY.
    Array,
    /// The bracket that opens a subscript.
    Subscript,
    Other,
}

#[derive(PartialEq, Eq)]
enum Bracket {
    Parenthesis,
    /// `[` after what has elements.
    Subscript,
    /// `[` of `ARRAY[…]`.
    Array,
}

struct Expander<'a> {
    lookup: Lookup<'a>,
    /// Stays empty until something is replaced.
    sql: String,
    replacements: Vec<Replacement>,
    names: BTreeSet<String>,
    unset: Vec<Unset>,
    error: Option<SyntaxError>,
    before: Before,
    brackets: Vec<Bracket>,
    /// The variables whose values are being read.
    active: Vec<String>,
}

impl Expander<'_> {
    /// Appends `text`, which is the file, or a value that stands at `site`.
    fn text(&mut self, text: &str, site: Option<&Range<usize>>) {
        let mut lexer = Lexer::new(text);
        let mut copied = 0;
        loop {
            let (start, token) = match lexer.next() {
                Ok(Some(token)) => token,
                Ok(None) => break,
                Err(error) => {
                    // Of the file's own text, cutting it will say so.
                    if let Some(site) = site {
                        self.fail(site.start, &error.message);
                    }
                    break;
                }
            };
            let rest = &text[lexer.at()..];
            let escape = token == Token::Backslash && rest.starts_with(':');
            if token == Token::Backslash && !escape {
                // A command of psql's, up to the end of the line, or an error.
                break;
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
                // The slice's colon is a token by itself; an unset variable is passed over.
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
        if site.is_some() || !self.replacements.is_empty() {
            self.sql.push_str(&text[copied..]);
        }
    }

    /// What the variable becomes; `None` leaves it as it is.
    fn value(&mut self, form: Form, name: &str, site: &Range<usize>) -> Option<Value> {
        if self.is_slice() {
            return None;
        }
        let value = (self.lookup)(name);
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
        match form {
            Form::Literal => Some(Value::Text(quote_literal(&value))),
            Form::Identifier => Some(Value::Text(quote_identifier(&value))),
            Form::Plain | Form::Test => {
                if self.active.iter().any(|active| active == name) {
                    self.fail(site.start, "its value leads back to the variable itself");
                    return None;
                }
                Some(Value::Sql(value))
            }
        }
    }

    /// Whether a colon here is that of a slice: it follows the lower bound.
    fn is_slice(&self) -> bool {
        self.brackets.last() == Some(&Bracket::Subscript) && self.before == Before::Operand
    }

    /// Whether what looks like a variable is none if no such variable is set:
    /// the upper bound of a slice without a lower one, or a number.
    fn left_alone(&self, form: Form, name: &str) -> bool {
        self.is_slice()
            || (self.before == Before::Subscript && form != Form::Literal)
            || (form == Form::Plain && name.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Notes a token that is no variable.
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

    fn fail(&mut self, at: usize, why: &str) {
        if self.error.is_none() {
            let message = format!("this variable's value cannot stand here as SQL: {why}");
            self.error = Some(SyntaxError { at, message: message.into(), hint: None });
        }
    }
}

/// What a variable becomes.
enum Value {
    /// As it is.
    Text(String),
    /// SQL, in which there may be variables again.
    Sql(String),
}
