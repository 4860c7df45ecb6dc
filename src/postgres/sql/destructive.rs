//! Whether SQL destroys data or structure, as far as its words tell.
//!
//! Words cannot tell everything: a function that is called may do anything. What is
//! seen here is what people write into schema files, be it inside a body or a string.

use super::lexer::{Lexer, Token};
use super::statement::Statement;

/// A name in quotes, among words.
const NAME: &str = "\"";

/// Whether `statement` destroys something, or defines what does.
pub(super) fn destroys(statement: &Statement<'_>) -> bool {
    let mut words = statement.words.iter().map(String::as_str);
    match words.next() {
        Some("DROP" | "TRUNCATE" | "DELETE") => true,
        Some("ALTER") => words.any(|word| word == "DROP"),
        // These may hold a DELETE, which WITH does in parentheses.
        Some("WITH" | "MERGE" | "EXPLAIN" | "PREPARE") => statement.deletes,
        Some("DO") => body_destroys(statement.text),
        Some("CREATE") => is_routine(words) && body_destroys(statement.text),
        _ => false,
    }
}

/// What goes on after CREATE.
fn is_routine<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    words
        .find(|word| !matches!(*word, "OR" | "REPLACE"))
        .is_some_and(|word| matches!(word, "FUNCTION" | "PROCEDURE" | "RULE"))
}

/// Whether a body, or a string that it may execute, drops, truncates, or deletes
/// without saying which rows.
fn body_destroys(text: &str) -> bool {
    let mut lexer = Lexer::new(text);
    let mut words = Words::default();
    loop {
        let before = lexer.at();
        match lexer.next() {
            Ok(Some((start, Token::Operand))) => {
                let operand = &text[start..lexer.at()];
                if within(operand).is_some_and(body_destroys) {
                    return true;
                }
                words.take(if operand.starts_with('"') { NAME } else { "" });
            }
            Ok(Some((_, Token::Word(word)))) => words.take(&word.to_ascii_uppercase()),
            Ok(Some((_, Token::Semicolon))) => words.end(),
            Ok(Some(_)) => words.take(""),
            Ok(None) => {
                // 'TRUNCATE ' || name
                let goes_on = text.ends_with(char::is_whitespace);
                words.destroys |= goes_on && matches!(words.last.as_str(), "DROP" | "TRUNCATE");
                words.end();
                return words.destroys;
            }
            // A part of a string that is put together need be no SQL by itself.
            Err(_) => {
                text[before..].split(|c: char| !c.is_alphanumeric()).for_each(|word| {
                    words.take(&word.to_ascii_uppercase());
                });
                words.end();
                return words.destroys;
            }
        }
        if words.destroys {
            return true;
        }
    }
}

/// What is between a string's quotes.
fn within(quoted: &str) -> Option<&str> {
    let quoted = quoted.strip_prefix(['e', 'E']).unwrap_or(quoted);
    if let Some(inner) = quoted.strip_prefix('\'') {
        return inner.strip_suffix('\'');
    }
    let tag = quoted.get(..quoted.strip_prefix('$')?.find('$')? + 2)?;
    quoted.strip_prefix(tag)?.strip_suffix(tag)
}

/// The words of one statement of a body, as they come.
#[derive(Default)]
struct Words {
    before: String,
    last: String,
    /// A DELETE FROM that has not come upon its WHERE.
    deletes_all: bool,
    destroys: bool,
}

impl Words {
    /// The next word; empty for what is none.
    fn take(&mut self, word: &str) {
        match self.last.as_str() {
            // ALTER TABLE … DROP and DROP TABLE, not TG_OP = 'DROP' or a name in quotes.
            "DROP" => self.destroys |= !word.is_empty(),
            // Neither a trigger's BEFORE TRUNCATE ON nor a privilege.
            "TRUNCATE" => {
                let is_name = matches!(self.before.as_str(), "BEFORE" | "AFTER" | "OR" | "GRANT" | "REVOKE");
                self.destroys |= !is_name && !matches!(word, "ON" | "");
            }
            "DELETE" if word == "FROM" => self.deletes_all = true,
            _ => {}
        }
        if word == "WHERE" {
            self.deletes_all = false;
        }
        self.before = std::mem::replace(&mut self.last, word.to_owned());
    }

    fn end(&mut self) {
        self.destroys |= self.deletes_all;
        *self = Self { destroys: self.destroys, ..Self::default() };
    }
}
