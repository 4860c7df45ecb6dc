//! Writes an export: a header, one line per item, and a trailer with their checksums.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::checksum::{Checksum, Totals};
use super::compression::{Compression, Encoder};
use crate::dynamodb::Item;
use crate::dynamodb::item::json;

/// The version of the format.
pub(super) const VERSION: u32 = 1;
/// The beginnings of the first and the last line.
pub(super) const HEADER: &[u8] = b"{\"cruddur_export\":";
pub(super) const TRAILER: &[u8] = b"{\"cruddur_export_end\":";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    #[serde(rename = "cruddur_export")]
    pub(super) version: u32,
    /// The table that was read.
    pub table: String,
    /// Where it is: an endpoint or a region.
    pub place: String,
    /// Its key, the partition key first.
    pub key: Vec<KeyPart>,
    /// The id that the service gave it, which differs for another table of the same name.
    pub table_id: String,
    /// When the export began.
    pub exported_at: String,
}

/// An attribute of a table's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPart {
    /// Its name.
    pub name: String,
    /// S, N or B.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The last line: the totals of those before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trailer {
    #[serde(rename = "cruddur_export_end")]
    pub(super) version: u32,
    items: u64,
    bytes: u64,
    sha256: String,
    content: String,
}

impl Trailer {
    fn new(totals: Totals) -> Self {
        let Totals { items, bytes, sha256, content } = totals;
        Self { version: VERSION, items, bytes, sha256, content }
    }

    pub(super) fn totals(self) -> Totals {
        Totals { items: self.items, bytes: self.bytes, sha256: self.sha256, content: self.content }
    }
}

impl Header {
    /// The header of an export of this table.
    pub fn new(table: &str, place: String, key: Vec<KeyPart>, table_id: String) -> Self {
        let exported_at = crate::messaging::Timestamp::now().to_string();
        Self { version: VERSION, table: table.to_owned(), place, key, table_id, exported_at }
    }
}

#[derive(Serialize)]
struct Line<'i> {
    #[serde(rename = "Item")]
    item: json::Typed<'i>,
}

/// An export being written.
pub struct Writer<W: Write> {
    pub(super) out: Encoder<W>,
    pub(super) checksum: Checksum,
    line: Vec<u8>,
    scratch: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub fn begin(inner: W, compression: Compression, header: &Header) -> io::Result<Self> {
        let mut writer = Self::go_on(inner, compression, Checksum::new());
        writer.line(header)?;
        writer.checksum.text(&writer.line);
        Ok(writer)
    }

    /// Continues a file whose totals are `checksum`.
    pub(super) const fn go_on(inner: W, compression: Compression, checksum: Checksum) -> Self {
        let out = Encoder::new(compression, inner);
        Self { out, checksum, line: Vec::new(), scratch: Vec::new() }
    }

    /// Writes an item.
    pub fn push(&mut self, item: &Item) -> io::Result<()> {
        self.line(&Line { item: json::Typed(item) })?;
        self.checksum.text(&self.line);
        self.checksum.item(item, &mut self.scratch);
        Ok(())
    }

    /// The totals so far.
    pub fn totals(&self) -> Totals {
        self.checksum.totals()
    }

    /// Flushes the output. Compressed data stays in its frame.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<Totals> {
        self.end()
    }

    /// Writes the last line.
    pub(super) fn end(&mut self) -> io::Result<Totals> {
        let totals = self.totals();
        self.line(&Trailer::new(totals.clone()))?;
        self.out.end_frame()?.flush()?;
        Ok(totals)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}
