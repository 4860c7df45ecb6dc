//! Key schemas: attributes, their types, and key hashes.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, KeySchemaElement, KeyType, ScalarAttributeType,
};

use crate::dynamodb::Item;
use crate::error::{Error, Result};

/// The key schema of a table or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySchema {
    /// The key attributes, partition key first. A table has one or two; a global index may have more.
    pub parts: Vec<KeyAttribute>,
    /// How many of `parts` make up the partition key.
    pub partition: usize,
}

/// One attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: KeyKind,
}

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// S
    Text,
    /// N
    Number,
    /// B
    Binary,
}

impl KeySchema {
    /// A partition key and a sort key, both strings.
    pub(crate) fn of_strings(partition: &str, sort: &str) -> Self {
        let part = |name: &str| KeyAttribute { name: name.to_owned(), kind: KeyKind::Text };
        Self { parts: vec![part(partition), part(sort)], partition: 1 }
    }

    pub(super) fn of(schema: &[KeySchemaElement], types: &[AttributeDefinition]) -> Self {
        let part = |element: &KeySchemaElement| {
            let name = element.attribute_name();
            let kind = types.iter().find(|attribute| attribute.attribute_name() == name);
            let kind = match kind.map(AttributeDefinition::attribute_type) {
                Some(ScalarAttributeType::N) => KeyKind::Number,
                Some(ScalarAttributeType::B) => KeyKind::Binary,
                _ => KeyKind::Text,
            };
            KeyAttribute { name: name.to_owned(), kind }
        };
        let of_kind = |kind: KeyType| schema.iter().filter(move |element| *element.key_type() == kind);
        let mut parts: Vec<KeyAttribute> = of_kind(KeyType::Hash).map(part).collect();
        let partition = parts.len();
        parts.extend(of_kind(KeyType::Range).map(part));
        Self { parts, partition }
    }

    /// The names of the key attributes, partition key first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.name.as_str())
    }

    /// The key attribute of this name.
    pub fn part(&self, name: &str) -> Option<&KeyAttribute> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// Whether this attribute is part of the partition key.
    pub fn is_partition(&self, name: &str) -> bool {
        self.parts.iter().take(self.partition).any(|part| part.name == name)
    }

    /// The key attributes that the item has.
    pub fn of_item(&self, item: &Item) -> Item {
        self.attributes(item).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// [`Self::of_item`], without a copy.
    pub(crate) fn attributes<'i>(
        &self,
        item: &'i Item,
    ) -> impl Iterator<Item = (&'i String, &'i AttributeValue)> {
        self.names().filter_map(|name| item.get_key_value(name))
    }

    /// The key of an item.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when a key attribute is missing.
    pub fn required(&self, item: &Item) -> Result<Item> {
        self.names().map(|name| Ok((name.to_owned(), required(item.get(name), name)?.clone()))).collect()
    }

    /// A hash of the item's key. Equal keys have the same hash; different keys hardly ever do.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when a key attribute is missing or has no key type.
    pub(crate) fn hash(&self, item: &Item) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        for name in self.names() {
            match required(item.get(name), name)? {
                AttributeValue::S(text) => text.hash(&mut hasher),
                AttributeValue::B(bytes) => bytes.as_ref().hash(&mut hasher),
                // 1, 1.0 and 1e0 are the same key.
                AttributeValue::N(number) => {
                    let number = number.parse::<f64>().unwrap_or_default();
                    (if number == 0.0 { 0.0 } else { number }).to_bits().hash(&mut hasher);
                }
                _ => return Err(Error::failed(format!("the key attribute {name:?} is not S, N or B"))),
            }
        }
        Ok(hasher.finish())
    }

    /// [`Self::hash`] of an item whose attributes are all strings.
    pub(crate) fn hash_of_strings(&self, attributes: &[(&str, &str)]) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        for name in self.names() {
            let value = attributes.iter().find(|(attribute, _)| *attribute == name);
            required(value, name)?.1.hash(&mut hasher);
        }
        Ok(hasher.finish())
    }
}

fn required<T>(part: Option<T>, name: &str) -> Result<T> {
    part.ok_or_else(|| Error::failed(format!("an item lacks the key attribute {name:?}")))
}

impl fmt::Display for KeySchema {
    /// `pk (text), sk (text)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.parts.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{} ({})", part.name, part.kind)?;
        }
        Ok(())
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Binary => "binary",
        })
    }
}
