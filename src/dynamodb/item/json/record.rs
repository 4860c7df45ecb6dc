//! Reads the records of files of items.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};

use super::read::{Path, Problem, TypedItem};
use crate::dynamodb::Item;

/// A record of a file of items: an item, or a change of one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The item, in a file that has only items.
    pub item: Option<Item>,
    /// The key of the changed item.
    pub keys: Option<Item>,
    /// The item after the change; `None` if it was deleted.
    pub new_image: Option<Item>,
    /// The item before the change.
    pub old_image: Option<Item>,
    /// The time of the change, in microseconds since 1970.
    pub written_at: Option<u64>,
}

/// Reads a record: `{"Item": {"pk": {"S": "…"}}}`, or one of an incremental export, with `Keys` etc.
///
/// # Errors
/// As for [`super::typed_item`].
pub fn typed_record(text: &[u8]) -> Result<Record, Problem> {
    let path = Path::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer
        .deserialize_map(Fields(&path))
        .and_then(|record| deserializer.end().map(|()| record))
        .map_err(|error| path.problem(&error))
}

struct Fields<'p>(&'p Path);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object such as {\"Item\": {\"pk\": {\"S\": \"…\"}}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        let mut is_timed = false;
        while let Some(name) = map.next_key::<String>()? {
            let field = match name.as_str() {
                "Item" => &mut record.item,
                "Keys" | "Key" => &mut record.keys,
                "NewImage" => &mut record.new_image,
                "OldImage" => &mut record.old_image,
                "Metadata" if !is_timed => {
                    record.written_at =
                        Some(map.next_value::<Metadata>()?.micros().map_err(A::Error::custom)?);
                    is_timed = true;
                    continue;
                }
                _ => {
                    return Err(A::Error::custom(format!("unknown or duplicate field {name:?} in a record")));
                }
            };
            if field.is_some() {
                return Err(A::Error::custom(format!("{name} appears twice")));
            }
            *field = Some(map.next_value_seed(TypedItem(self.0))?);
        }
        Ok(record)
    }
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "WriteTimestampMicros")]
    written_at: Micros,
}

/// A string, a number, or a typed number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Micros {
    Number(u64),
    Text(String),
    Typed {
        #[serde(rename = "N")]
        number: String,
    },
}

impl Metadata {
    fn micros(self) -> Result<u64, String> {
        match self.written_at {
            Micros::Number(number) => Ok(number),
            Micros::Text(text) | Micros::Typed { number: text } => {
                text.parse().map_err(|_| format!("WriteTimestampMicros is not a time: {text:?}"))
            }
        }
    }
}
