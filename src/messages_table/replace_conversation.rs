//! Replaces a whole conversation.

use std::collections::HashSet;

use uuid::Uuid;

use super::items::{group_item, message_item};
use super::names;
use crate::dynamodb::{BulkOptions, Capacity, Item};
use crate::error::{Error, Result};
use crate::messages_table::{MessagesTable, key_schema};
use crate::messaging::Conversation;

/// How often a group that others write to is replaced.
const TRIES: u32 = 5;

/// The result of writing a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationWritten {
    /// Items put.
    pub put: usize,
    /// Former items of the group that were deleted.
    pub deleted: usize,
    /// Write units.
    pub written: Capacity,
    /// Read units consumed by finding the former items.
    pub read: Capacity,
}

impl ConversationWritten {
    /// Adds what writing the same conversation again did.
    pub fn merge(&mut self, again: &Self) {
        self.deleted += again.deleted;
        self.written.merge(&again.written);
        self.read.merge(&again.read);
    }
}

impl MessagesTable {
    /// Replaces everything in the group with `conversation`.
    ///
    /// Puts come before deletes: if this is interrupted, the group has too many items, never too few,
    /// and the next run fixes that. Rows come after all messages, so a group that is shown is complete.
    /// If the group had items, this begins again until nobody else has written to it meanwhile.
    pub async fn replace_conversation(
        &self,
        group: Uuid,
        conversation: &Conversation,
    ) -> Result<ConversationWritten> {
        let owners = conversation.groups.each_ref().map(|row| row.owner_uuid.clone());
        let (former, read) = self.group_keys(group, &owners).await?;
        let was_empty = former.is_empty();
        let mut all = ConversationWritten { read, ..self.put_in_place_of(former, conversation).await? };
        if was_empty || self.db.is_dry_run() {
            return Ok(all);
        }
        let wanted: HashSet<_> = items_of(conversation).iter().map(key_text).collect();
        for _ in 0..TRIES {
            let (found, read) = self.settled_group_keys(group, &owners).await?;
            all.read.merge(&read);
            if found.iter().map(key_text).collect::<HashSet<_>>() == wanted {
                return Ok(all);
            }
            all.merge(&self.put_in_place_of(found, conversation).await?);
        }
        let place = self.db.endpoint();
        Err(Error::failed(format!(
            "other writers changed the group {group} on {place} {TRIES} times meanwhile"
        ))
        .hint("stop them, then run the same command again: it replaces the whole group"))
    }

    /// Writes `conversation` to a table that has nothing of its group.
    pub async fn put_conversation(&self, conversation: &Conversation) -> Result<ConversationWritten> {
        self.put_in_place_of(Vec::new(), conversation).await
    }

    async fn put_in_place_of(
        &self,
        former: Vec<Item>,
        conversation: &Conversation,
    ) -> Result<ConversationWritten> {
        let items = items_of(conversation);
        let (messages, rows) = items.split_at(conversation.messages.len());
        let mut kept: HashSet<_> = items.iter().map(key_text).collect();
        // A row found in both places is deleted only once, and an item just put is not deleted.
        let stale: Vec<Item> = former.into_iter().filter(|key| kept.insert(key_text(key))).collect();
        let (put, deleted) = (items.len(), stale.len());
        let total = Some((put + deleted) as u64);
        let writing = async {
            let mut writer =
                self.db.bulk_writer(&self.name, key_schema(), BulkOptions { max_wcu: None, total });
            for items in [messages, rows] {
                for item in items {
                    writer.put(item).await?;
                }
                writer.flush().await?;
            }
            for key in &stale {
                writer.delete(key).await?;
            }
            writer.finish().await
        };
        let written = writing
            .await
            .map_err(|error| error.hint("run the same command again: it replaces the whole group"))?;
        Ok(ConversationWritten {
            put,
            deleted,
            written: written.capacity,
            read: Capacity::new(self.db.is_emulated()),
        })
    }
}

/// The messages, then the rows.
fn items_of(conversation: &Conversation) -> Vec<Item> {
    conversation.messages.iter().map(message_item).chain(conversation.groups.iter().map(group_item)).collect()
}

fn key_text(item: &Item) -> (String, String) {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    (part(names::PARTITION_KEY), part(names::SORT_KEY))
}
