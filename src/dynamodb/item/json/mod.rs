//! Items as JSON: plain values for people, typed ones for DynamoDB's own tools. This file writes them;
//! `read` and `plain` read them.

mod canonical;
mod number;
mod plain;
mod read;
mod record;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use crate::dynamodb::Item;

pub use canonical::canonical;
pub(crate) use plain::Fields;
pub use plain::{plain_item, plain_value};
pub(crate) use read::AttributeType;
pub use read::{Problem, typed_item};
pub use record::{Record, typed_record};

/// An item as a JSON object of plain values. Binary becomes base64; numbers keep every digit.
pub struct Plain<'a>(pub &'a Item);

/// An item in DynamoDB's own JSON: `{"pk": {"S": "…"}}`.
pub struct Typed<'a>(pub &'a Item);

/// An item as [`Typed`] or [`Plain`].
pub struct Json<'a> {
    /// The item.
    pub item: &'a Item,
    /// Whether to write it as [`Typed`].
    pub typed: bool,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.typed {
            Typed(self.item).serialize(serializer)
        } else {
            Plain(self.item).serialize(serializer)
        }
    }
}

struct PlainValue<'a>(&'a AttributeValue);
struct TypedValue<'a>(&'a AttributeValue);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(ordered(self.0).into_iter().map(|(name, value)| (name, PlainValue(value))))
    }
}

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(ordered(self.0).into_iter().map(|(name, value)| (name, TypedValue(value))))
    }
}

/// A value as text for a table: strings as they are, anything else as plain JSON.
pub fn cell(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => text.clone(),
        other => serde_json::to_string(&PlainValue(other)).unwrap_or_default(),
    }
}

/// The key first, then the rest by name, so that an item always prints the same way.
fn ordered(item: &Item) -> Vec<(&String, &AttributeValue)> {
    let mut attributes: Vec<_> = item.iter().collect();
    let rank = |name: &str| match name {
        "pk" => 0,
        "sk" => 1,
        _ => 2,
    };
    attributes.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    attributes
}

impl Serialize for PlainValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            AttributeValue::S(text) => serializer.serialize_str(text),
            AttributeValue::N(number) => number_of(number, serializer),
            AttributeValue::Bool(value) => serializer.serialize_bool(*value),
            AttributeValue::Null(_) => serializer.serialize_unit(),
            AttributeValue::B(bytes) => serializer.serialize_str(&base64(bytes.as_ref())),
            AttributeValue::Ss(texts) => texts.serialize(serializer),
            AttributeValue::Ns(numbers) => {
                serializer.collect_seq(numbers.iter().map(|number| Number(number)))
            }
            AttributeValue::Bs(blobs) => {
                serializer.collect_seq(blobs.iter().map(|blob| base64(blob.as_ref())))
            }
            AttributeValue::L(values) => serializer.collect_seq(values.iter().map(PlainValue)),
            AttributeValue::M(map) => Plain(map).serialize(serializer),
            _ => Err(serde::ser::Error::custom("an attribute of an unknown type")),
        }
    }
}

impl Serialize for TypedValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.0 {
            AttributeValue::S(text) => map.serialize_entry("S", text),
            AttributeValue::N(number) => map.serialize_entry("N", number),
            AttributeValue::Bool(value) => map.serialize_entry("BOOL", value),
            AttributeValue::Null(value) => map.serialize_entry("NULL", value),
            AttributeValue::B(bytes) => map.serialize_entry("B", &base64(bytes.as_ref())),
            AttributeValue::Ss(texts) => map.serialize_entry("SS", texts),
            AttributeValue::Ns(numbers) => map.serialize_entry("NS", numbers),
            AttributeValue::Bs(blobs) => {
                let blobs: Vec<String> = blobs.iter().map(|blob| base64(blob.as_ref())).collect();
                map.serialize_entry("BS", &blobs)
            }
            AttributeValue::L(values) => {
                let values: Vec<TypedValue<'_>> = values.iter().map(TypedValue).collect();
                map.serialize_entry("L", &values)
            }
            AttributeValue::M(values) => map.serialize_entry("M", &Typed(values)),
            _ => Err(serde::ser::Error::custom("an attribute of an unknown type")),
        }?;
        map.end()
    }
}

struct Number<'a>(&'a str);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number_of(self.0, serializer)
    }
}

/// Writes the digits as they are: DynamoDB's numbers have up to 38, more than a float keeps.
fn number_of<S: Serializer>(number: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match RawValue::from_string(number.to_owned()) {
        Ok(raw) => raw.serialize(serializer),
        Err(_) => serializer.serialize_str(number),
    }
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}
