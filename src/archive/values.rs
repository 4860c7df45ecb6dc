//! Splits text into JSON values, however they are arranged.

use std::io::{self, BufRead, Cursor, ErrorKind, Read as _};

use serde_json::value::RawValue;

/// The size limit of an item's text. 400 KB may become six times as long as typed JSON, and again
/// when every character is escaped.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;
/// The byte order mark, with which some editors begin a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong, and on which line.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: u64,
    pub(super) message: String,
    pub(super) cause: Option<io::Error>,
    pub(super) hint: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(line: u64, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), cause: None, hint: None }
    }

    pub(super) fn explained(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// The same fault, in text that begins on `line`.
    pub(super) fn at(self, line: u64) -> Self {
        Self { line: self.line + line - 1, ..self }
    }

    /// A fault in reading or decompressing.
    pub(super) fn unreadable(line: u64, cause: io::Error) -> Self {
        let message = match cause.kind() {
            ErrorKind::UnexpectedEof => "the compressed data is cut off",
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => {
                "the compressed data is damaged"
            }
            _ => "cannot read further",
        };
        Self { cause: Some(cause), ..Self::new(line, message) }
    }

    pub(super) fn too_long(line: u64) -> Self {
        Self::new(line, format!("longer than {} MiB; no item is that long", LONGEST / 1024 / 1024))
    }
}

/// A fault in text that is not JSON, or ends too early.
impl From<serde_json::Error> for Fault {
    fn from(cause: serde_json::Error) -> Self {
        let line = cause.line().max(1) as u64;
        let text = cause.to_string();
        let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
        let what = if cause.is_eof() { "it is cut off" } else { "not JSON" };
        Self::new(line, format!("{what}: {why}"))
    }
}

/// Called with each value and the line where it begins. Returns whether to continue.
pub(super) type Each<'e> = &'e mut dyn FnMut(u64, &[u8]) -> Result<bool, Fault>;

/// How a text begins.
pub(super) enum First<'t> {
    /// With an array.
    Array,
    /// With this value.
    Value(&'t str),
    /// With a value that is longer than any item.
    Long,
    /// With a value that does not end.
    Cut,
}

/// A text, read up to the end of its first value.
pub(super) struct Text {
    head: Vec<u8>,
    rest: Box<dyn BufRead + Send>,
}

impl Text {
    /// Reads the beginning of a text; `None` if there is only white space.
    pub(super) fn of(mut rest: Box<dyn BufRead + Send>) -> Result<Option<Self>, Fault> {
        let mut head = Vec::new();
        let (mut blank, mut tried) = (0, 0);
        loop {
            let read = rest.fill_buf().map_err(|cause| Fault::unreadable(line_after(&head), cause))?;
            let (taken, is_end) = (read.len(), read.is_empty());
            head.extend_from_slice(read);
            rest.consume(taken);
            if let Some(start) = BYTE_ORDER_MARK.get(..head.len().min(BYTE_ORDER_MARK.len()))
                && head.starts_with(start)
                && !is_end
            {
                if start.len() < BYTE_ORDER_MARK.len() {
                    continue;
                }
                head.drain(..BYTE_ORDER_MARK.len());
            }
            let new = head.get(blank..).unwrap_or_default();
            blank += new.len() - new.trim_ascii_start().len();
            match head.get(blank) {
                None if is_end => return Ok(None),
                None if head.len() > LONGEST => return Err(Fault::too_long(line_after(&head))),
                None => {}
                // Tries only at twice the size, so that a long value is not parsed again and again.
                Some(b'{') if !is_end && head.len() < LONGEST && head.len() < 2 * tried => {}
                Some(b'{') if !is_end && head.len() < LONGEST => {
                    tried = head.len();
                    if first(&head).is_ok_and(|value| value.is_none()) {
                        continue;
                    }
                    break;
                }
                Some(_) => break,
            }
        }
        Ok(Some(Self { head, rest }))
    }

    /// Its first character other than white space.
    pub(super) fn begins_with(&self) -> u8 {
        self.head.trim_ascii_start().first().copied().unwrap_or_default()
    }

    /// The line where its first value begins.
    pub(super) fn first_line(&self) -> u64 {
        let blank = self.head.len() - self.head.trim_ascii_start().len();
        line_after(self.head.get(..blank).unwrap_or_default())
    }

    /// Its first value, unless that is an array.
    pub(super) fn first(&self) -> Result<First<'_>, Fault> {
        if self.begins_with() == b'[' {
            return Ok(First::Array);
        }
        Ok(match first(&self.head)? {
            Some(value) => First::Value(value),
            None if self.head.len() >= LONGEST => First::Long,
            None => First::Cut,
        })
    }

    /// The whole text.
    pub(super) fn all(self) -> impl BufRead + Send {
        Cursor::new(self.head).chain(self.rest)
    }
}

fn line_after(text: &[u8]) -> u64 {
    1 + memchr::memchr_iter(b'\n', text).count() as u64
}

/// The first value of a text; `None` if it does not end.
fn first(text: &[u8]) -> Result<Option<&str>, serde_json::Error> {
    match serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>().next() {
        Some(Ok(value)) => Ok(Some(value.get())),
        Some(Err(error)) if !error.is_eof() => Err(error),
        _ => Ok(None),
    }
}

/// Passes on each line, including its line break.
pub(super) fn lines(input: &mut impl BufRead, each: Each<'_>) -> Result<(), Fault> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let most = LONGEST as u64 + 1;
        input
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut text)
            .map_err(|cause| Fault::unreadable(line, cause))?;
        if text.len() > LONGEST {
            return Err(Fault::too_long(line));
        }
        if text.is_empty() || !each(line, &text)? {
            break;
        }
    }
    Ok(())
}
