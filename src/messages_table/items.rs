//! Converts between items and domain values.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{key_schema, names};
use crate::dynamodb::item::json;
pub(crate) use crate::dynamodb::item::size::{item as size, write_units};
use crate::dynamodb::{BulkWriter, Item};
use crate::error::Result;
use crate::messaging::{Invented, Message, MessageGroup, Participant, Timestamp};

/// The partition of a group's messages.
pub(crate) fn message_partition(group: impl std::fmt::Display) -> String {
    format!("{}{group}", names::MESSAGE_PREFIX)
}

/// The partition of a user's inbox.
pub(crate) fn inbox_partition(user: impl std::fmt::Display) -> String {
    format!("{}{user}", names::GROUP_PREFIX)
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn message_item(message: &Message) -> Item {
    item_of(message_attributes(message, &message_partition(&message.message_group_uuid)))
}

pub(crate) fn group_item(group: &MessageGroup) -> Item {
    item_of(group_attributes(group, &inbox_partition(&group.owner_uuid)))
}

/// The attributes of an item in the messages table, all of them strings.
pub(crate) type Attributes<'a> = [(&'static str, &'a str); 7];

/// The attributes of a message. `partition` is its partition key.
pub(crate) fn message_attributes<'a>(message: &'a Message, partition: &'a str) -> Attributes<'a> {
    let uuid = (names::MESSAGE_UUID, message.message_uuid.as_str());
    attributes(partition, &message.sent_at, &message.message, uuid, &message.sender)
}

/// The attributes of a row. `partition` is its partition key.
pub(crate) fn group_attributes<'a>(group: &'a MessageGroup, partition: &'a str) -> Attributes<'a> {
    let uuid = (names::GROUP_UUID, group.message_group_uuid.as_str());
    attributes(partition, &group.last_message_at, &group.message, uuid, &group.other)
}

fn attributes<'a>(
    partition: &'a str,
    sort: &'a str,
    message: &'a str,
    uuid: (&'static str, &'a str),
    user: &'a Participant,
) -> Attributes<'a> {
    [
        (names::PARTITION_KEY, partition),
        (names::SORT_KEY, sort),
        (names::MESSAGE, message),
        uuid,
        (names::USER_UUID, &user.user_uuid),
        (names::USER_DISPLAY_NAME, &user.user_display_name),
        (names::USER_HANDLE, &user.user_handle),
    ]
}

fn item_of(attributes: Attributes<'_>) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

pub(crate) fn to_message(item: &Item) -> Message {
    let partition = get(item, names::PARTITION_KEY);
    Message {
        message_group_uuid: partition.strip_prefix(names::MESSAGE_PREFIX).unwrap_or(&partition).to_owned(),
        sent_at: get(item, names::SORT_KEY),
        message_uuid: get(item, names::MESSAGE_UUID),
        message: get(item, names::MESSAGE),
        sender: participant(item),
    }
}

pub(crate) fn to_group(item: &Item) -> MessageGroup {
    let partition = get(item, names::PARTITION_KEY);
    MessageGroup {
        owner_uuid: partition.strip_prefix(names::GROUP_PREFIX).unwrap_or(&partition).to_owned(),
        message_group_uuid: get(item, names::GROUP_UUID),
        last_message_at: get(item, names::SORT_KEY),
        message: get(item, names::MESSAGE),
        other: participant(item),
    }
}

/// Whether an item is a group's row in an inbox.
pub(crate) fn is_row(item: &Item) -> bool {
    get(item, names::PARTITION_KEY).starts_with(names::GROUP_PREFIX)
}

/// The instant of an item's sort key; `None` when that is not a time.
pub(crate) fn instant(item: &Item) -> Option<Timestamp> {
    item.get(names::SORT_KEY)?.as_s().ok()?.parse().ok()
}

/// An item's key.
pub(crate) fn key(item: &Item) -> Item {
    key_schema().of_item(item)
}

fn participant(item: &Item) -> Participant {
    Participant {
        user_uuid: get(item, names::USER_UUID),
        user_display_name: get(item, names::USER_DISPLAY_NAME),
        user_handle: get(item, names::USER_HANDLE),
    }
}

/// An attribute as text: empty when missing, JSON when it is not a string.
pub(crate) fn get(item: &Item, name: &str) -> String {
    item.get(name).map(json::cell).unwrap_or_default()
}

/// Passes an invented item to `writer`.
///
/// # Errors
/// The same as [`BulkWriter::put`].
pub async fn put_invented(writer: &mut BulkWriter, item: &Invented) -> Result<()> {
    match item {
        Invented::Message(message) => {
            let partition = message_partition(&message.message_group_uuid);
            writer.put_strings(&message_attributes(message, &partition)).await
        }
        Invented::Row(row) => {
            let partition = inbox_partition(&row.owner_uuid);
            writer.put_strings(&group_attributes(row, &partition)).await
        }
    }
}
