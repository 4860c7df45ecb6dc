//! Whether SQL destroys data or structure, judged by its words.
//!
//! Words cannot show everything: a function that it calls may do anything. This finds what people
//! write into schema files, also inside a body or a string.

use super::lexer::{Lexer, Token};
use super::statement::{Statement, is_dblink};

/// Stands for a quoted name among the words.
const NAME: &str = "\"";

/// How many levels of nested strings are parsed. Deeper ones are searched word by word.
const DEEPEST: usize = 8;

/// Whether `statement` destroys something, or defines something that does.
pub(super) fn destroys(statement: &Statement<'_>) -> bool {
    let mut words = statement.words.iter().map(String::as_str);
    match words.next() {
        Some("DROP" | "TRUNCATE" | "DELETE") => true,
        Some("ALTER") => words.any(|word| word == "DROP"),
        // These may contain a DELETE; that of WITH is in parentheses.
        Some("WITH" | "MERGE" | "EXPLAIN" | "PREPARE") => statement.deletes,
        // A rollback does not undo the effects of these.
        Some("COPY") if words.any(|word| word == "PROGRAM") => true,
        Some(_) if statement.dblink => statement.words.get(1).is_none_or(|word| word != "EXTENSION"),
        Some("DO") => body_destroys(statement.text),
        Some("CREATE") => is_routine(words) && body_destroys(statement.text),
        _ => false,
    }
}

/// Whether CREATE makes a routine or a rule.
fn is_routine<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    words
        .find(|word| !matches!(*word, "OR" | "REPLACE"))
        .is_some_and(|word| matches!(word, "FUNCTION" | "PROCEDURE" | "RULE"))
}

/// Whether a body, or a string that it may execute, drops, truncates, or deletes without WHERE.
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

/// The contents of a quoted string.
fn within(quoted: &str) -> Option<&str> {
    let quoted = quoted.strip_prefix(['e', 'E']).unwrap_or(quoted);
    if let Some(inner) = quoted.strip_prefix('\'') {
        return inner.strip_suffix('\'');
    }
    let tag = quoted.get(..quoted.strip_prefix('$')?.find('$')? + 2)?;
    quoted.strip_prefix(tag)?.strip_suffix(tag)
}

/// The words of one statement of a body, in order.
#[derive(Default)]
struct Words {
    before: String,
    last: String,
    /// A DELETE FROM with no WHERE so far.
    deletes_all: bool,
    destroys: bool,
}

impl Words {
    /// Reads the words of `text`, and returns the strings in it.
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
                    // Dynamic SQL: 'TRUNCATE ' || name
                    let goes_on = text.ends_with(char::is_whitespace);
                    self.destroys |= goes_on && matches!(self.last.as_str(), "DROP" | "TRUNCATE");
                    self.end();
                    return strings;
                }
                // A fragment of dynamic SQL need not be valid SQL.
                Err(_) => {
                    self.read_all(&text[before..]);
                    return strings;
                }
            }
        }
    }

    /// Reads everything that looks like a word, in quotes or not.
    fn read_all(&mut self, text: &str) -> bool {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            self.take(&word.to_ascii_uppercase());
        }
        self.end();
        self.destroys
    }

    /// Reads the next word; an empty one stands for any other token.
    fn take(&mut self, word: &str) {
        match self.last.as_str() {
            // ALTER TABLE … DROP and DROP TABLE, but not TG_OP = 'DROP' or a quoted name.
            "DROP" => self.destroys |= !word.is_empty(),
            // Not a trigger's BEFORE TRUNCATE ON, nor a privilege.
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
