//! The rows that follow `COPY … FROM stdin;` in a file, up to the line `\.`.
//!
//! Source: psql's manual page, `\copy` and "COPY". In CSV too the line `\.` ends the rows, even
//! inside quotes, as in psql.

use std::ops::Range;

use memchr::memmem;

use super::lexer::{Lexer, SyntaxError, Token};

/// What a statement begins with, as far as its end depends on it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Begins {
    #[default]
    Nothing,
    Copy,
    Create,
    Routine,
    Other,
}

/// The previous word, as far as it matters.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    Begin,
    From,
    #[default]
    Other,
}

/// Tracks a statement: whether a semicolon ends it, and whether rows follow it.
#[derive(Default)]
pub(super) struct Boundary {
    start: Option<usize>,
    begins: Begins,
    before: Before,
    parentheses: Vec<usize>,
    /// How deep it is in `BEGIN ATOMIC … END` of a routine's body, `CASE … END` included.
    body: usize,
    has_rows: bool,
}

impl Boundary {
    /// Whether the statement has begun.
    pub(super) const fn is_open(&self) -> bool {
        self.start.is_some()
    }

    /// Where the statement begins.
    pub(super) fn start(&self) -> usize {
        self.start.unwrap_or_default()
    }

    pub(super) const fn can_end(&self) -> bool {
        self.parentheses.is_empty() && self.body == 0
    }

    /// The innermost open parenthesis.
    pub(super) fn parenthesis(&self) -> Option<usize> {
        self.parentheses.last().copied()
    }

    pub(super) const fn is_within_parentheses(&self) -> bool {
        !self.parentheses.is_empty()
    }

    /// Whether it is `COPY … FROM stdin`.
    pub(super) const fn has_rows(&self) -> bool {
        self.has_rows
    }

    /// Reads a token that is not the semicolon after the statement.
    pub(super) fn take(&mut self, start: usize, token: &Token<'_>) {
        match token {
            Token::Open(_) => self.parentheses.push(start),
            // The server reports one parenthesis too many.
            Token::Close => drop(self.parentheses.pop()),
            Token::Word(word) if self.parentheses.is_empty() => self.word(word),
            _ => {}
        }
        // `begin, atomic` are two names.
        if !matches!(token, Token::Word(_)) {
            self.before = Before::Other;
        }
        self.start.get_or_insert(start);
    }

    fn word(&mut self, word: &str) {
        let is = |wanted: &str| word.eq_ignore_ascii_case(wanted);
        if self.begins == Begins::Routine {
            if is("ATOMIC") && self.before == Before::Begin || is("CASE") && self.body > 0 {
                self.body += 1;
            } else if is("END") && self.body > 0 {
                self.body -= 1;
            }
        }
        self.has_rows |= self.begins == Begins::Copy && self.before == Before::From && is("STDIN");
        self.begins = match self.begins {
            Begins::Nothing if is("CREATE") => Begins::Create,
            Begins::Nothing if is("COPY") => Begins::Copy,
            Begins::Create if is("FUNCTION") || is("PROCEDURE") => Begins::Routine,
            Begins::Create if is("OR") || is("REPLACE") => Begins::Create,
            Begins::Nothing | Begins::Create => Begins::Other,
            known => known,
        };
        self.before = match word {
            _ if is("BEGIN") => Before::Begin,
            _ if is("FROM") => Before::From,
            _ => Before::Other,
        };
    }
}

/// The rows found in a file.
pub(super) struct Found {
    pub(super) rows: Range<usize>,
    /// Where the file continues, after the line `\.`.
    pub(super) end: usize,
}

/// Finds the rows of the statement whose semicolon ends at `at`. They begin on the next line.
pub(super) fn rows(text: &str, at: usize) -> Result<Found, SyntaxError> {
    let line_end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length + 1);
    let rest = &text[at..line_end];
    let trimmed = rest.trim_start();
    if !trimmed.is_empty() && !trimmed.starts_with("--") {
        return Err(SyntaxError {
            at: line_end - trimmed.len(),
            message: "after COPY … FROM stdin; the rest of the line must be empty".into(),
            hint: Some("put what follows on a line of its own, after the rows and their \\.".into()),
        });
    }
    let mut from = line_end;
    loop {
        let after = &text[from..];
        // The first line has no newline before it.
        let found = if from == line_end && after.starts_with("\\.") {
            from
        } else {
            match memmem::find(after.as_bytes(), b"\n\\.") {
                Some(newline) => from + newline + 1,
                None => return Err(without_end(at - 1)),
            }
        };
        let tail = &text[found + 2..];
        let ending = ["\n", "\r\n"].iter().find(|ending| tail.starts_with(**ending));
        if let Some(ending) = ending {
            return Ok(Found { rows: line_end..found, end: found + 2 + ending.len() });
        }
        if tail.is_empty() || tail == "\r" {
            return Ok(Found { rows: line_end..found, end: text.len() });
        }
        from = found + 1;
    }
}

/// The error for a file that ends before its rows do. psql would load the rows that are there.
fn without_end(at: usize) -> SyntaxError {
    SyntaxError {
        at,
        message: "the rows of this COPY never end".into(),
        hint: Some("they end with a line that holds only \\. ; is the file complete?".into()),
    }
}

/// The error for `COPY … FROM stdin` at the very end of a file.
pub(super) fn without_rows(at: usize) -> SyntaxError {
    SyntaxError {
        at,
        message: "the rows of this COPY are missing".into(),
        hint: Some("end the statement with a semicolon, and the rows with a line that holds only \\.".into()),
    }
}

/// Why the rows of this statement cannot be sent as text: the binary format, or an encoding of
/// their own in a file that is `converted` to UTF-8.
pub(super) fn unfit(statement: &str, converted: bool) -> Option<&'static str> {
    let mut lexer = Lexer::new(statement);
    let mut last = String::new();
    let mut is_option = false;
    while let Ok(Some((start, _))) = lexer.next() {
        let text = &statement[start..lexer.at()];
        let word = text.trim_matches('\'').to_ascii_uppercase();
        let follows = |words: &[&str]| words.contains(&last.as_str());
        if is_option && word == "BINARY" && follows(&["FORMAT", "WITH", "STDIN"]) {
            return Some("rows in the binary format cannot be in an SQL file; dump them as text");
        }
        if is_option && converted && word == "ENCODING" && follows(&["(", ",", "WITH", "STDIN"]) {
            return Some("these rows have their own encoding, and so has the file; remove the option");
        }
        is_option |= last == "FROM";
        last = word;
    }
    None
}
