//! What a file holds, recognised by its content, and its items one by one.

use std::io::BufRead;

use super::tally::Totals;
use super::values::{Fault, Layout, Values};
use super::write::{HEADER, Header, TRAILER, Trailer, VERSION};
use crate::dynamodb::json::{Fields, Kind, Problem, plain_item, typed_item, typed_record};
use crate::dynamodb::{Item, json};

/// What a file of items is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// What cruddur ddb export writes
    Cruddur,
    /// A data file of AWS's export to S3, full or incremental
    Aws,
    /// Items in DynamoDB's typed JSON, one a line or in an array
    Typed,
    /// Items as plain JSON, as dynein writes them, one a line or in an array
    Dynein,
}

impl Format {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cruddur => "an export of cruddur's",
            Self::Aws => "an export of AWS's",
            Self::Typed => "typed JSON",
            Self::Dynein => "plain JSON",
        }
    }
}

/// What is to be done with a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The item is to be there.
    Put(Item),
    /// The item with this key is not to be there.
    Delete(Item),
}

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What the file is, where nobody is to guess.
    pub format: Option<Format>,
    /// Whether arrays of plain JSON become sets where they can.
    pub infer_sets: bool,
    /// The attributes of the table's key.
    pub key: Vec<String>,
}

/// The items of one file.
pub(super) struct Records {
    values: Values,
    reading: Reading,
    format: Format,
    header: Option<Header>,
    /// That of the last line, once it was read.
    trailer: Option<Totals>,
    started: bool,
    scratch: Vec<u8>,
    /// When the change at hand was made, in microseconds since 1970.
    pub(super) written_at: Option<u64>,
}

impl Records {
    /// `None` if there is nothing in `input` at all.
    pub(super) fn of(input: Box<dyn BufRead + Send>, reading: &Reading) -> Result<Option<Self>, Fault> {
        let Some((mut values, first)) = Values::of(input)? else { return Ok(None) };
        if matches!(first, b'$' | 0xe0) {
            return Err(Fault::new(1, "this looks like Amazon Ion; export as DynamoDB JSON instead"));
        }
        if !matches!(first, b'{' | b'[') {
            return Err(Fault::new(1, "neither an object nor an array of JSON")
                .explained("what can be imported: docs/export-import.md"));
        }
        let line = values.next()?;
        let text = values.value();
        let format = match (reading.format, line) {
            (Some(format), _) => format,
            (None, Some(line)) => recognised(text, &reading.key).map_err(|fault| fault.at(line))?,
            (None, None) => Format::Typed,
        };
        let header = match (format, line) {
            (Format::Cruddur, Some(line)) => Some(header(text).map_err(|problem| problem_at(line, problem))?),
            _ => None,
        };
        let started = line.is_none();
        let (trailer, scratch) = (None, Vec::new());
        Ok(Some(Self {
            values,
            reading: reading.clone(),
            format,
            header,
            trailer,
            started,
            scratch,
            written_at: None,
        }))
    }

    pub(super) const fn format(&self) -> Format {
        self.format
    }

    pub(super) const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// What the file adds up to so far.
    pub(super) fn totals(&self) -> Totals {
        self.values.tally.totals()
    }

    /// The next change and its line; `None` at the end, which is the real one: what
    /// a file says of itself is true.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Change)>, Fault> {
        loop {
            // The first value was looked at already.
            let line = match (self.started, self.format) {
                (false, Format::Cruddur) | (true, _) => self.values.next()?,
                (false, _) => Some(self.values.line()),
            };
            self.started = true;
            let Some(line) = line else { return self.ended().map(|()| None) };
            if self.trailer.is_some() {
                return Err(Fault::new(line, "something follows the export's last line"));
            }
            let text = self.values.value();
            let is_line = self.values.layout() == Layout::Lines;
            if self.format == Format::Cruddur {
                if text.starts_with(TRAILER) {
                    self.end_with_trailer(line)?;
                    continue;
                }
                if text.starts_with(HEADER) {
                    return Err(Fault::new(line, "another export begins here; import them one by one"));
                }
                if !text.ends_with(b"\n") {
                    return Err(Fault::new(line, "the line is cut off"));
                }
            } else if is_line && text.trim_ascii().is_empty() {
                continue;
            }
            let change = self.change().map_err(|problem| problem_at(line, problem))?;
            if let Change::Put(item) = &change {
                self.values.tally.item(item, &mut self.scratch);
            }
            return Ok(Some((line, change)));
        }
    }

    fn change(&mut self) -> Result<Change, Problem> {
        // A line break of its own would be another line to a parser.
        let text = self.values.value().trim_ascii_end();
        let wrong = |message: &str| Problem { line: 1, message: message.to_owned() };
        Ok(match self.format {
            Format::Typed => Change::Put(typed_item(text)?),
            Format::Dynein => Change::Put(plain_item(text, self.reading.infer_sets)?),
            Format::Cruddur => match typed_record(text)? {
                json::Record { item: Some(item), keys: None, new_image: None, old_image: None, .. } => {
                    Change::Put(item)
                }
                _ => return Err(wrong("a line of an export holds an Item and nothing else")),
            },
            Format::Aws => {
                let record = typed_record(text)?;
                self.written_at = record.written_at;
                match (record.item, record.keys, record.new_image) {
                    (Some(item), None, None) | (None, Some(_), Some(item)) => Change::Put(item),
                    (None, Some(keys), None) => Change::Delete(keys),
                    _ => return Err(wrong("a record holds an Item, or Keys and a NewImage if there is one")),
                }
            }
        })
    }

    fn end_with_trailer(&mut self, line: u64) -> Result<(), Fault> {
        let text = self.values.value();
        if !text.ends_with(b"\n") {
            return Err(Fault::new(line, "the last line is cut off"));
        }
        let trailer: Trailer = serde_json::from_slice(text)
            .map_err(|cause| Fault::new(line, format!("not the last line of an export: {cause}")))?;
        if trailer.version != VERSION {
            return Err(Fault::new(line, "not the last line of an export of this version"));
        }
        self.values.leave_out();
        let (says, has) = (trailer.totals(), self.values.tally.totals());
        let compared = [
            ("number of items", says.items.to_string(), has.items.to_string()),
            ("number of bytes", says.bytes.to_string(), has.bytes.to_string()),
            ("checksum", says.sha256.clone(), has.sha256),
            ("checksum of the content", says.content.clone(), has.content),
        ];
        for (what, says, has) in compared {
            if says != has {
                return Err(Fault::new(
                    line,
                    format!("the file is damaged: its {what} should be {says}, and is {has}"),
                ));
            }
        }
        self.trailer = Some(says);
        Ok(())
    }

    fn ended(&self) -> Result<(), Fault> {
        if self.format == Format::Cruddur && self.trailer.is_none() {
            let line = self.values.lines_read();
            return Err(Fault::new(line, "the export is cut off: its last line is missing"));
        }
        Ok(())
    }
}

fn problem_at(line: u64, problem: Problem) -> Fault {
    Fault::new(line + problem.line as u64 - 1, problem.message)
}

fn header(text: &[u8]) -> Result<Header, Problem> {
    let wrong = |message: String| Problem { line: 1, message };
    let header: Header = serde_json::from_slice(text)
        .map_err(|cause| wrong(format!("not the first line of an export: {cause}")))?;
    if header.version != VERSION {
        return Err(wrong(format!(
            "an export of version {}, and this cruddur knows version {VERSION}",
            header.version
        )));
    }
    Ok(header)
}

/// What a file is whose first value this is. The key decides between typed and plain
/// JSON: a key is a string or a number, and typed it is an object.
fn recognised(text: &[u8], key: &[String]) -> Result<Format, Fault> {
    let broken = |cause: serde_json::Error| {
        let text = cause.to_string();
        let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
        let fault = Fault::new(cause.line().max(1) as u64, format!("not JSON: {why}"));
        if cause.is_eof() {
            fault.explained("it must be one item a line, or one array of them")
        } else {
            fault
        }
    };
    let fields: Fields<'_> = serde_json::from_slice(text).map_err(broken)?;
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
            .explained("aws dynamodb batch-write-item and dy bwrite carry them out"));
    }
    let is_typed = |raw: &str| {
        let inner: Result<Fields<'_>, _> = serde_json::from_str(raw);
        inner
            .is_ok_and(|inner| inner.0.len() == 1 && inner.0.iter().all(|(name, _)| Kind::of(name).is_some()))
    };
    let is_typed = match key.first().and_then(|name| find(name)) {
        Some(raw) => begins(raw, '{'),
        None => !fields.0.is_empty() && fields.0.iter().all(|(_, raw)| is_typed(raw.get())),
    };
    Ok(if is_typed { Format::Typed } else { Format::Dynein })
}
