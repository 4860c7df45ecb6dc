//! What a check reports.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::super::{items, names};
use crate::dynamodb::Item;
use crate::dynamodb::item::json;

/// An invariant of the table. Each variant says what must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invariant {
    /// A partition key is `MSG#` or `GRP#` and a uuid, and a row has a group's uuid.
    UnparsableKey,
    /// A sort key is a time.
    UnparsableTime,
    /// A group with messages has rows.
    NoRow,
    /// A group has two rows, one per participant.
    OneRow,
    /// A user has only one row per group.
    DuplicateRow,
    /// A group has messages.
    NoMessage,
    /// A row is not older than its group's newest message.
    RowBehind,
    /// A row is not newer than its group's newest message, but for a few microseconds.
    RowAhead,
    /// A row shows the text of its group's newest message.
    RowText,
    /// A row names the other participant.
    WrongParticipant,
    /// `PostgreSQL` knows every user.
    UnknownUser,
}

impl Invariant {
    /// The name in all output formats.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnparsableKey => "unparsable-key",
            Self::UnparsableTime => "unparsable-time",
            Self::NoRow => "no-row",
            Self::OneRow => "one-row",
            Self::DuplicateRow => "duplicate-row",
            Self::NoMessage => "no-message",
            Self::RowBehind => "row-behind",
            Self::RowAhead => "row-ahead",
            Self::RowText => "row-text",
            Self::WrongParticipant => "wrong-participant",
            Self::UnknownUser => "unknown-user",
        }
    }

    /// What to do by hand when the data does not show how to repair it.
    pub const fn help(self) -> &'static str {
        match self {
            Self::UnparsableKey | Self::UnparsableTime => {
                "no reader finds the item: put it under a key like the app's, then delete this one"
            }
            Self::NoRow | Self::OneRow => {
                "the data does not show who takes part: put the missing row by hand, or delete the group"
            }
            Self::DuplicateRow => "run the repair again",
            Self::NoMessage => "the inbox shows an empty conversation: write into it, or delete its rows",
            Self::RowBehind | Self::RowAhead | Self::RowText => "the row is at the item size limit",
            Self::WrongParticipant => {
                "the data contradicts itself: decide who takes part, and put or delete rows by hand"
            }
            Self::UnknownUser => "restore the user in PostgreSQL, or delete what names them",
        }
    }
}

/// A broken invariant. Its serialized form is part of the interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The invariant.
    pub promise: Invariant,
    /// The group, if there is one.
    pub message_group_uuid: Option<Uuid>,
    /// The partition key of the item.
    pub pk: String,
    /// Its sort key; `None` when the finding is about a whole partition.
    pub sk: Option<String>,
    /// The description.
    pub detail: String,
    /// Whether the data shows how to repair it.
    pub mendable: bool,
    /// Whether it has been repaired.
    pub mended: bool,
    /// The transaction that repairs all findings of the group. Only the group's first repairable
    /// finding has it, and only when it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Write>,
}

impl Finding {
    pub(super) fn new(promise: Invariant, pk: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            promise,
            message_group_uuid: None,
            pk: pk.into(),
            sk: None,
            detail: detail.into(),
            mendable: false,
            mended: false,
            writes: Vec::new(),
        }
    }

    pub(super) fn of(promise: Invariant, item: &Item, detail: impl Into<String>) -> Self {
        Self {
            sk: Some(items::get(item, names::SORT_KEY)),
            ..Self::new(promise, items::get(item, names::PARTITION_KEY), detail)
        }
    }

    pub(super) fn in_group(self, group: Uuid) -> Self {
        Self { message_group_uuid: Some(group), ..self }
    }

    pub(super) fn mendable(self, mendable: bool) -> Self {
        Self { mendable, ..self }
    }
}

/// One action of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Puts an item: a new one, or a replacement for the one with its key.
    Put(Item),
    /// Deletes this item.
    Delete(Item),
    /// Writes nothing, but fails unless the item is still as it was read.
    Check(Item),
}

impl Write {
    /// `put`, `delete` or `check`.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Put(_) => "put",
            Self::Delete(_) => "delete",
            Self::Check(_) => "check",
        }
    }

    /// The whole item.
    pub const fn item(&self) -> &Item {
        match self {
            Self::Put(item) | Self::Delete(item) | Self::Check(item) => item,
        }
    }

    /// Write units, as AWS counts them: one per KB, doubled in a transaction, plus one per KB for the
    /// index, which holds every row.
    /// Source: "DynamoDB Transactions: How it works" in the developer guide.
    pub fn units(&self) -> u64 {
        let kilobytes = u64::try_from(items::write_units(items::size(self.item()))).unwrap_or(u64::MAX / 3);
        if matches!(self, Self::Check(_)) { 2 * kilobytes } else { 3 * kilobytes }
    }
}

impl Serialize for Write {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            action: &'static str,
            item: json::Plain<'a>,
        }
        Shown { action: self.action(), item: json::Plain(self.item()) }.serialize(serializer)
    }
}
