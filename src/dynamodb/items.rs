//! Items ↔ the domain's values.

use aws_sdk_dynamodb::types::AttributeValue;

pub(super) use super::size::{item as size, write_units};
use super::{Item, json, names};
use crate::messaging::{Message, MessageGroup, Participant, Timestamp};

/// The partition of a group's messages.
pub(super) fn message_partition(group: impl std::fmt::Display) -> String {
    format!("{}{group}", names::MESSAGE_PREFIX)
}

/// The partition of a user's inbox.
pub(super) fn inbox_partition(user: impl std::fmt::Display) -> String {
    format!("{}{user}", names::GROUP_PREFIX)
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn message_item(message: &Message) -> Item {
    item_of(message_attributes(message, &message_partition(&message.message_group_uuid)))
}

pub(super) fn group_item(group: &MessageGroup) -> Item {
    item_of(group_attributes(group, &inbox_partition(&group.owner_uuid)))
}

/// The attributes of an item of the messages table, all of them texts.
pub(super) type Attributes<'a> = [(&'static str, &'a str); 7];

/// A message's, of which `partition` is the partition key.
pub(super) fn message_attributes<'a>(message: &'a Message, partition: &'a str) -> Attributes<'a> {
    let uuid = (names::MESSAGE_UUID, message.message_uuid.as_str());
    attributes(partition, &message.sent_at, &message.message, uuid, &message.sender)
}

/// A row's, of which `partition` is the partition key.
pub(super) fn group_attributes<'a>(group: &'a MessageGroup, partition: &'a str) -> Attributes<'a> {
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

pub(super) fn to_message(item: &Item) -> Message {
    let partition = get(item, names::PARTITION_KEY);
    Message {
        message_group_uuid: partition.strip_prefix(names::MESSAGE_PREFIX).unwrap_or(&partition).to_owned(),
        sent_at: get(item, names::SORT_KEY),
        message_uuid: get(item, names::MESSAGE_UUID),
        message: get(item, names::MESSAGE),
        sender: participant(item),
    }
}

pub(super) fn to_group(item: &Item) -> MessageGroup {
    let partition = get(item, names::PARTITION_KEY);
    MessageGroup {
        owner_uuid: partition.strip_prefix(names::GROUP_PREFIX).unwrap_or(&partition).to_owned(),
        message_group_uuid: get(item, names::GROUP_UUID),
        last_message_at: get(item, names::SORT_KEY),
        message: get(item, names::MESSAGE),
        other: participant(item),
    }
}

/// Whether an item is a group's row in somebody's inbox.
pub(super) fn is_row(item: &Item) -> bool {
    get(item, names::PARTITION_KEY).starts_with(names::GROUP_PREFIX)
}

/// The instant of an item's sort key; `None` when it is no time.
pub(super) fn instant(item: &Item) -> Option<Timestamp> {
    item.get(names::SORT_KEY)?.as_s().ok()?.parse().ok()
}

/// An item's key.
pub(super) fn key(item: &Item) -> Item {
    [names::PARTITION_KEY, names::SORT_KEY]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
        .collect()
}

fn participant(item: &Item) -> Participant {
    Participant {
        user_uuid: get(item, names::USER_UUID),
        user_display_name: get(item, names::USER_DISPLAY_NAME),
        user_handle: get(item, names::USER_HANDLE),
    }
}

/// An attribute as text: empty when missing, JSON when it is not a string.
pub(super) fn get(item: &Item, name: &str) -> String {
    item.get(name).map(json::cell).unwrap_or_default()
}
