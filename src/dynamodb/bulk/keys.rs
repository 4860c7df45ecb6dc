//! A table's key: its attributes' names, and what tells two keys apart.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use aws_sdk_dynamodb::types::{AttributeValue, KeyType, TableDescription};

use crate::dynamodb::{DynamoDb, Item, names};
use crate::error::{Error, Result};

/// The names of the attributes that are a table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNames {
    /// The partition key.
    pub partition: String,
    /// The sort key, if the table has one.
    pub sort: Option<String>,
}

impl Default for KeyNames {
    /// The messages table's.
    fn default() -> Self {
        Self { partition: names::PARTITION_KEY.to_owned(), sort: Some(names::SORT_KEY.to_owned()) }
    }
}

impl KeyNames {
    /// Those of a table.
    pub(in crate::dynamodb) fn of(table: &TableDescription) -> Option<Self> {
        let name = |kind: &KeyType| {
            let element = table.key_schema().iter().find(|element| element.key_type() == kind)?;
            Some(element.attribute_name().to_owned())
        };
        Some(Self { partition: name(&KeyType::Hash)?, sort: name(&KeyType::Range) })
    }

    /// The names, the partition key's first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition.as_str()).chain(self.sort.as_deref())
    }

    /// The key of `item`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when a part of it is missing.
    pub fn key_of(&self, item: &Item) -> Result<Item> {
        self.iter().map(|name| Ok((name.to_owned(), part(item, name)?.clone()))).collect()
    }

    /// [`Self::hash`] of a key of texts.
    pub(super) fn hash_of_texts(parts: &[&str]) -> u64 {
        let mut hasher = DefaultHasher::new();
        for part in parts {
            part.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// A number that two equal keys share. Different keys hardly ever do: then one waits for the
    /// other in vain, and nothing worse.
    pub(super) fn hash(&self, item: &Item) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        for name in self.iter() {
            match part(item, name)? {
                AttributeValue::S(text) => text.hash(&mut hasher),
                AttributeValue::B(bytes) => bytes.as_ref().hash(&mut hasher),
                // 1, 1.0 and 1e0 are the same key.
                AttributeValue::N(number) => {
                    let number = number.parse::<f64>().unwrap_or_default();
                    (if number == 0.0 { 0.0 } else { number }).to_bits().hash(&mut hasher);
                }
                _ => return Err(Error::failed(format!("the key attribute {name:?} is no S, N or B"))),
            }
        }
        Ok(hasher.finish())
    }
}

fn part<'a>(item: &'a Item, name: &str) -> Result<&'a AttributeValue> {
    item.get(name).ok_or_else(|| Error::failed(format!("an item lacks the key attribute {name:?}")))
}

impl DynamoDb {
    /// The key of `table`, as the service describes it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table.
    pub async fn key_names(&self, table: &str) -> Result<KeyNames> {
        match self.describe(table).await? {
            Some(found) => KeyNames::of(&found).ok_or_else(|| {
                Error::failed(format!("DynamoDB at {} describes {table:?} without a key", self.place()))
            }),
            None => Err(self.no_table(table).await?),
        }
    }
}
