//! Rejects statements that cannot be part of a file that runs in one transaction and is sent as UTF-8.

use std::borrow::Cow;
use std::ops::Range;

use super::copy;
use super::encoding::{Encoding, client_encoding, setting};
use super::lexer::SyntaxError;
use super::statement::{Piece, Statement};
use crate::error::Hint;

const IN_ONE: &str = "the whole file already runs in one transaction";

/// What happens to a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    /// Left out: it has already taken effect.
    Left,
}

/// Checks the statements of one file in order.
pub(super) struct Checks {
    /// The file's encoding; `None` when it is all ASCII.
    encoding: Option<Encoding>,
    /// The file's first statement, if that is BEGIN.
    begin: Option<Range<usize>>,
    /// Where the COMMIT is that has to be the last statement.
    commit: Option<usize>,
    first: Option<SyntaxError>,
}

impl Checks {
    pub(super) const fn new(encoding: Option<Encoding>) -> Self {
        Self { encoding, begin: None, commit: None, first: None }
    }

    /// Checks the next statement, which has this `number`, counted from 0.
    pub(super) fn take(&mut self, statement: &Statement<'_>, number: usize) -> Fate {
        if let Some(at) = self.commit.take() {
            let hint = "remove it, and the BEGIN too: nothing can follow a COMMIT";
            self.fail(at, IN_ONE.into(), Some(hint.into()));
        }
        let words: Vec<&str> = statement.words.iter().take(3).map(String::as_str).collect();
        match words.as_slice() {
            ["BEGIN", ..] | ["START", "TRANSACTION", ..] if number == 0 && self.begin.is_none() => {
                self.begin = Some(statement.start..statement.start + statement.text.len());
            }
            ["COMMIT" | "END"] | ["COMMIT" | "END", "WORK" | "TRANSACTION"] if self.begin.is_some() => {
                self.commit = Some(statement.start);
            }
            _ => {
                if let Some(message) = self.unfit(statement) {
                    self.fail(statement.start, message.into(), None);
                }
                return self.encoding(statement);
            }
        }
        Fate::Sent
    }

    /// Ends the checks. Returns the file's own BEGIN, and removes it and its COMMIT from `pieces`.
    pub(super) fn end(self, pieces: &mut Vec<Piece>) -> Result<Option<Range<usize>>, SyntaxError> {
        if let Some(error) = self.first {
            return Err(error);
        }
        let Some(begin) = self.begin else { return Ok(None) };
        if self.commit.is_none() {
            let hint = "remove this statement, or end the file with COMMIT;";
            let message = Cow::Borrowed(IN_ONE);
            return Err(SyntaxError { at: begin.start, message, hint: Some(hint.into()) });
        }
        pieces.pop();
        pieces.remove(0);
        Ok(Some(begin))
    }

    fn fail(&mut self, at: usize, message: Cow<'static, str>, hint: Option<Hint>) {
        self.first.get_or_insert(SyntaxError { at, message, hint });
    }

    /// Checks that the file keeps to one encoding. Its statements are sent as UTF-8 in any case.
    fn encoding(&mut self, statement: &Statement<'_>) -> Fate {
        if let Some(value) = setting(statement.text, "standard_conforming_strings")
            && !["on", "true", "yes", "1", "default"].contains(&value.to_ascii_lowercase().as_str())
        {
            let message = "a backslash in '…' is literal here, and this would change that";
            let hint = "remove this statement, and write strings with escapes as E'…'";
            self.fail(statement.start, message.into(), Some(hint.into()));
        }
        let Some(name) = client_encoding(statement.text) else { return Fate::Sent };
        match (Encoding::named(&name), self.encoding) {
            (Err(why), _) => {
                let hint =
                    "convert the file with: iconv -f ITS-ENCODING -t UTF-8; and write UTF8 in this line";
                self.fail(statement.start, why.into(), Some(hint.into()));
            }
            (Ok(named), Some(encoding)) if named != encoding => {
                let message = "the file's encoding cannot change after its first character that is not ASCII";
                let hint = "put this statement at the top of the file, or put text in another encoding in a separate file";
                self.fail(statement.start, message.into(), Some(hint.into()));
            }
            (Ok(_), _) => {}
        }
        Fate::Left
    }

    /// Why a statement cannot be part of a file that runs in one transaction.
    fn unfit(&self, statement: &Statement<'_>) -> Option<&'static str> {
        let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["BEGIN" | "COMMIT" | "END" | "ABORT", ..] | ["START" | "PREPARE", "TRANSACTION", ..] => {
                Some("the whole file already runs in one transaction; remove this statement")
            }
            // ROLLBACK TO a savepoint stays inside the transaction.
            ["ROLLBACK", rest @ ..] if !rest.contains(&"TO") => {
                Some("the whole file already runs in one transaction; remove this statement")
            }
            ["COPY", rest @ ..] if rest.windows(2).any(|pair| pair == ["TO", "STDOUT"]) => {
                Some("COPY TO STDOUT needs psql to take the rows; a file that is loaded shows none")
            }
            ["COPY", ..] if statement.has_rows => {
                let converted = !matches!(self.encoding, None | Some(Encoding::Utf8));
                copy::unfit(statement.text, converted)
            }
            _ => None,
        }
    }
}
