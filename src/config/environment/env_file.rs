//! Reads a `.env` file: dotenvy parses it, and this knows on which line it is. The file may come with
//! somebody else's repository, so it cannot make values of any size out of a few lines.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::error::Error;

/// How many bytes a file may have once each `$` is replaced by the longest value that it can stand for.
const MOST: usize = 16 * 1024 * 1024;

/// A variable in a file.
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
    /// The line where it begins, counted from 1.
    pub(super) line: usize,
}

/// What is wrong, and on which line.
pub(super) struct Fault {
    line: usize,
    is_too_long: bool,
}

impl Fault {
    /// The error for this fault in `file`. It does not show the line, which may hold a secret.
    pub(super) fn of(&self, file: &Path) -> Error {
        let (what, values, example) = if self.is_too_long {
            ("too long with the values that its $ stand for", "a value with $ signs of its own", "$ value")
        } else {
            ("not a NAME=value line", "values with spaces, quotes or a #", "value")
        };
        Error::config(format!("{}:{}: {what}", file.display(), self.line))
            .hint(format!("put {values} in single quotes: NAME='some {example}'"))
    }
}

/// The variables in `text`, in order. `longest` is the length of the longest value in the environment.
pub(super) fn pairs(text: &str, longest: usize) -> Result<Vec<Pair>, Fault> {
    let progress = Progress { lines: Cell::new(0), longest: Cell::new(longest) };
    let reader = Reader { rest: text.as_bytes(), left: MOST, progress: &progress };
    let lines: Vec<&str> = text.lines().collect();
    let mut parser = dotenvy::from_read_iter(reader);
    let mut pairs = Vec::new();
    loop {
        let before = progress.lines.get();
        let Some(pair) = parser.next() else { return Ok(pairs) };
        let is_skipped = |line: &&&str| matches!(line.trim_start().bytes().next(), None | Some(b'#'));
        let line = 1 + before + lines.iter().skip(before).take_while(is_skipped).count();
        match pair {
            Ok((name, value)) => {
                progress.longest.set(progress.longest.get().max(value.len()));
                pairs.push(Pair { name, value, line });
            }
            Err(dotenvy::Error::Io(cause)) => {
                let is_too_long = cause.kind() == ErrorKind::FileTooLarge;
                return Err(Fault { line: progress.lines.get() + 1, is_too_long });
            }
            Err(_) => return Err(Fault { line, is_too_long: false }),
        }
    }
}

struct Progress {
    /// The lines that the parser has taken.
    lines: Cell<usize>,
    /// The length of the longest value so far.
    longest: Cell<usize>,
}

/// Hands out one line at a time, so that the parser has never taken more than it has read.
struct Reader<'r> {
    rest: &'r [u8],
    /// How much the file may still grow.
    left: usize,
    progress: &'r Progress,
}

impl Read for Reader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = self.rest.len().min(bytes.len());
        let length = memchr::memchr(b'\n', &self.rest[..most]).map_or(most, |at| at + 1);
        let (part, rest) = self.rest.split_at(length);
        // The environment cannot hold a NUL.
        if memchr::memchr(0, part).is_some() {
            return Err(ErrorKind::InvalidData.into());
        }
        let repeated = memchr::memchr_iter(b'$', part).count().saturating_mul(self.progress.longest.get());
        self.left = self.left.checked_sub(repeated).ok_or(ErrorKind::FileTooLarge)?;
        bytes[..length].copy_from_slice(part);
        self.rest = rest;
        self.progress.lines.set(self.progress.lines.get() + usize::from(part.ends_with(b"\n")));
        Ok(length)
    }
}
