//! A put or a delete, as the bytes to send.
//!
//! The SDK would take each item as a map of values, and copy all of them for each try. The bytes are
//! made once, and their number is what counts towards the service's limit of 16 MB.

use aws_sdk_dynamodb::types::WriteRequest;

use crate::dynamodb::item::{json, size};
use crate::dynamodb::{Item, KeySchema};
use crate::error::{Context as _, Result};

/// A request, ready to be sent as often as needed.
pub(super) struct Prepared {
    /// The request as an element of BatchWriteItem's list.
    pub(super) json: Vec<u8>,
    /// The hash of its key.
    pub(super) key: u64,
    /// Its write units, without those of indexes; 1 if not measured.
    pub(super) units: f64,
    pub(super) is_delete: bool,
}

impl Prepared {
    pub(super) fn put(item: &Item, key: &KeySchema, measured: bool) -> Result<Self> {
        let units = if measured { size::write_units(size::item(item)) } else { 1 };
        Ok(Self { json: enclosed(PUT, item)?, key: key.hash(item)?, units: whole(units), is_delete: false })
    }

    /// Puts an item of strings, without building a map.
    pub(super) fn put_strings(attributes: &[(&str, &str)], key: &KeySchema) -> Result<Self> {
        let what = || "cannot write an item as JSON".to_owned();
        let bytes: usize = attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        let mut json = Vec::with_capacity(PUT.len() + bytes + 16 * attributes.len());
        json.extend_from_slice(PUT);
        for (index, (name, value)) in attributes.iter().enumerate() {
            json.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
            json.extend_from_slice(name.as_bytes());
            json.extend_from_slice(br#"":{"S":"#);
            serde_json::to_writer(&mut json, value).or_failed(what)?;
            json.push(b'}');
        }
        json.extend_from_slice(b"}}}");
        let key = key.hash_of_strings(attributes)?;
        Ok(Self { json, key, units: whole(size::write_units(bytes)), is_delete: false })
    }

    pub(super) fn delete(item: &Item, schema: &KeySchema) -> Result<Self> {
        let key = schema.required(item)?;
        Ok(Self { json: enclosed(DELETE, &key)?, key: schema.hash(&key)?, units: 1.0, is_delete: true })
    }
}

const PUT: &[u8] = br#"{"PutRequest":{"Item":"#;
const DELETE: &[u8] = br#"{"DeleteRequest":{"Key":"#;

#[expect(clippy::cast_precision_loss, reason = "an item has at most 400 units")]
const fn whole(units: usize) -> f64 {
    units as f64
}

fn enclosed(begin: &[u8], item: &Item) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(begin);
    serde_json::to_writer(&mut bytes, &json::Typed(item))
        .or_failed(|| "cannot write an item as JSON".to_owned())?;
    bytes.extend_from_slice(b"}}");
    Ok(bytes)
}

/// The key hash of a request that the service returned.
pub(super) fn key_of(request: &WriteRequest, key: &KeySchema) -> Option<u64> {
    let put = request.put_request().map(aws_sdk_dynamodb::types::PutRequest::item);
    let delete = request.delete_request().map(aws_sdk_dynamodb::types::DeleteRequest::key);
    key.hash(put.or(delete)?).ok()
}
