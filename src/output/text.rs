//! Text in a terminal's columns. Measures, cuts and wraps it between graphemes: an emoji may
//! consist of several code points.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

/// The number of columns of a text without line breaks.
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Cuts `text` to at most `columns`, ending in `…` if it does not fit.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return text.into();
    }
    if columns == 0 {
        return "".into();
    }
    format!("{}…", fitting(text, columns - 1).trim_end()).into()
}

/// Wraps `text` to lines of at most `columns`. Breaks at spaces, and inside a word only if the word
/// is longer than a line. Keeps existing line breaks.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_inclusive(' ') {
            place(word, columns.max(1), &mut line, &mut lines);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Appends a word, with the space after it, to `line`, or starts new lines for it.
fn place(mut word: &str, columns: usize, line: &mut String, lines: &mut Vec<String>) {
    loop {
        let taken = width(line);
        let needed = width(word.trim_end());
        if taken + needed <= columns {
            line.push_str(word);
            return;
        }
        // A word longer than a line fills up the current one first.
        if needed > columns && taken < columns {
            let part = match fitting(word, columns - taken) {
                // A character wider than the line sticks out.
                "" if taken == 0 => word.graphemes(true).next().unwrap_or_default(),
                part => part,
            };
            line.push_str(part);
            word = &word[part.len()..];
            if word.is_empty() {
                return;
            }
        }
        lines.push(line.trim_end().to_owned());
        line.clear();
    }
}

/// The longest prefix of `text` that fits.
fn fitting(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = text.grapheme_indices(true).find_map(|(at, grapheme)| {
        taken += grapheme.width();
        (taken > columns).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

/// Whether a character can steer a terminal or make a line read as another: control characters of
/// both blocks, and those that change the direction of text.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` with its control characters made visible, except line ends and tabs: what one user types
/// into a message must not steer another user's terminal.
pub fn safe(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_harmful(c) && c != '\n' && c != '\t', |c| c.escape_default().to_string())
}

/// A command-line word, made safe for an error message: it stays on one line.
pub fn safe_word(word: &str) -> Cow<'_, str> {
    escaped(word, is_harmful, |c| c.escape_default().to_string())
}

/// The same JSON without characters that can steer a terminal. Such characters occur only inside
/// strings, where an escape means the same; line ends outside of strings stay.
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_harmful(c) && c != '\n', |c| format!("\\u{:04x}", u32::from(c)))
}

fn escaped(text: &str, is_wrong: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&is_wrong) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_wrong(c) { safe.push_str(&escape(c)) } else { safe.push(c) }
    }
    safe.into()
}
