//! Checks all input before anything is written.

use super::checksum::half_hash;
use super::records::{Change, Format, Reading};
use super::source::{Entry, Read, Source};
use super::write::{Header, KeyPart};
use crate::dynamodb::{KeyKind, TableSchema};
use crate::error::{Context as _, Error, Result};
use crate::external_sort::{Fixed, Sorter, take};

/// How many keys the search for repeated ones holds in memory; 8 MB.
const HELD: usize = 256 * 1024;
/// What dynein exports instead of binary data.
const DYNEIN_BINARY: &str = "<<<JSON output doesn't support this type attributes>>>";

/// What there is to import.
#[derive(Debug, Clone, Default)]
pub struct FileSurvey {
    /// Items to put.
    pub puts: u64,
    /// Keys to delete.
    pub deletes: u64,
    /// Bytes of the items, as DynamoDB counts them.
    pub bytes: u64,
    /// Keys that occur more than once.
    pub repeated: u64,
    /// Attributes that were binary data until dynein exported them.
    pub lost: u64,
    /// The format.
    pub format: Option<Format>,
    /// The header of an export of cruddur's.
    pub header: Option<Header>,
    /// A checksum of everything.
    pub checksum: String,
    /// A checksum of the items, independent of their order.
    pub content: String,
    /// Whether every file said how many items it should hold.
    pub is_counted: bool,
    /// Whether the last file says that there was more to read.
    pub has_more: bool,
}

impl FileSurvey {
    /// The number of changes.
    pub const fn changes(&self) -> u64 {
        self.puts + self.deletes
    }
}

impl KeyPart {
    /// The key of a table.
    pub fn of(schema: &TableSchema) -> Vec<Self> {
        let kind = |kind| match kind {
            KeyKind::Text => "S",
            KeyKind::Number => "N",
            KeyKind::Binary => "B",
        };
        schema
            .key
            .parts
            .iter()
            .map(|part| Self { name: part.name.clone(), kind: kind(part.kind).to_owned() })
            .collect()
    }
}

/// Checks each change against a table, and counts.
pub(super) struct Checker<'t> {
    schema: &'t TableSchema,
    so_far: FileSurvey,
}

impl<'t> Checker<'t> {
    pub(super) fn new(schema: &'t TableSchema) -> Self {
        Self { schema, so_far: FileSurvey::default() }
    }

    /// Checks an entry.
    pub(super) fn check(&mut self, entry: &Entry<'_>) -> Result<()> {
        let so_far = &mut self.so_far;
        let checked = match &entry.change {
            Change::Put(item) => self.schema.validate(item).map(|bytes| {
                so_far.puts += 1;
                so_far.bytes += bytes as u64;
                if entry.format == Format::Dynein {
                    let is_lost = |value: &aws_sdk_dynamodb::types::AttributeValue| {
                        value.as_s().is_ok_and(|text| text == DYNEIN_BINARY)
                    };
                    so_far.lost += item.values().filter(|value| is_lost(value)).count() as u64;
                }
            }),
            Change::Delete(key) => self.schema.has_key(key).map(|()| so_far.deletes += 1),
        };
        checked.map_err(|why| Error::failed(format!("{}: {why}", entry.place())))
    }

    /// Bytes of the items checked so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.so_far.bytes
    }

    /// Ends the survey, with the result of reading the whole source.
    pub(super) fn finish(self, read: Read) -> FileSurvey {
        let Read { format, header, checksum, content, is_counted, has_more } = read;
        FileSurvey { format, header, checksum, content, is_counted, has_more, ..self.so_far }
    }
}

/// Reads all of `source` and checks it against a table. Passes the number of bytes read so far to `watch`.
///
/// # Errors
/// The first fault, by file and line.
pub fn survey(
    source: &Source,
    reading: &Reading,
    schema: &TableSchema,
    mut watch: impl FnMut(u64),
) -> Result<FileSurvey> {
    let unsorted = || "cannot look for duplicate keys".to_owned();
    let mut checker = Checker::new(schema);
    let mut keys = Sorter::new(HELD);
    let mut scratch = Vec::new();
    let mut ordinal = 0;
    let read = source.read(reading, |entry| {
        checker.check(&entry)?;
        let (Change::Put(item) | Change::Delete(item)) = &entry.change;
        let key = half_hash(schema.key.attributes(item), &mut scratch);
        keys.push(Seen { key, ordinal, at: entry.written_at.unwrap_or(0) }).or_failed(unsorted)?;
        ordinal += 1;
        watch(entry.read);
        Ok(true)
    })?;
    let mut surveyed = checker.finish(read);
    let mut before: Option<Seen> = None;
    let mut is_repeated = false;
    for seen in keys.finish().or_failed(unsorted)? {
        let seen = seen.or_failed(unsorted)?;
        let same = before.filter(|before| before.key == seen.key);
        surveyed.repeated += u64::from(same.is_some() && !is_repeated);
        is_repeated = same.is_some();
        if same.is_some_and(|before| before.at > seen.at) {
            return Err(Error::failed(format!(
                "{} has two changes of one item in the wrong order: records {} and {}",
                source.name(),
                same.map_or(0, |before| before.ordinal) + 1,
                seen.ordinal + 1
            ))
            .hint("an incremental AWS export has each item once; import one export at a time"));
        }
        before = Some(seen);
    }
    Ok(surveyed)
}

/// A key and where it occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    key: u128,
    ordinal: u64,
    at: u64,
}

impl Fixed for Seen {
    const BYTES: usize = 32;

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.key.to_be_bytes());
        bytes.extend(self.ordinal.to_be_bytes());
        bytes.extend(self.at.to_be_bytes());
    }

    fn read(mut bytes: &[u8]) -> Self {
        Self {
            key: u128::from_be_bytes(take(&mut bytes)),
            ordinal: u64::from_be_bytes(take(&mut bytes)),
            at: u64::from_be_bytes(take(&mut bytes)),
        }
    }
}
