//! Transcripts: `Person 1: …` and `Person 2: …`, one message a line.

use std::fmt;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// Person 1: `--my-handle`.
    One,
    /// Person 2: `--other-handle`.
    Two,
}

/// One message of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who speaks.
    pub person: Person,
    /// What is said, without surrounding white space.
    pub text: String,
}

/// A conversation to seed from: at least one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<Line>,
}

/// The line that is not a message, counted from 1; `None` where the file has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTranscript {
    /// The line's number.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for BadTranscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl std::error::Error for BadTranscript {}

/// The longest message text, in bytes: an item's 400 KB (the unit is 1,024
/// bytes), less ample room for the other attributes and the key.
/// Source: "Quotas in Amazon DynamoDB", item size.
const MAX_MESSAGE_BYTES: usize = 400 * 1024 - 4 * 1024;

impl Transcript {
    /// Reads a transcript; blank lines are passed over.
    ///
    /// # Errors
    /// The first line that is no message.
    pub fn parse(text: &str) -> Result<Self, BadTranscript> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| {
                parse_line(line.trim()).map_err(|why| BadTranscript { line: Some(index + 1), why })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if lines.is_empty() {
            return Err(BadTranscript { line: None, why: "the transcript holds no message" });
        }
        Ok(Self { lines })
    }

    /// The messages, in order; never empty.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

fn parse_line(line: &str) -> Result<Line, &'static str> {
    let (person, text) = if let Some(text) = line.strip_prefix("Person 1:") {
        (Person::One, text)
    } else if let Some(text) = line.strip_prefix("Person 2:") {
        (Person::Two, text)
    } else {
        return Err("a line must begin with \"Person 1:\" or \"Person 2:\"");
    };
    match text.trim() {
        "" => Err("the message is empty"),
        text if text.len() > MAX_MESSAGE_BYTES => Err("the message is too long for a DynamoDB item (400 KB)"),
        text => Ok(Line { person, text: text.to_owned() }),
    }
}
