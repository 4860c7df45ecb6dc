//! The records of a stream.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodbstreams::types as streams;
use aws_smithy_types::date_time::Format;

use crate::dynamodb::Item;
use crate::messaging::Timestamp;

/// One change of one item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// Its unique id.
    pub id: String,
    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub event: String,
    /// The version of the record's format, such as `1.1`.
    pub version: Option<String>,
    /// The item's key.
    pub keys: Item,
    /// The item after the change, if the view type includes it.
    pub new_image: Option<Item>,
    /// The item before the change, if the view type includes it.
    pub old_image: Option<Item>,
    /// Its position in the shard; empty if the service gave none.
    pub sequence_number: String,
    /// When it happened, to the second.
    pub created_at: Option<Timestamp>,
    /// Its size, as the service counts it.
    pub bytes: i64,
    /// Its view type, such as `NEW_IMAGE`.
    pub view_type: String,
    /// The type and principal of whoever made the change. Set only for deletions by time to live.
    pub user: Option<(String, String)>,
}

impl From<streams::Record> for Record {
    fn from(record: streams::Record) -> Self {
        let event = record.event_name.map(|name| name.as_str().to_owned()).unwrap_or_default();
        let id = record.event_id.unwrap_or_default();
        let Some(change) = record.dynamodb else { return Self { id, event, ..Self::default() } };
        let user = record.user_identity;
        Self {
            id,
            event,
            version: record.event_version,
            keys: change.keys.map(item).unwrap_or_default(),
            new_image: change.new_image.map(item),
            old_image: change.old_image.map(item),
            sequence_number: change.sequence_number.unwrap_or_default(),
            created_at: change
                .approximate_creation_date_time
                .and_then(|at| at.fmt(Format::DateTime).ok()?.parse().ok()),
            bytes: change.size_bytes.unwrap_or_default(),
            view_type: change.stream_view_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            user: user.map(|user| (user.r#type.unwrap_or_default(), user.principal_id.unwrap_or_default())),
        }
    }
}

/// Converts an item: the streams SDK has types of its own.
fn item(attributes: HashMap<String, streams::AttributeValue>) -> Item {
    attributes.into_iter().filter_map(|(name, value)| Some((name, attribute(value)?))).collect()
}

/// `None` for an attribute of a type that this version does not know.
fn attribute(value: streams::AttributeValue) -> Option<AttributeValue> {
    use streams::AttributeValue as From;
    Some(match value {
        From::S(text) => AttributeValue::S(text),
        From::N(number) => AttributeValue::N(number),
        From::B(bytes) => AttributeValue::B(bytes),
        From::Bool(value) => AttributeValue::Bool(value),
        From::Null(value) => AttributeValue::Null(value),
        From::Ss(texts) => AttributeValue::Ss(texts),
        From::Ns(numbers) => AttributeValue::Ns(numbers),
        From::Bs(blobs) => AttributeValue::Bs(blobs),
        From::L(values) => AttributeValue::L(values.into_iter().filter_map(attribute).collect()),
        From::M(values) => AttributeValue::M(item(values)),
        _ => return None,
    })
}
