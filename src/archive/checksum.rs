//! The totals of a file of items: counts, and two checksums.

use aws_sdk_dynamodb::types::AttributeValue;
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::dynamodb::Item;
use crate::dynamodb::item::json;

/// The running totals.
#[derive(Clone)]
pub(super) struct Checksum {
    items: u64,
    bytes: u64,
    text: Context,
    content: u128,
}

/// The totals of a file of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Items.
    pub items: u64,
    /// Bytes of the lines, uncompressed.
    pub bytes: u64,
    /// SHA-256 of the lines.
    pub sha256: String,
    /// A checksum that does not depend on the order of the items: the sum of their hashes.
    pub content: String,
}

impl Checksum {
    pub(super) fn new() -> Self {
        Self { items: 0, bytes: 0, text: Context::new(&SHA256), content: 0 }
    }

    /// Continues the counts and the content checksum of `totals`. The text has to be added again.
    pub(super) fn with_items_of(totals: &Totals) -> Option<Self> {
        let content = u128::from_str_radix(&totals.content, 16).ok()?;
        Some(Self { items: totals.items, content, ..Self::new() })
    }

    /// Adds a part of the text.
    pub(super) fn text(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.text.update(bytes);
    }

    /// Adds an item. `scratch` is a buffer to reuse.
    pub(super) fn item(&mut self, item: &Item, scratch: &mut Vec<u8>) {
        self.count_item();
        // Unlike XOR, a sum distinguishes one item from three equal ones.
        self.content = self.content.wrapping_add(half_hash(item, scratch));
    }

    /// Adds an item to the number of items only.
    pub(super) const fn count_item(&mut self) {
        self.items += 1;
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            items: self.items,
            bytes: self.bytes,
            sha256: hex(self.text.clone().finish().as_ref()),
            content: format!("{:032x}", self.content),
        }
    }
}

/// The first half of the SHA-256 of an item or a key in its canonical form. `scratch` is a buffer to reuse.
pub(super) fn half_hash<'i>(
    attributes: impl IntoIterator<Item = (&'i String, &'i AttributeValue)>,
    scratch: &mut Vec<u8>,
) -> u128 {
    scratch.clear();
    json::canonical(attributes, scratch);
    let hash = digest(&SHA256, scratch);
    u128::from_be_bytes(hash.as_ref().first_chunk().copied().unwrap_or_default())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
