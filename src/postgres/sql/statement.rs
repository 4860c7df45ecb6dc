//! Cuts an SQL file into statements.
//!
//! Sent one by one, a statement that fails can be named by its line even when
//! the server gives no position (a duplicate key, a refused privilege).
//! Source for bodies in SQL-standard form (`BEGIN ATOMIC … END`): the manual's
//! CREATE FUNCTION.

use std::ops::Range;

use super::copy::Boundary;
use super::lexer::{Lexer, SyntaxError, Token};
use super::psql;

/// A statement of a file, without its semicolon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Byte offset of its first character in the file.
    pub start: usize,
    /// Its text, from its first to its last token.
    pub text: &'a str,
    /// Its unquoted words, in upper case, outside parentheses.
    pub words: Vec<String>,
    /// Whether DELETE is among its unquoted words, inside parentheses too.
    pub deletes: bool,
    /// Whether it names a function of dblink's that may write, which no rollback takes back.
    pub dblink: bool,
    /// Whether it is `COPY … FROM stdin`, whose rows follow in the file.
    pub has_rows: bool,
}

/// Cuts `text` into its statements; those of comments and white space only are left out.
///
/// # Errors
/// A quote, comment or parenthesis that is never closed, or a psql command.
pub fn split(text: &str) -> Result<Vec<Statement<'_>>, SyntaxError> {
    let mut statements = Vec::new();
    cut(text, |statement| statements.push(statement))?;
    Ok(statements)
}

/// Hands on each statement of `text`, those before an error included.
pub(super) fn cut<'a>(text: &'a str, mut take: impl FnMut(Statement<'a>)) -> Result<(), SyntaxError> {
    let mut lexer = Lexer::new(text);
    let mut open: Option<Open> = None;
    while let Some((start, token)) = lexer.next()? {
        if token == Token::Semicolon && open.as_ref().is_none_or(|open| open.boundary.can_end()) {
            if let Some(statement) = open.take() {
                take(statement.close(text));
            }
            continue;
        }
        let statement = open.get_or_insert_with(|| Open { start, ..Open::default() });
        statement.end = lexer.at();
        statement.take(start, &token, &text[lexer.at()..])?;
    }
    if let Some(statement) = open {
        if let Some(at) = statement.boundary.parenthesis() {
            return Err(SyntaxError::new(at, "this parenthesis is never closed"));
        }
        take(statement.close(text));
    }
    Ok(())
}

/// The statement being read.
#[derive(Default)]
struct Open {
    start: usize,
    end: usize,
    words: Vec<String>,
    deletes: bool,
    dblink: bool,
    boundary: Boundary,
}

impl Open {
    /// Takes in a token; `rest` is the text after it.
    fn take(&mut self, start: usize, token: &Token<'_>, rest: &str) -> Result<(), SyntaxError> {
        match token {
            Token::Backslash => return Err(psql::refuse(start, rest)),
            Token::Word(word) => {
                let word = word.to_ascii_uppercase();
                self.deletes |= word == "DELETE";
                self.dblink |= is_dblink(&word);
                if !self.boundary.is_within_parentheses() {
                    self.words.push(word);
                }
            }
            _ => {}
        }
        self.boundary.take(start, token);
        Ok(())
    }

    fn close(self, text: &str) -> Statement<'_> {
        Statement {
            start: self.start,
            text: &text[self.start..self.end],
            words: self.words,
            deletes: self.deletes,
            dblink: self.dblink,
            has_rows: self.boundary.has_rows(),
        }
    }
}

/// Whether a word in upper case is a function that runs SQL in another session.
pub(super) fn is_dblink(word: &str) -> bool {
    matches!(word, "DBLINK" | "DBLINK_EXEC" | "DBLINK_OPEN" | "DBLINK_SEND_QUERY")
}

/// A statement.
pub(in crate::postgres) struct Piece {
    /// Where it stands in the SQL.
    pub(in crate::postgres) sql: Range<usize>,
    /// Where the rows of a `COPY … FROM stdin` stand in the file.
    pub(in crate::postgres) rows: Option<Range<usize>>,
}
