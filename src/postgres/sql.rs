//! Cuts an SQL file into statements, by the server's lexical rules.
//!
//! Sent one by one, a statement that fails can be named by its line even when
//! the server gives no position (a duplicate key, a refused privilege).
//! Source: the manual's "Lexical Structure"; for bodies in SQL-standard form
//! (`BEGIN ATOMIC … END`), CREATE FUNCTION.

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
}

/// Why a file cannot be cut into statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset in the file.
    pub at: usize,
    /// What is wrong there.
    pub message: &'static str,
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
    let mut lexer = Lexer { text, at: 0 };
    let mut open: Option<Open> = None;
    while let Some((start, token)) = lexer.next()? {
        if token == Token::Semicolon && open.as_ref().is_none_or(Open::can_end) {
            if let Some(statement) = open.take() {
                take(statement.close(text));
            }
            continue;
        }
        let statement = open.get_or_insert_with(|| Open { start, ..Open::default() });
        statement.end = lexer.at;
        statement.take(start, &token)?;
    }
    if let Some(statement) = open {
        if let Some(at) = statement.parentheses.last() {
            return Err(SyntaxError { at: *at, message: "this parenthesis is never closed" });
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
    parentheses: Vec<usize>,
    /// How deep in `BEGIN ATOMIC … END` of a routine's body, `CASE … END` included.
    body: usize,
}

impl Open {
    fn can_end(&self) -> bool {
        self.parentheses.is_empty() && self.body == 0
    }

    fn take(&mut self, start: usize, token: &Token) -> Result<(), SyntaxError> {
        match token {
            Token::OpenParenthesis => self.parentheses.push(start),
            // One too many is the server's to report.
            Token::CloseParenthesis => drop(self.parentheses.pop()),
            Token::Backslash => {
                return Err(SyntaxError {
                    at: start,
                    message: "psql's backslash commands are not SQL; cruddur sends SQL to the server only",
                });
            }
            Token::Word(word) => self.take_word(word.to_ascii_uppercase()),
            Token::Semicolon | Token::Other => {}
        }
        Ok(())
    }

    fn take_word(&mut self, word: String) {
        self.deletes |= word == "DELETE";
        if self.is_routine() && self.parentheses.is_empty() {
            match word.as_str() {
                "ATOMIC" if self.words.last().is_some_and(|last| last == "BEGIN") => self.body += 1,
                "CASE" if self.body > 0 => self.body += 1,
                "END" if self.body > 0 => self.body -= 1,
                _ => {}
            }
        }
        if self.parentheses.is_empty() {
            self.words.push(word);
        }
    }

    fn is_routine(&self) -> bool {
        let mut words = self.words.iter().map(String::as_str);
        words.next() == Some("CREATE")
            && words
                .find(|word| !matches!(*word, "OR" | "REPLACE"))
                .is_some_and(|w| matches!(w, "FUNCTION" | "PROCEDURE"))
    }

    fn close(self, text: &str) -> Statement<'_> {
        Statement {
            start: self.start,
            text: &text[self.start..self.end],
            words: self.words,
            deletes: self.deletes,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    OpenParenthesis,
    CloseParenthesis,
    Semicolon,
    Backslash,
    Other,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// The next token and where it starts, white space and comments passed over.
    fn next(&mut self) -> Result<Option<(usize, Token<'a>)>, SyntaxError> {
        loop {
            let start = self.at;
            let Some(first) = self.rest().chars().next() else { return Ok(None) };
            if first.is_whitespace() || first == '\u{feff}' {
                self.at += first.len_utf8();
            } else if self.rest().starts_with("--") {
                self.at += line_length(self.rest());
            } else if self.rest().starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(Some((start, self.token(first)?)));
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn token(&mut self, first: char) -> Result<Token<'a>, SyntaxError> {
        let start = self.at;
        match first {
            '\'' => self.quoted('\'', false)?,
            '"' => self.quoted('"', false)?,
            '$' => self.dollar()?,
            _ if is_word_start(first) => {
                let rest = self.rest();
                let length = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
                self.at += length;
                let word = &rest[..length];
                // Only in E'…' does a backslash escape the quote after it.
                if word.eq_ignore_ascii_case("e") && self.rest().starts_with('\'') {
                    self.quoted('\'', true)?;
                    while let Some(distance) = continuation(self.rest()) {
                        self.at += distance;
                        self.quoted('\'', true)?;
                    }
                    return Ok(Token::Other);
                }
                return Ok(Token::Word(word));
            }
            _ if first.is_ascii_digit() => {
                // A number swallows letters and $, so that 1$a$ opens no quote.
                let rest = self.rest();
                self.at += rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
            }
            _ => {
                self.at += first.len_utf8();
                return Ok(match first {
                    '(' | '[' => Token::OpenParenthesis,
                    ')' | ']' => Token::CloseParenthesis,
                    ';' => Token::Semicolon,
                    '\\' => Token::Backslash,
                    _ => Token::Other,
                });
            }
        }
        debug_assert!(self.at > start, "a token must move on");
        Ok(Token::Other)
    }

    fn quoted(&mut self, quote: char, escapes: bool) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        let message = if quote == '"' { "this name is never closed" } else { "this string is never closed" };
        loop {
            let rest = self.rest();
            let stop = rest
                .find(|c| c == quote || (escapes && c == '\\'))
                .ok_or(SyntaxError { at: start, message })?;
            self.at += stop + 1;
            if rest[stop..].starts_with('\\') {
                // Whatever follows is taken as it is.
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            } else if self.rest().starts_with(quote) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    /// `$$ … $$`, `$tag$ … $tag$`, or a parameter such as `$1`.
    fn dollar(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let rest = self.rest();
        let tag = rest[1..].find('$').map(|length| &rest[..length + 2]).filter(|tag| {
            let name = &tag[1..tag.len() - 1];
            name.chars().all(|c| is_word_part(c) && c != '$')
                && !name.starts_with(|c: char| c.is_ascii_digit())
        });
        let Some(tag) = tag else {
            self.at += 1;
            return Ok(());
        };
        let body = &rest[tag.len()..];
        let end = body
            .find(tag)
            .ok_or(SyntaxError { at: start, message: "this dollar-quoted string is never closed" })?;
        self.at += tag.len() + end + tag.len();
        Ok(())
    }

    /// Block comments nest.
    fn block_comment(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else {
                let Some(c) = rest.chars().next() else {
                    return Err(SyntaxError { at: start, message: "this comment is never closed" });
                };
                self.at += c.len_utf8();
            }
        }
    }
}

/// How far it is to the end of the line, be it `\n` or `\r`.
fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

/// How far it is to the next part of a string, if that goes on in another line.
fn continuation(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut another_line = false;
    loop {
        let rest = &text[at..];
        match rest.bytes().next()? {
            b'\'' if another_line => return Some(at),
            b'-' if rest.starts_with("--") => at += line_length(rest),
            b'\n' | b'\r' => {
                another_line = true;
                at += 1;
            }
            b' ' | b'\t' | b'\x0b' | b'\x0c' => at += 1,
            _ => return None,
        }
    }
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}
