//! The encoding of an SQL file: UTF-8, unless `SET client_encoding` says otherwise.
//!
//! psql sends a file's bytes as they are, and the server converts them. The driver sends UTF-8, so
//! the bytes are converted here, with tables generated from the server's own function. The session
//! stays at UTF-8.

use super::expand::expand;
use super::lexer::Lexer;
use super::statement::cut;
use super::variables::Lookup;

const TABLES: &str = include_str!("encodings.txt");

/// Multibyte encodings, which are not converted.
const MULTIBYTE: [&str; 21] = [
    "big5",
    "win950",
    "windows950",
    "euccn",
    "eucjis2004",
    "eucjp",
    "euckr",
    "euctw",
    "gb18030",
    "gbk",
    "win936",
    "windows936",
    "johab",
    "muleinternal",
    "shiftjis2004",
    "sjis",
    "mskanji",
    "shiftjis",
    "uhc",
    "win949",
    "windows949",
];

/// A file's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// A single-byte encoding, as a line of [`TABLES`].
    Table(&'static str),
}

/// Text that cannot be decoded.
pub(super) struct Unreadable {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Encoding {
    /// The encoding that `SET client_encoding` names.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        // The server ignores case and punctuation too.
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        match plain.as_str() {
            // Without a conversion, the server accepts only what is valid in its database.
            "utf8" | "unicode" | "sqlascii" | "default" => return Ok(Self::Utf8),
            plain if MULTIBYTE.contains(&plain) => {
                return Err(format!("cruddur does not convert the encoding {name}"));
            }
            _ => {}
        }
        let table = TABLES.lines().filter_map(|line| line.split_once('\t')).find_map(|(names, table)| {
            names.split(',').any(|known| known == plain).then_some(Self::Table(table))
        });
        table.ok_or_else(|| format!("there is no encoding {name:?}"))
    }

    fn decode(self, bytes: Vec<u8>) -> Result<String, Unreadable> {
        let table = match self {
            Self::Utf8 => {
                return String::from_utf8(bytes).map_err(|error| {
                    let at = error.utf8_error().valid_up_to();
                    Unreadable::at(error.as_bytes(), at, "not UTF-8 text")
                        .hint("if it is Latin-1, begin the file with: SET client_encoding = 'LATIN1';")
                });
            }
            Self::Table(table) => table,
        };
        let high: Vec<Option<char>> = table
            .split(' ')
            .map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32))
            .collect();
        let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
        for (at, byte) in bytes.iter().enumerate() {
            let c = match byte.checked_sub(0x80) {
                None => Some(char::from(*byte)),
                Some(index) => high.get(usize::from(index)).copied().flatten(),
            };
            let unknown = || {
                let message = format!("the byte 0x{byte:02x} is not a character in the file's encoding");
                Unreadable::at(&bytes, at, message)
            };
            text.push(c.ok_or_else(unknown)?);
        }
        Ok(text)
    }
}

impl Unreadable {
    fn at(bytes: &[u8], at: usize, message: impl Into<String>) -> Self {
        let line = memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1;
        Self { line, message: message.into(), hint: None }
    }

    fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }
}

/// Decodes a file. Returns its text and its encoding; `None` when it is all ASCII.
pub(super) fn decode(
    mut bytes: Vec<u8>,
    lookup: Lookup<'_>,
) -> Result<(String, Option<Encoding>), Unreadable> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Unreadable::at(&bytes, 0, "this is UTF-16")
            .hint("convert it with: iconv -f UTF-16 -t UTF-8; pg_dump -f FILE writes it correctly"));
    }
    if let Some(at) = memchr::memchr(0, &bytes) {
        return Err(Unreadable::at(&bytes, at, "a NUL byte, which SQL cannot have"));
    }
    let Some(first) = bytes.iter().position(|byte| !byte.is_ascii()) else {
        return Ok((Encoding::Utf8.decode(bytes)?, None));
    };
    let encoding = declared(&bytes[..first], lookup)?;
    Ok((encoding.decode(bytes)?, Some(encoding)))
}

/// The encoding declared before the first non-ASCII character.
fn declared(head: &[u8], lookup: Lookup<'_>) -> Result<Encoding, Unreadable> {
    let last = |word: &[u8]| head.windows(word.len()).rposition(|part| part.eq_ignore_ascii_case(word));
    let Some(last) = last(b"client_encoding").max(last(b"names")) else { return Ok(Encoding::Utf8) };
    let end = memchr::memchr(b';', &head[last..]).map_or(head.len(), |length| last + length);
    let expanded = expand(String::from_utf8_lossy(&head[..end]).into_owned(), lookup);
    let mut found = Ok(Encoding::Utf8);
    // Other errors in the file are reported when all of it is read.
    let _ = cut(expanded.sql(), |statement| {
        if let Some(name) = client_encoding(statement.text) {
            found = Encoding::named(&name).map_err(|why| {
                Unreadable::at(head, expanded.origin(statement.start), why).hint(
                    "convert the file with: iconv -f ITS-ENCODING -t UTF-8; and write UTF8 in this line",
                )
            });
        }
    });
    found
}

/// The encoding that a statement sets.
pub(super) fn client_encoding(statement: &str) -> Option<String> {
    setting(statement, "client_encoding").or_else(|| setting(statement, "names"))
}

/// The value that `SET name` sets; `name` is in lower case.
pub(super) fn setting(statement: &str, name: &str) -> Option<String> {
    let mut lexer = Lexer::new(statement);
    let mut next = || match lexer.next() {
        Ok(Some((start, token))) => Some((statement.get(start..lexer.at())?, token)),
        _ => None,
    };
    let is = |text: &str, wanted: &str| text.trim_matches('"').eq_ignore_ascii_case(wanted);
    next().filter(|(text, _)| is(text, "SET"))?;
    let mut word = next()?;
    if is(word.0, "SESSION") || is(word.0, "LOCAL") {
        word = next()?;
    }
    if !is(word.0, name) {
        return None;
    }
    // SET NAMES alone means SET NAMES DEFAULT.
    let mut value = next().map_or("DEFAULT", |(text, _)| text);
    if name != "names" && (value == "=" || is(value, "TO")) {
        value = next().map_or("", |(text, _)| text);
    }
    Some(value.trim_matches('\'').to_owned())
}
