//! Reads DynamoDB's typed JSON into items. It is strict: anything that the service would reject, or
//! that would be lost, is an error with its position.

use std::cell::RefCell;
use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::fmt;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::number;
use crate::dynamodb::Item;

/// The deepest nesting of a value. The attribute itself is the first level.
/// Source: "Quotas in Amazon DynamoDB", nested attribute depth.
pub(super) const LEVELS: usize = 32;
/// How many attributes an item has room for from the start: as many as a message has.
const EXPECTED: usize = 7;

pub(super) fn too_deep() -> String {
    format!("nested deeper than DynamoDB's {LEVELS} levels")
}

/// What is wrong with the text of an item, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line within the text, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The path of the attribute that an error is about, innermost step first. Filled as the error returns.
#[derive(Debug, Default)]
pub(super) struct Path(RefCell<Vec<String>>);

impl Path {
    pub(super) fn leave(&self, step: impl Into<String>) {
        self.0.borrow_mut().push(step.into());
    }

    /// Converts `error`, and adds the path.
    pub(super) fn problem(&self, error: &serde_json::Error) -> Problem {
        // Only the line is kept: in a long line, the column does not help.
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        Problem { line: error.line().max(1), message: self.said(text) }
    }

    pub(super) fn said(&self, text: &str) -> String {
        let mut path = String::new();
        for step in self.0.borrow().iter().rev() {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        if path.is_empty() { text.to_owned() } else { format!("attribute {path:?}: {text}") }
    }
}

/// Reads an item such as `{"pk": {"S": "…"}}`.
///
/// # Errors
/// `text` is not an item, or DynamoDB would reject it.
pub fn typed_item(text: &[u8]) -> Result<Item, Problem> {
    let path = Path::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    TypedItem(&path)
        .deserialize(&mut deserializer)
        .and_then(|item| deserializer.end().map(|()| item))
        .map_err(|error| path.problem(&error))
}

/// Reads an item that is part of something larger.
#[derive(Clone, Copy)]
pub(super) struct TypedItem<'p>(pub(super) &'p Path);

impl<'de> DeserializeSeed<'de> for TypedItem<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        Attributes { path: self.0, level: 1 }.deserialize(deserializer)
    }
}

/// The attributes of an item or a map. `level` is the level of their values.
#[derive(Clone, Copy)]
struct Attributes<'p> {
    path: &'p Path,
    level: usize,
}

impl<'de> DeserializeSeed<'de> for Attributes<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Attributes<'_> {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of typed attributes such as {\"pk\": {\"S\": \"…\"}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut attributes = Item::with_capacity(if self.level == 1 { EXPECTED } else { 0 });
        while let Some(name) = map.next_key::<String>()? {
            if name.is_empty() && self.level == 1 {
                return Err(A::Error::custom("an attribute without a name"));
            }
            match map.next_value_seed(Value { path: self.path, level: self.level }) {
                Ok(value) => match attributes.entry(name) {
                    Entry::Vacant(place) => {
                        place.insert(value);
                    }
                    Entry::Occupied(place) => {
                        self.path.leave(place.key());
                        return Err(A::Error::custom("it appears twice"));
                    }
                },
                Err(error) => {
                    self.path.leave(name);
                    return Err(error);
                }
            }
        }
        Ok(attributes)
    }
}

/// One typed value.
#[derive(Clone, Copy)]
struct Value<'p> {
    path: &'p Path,
    level: usize,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = AttributeValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<AttributeValue, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = AttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a typed value such as {\"S\": \"…\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AttributeValue, A::Error> {
        let Some(kind) = map.next_key::<AttributeType>()? else {
            return Err(A::Error::custom("a value without a type: {}"));
        };
        if self.level > LEVELS {
            return Err(A::Error::custom(too_deep()));
        }
        let inner = Self { path: self.path, level: self.level + 1 };
        let value = match kind {
            AttributeType::S => AttributeValue::S(map.next_value()?),
            AttributeType::N => AttributeValue::N(map.next_value::<Number>()?.0),
            AttributeType::B => AttributeValue::B(Blob::new(map.next_value::<Binary>()?.0)),
            AttributeType::Bool => AttributeValue::Bool(map.next_value()?),
            AttributeType::Null => {
                if !map.next_value::<bool>()? {
                    return Err(A::Error::custom("NULL must be true"));
                }
                AttributeValue::Null(true)
            }
            AttributeType::L => AttributeValue::L(map.next_value_seed(List(inner))?),
            AttributeType::M => {
                AttributeValue::M(map.next_value_seed(Attributes { path: self.path, level: inner.level })?)
            }
            AttributeType::Ss => AttributeValue::Ss(set(map.next_value::<Vec<String>>()?, Clone::clone)?),
            AttributeType::Ns => {
                let numbers: Vec<String> =
                    map.next_value::<Vec<Number>>()?.into_iter().map(|number| number.0).collect();
                AttributeValue::Ns(set(numbers, |text| number::canonical(text).unwrap_or_default())?)
            }
            AttributeType::Bs => {
                let blobs = map.next_value::<Vec<Binary>>()?.into_iter().map(|binary| binary.0).collect();
                AttributeValue::Bs(set(blobs, Clone::clone)?.into_iter().map(Blob::new).collect())
            }
        };
        match map.next_key::<AttributeType>()? {
            None => Ok(value),
            Some(other) => Err(A::Error::custom(format!(
                "two types for one value, {} and {}",
                kind.name(),
                other.name()
            ))),
        }
    }
}

/// Checks the members of a set: at least one, and no two equal by `identity`.
fn set<T, I: Eq + std::hash::Hash, E: serde::de::Error>(
    members: Vec<T>,
    identity: impl Fn(&T) -> I,
) -> Result<Vec<T>, E> {
    if members.is_empty() {
        return Err(E::custom("an empty set, which DynamoDB rejects"));
    }
    let mut seen = HashSet::with_capacity(members.len());
    if !members.iter().all(|member| seen.insert(identity(member))) {
        return Err(E::custom("a set with a duplicate value"));
    }
    Ok(members)
}

/// The values of a list.
struct List<'p>(Value<'p>);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = Vec<AttributeValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = Vec<AttributeValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of typed values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        loop {
            match values.next_element_seed(self.0) {
                Ok(Some(value)) => list.push(value),
                Ok(None) => return Ok(list),
                Err(error) => {
                    self.0.path.leave(format!("[{}]", list.len()));
                    return Err(error);
                }
            }
        }
    }
}

/// DynamoDB's types.
/// Source: "`AttributeValue`" in the API reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttributeType {
    S,
    N,
    B,
    Bool,
    Null,
    L,
    M,
    Ss,
    Ns,
    Bs,
}

impl AttributeType {
    const ALL: [Self; 10] =
        [Self::S, Self::N, Self::B, Self::Bool, Self::Null, Self::L, Self::M, Self::Ss, Self::Ns, Self::Bs];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
            Self::Bool => "BOOL",
            Self::Null => "NULL",
            Self::L => "L",
            Self::M => "M",
            Self::Ss => "SS",
            Self::Ns => "NS",
            Self::Bs => "BS",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl<'de> Deserialize<'de> for AttributeType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = AttributeType;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<AttributeType, E> {
                AttributeType::of(name).ok_or_else(|| {
                    E::custom(format!(
                        "there is no type {name:?}; the types are {}",
                        AttributeType::ALL.map(AttributeType::name).join(", ")
                    ))
                })
            }
        }
        deserializer.deserialize_str(Name)
    }
}

struct Number(String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        number::check(&text).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

struct Binary(Vec<u8>);

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64;
        impl Visitor<'_> for Base64 {
            type Value = Binary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string in base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Binary, E> {
                aws_smithy_types::base64::decode(text).map(Binary).map_err(|_| E::custom("not base64"))
            }
        }
        deserializer.deserialize_str(Base64)
    }
}
