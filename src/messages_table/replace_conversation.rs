//! Replaces a whole conversation.

use std::collections::HashSet;

use uuid::Uuid;

use super::items::{group_item, message_item};
use super::names;
use crate::dynamodb::{BulkOptions, Capacity, Item};
use crate::error::Result;
use crate::messages_table::{MessagesTable, key_schema};
use crate::messaging::Conversation;

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

impl MessagesTable {
    /// Replaces everything in the group with `conversation`.
    ///
    /// Puts come before deletes: if this is interrupted, the group has too many items, never too few,
    /// and the next run fixes that. Rows come after all messages, so a group that is shown is complete.
    pub async fn replace_conversation(
        &self,
        group: Uuid,
        conversation: &Conversation,
    ) -> Result<ConversationWritten> {
        let owners = conversation.groups.each_ref().map(|row| row.owner_uuid.clone());
        let (former, read) = self.group_keys(group, &owners).await?;
        Ok(ConversationWritten { read, ..self.put_in_place_of(former, conversation).await? })
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
        let messages: Vec<Item> = conversation.messages.iter().map(message_item).collect();
        let rows: Vec<Item> = conversation.groups.iter().map(group_item).collect();
        let mut kept: HashSet<_> = messages.iter().chain(&rows).map(key_text).collect();
        // A row found in both places is deleted only once, and an item just put is not deleted.
        let stale: Vec<Item> = former.into_iter().filter(|key| kept.insert(key_text(key))).collect();
        let (put, deleted) = (messages.len() + rows.len(), stale.len());
        let total = Some((put + deleted) as u64);
        let writing = async {
            let mut writer =
                self.db.bulk_writer(&self.name, key_schema(), BulkOptions { max_wcu: None, total });
            for items in [&messages, &rows] {
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

fn key_text(item: &Item) -> (String, String) {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    (part(names::PARTITION_KEY), part(names::SORT_KEY))
}
