//! Transcripts, with lines `Person 1: …` and `Person 2: …`, one message each.

use std::fmt;

/// The speaker of a line.
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
    /// The speaker.
    pub person: Person,
    /// The text, without surrounding white space.
    pub text: String,
}

/// A conversation to seed from: at least one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<Line>,
}

/// The reason why a transcript cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTranscript {
    /// The line that is not a message, counted from 1; `None` when the file has no message.
    pub line: Option<usize>,
    /// The reason.
    pub why: &'static str,
}

impl fmt::Display for BadTranscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why)
    }
}

impl std::error::Error for BadTranscript {}

/// The size limit of a message text, in bytes: an item's 400 KB (in units of 1,024 bytes), less
/// ample room for the other attributes and the key.
/// Source: "Quotas in Amazon DynamoDB", item size.
const MAX_MESSAGE_BYTES: usize = 400 * 1024 - 4 * 1024;

impl Transcript {
    /// Parses a transcript. Skips blank lines.
    ///
    /// # Errors
    /// The first line that is not a message.
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
            return Err(BadTranscript { line: None, why: "the transcript has no messages" });
        }
        Ok(Self { lines })
    }

    /// The messages, in order; never empty.
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
