//! Detects a file's format by its contents, and reads its items one by one.

use std::cell::RefCell;
use std::io::BufRead;

use serde_json::value::RawValue;

use super::checksum::{Checksum, Totals};
use super::documents::{self, Layout, Said};
use super::values::{Fault, First, Text, lines};
use super::write::{HEADER, Header, KeyPart, TRAILER, Trailer, VERSION};
use crate::dynamodb::Item;
use crate::dynamodb::item::json;
use crate::dynamodb::item::json::{AttributeType, Fields, Problem, plain_item, typed_item, typed_record};

/// What a file of items is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Output of cruddur ddb export
    Cruddur,
    /// A data file of an AWS export to S3, full or incremental
    Aws,
    /// Items in DynamoDB's typed JSON: one per line, in an array, or in a document as aws-cli
    /// prints it
    Typed,
    /// Items as plain JSON, as dynein writes them, in the same arrangements
    Dynein,
}

impl Format {
    /// The name to show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cruddur => "a cruddur export",
            Self::Aws => "an AWS export",
            Self::Typed => "typed JSON",
            Self::Dynein => "plain JSON",
        }
    }
}

/// A change to a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Put this item.
    Put(Item),
    /// Delete the item with this key.
    Delete(Item),
}

/// Options for reading.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The format; `None` to detect it.
    pub format: Option<Format>,
    /// Whether arrays in plain JSON become sets where possible.
    pub infer_sets: bool,
    /// The table's key.
    pub key: Vec<KeyPart>,
    /// Whether an export may be of a table with another key.
    pub any_key: bool,
    /// Whether an earlier reading has computed the checksum of the items. That of the text shows whether
    /// they are still the same.
    pub is_again: bool,
}

/// A change and its position.
pub(super) struct Found {
    pub(super) change: Change,
    pub(super) line: u64,
    pub(super) format: Format,
    /// When the change was made, in microseconds since 1970.
    pub(super) written_at: Option<u64>,
}

/// What a file contained, known at its end.
pub(super) struct Contents {
    pub(super) format: Option<Format>,
    pub(super) header: Option<Header>,
    pub(super) totals: Totals,
    pub(super) said: Said,
}

/// Passes each change of a file to `give`, until that returns false. Otherwise reads to the end,
/// and everything that the file says about itself has been verified. `None` if the file is empty.
pub(super) fn read(
    input: Box<dyn BufRead + Send>,
    reading: &Reading,
    give: &mut dyn FnMut(Found) -> bool,
) -> Result<Option<Contents>, Fault> {
    let Some(text) = Text::of(input)? else { return Ok(None) };
    let line = text.first_line();
    let (format, layout) = match text.begins_with() {
        b'$' | 0xe0 => {
            return Err(Fault::new(line, "this looks like Amazon Ion; export as DynamoDB JSON instead"));
        }
        b'{' | b'[' => match text.first()? {
            First::Array => (None, Some(Layout::Array)),
            First::Long => (None, Some(Layout::Documents)),
            First::Cut => (None, Some(Layout::Values)),
            First::Value(value) => recognised(value, &reading.key).map_err(|fault| fault.at(line))?,
        },
        _ => {
            return Err(Fault::new(line, "neither a JSON object nor an array")
                .explained("what can be imported: docs/export-import.md"));
        }
    };
    // An export of cruddur's has one record per line, whatever else it looks like.
    let layout = layout.filter(|_| reading.format != Some(Format::Cruddur));
    let checksum = RefCell::new(Checksum::new());
    let mut records = Records {
        reading,
        format: reading.format.or(format),
        header: None,
        trailer: None,
        checksum: &checksum,
        scratch: Vec::new(),
        give,
    };
    let mut input = text.all();
    let said = if let Some(layout) = layout {
        documents::items(&mut input, layout, &checksum, &mut |line, value| records.value(line, value))?
    } else {
        let (mut last, mut is_wanted) = (0, true);
        lines(&mut input, &mut |line, text| {
            last = line;
            is_wanted = records.line(line, text)?;
            Ok(is_wanted)
        })?;
        let is_whole = records.format != Some(Format::Cruddur) || records.trailer.is_some();
        if is_wanted && !is_whole {
            return Err(Fault::new(last, "the export is cut off: its last line is missing"));
        }
        Said { is_counted: records.trailer.is_some(), has_more: false }
    };
    let Records { format, header, .. } = records;
    Ok(Some(Contents { format, header, totals: checksum.into_inner().totals(), said }))
}

struct Records<'r> {
    reading: &'r Reading,
    /// The format, once known.
    format: Option<Format>,
    header: Option<Header>,
    /// The totals in the last line, once it was read.
    trailer: Option<Totals>,
    checksum: &'r RefCell<Checksum>,
    scratch: Vec<u8>,
    give: &'r mut dyn FnMut(Found) -> bool,
}

impl Records<'_> {
    /// Reads a line, which may be any line of an export of cruddur's.
    fn line(&mut self, line: u64, text: &[u8]) -> Result<bool, Fault> {
        if self.format == Some(Format::Cruddur) {
            if self.trailer.is_some() {
                return Err(Fault::new(line, "data after the export's last line"));
            }
            if text.starts_with(TRAILER) {
                return self.end_with_trailer(line, text).map(|()| true);
            }
            if self.header.is_none() && !text.trim_ascii().is_empty() {
                let header = header(text, self.reading).map_err(|problem| problem_at(line, problem))?;
                self.header = Some(header);
                self.checksum.borrow_mut().text(text);
                return Ok(true);
            }
            if text.starts_with(HEADER) {
                return Err(Fault::new(line, "another export starts here; import one at a time"));
            }
            if !text.ends_with(b"\n") {
                return Err(Fault::new(line, "the line is cut off"));
            }
        }
        self.checksum.borrow_mut().text(text);
        let is_blank = self.header.is_none() && text.trim_ascii().is_empty();
        if is_blank { Ok(true) } else { self.value(line, text.trim_ascii_end()) }
    }

    /// Reads a value. The caller adds its text to the tally.
    fn value(&mut self, line: u64, text: &[u8]) -> Result<bool, Fault> {
        let format = match self.format {
            Some(format) => format,
            None => format_of(text, &self.reading.key).map_err(|fault| fault.at(line))?,
        };
        self.format = Some(format);
        let (change, written_at) = self.change(format, text).map_err(|problem| problem_at(line, problem))?;
        if let Change::Put(item) = &change {
            let mut checksum = self.checksum.borrow_mut();
            if self.reading.is_again {
                checksum.count_item();
            } else {
                checksum.item(item, &mut self.scratch);
            }
        }
        Ok((self.give)(Found { change, line, format, written_at }))
    }

    fn change(&self, format: Format, text: &[u8]) -> Result<(Change, Option<u64>), Problem> {
        let wrong = |message: &str| Problem { line: 1, message: message.to_owned() };
        let change = match format {
            Format::Typed => Change::Put(typed_item(text)?),
            Format::Dynein => Change::Put(plain_item(text, self.reading.infer_sets)?),
            Format::Cruddur => match typed_record(text)? {
                json::Record { item: Some(item), keys: None, new_image: None, old_image: None, .. } => {
                    Change::Put(item)
                }
                _ => return Err(wrong("an export line must hold an Item and nothing else")),
            },
            Format::Aws => {
                let record = typed_record(text)?;
                let change = match (record.item, record.keys, record.new_image) {
                    (Some(item), None, None) | (None, Some(_), Some(item)) => Change::Put(item),
                    (None, Some(keys), None) => Change::Delete(keys),
                    _ => return Err(wrong("a record must hold an Item, or Keys and an optional NewImage")),
                };
                return Ok((change, record.written_at));
            }
        };
        Ok((change, None))
    }

    fn end_with_trailer(&mut self, line: u64, text: &[u8]) -> Result<(), Fault> {
        if !text.ends_with(b"\n") {
            return Err(Fault::new(line, "the last line is cut off"));
        }
        let trailer: Trailer = serde_json::from_slice(text)
            .map_err(|cause| Fault::new(line, format!("not the last line of an export: {cause}")))?;
        if trailer.version != VERSION {
            return Err(Fault::new(line, "not the last line of an export of this version"));
        }
        let (says, has) = (trailer.totals(), self.checksum.borrow().totals());
        let compared = [
            ("number of items", says.items.to_string(), has.items.to_string()),
            ("number of bytes", says.bytes.to_string(), has.bytes.to_string()),
            ("checksum", says.sha256.clone(), has.sha256),
        ];
        let content = ("checksum of the content", says.content.clone(), has.content);
        for (what, says, has) in compared.into_iter().chain((!self.reading.is_again).then_some(content)) {
            if says != has {
                return Err(Fault::new(
                    line,
                    format!("the file is damaged: its {what} should be {says}, but is {has}"),
                ));
            }
        }
        self.trailer = Some(says);
        Ok(())
    }
}

fn problem_at(line: u64, problem: Problem) -> Fault {
    Fault::new(line + problem.line as u64 - 1, problem.message)
}

/// Parses the first line of an export. Its table must have this key, unless any key is allowed.
fn header(text: &[u8], reading: &Reading) -> Result<Header, Problem> {
    let wrong = |message: String| Problem { line: 1, message };
    let header: Header = serde_json::from_slice(text)
        .map_err(|cause| wrong(format!("not the first line of an export: {cause}")))?;
    if header.version != VERSION {
        return Err(wrong(format!(
            "an export of version {}, but this cruddur reads version {VERSION}",
            header.version
        )));
    }
    if header.key != reading.key && !reading.any_key {
        let named = |key: &[KeyPart]| {
            key.iter().map(|part| format!("{} ({})", part.name, part.kind)).collect::<Vec<_>>().join(", ")
        };
        return Err(wrong(format!(
            "the key of its items is {}, but the table's is {}",
            named(&header.key),
            named(&reading.key)
        )));
    }
    Ok(header)
}

/// The format and the arrangement of a file by its first value, as far as that shows them. Without
/// a layout, each line is a record.
fn recognised(first: &str, key: &[KeyPart]) -> Result<(Option<Format>, Option<Layout>), Fault> {
    let fields: Fields<'_> = serde_json::from_str(first)?;
    let is_item = fields.0.iter().any(|(name, _)| key.iter().any(|part| part.name == *name));
    let holds_items = |(name, raw): &(String, &RawValue)| match name.as_str() {
        "Items" | "items" => raw.get().starts_with('['),
        "Responses" => raw.get().starts_with('{'),
        _ => false,
    };
    if !is_item && fields.0.iter().any(holds_items) {
        return Ok((None, Some(Layout::Documents)));
    }
    let layout = first.contains('\n').then_some(Layout::Values);
    Ok((Some(format_of(first.as_bytes(), key)?), layout))
}

/// The format of a file that holds this value. The key tells typed from plain JSON: it is a string
/// or a number in plain JSON, and an object in typed JSON.
fn format_of(value: &[u8], key: &[KeyPart]) -> Result<Format, Fault> {
    let fields: Fields<'_> = serde_json::from_slice(value)?;
    let begins = |raw: &str, with: char| raw.starts_with(with);
    let find = |name: &str| fields.0.iter().find(|(field, _)| field == name).map(|(_, raw)| raw.get());
    let is_object = |name: &str| find(name).is_some_and(|raw| begins(raw, '{'));
    if find("cruddur_export").is_some_and(|raw| raw.bytes().all(|byte| byte.is_ascii_digit())) {
        return Ok(Format::Cruddur);
    }
    if fields.0.len() == 1 && is_object("Item") {
        return Ok(Format::Aws);
    }
    let has_image = ["NewImage", "OldImage", "Metadata"].iter().any(|name| is_object(name));
    if has_image && (is_object("Keys") || is_object("Key")) {
        return Ok(Format::Aws);
    }
    let is_request = |raw: &str| raw.starts_with('[') && raw.contains("Request\"");
    if !fields.0.is_empty() && fields.0.iter().all(|(_, raw)| is_request(raw.get())) {
        return Err(Fault::new(1, "these are write requests for BatchWriteItem, not items")
            .explained("run them with aws dynamodb batch-write-item or dy bwrite"));
    }
    let is_typed = |raw: &str| {
        let inner: Result<Fields<'_>, _> = serde_json::from_str(raw);
        inner.is_ok_and(|inner| {
            inner.0.len() == 1 && inner.0.iter().all(|(name, _)| AttributeType::of(name).is_some())
        })
    };
    let is_typed = match key.first().and_then(|part| find(&part.name)) {
        Some(raw) => begins(raw, '{'),
        None => !fields.0.is_empty() && fields.0.iter().all(|(_, raw)| is_typed(raw.get())),
    };
    Ok(if is_typed { Format::Typed } else { Format::Dynein })
}
