//! Splits SQL into tokens by the server's lexical rules.
//!
//! Source: the manual's "Lexical Structure", and the server's scanner (`scan.l`) where the manual
//! is silent: white space is ASCII, and every other character belongs to a name. Where versions
//! differ, as in `1e'…'`, this follows the version that accepts the text.

use crate::error::Hint;
use std::borrow::Cow;

/// Why a file cannot be split into statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset in the file.
    pub at: usize,
    /// What is wrong there.
    pub message: Cow<'static, str>,
    /// What helps.
    pub hint: Option<Hint>,
}

impl SyntaxError {
    pub(in crate::postgres) const fn new(at: usize, message: &'static str) -> Self {
        Self { at, message: Cow::Borrowed(message), hint: None }
    }
}

/// A token, as far as splitting and substituting have to tell tokens apart.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::postgres) enum Token<'a> {
    /// An unquoted name or keyword.
    Word(&'a str),
    /// A string, number, quoted name or parameter.
    Operand,
    /// `(` or `[`.
    Open(char),
    /// `)` or `]`.
    Close,
    Semicolon,
    /// A colon that is not part of `::` or `:=`.
    Colon,
    Backslash,
    Other,
}

pub(in crate::postgres) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(in crate::postgres) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the next token is searched.
    pub(in crate::postgres) const fn at(&self) -> usize {
        self.at
    }

    /// Skips `length` bytes that the server never sees.
    pub(in crate::postgres) const fn skip(&mut self, length: usize) {
        self.at += length;
    }

    /// The next token and its offset. Skips white space and comments.
    pub(in crate::postgres) fn next(&mut self) -> Result<Option<(usize, Token<'a>)>, SyntaxError> {
        loop {
            let start = self.at;
            let Some(first) = self.rest().chars().next() else { return Ok(None) };
            if is_space(first) {
                self.at += 1;
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
                // A backslash escapes the quote after it only in E'…'.
                if word.eq_ignore_ascii_case("e") && self.rest().starts_with('\'') {
                    self.quoted('\'', true)?;
                    while let Some(distance) = continuation(self.rest()) {
                        self.at += distance;
                        self.quoted('\'', true)?;
                    }
                    return Ok(Token::Operand);
                }
                return Ok(Token::Word(word));
            }
            _ if first.is_ascii_digit() => {
                // The text after a number is a token of its own, even where newer servers reject it.
                let rest = self.rest();
                self.at += rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            }
            ':' if self.rest().starts_with("::") || self.rest().starts_with(":=") => {
                self.at += 2;
                return Ok(Token::Other);
            }
            _ => {
                self.at += first.len_utf8();
                return Ok(match first {
                    '(' | '[' => Token::Open(first),
                    ')' | ']' => Token::Close,
                    ';' => Token::Semicolon,
                    ':' => Token::Colon,
                    '\\' => Token::Backslash,
                    _ => Token::Other,
                });
            }
        }
        debug_assert!(self.at > start, "a token must move on");
        Ok(Token::Operand)
    }

    fn quoted(&mut self, quote: char, escapes: bool) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        let message = if quote == '"' { "this name is never closed" } else { "this string is never closed" };
        loop {
            let rest = self.rest();
            let stop = rest
                .find(|c| c == quote || (escapes && c == '\\'))
                .ok_or(SyntaxError::new(start, message))?;
            self.at += stop + 1;
            if rest[stop..].starts_with('\\') {
                // The escaped character is taken as it is.
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            } else if self.rest().starts_with(quote) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    /// Reads `$$ … $$`, `$tag$ … $tag$`, or a parameter such as `$1`.
    fn dollar(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let rest = self.rest();
        let name = &rest[1..];
        let name = &name[..name.find(|c| c == '$' || !is_word_part(c)).unwrap_or(name.len())];
        let opens =
            rest[1 + name.len()..].starts_with('$') && !name.starts_with(|c: char| c.is_ascii_digit());
        let Some(tag) = rest.get(..name.len() + 2).filter(|_| opens) else {
            self.at += 1;
            return Ok(());
        };
        let body = &rest[tag.len()..];
        let end =
            body.find(tag).ok_or(SyntaxError::new(start, "this dollar-quoted string is never closed"))?;
        self.at += tag.len() + end + tag.len();
        Ok(())
    }

    /// Reads a block comment. Block comments nest.
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
                    return Err(SyntaxError::new(start, "this comment is never closed"));
                };
                self.at += c.len_utf8();
            }
        }
    }
}

/// The distance to the end of the line, `\n` or `\r`.
fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

/// The distance to the next part of a string that continues on another line.
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

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}
