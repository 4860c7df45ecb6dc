//! Reads plain JSON, as people and other tools write it, into items.

use std::collections::HashSet;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::number;
use super::read::{Path, Problem};
use crate::dynamodb::Item;

/// Reads an item such as `{"pk": "…", "likes": 3}`. Objects become maps, arrays become lists, and
/// numbers keep every digit.
///
/// With `infer_sets`, an array of only strings or only numbers becomes a set, unless it is empty or has
/// duplicates.
///
/// # Errors
/// `text` is not an item, or DynamoDB would reject it.
pub fn plain_item(text: &[u8], infer_sets: bool) -> Result<Item, Problem> {
    let path = Path::default();
    let fields: Fields<'_> = serde_json::from_slice(text).map_err(|error| path.problem(&error))?;
    let reader = Reader { path: &path, infer_sets };
    reader.fields(fields, 1).map_err(|message| Problem { line: 1, message: path.said(&message) })
}

/// Reads a single value, as [`plain_item`] reads an attribute.
///
/// # Errors
/// `text` is not JSON, or DynamoDB would reject it.
pub fn plain_value(text: &str) -> Result<AttributeValue, Problem> {
    let path = Path::default();
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| path.problem(&error))?;
    let reader = Reader { path: &path, infer_sets: false };
    reader.value(raw, 1).map_err(|message| Problem { line: 1, message: path.said(&message) })
}

struct Reader<'p> {
    path: &'p Path,
    infer_sets: bool,
}

impl Reader<'_> {
    fn fields(&self, fields: Fields<'_>, level: usize) -> Result<Item, String> {
        let mut attributes = Item::with_capacity(fields.0.len());
        for (name, raw) in fields.0 {
            if name.is_empty() && level == 1 {
                return Err("an attribute without a name".to_owned());
            }
            let value = match self.value(raw, level) {
                Ok(value) if !attributes.contains_key(&name) => value,
                Ok(_) => {
                    self.path.leave(name);
                    return Err("it appears twice".to_owned());
                }
                Err(message) => {
                    self.path.leave(name);
                    return Err(message);
                }
            };
            attributes.insert(name, value);
        }
        Ok(attributes)
    }

    /// Takes numbers from the raw text, because serde reads them as floats.
    fn value(&self, raw: &RawValue, level: usize) -> Result<AttributeValue, String> {
        if level > super::read::LEVELS {
            return Err(super::read::too_deep());
        }
        let text = raw.get();
        let broken = |error: serde_json::Error| self.path.problem(&error).message;
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                AttributeValue::M(self.fields(serde_json::from_str(text).map_err(broken)?, level + 1)?)
            }
            Some(b'[') => {
                let raw: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
                let mut values = Vec::with_capacity(raw.len());
                for raw in raw {
                    values.push(self.value(raw, level + 1).inspect_err(|_| {
                        self.path.leave(format!("[{}]", values.len()));
                    })?);
                }
                if self.infer_sets { inferred(values) } else { AttributeValue::L(values) }
            }
            Some(b'"') => AttributeValue::S(serde_json::from_str(text).map_err(broken)?),
            Some(b't') => AttributeValue::Bool(true),
            Some(b'f') => AttributeValue::Bool(false),
            Some(b'n') => AttributeValue::Null(true),
            _ => {
                number::check(text)?;
                AttributeValue::N(text.to_owned())
            }
        })
    }
}

/// `values` as a set if they can be one, otherwise as a list.
fn inferred(values: Vec<AttributeValue>) -> AttributeValue {
    fn all_different(members: impl Iterator<Item = String>) -> bool {
        let mut seen = HashSet::new();
        members.into_iter().all(|member| seen.insert(member))
    }
    let texts: Vec<String> = values.iter().filter_map(|value| value.as_s().ok()).cloned().collect();
    let numbers: Vec<String> = values.iter().filter_map(|value| value.as_n().ok()).cloned().collect();
    let canonical = |number: &String| number::canonical(number).unwrap_or_default();
    if values.is_empty() {
        AttributeValue::L(values)
    } else if texts.len() == values.len() && all_different(texts.iter().cloned()) {
        AttributeValue::Ss(texts)
    } else if numbers.len() == values.len() && all_different(numbers.iter().map(canonical)) {
        AttributeValue::Ns(numbers)
    } else {
        AttributeValue::L(values)
    }
}

/// An object's fields in order, duplicates included.
pub(crate) struct Fields<'t>(pub(crate) Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Fields<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object).map(Self)
    }
}
