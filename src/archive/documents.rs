//! Reads JSON that is not one item per line, as a stream: the elements of an array, consecutive
//! values, or documents with items in them, as other tools print them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, Read};

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::checksum::Checksum;
use super::values::{Each, Fault, LONGEST};

/// How the items are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Consecutive values.
    Values,
    /// The elements of one array.
    Array,
    /// Inside documents.
    Documents,
}

/// What the documents say about themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// Whether each had a count, and it was right.
    pub(super) is_counted: bool,
    /// Whether the last one says that there was more to read.
    pub(super) has_more: bool,
}

/// Passes each item of `input` to `each`, and adds its text to `checksum`.
pub(super) fn items(
    input: &mut dyn BufRead,
    layout: Layout,
    checksum: &RefCell<Checksum>,
    each: Each<'_>,
) -> Result<Said, Fault> {
    let place = Position { line: Cell::new(1), left: Cell::new(LONGEST) };
    let tap = Tap { input, chunk: Vec::new(), at: 0, place: &place, checksum };
    let mut run = Run { each, place: &place, items: 0, said: Said::default(), stopped: None };
    let read = run.read(&mut serde_json::Deserializer::from_reader(tap), layout);
    match (read, run.stopped) {
        (_, Some(Stop::Wrong(fault))) => Err(fault),
        (Ok(()), _) | (_, Some(Stop::Enough)) => Ok(run.said),
        (Err(_), None) if place.left.get() == 0 => Err(Fault::too_long(place.line.get())),
        (Err(error), None) if error.is_io() => Err(Fault::unreadable(place.line.get(), error.into())),
        (Err(error), None) => Err(error.into()),
    }
}

/// The position of the parser.
struct Position {
    line: Cell<u64>,
    /// How many bytes it may still read before an item, or what is between two items, is too long.
    left: Cell<usize>,
}

/// The input of the parser.
struct Tap<'t> {
    input: &'t mut dyn BufRead,
    chunk: Vec<u8>,
    at: usize,
    place: &'t Position,
    checksum: &'t RefCell<Checksum>,
}

impl Read for Tap<'_> {
    /// Reads one byte: the parser reads byte by byte.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            let read = self.input.fill_buf()?;
            self.chunk.clear();
            self.chunk.extend_from_slice(read);
            self.at = 0;
            self.input.consume(self.chunk.len());
            self.checksum.borrow_mut().text(&self.chunk);
        }
        let (Some(byte), Some(slot)) = (self.chunk.get(self.at), bytes.first_mut()) else { return Ok(0) };
        // After an error, the parser goes on to look for the end of the array.
        let left = self.place.left.get().saturating_sub(1);
        self.place.left.set(left);
        if left == 0 {
            return Err(io::Error::other("too long"));
        }
        *slot = *byte;
        self.at += 1;
        self.place.line.set(self.place.line.get() + u64::from(*byte == b'\n'));
        Ok(1)
    }
}

struct Run<'r> {
    each: Each<'r>,
    place: &'r Position,
    items: u64,
    said: Said,
    /// Why reading stopped, unless the parser failed.
    stopped: Option<Stop>,
}

enum Stop {
    Enough,
    Wrong(Fault),
}

impl Run<'_> {
    fn read<R: Read>(
        &mut self,
        text: &mut serde_json::Deserializer<serde_json::de::IoRead<R>>,
        layout: Layout,
    ) -> serde_json::Result<()> {
        if layout == Layout::Array {
            Items(self).deserialize(&mut *text)?;
            return match text.end() {
                Err(error) if error.is_syntax() => self.wrong("data after the array"),
                ended => ended,
            };
        }
        self.said.is_counted = layout == Layout::Documents;
        loop {
            match text.end() {
                Ok(()) => return Ok(()),
                // There is another value.
                Err(error) if error.is_syntax() => {}
                Err(error) => return Err(error),
            }
            match layout {
                Layout::Documents => text.deserialize_map(Document(self))?,
                _ => Item(self).deserialize(&mut *text)?,
            }
        }
    }

    /// Stops the parser.
    fn stop<T, E: serde::de::Error>(&mut self, why: Stop) -> Result<T, E> {
        self.stopped = Some(why);
        Err(E::custom("stopped"))
    }

    /// Stops the parser because of an error on the current line.
    fn wrong<T, E: serde::de::Error>(&mut self, why: impl Into<String>) -> Result<T, E> {
        self.stop(Stop::Wrong(Fault::new(self.place.line.get(), why)))
    }
}

/// Reads an item.
struct Item<'i, 'r>(&'i mut Run<'r>);

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let run = self.0;
        // The parser has peeked at the first character and no further.
        let line = run.place.line.get();
        run.place.left.set(LONGEST);
        let item = Box::<RawValue>::deserialize(deserializer)?;
        run.place.left.set(LONGEST);
        if !item.get().starts_with('{') {
            return run.wrong("an item must be an object");
        }
        run.items += 1;
        match (run.each)(line, item.get().as_bytes()) {
            Ok(true) => Ok(()),
            Ok(false) => run.stop(Stop::Enough),
            Err(fault) => run.stop(Stop::Wrong(fault)),
        }
    }
}

/// Reads an array of items.
struct Items<'i, 'r>(&'i mut Run<'r>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Item(self.0))?.is_some() {}
        Ok(())
    }
}

/// Reads the items of a table from a BatchGetItem response.
struct Responses<'i, 'r>(&'i mut Run<'r>);

impl<'de> DeserializeSeed<'de> for Responses<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Responses<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("items by table name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tables: A) -> Result<(), A::Error> {
        let mut is_first = true;
        while tables.next_key::<IgnoredAny>()?.is_some() {
            if !is_first {
                return self.0.wrong("items of a second table; import one table at a time");
            }
            is_first = false;
            tables.next_value_seed(Items(self.0))?;
        }
        Ok(())
    }
}

/// Reads a document with items in it.
struct Document<'i, 'r>(&'i mut Run<'r>);

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document with items")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let run = self.0;
        let (mut has_items, mut count, mut is_cut_short) = (false, None, false);
        let before = run.items;
        run.said.has_more = false;
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "Items" | "items" | "Responses" if has_items => {
                    return run.wrong("a second set of items in one document");
                }
                "Items" | "items" => {
                    fields.next_value_seed(Items(run))?;
                    has_items = true;
                }
                "Responses" => {
                    fields.next_value_seed(Responses(run))?;
                    has_items = true;
                }
                "Count" | "count" => count = fields.next_value::<Option<u64>>()?,
                "LastEvaluatedKey" => {
                    run.said.has_more |= fields.next_value::<Option<IgnoredAny>>()?.is_some();
                }
                // aws-cli stopped at --max-items, but the count is still that of whole pages.
                "NextToken" => is_cut_short = fields.next_value::<Option<IgnoredAny>>()?.is_some(),
                "UnprocessedKeys" => {
                    let keys = fields.next_value::<Option<HashMap<String, IgnoredAny>>>()?;
                    run.said.has_more |= keys.is_some_and(|keys| !keys.is_empty());
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        run.said.has_more |= is_cut_short;
        run.said.is_counted &= count.is_some() && !is_cut_short;
        let held = run.items - before;
        if !has_items {
            return run.wrong("the document has neither Items nor Responses");
        }
        match count.filter(|count| *count != held && !is_cut_short) {
            Some(count) => run.wrong(format!("the document's Count is {count}, but it has {held} items")),
            None => Ok(()),
        }
    }
}
