//! Cuts a text into its JSON values: one a line, or the elements of one array.

use std::io::{self, BufRead, ErrorKind};

use super::tally::Tally;

/// The longest text of an item: 400 KB can be six times as long as typed JSON, and
/// again with every character escaped.
const LONGEST: usize = 16 * 1024 * 1024;

/// What is wrong, and in which line.
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

    /// The same of a text that begins in `line`.
    pub(super) fn at(self, line: u64) -> Self {
        Self { line: self.line + line - 1, ..self }
    }

    /// Of reading, or of what was compressed.
    fn unreadable(line: u64, cause: io::Error) -> Self {
        let message = match cause.kind() {
            ErrorKind::UnexpectedEof => "the compressed data is cut off",
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => {
                "the compressed data is damaged"
            }
            _ => "cannot read on",
        };
        Self { cause: Some(cause), ..Self::new(line, message) }
    }
}

/// How the values of a text are held together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Lines,
    Array,
}

/// The values of a text.
pub(super) struct Values {
    input: Box<dyn BufRead + Send>,
    layout: Layout,
    /// Lines that were read to their end.
    lines: u64,
    /// Whether the array has begun, and ended.
    begun: bool,
    ended: bool,
    /// The value at hand, and the line it begins in.
    value: Vec<u8>,
    line: u64,
    /// Whether the line at hand is still to be added to the tally.
    pending: bool,
    pub(super) tally: Tally,
}

impl Values {
    /// Begins with the first character that is no white space; `None` of an empty text.
    pub(super) fn of(mut input: Box<dyn BufRead + Send>) -> Result<Option<(Self, u8)>, Fault> {
        let mut tally = Tally::new();
        let mut lines = 0;
        let first = loop {
            let read = input.fill_buf().map_err(|cause| Fault::unreadable(lines + 1, cause))?;
            let Some(first) = read.first().copied() else { return Ok(None) };
            if !first.is_ascii_whitespace() {
                break first;
            }
            lines += u64::from(first == b'\n');
            tally.text(&[first]);
            input.consume(1);
        };
        let layout = if first == b'[' { Layout::Array } else { Layout::Lines };
        let (value, line, begun, ended, pending) = (Vec::new(), 1, false, false, false);
        Ok(Some((Self { input, layout, lines, begun, ended, value, line, pending, tally }, first)))
    }

    pub(super) const fn layout(&self) -> Layout {
        self.layout
    }

    /// The value at hand, with its line break if it is a line.
    pub(super) fn value(&self) -> &[u8] {
        &self.value
    }

    /// How many lines were read.
    pub(super) fn lines_read(&self) -> u64 {
        self.lines.max(1)
    }

    /// The line at hand is not for the tally.
    pub(super) const fn leave_out(&mut self) {
        self.pending = false;
    }

    /// Goes to the next value: the line it begins in, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<u64>, Fault> {
        let next = match self.layout {
            Layout::Lines => self.next_line(),
            Layout::Array => self.next_element(),
        };
        next.inspect(|line| self.line = line.unwrap_or(self.line))
    }

    /// The line in which the value at hand begins.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    fn next_line(&mut self) -> Result<Option<u64>, Fault> {
        if self.pending {
            self.tally.text(&self.value);
            self.pending = false;
        }
        let line = self.lines + 1;
        self.value.clear();
        loop {
            let read = self.input.fill_buf().map_err(|cause| Fault::unreadable(line, cause))?;
            if read.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', read).map(|at| at + 1);
            let taken = end.unwrap_or(read.len());
            self.value.extend_from_slice(&read[..taken]);
            self.input.consume(taken);
            if self.value.len() > LONGEST {
                return Err(Fault::new(line, too_long()));
            }
            if end.is_some() {
                break;
            }
        }
        if self.value.is_empty() {
            return Ok(None);
        }
        self.pending = true;
        self.lines = line;
        Ok(Some(line))
    }

    fn next_element(&mut self) -> Result<Option<u64>, Fault> {
        self.value.clear();
        let Some(first) = self.separator()? else { return Ok(None) };
        let line = self.lines + 1;
        if first != b'{' {
            return Err(Fault::new(line, "an array of items holds objects and nothing else"));
        }
        let mut depth = 0_usize;
        let (mut in_string, mut is_escaped) = (false, false);
        loop {
            let read = self.input.fill_buf().map_err(|cause| Fault::unreadable(self.lines + 1, cause))?;
            if read.is_empty() {
                return Err(Fault::new(self.lines + 1, "the array is cut off in the middle of an item"));
            }
            let mut taken = 0;
            let mut is_whole = false;
            for byte in read {
                taken += 1;
                self.lines += u64::from(*byte == b'\n');
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' if in_string => is_escaped = true,
                    b'"' => in_string = !in_string,
                    b'{' | b'[' if !in_string => depth += 1,
                    b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 {
                    is_whole = true;
                    break;
                }
            }
            self.value.extend_from_slice(&read[..taken]);
            self.tally.text(&read[..taken]);
            self.input.consume(taken);
            if self.value.len() > LONGEST {
                return Err(Fault::new(line, too_long()));
            }
            if is_whole {
                return Ok(Some(line));
            }
        }
    }

    /// Goes to the next element: its first character, or `None` after the array.
    fn separator(&mut self) -> Result<Option<u8>, Fault> {
        // What must come before the next element, and has not come yet.
        let mut missing = if self.begun { Some(b',') } else { Some(b'[') };
        let mut is_first = !self.begun;
        loop {
            let line = self.lines + 1;
            let read = self.input.fill_buf().map_err(|cause| Fault::unreadable(line, cause))?;
            let Some(byte) = read.first().copied() else {
                let is_whole = self.ended;
                return if is_whole { Ok(None) } else { Err(Fault::new(line, "the array is cut off")) };
            };
            if !byte.is_ascii_whitespace() {
                match (byte, missing) {
                    _ if self.ended => return Err(Fault::new(line, "something follows the array")),
                    (b']', Some(b',')) => self.ended = true,
                    (b']', None) if is_first => self.ended = true,
                    (byte, Some(wanted)) if byte == wanted => {
                        missing = None;
                        self.begun = true;
                    }
                    (_, Some(_)) => return Err(Fault::new(line, "a comma is missing between two items")),
                    (byte, None) => return Ok(Some(byte)),
                }
                is_first = is_first && byte == b'[';
            }
            self.lines += u64::from(byte == b'\n');
            self.tally.text(&[byte]);
            self.input.consume(1);
        }
    }
}

fn too_long() -> String {
    format!("longer than {} MiB, which no item is", LONGEST / 1024 / 1024)
}
