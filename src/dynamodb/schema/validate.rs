//! Checks items against a table before a job starts, so that it does not fail halfway.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamodb::item::size;
use crate::dynamodb::{IndexSchema, Item, KeyAttribute, KeyKind, MAX_ITEM_BYTES, TableSchema};

/// The longest values of a partition key and of a sort key, in bytes.
/// Source: "Quotas in Amazon DynamoDB", partition key length, sort key length.
const MAX_KEY_BYTES: [usize; 2] = [2048, 1024];

impl TableSchema {
    /// Checks that the table accepts `item`. Returns its size in bytes.
    ///
    /// # Errors
    /// Why it does not.
    pub fn validate(&self, item: &Item) -> Result<usize, String> {
        self.has_key(item)?;
        for index in &self.indexes {
            for part in &index.key.parts {
                if let Some(value) = item.get(&part.name) {
                    is_part(part, value)
                        .map_err(|why| format!("{why}; the index {} needs it", index.name))?;
                }
            }
        }
        let bytes = size::item(item);
        if bytes > MAX_ITEM_BYTES {
            return Err(format!(
                "the item has {bytes} bytes, but DynamoDB allows {MAX_ITEM_BYTES} ({} KB)",
                MAX_ITEM_BYTES / 1024
            ));
        }
        Ok(bytes)
    }

    /// The write units of putting an item into each index that includes it. This is a lower bound: an
    /// index that does not project all attributes counts as one unit.
    pub fn index_units(&self, item: &Item) -> impl Iterator<Item = (&str, u64)> {
        let is_in = |index: &&IndexSchema| index.key.names().all(|name| item.contains_key(name));
        let whole = size::entry_units(None, Some(item), &[]) as u64;
        let units = move |index: &IndexSchema| if index.projects_all { whole } else { 1 };
        self.indexes.iter().filter(is_in).map(move |index| (index.name.as_str(), units(index)))
    }

    /// Checks that `item` has the table's key.
    ///
    /// # Errors
    /// Which key attribute is missing or invalid.
    pub fn has_key(&self, item: &Item) -> Result<(), String> {
        for (number, part) in self.key.parts.iter().enumerate() {
            let value = item
                .get(&part.name)
                .ok_or_else(|| format!("the key attribute {:?} is missing", part.name))?;
            let length = is_part(part, value)?;
            let longest = MAX_KEY_BYTES[usize::from(number >= self.key.partition)];
            if length > longest {
                return Err(format!(
                    "the key attribute {:?} has {length} bytes, but DynamoDB allows {longest}",
                    part.name
                ));
            }
        }
        Ok(())
    }
}

/// Checks that a value can be this key attribute. Returns its length.
fn is_part(part: &KeyAttribute, value: &AttributeValue) -> Result<usize, String> {
    let length = match (part.kind, value) {
        (KeyKind::Text, AttributeValue::S(text)) => text.len(),
        (KeyKind::Binary, AttributeValue::B(blob)) => blob.as_ref().len(),
        (KeyKind::Number, AttributeValue::N(_)) => return Ok(1),
        _ => return Err(format!("the key attribute {:?} is not a {}", part.name, part.kind)),
    };
    if length == 0 { Err(format!("the key attribute {:?} is empty", part.name)) } else { Ok(length) }
}
