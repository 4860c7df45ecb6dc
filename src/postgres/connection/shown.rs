//! A statement as a line shows it.

use crate::postgres::sql::{Lexer, Token};

/// How many characters of a statement its trace line shows.
const FIRST_WORDS: usize = 72;

/// The beginning of a statement, as a trace line shows it.
pub(crate) fn brief(sql: &str) -> String {
    // A statement may be megabytes long.
    let beginning = sql.char_indices().nth(8 * FIRST_WORDS).map_or(sql, |(end, _)| &sql[..end]);
    cut(&shown(beginning))
}

/// A statement on one line, without comments and without the contents of strings: one of them may
/// be a password.
pub(super) fn shown(sql: &str) -> String {
    let mut shown = String::new();
    let mut lexer = Lexer::new(sql);
    let mut end = 0;
    loop {
        let Ok(next) = lexer.next() else {
            // The statement cannot be parsed: the rest may be inside a string.
            shown.push('…');
            return shown;
        };
        let Some((start, token)) = next else { return shown };
        if start > end && !shown.is_empty() {
            shown.push(' ');
        }
        end = lexer.at();
        let text = &sql[start..end];
        // A single dollar begins a parameter; `$$` and `$tag$` quote.
        let is_string = token == Token::Operand
            && (text.starts_with(['\'', 'e', 'E']) || (text.starts_with('$') && text.len() > 1));
        shown.push_str(if is_string { "'…'" } else { text });
    }
}

pub(super) fn cut(sql: &str) -> String {
    match sql.char_indices().nth(FIRST_WORDS) {
        None => sql.to_owned(),
        Some((at, _)) => format!("{}…", sql[..at].trim_end()),
    }
}
