//! Text in a terminal's columns: measured, cut and wrapped between what people
//! see as characters, of which an emoji may take several code points.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

/// The columns that a text without line breaks takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// `text` in at most `columns`; what does not fit is replaced by `…`.
#[must_use]
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return text.into();
    }
    if columns == 0 {
        return "".into();
    }
    format!("{}…", fitting(text, columns - 1).trim_end()).into()
}

/// `text` in lines of at most `columns`, broken at spaces, and inside of a word
/// only where it is longer than a line. Its own line breaks hold.
#[must_use]
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

/// Puts a word, with the space behind it, at the end of `line`, or into lines of
/// its own.
fn place(mut word: &str, columns: usize, line: &mut String, lines: &mut Vec<String>) {
    loop {
        let taken = width(line);
        let needed = width(word.trim_end());
        if taken + needed <= columns {
            line.push_str(word);
            return;
        }
        // A word that fits into no line fills this one up.
        if needed > columns && taken < columns {
            let part = match fitting(word, columns - taken) {
                // Not even one character fits into a whole line: it sticks out.
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

/// As much of the beginning of `text` as fits.
fn fitting(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = text.grapheme_indices(true).find_map(|(at, grapheme)| {
        taken += grapheme.width();
        (taken > columns).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

/// Controls, of both blocks, and what turns the direction of text: one such character can steer
/// a terminal, or make a line read as another.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` with its control characters made visible, but for the ends of lines and tabs: what a
/// user typed into a message must not steer the terminal of the one who reads it.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_harmful(c) && c != '\n' && c != '\t', |c| c.escape_default().to_string())
}

/// A word of the command line as an error may repeat it: it is one line.
#[must_use]
pub fn safe_word(word: &str) -> Cow<'_, str> {
    escaped(word, is_harmful, |c| c.escape_default().to_string())
}

/// The same JSON without a character that could steer a terminal. Outside of strings, where an
/// escape means the same, it has none but the ends of lines.
#[must_use]
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
