//! Splits bash's command line by bash's rules, as far as completion needs it.

use std::ffi::OsString;

/// Characters with a meaning to bash outside quotes.
const SPECIAL: &str = " \t\\'\"`$&|;<>()[]{}*?!#~";

/// A command line up to the cursor.
pub(super) struct Line {
    /// Its words without quotes. The last one is to be completed.
    pub(super) words: Vec<OsString>,
    last: String,
    /// The quote that is open at the cursor.
    quote: Option<char>,
}

impl Line {
    pub(super) fn read(line: &str) -> Self {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (None, ' ' | '\t' | '\n') => words.extend(word.take()),
                (None, '\'' | '"') => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (Some(open), _) if c == open => quote = None,
                // In double quotes a backslash escapes only characters that are special there.
                (None, '\\') => word.get_or_insert_default().extend(chars.next()),
                (Some('"'), '\\') => {
                    let next = chars.next();
                    let word = word.get_or_insert_default();
                    if !next.is_some_and(|next| "\"\\$`".contains(next)) {
                        word.push('\\');
                    }
                    word.extend(next);
                }
                _ => word.get_or_insert_default().push(c),
            }
        }
        let last = word.unwrap_or_default();
        words.push(last.clone());
        Self { words: words.into_iter().map(OsString::from).collect(), last, quote }
    }

    /// What bash must replace `replaced` with. `replaced` is the last word, or what follows a colon
    /// or an equals sign in it.
    pub(super) fn replacement(&self, candidate: &str, replaced: &str) -> Option<String> {
        let kept = self.last.strip_suffix(replaced).unwrap_or_default();
        let rest = candidate.strip_prefix(kept)?;
        if self.quote.is_some() {
            return Some(rest.to_owned());
        }
        Some(rest.chars().fold(String::new(), |mut word, c| {
            if SPECIAL.contains(c) {
                word.push('\\');
            }
            word.push(c);
            word
        }))
    }
}
