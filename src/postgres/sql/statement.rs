//! Splits an SQL file into statements.
//!
//! Statements are sent one by one. A failed one can then be named by its line even when the server
//! gives no position, as for a duplicate key or a refused privilege. Source for bodies in
//! SQL-standard form (`BEGIN ATOMIC … END`): the manual's CREATE FUNCTION.

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
    /// Its unquoted words outside parentheses, in upper case.
    pub words: Vec<String>,
    /// Whether DELETE is among its unquoted words, also inside parentheses.
    pub deletes: bool,
    /// Whether it names a dblink function that may write, which no rollback undoes.
    pub dblink: bool,
    /// Whether it is `COPY … FROM stdin`, whose rows follow in the file.
    pub has_rows: bool,
}

/// Splits `text` into its statements. Leaves out those of only comments and white space.
///
/// # Errors
/// An unclosed quote, comment or parenthesis, or a psql command.
pub fn split(text: &str) -> Result<Vec<Statement<'_>>, SyntaxError> {
    let mut statements = Vec::new();
    cut(text, |statement| statements.push(statement))?;
    Ok(statements)
}

/// Passes each statement of `text` to `take`, including those before an error.
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
    /// Reads a token; `rest` is the text after it.
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

/// Whether this upper-case word is a function that runs SQL in another session.
pub(super) fn is_dblink(word: &str) -> bool {
    matches!(word, "DBLINK" | "DBLINK_EXEC" | "DBLINK_OPEN" | "DBLINK_SEND_QUERY")
}

/// A statement.
pub(in crate::postgres) struct Piece {
    /// Its range in the SQL.
    pub(in crate::postgres) sql: Range<usize>,
    /// The range in the file of the rows of a `COPY … FROM stdin`.
    pub(in crate::postgres) rows: Option<Range<usize>>,
}
