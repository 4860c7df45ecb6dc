//! Whether SQL destroys data or structure, as far as its words tell.
//!
//! Words cannot tell everything: a function that is called may do anything. What is
//! seen here is what people write into schema files, be it inside a body or a string.

use super::lexer::{Lexer, Token};
use super::statement::{Statement, is_dblink};

/// A name in quotes, among words.
const NAME: &str = "\"";

/// How deep strings are looked for within strings; of those further in all words count.
const DEEPEST: usize = 8;

/// Whether `statement` destroys something, or defines what does.
pub(super) fn destroys(statement: &Statement<'_>) -> bool {
    let mut words = statement.words.iter().map(String::as_str);
    match words.next() {
        Some("DROP" | "TRUNCATE" | "DELETE") => true,
        Some("ALTER") => words.any(|word| word == "DROP"),
        // These may hold a DELETE, which WITH does in parentheses.
        Some("WITH" | "MERGE" | "EXPLAIN" | "PREPARE") => statement.deletes,
        // What these do, no rollback takes back.
        Some("COPY") if words.any(|word| word == "PROGRAM") => true,
        Some(_) if statement.dblink => statement.words.get(1).is_none_or(|word| word != "EXTENSION"),
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
    let mut texts = vec![(text, 1)];
    while let Some((text, depth)) = texts.pop() {
        let mut words = Words::default();
        let strings = words.read(text);
        if words.destroys {
            return true;
        }
        if depth < DEEPEST {
            texts.extend(strings.into_iter().map(|string| (string, depth + 1)));
        } else if strings.into_iter().any(|string| Words::default().read_all(string)) {
            return true;
        }
    }
    false
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
    /// Takes the words of `text`, and gives the strings among them.
    fn read<'a>(&mut self, text: &'a str) -> Vec<&'a str> {
        let mut lexer = Lexer::new(text);
        let mut strings = Vec::new();
        loop {
            let before = lexer.at();
            match lexer.next() {
                Ok(Some((start, Token::Operand))) => {
                    let operand = &text[start..lexer.at()];
                    strings.extend(within(operand));
                    self.take(if operand.starts_with('"') { NAME } else { "" });
                }
                Ok(Some((_, Token::Word(word)))) => self.take(&word.to_ascii_uppercase()),
                Ok(Some((_, Token::Semicolon))) => self.end(),
                Ok(Some(_)) => self.take(""),
                Ok(None) => {
                    // 'TRUNCATE ' || name
                    let goes_on = text.ends_with(char::is_whitespace);
                    self.destroys |= goes_on && matches!(self.last.as_str(), "DROP" | "TRUNCATE");
                    self.end();
                    return strings;
                }
                // A part of a string that is put together need be no SQL by itself.
                Err(_) => {
                    self.read_all(&text[before..]);
                    return strings;
                }
            }
        }
    }

    /// Takes whatever looks like a word, quotes or not.
    fn read_all(&mut self, text: &str) -> bool {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            self.take(&word.to_ascii_uppercase());
        }
        self.end();
        self.destroys
    }

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
        self.destroys |= is_dblink(word);
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
