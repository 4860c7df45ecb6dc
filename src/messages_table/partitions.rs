//! Reads whole partitions of the table: every page.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use uuid::Uuid;

use super::items::{self, text};
use super::names;
use crate::dynamodb::{Capacity, Item};
use crate::error::Result;
use crate::messages_table::MessagesTable;

/// Expressions use aliases for attribute names, because many are reserved words.
const KEY_ONLY: &str = "#pk, #sk";
const READING_KEYS: &str = "cannot read what the group holds now";

impl MessagesTable {
    /// The keys of all items of a group: its messages and its rows.
    ///
    /// Rows are looked up in two places. The index also finds those of participants not in `owners`,
    /// but lags behind on AWS.
    pub(crate) async fn group_keys(&self, group: Uuid, owners: &[String]) -> Result<(Vec<Item>, Capacity)> {
        let (mut keys, mut capacity) = self.settled_group_keys(group, owners).await?;
        let rows = self.query_index(group.to_string());
        let (rows, consumed) = self.collect(rows, None, READING_KEYS).await?;
        capacity.merge(&consumed);
        keys.extend(rows.iter().map(items::key));
        Ok((keys, capacity))
    }

    /// The same but for what only the index finds, read consistently.
    pub(crate) async fn settled_group_keys(
        &self,
        group: Uuid,
        owners: &[String],
    ) -> Result<(Vec<Item>, Capacity)> {
        let messages = self
            .query_partition(items::message_partition(group))
            .consistent_read(true)
            .projection_expression(KEY_ONLY)
            .expression_attribute_names("#sk", names::SORT_KEY);
        let (mut keys, mut capacity) = self.collect(messages, None, READING_KEYS).await?;
        for owner in owners {
            let rows = self.query_inbox(owner, group.to_string());
            let (rows, consumed) = self.collect(rows, None, READING_KEYS).await?;
            capacity.merge(&consumed);
            keys.extend(rows);
        }
        Ok((keys.iter().map(items::key).collect(), capacity))
    }

    pub(crate) fn query_partition(&self, partition: String) -> QueryFluentBuilder {
        self.db
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", names::PARTITION_KEY)
            .expression_attribute_values(":pk", text(partition))
    }

    /// The query for a group's items in an inbox, read consistently. It reads the whole inbox, because
    /// it is sorted by time, not by group.
    pub(crate) fn query_inbox(&self, owner: &str, group: String) -> QueryFluentBuilder {
        self.query_partition(items::inbox_partition(owner))
            .consistent_read(true)
            .filter_expression("#group = :group")
            .expression_attribute_names("#group", names::GROUP_UUID)
            .expression_attribute_values(":group", text(group))
    }

    /// The query for a group's items in the index.
    pub(crate) fn query_index(&self, group: String) -> QueryFluentBuilder {
        self.db
            .client
            .query()
            .table_name(&self.name)
            .index_name(names::GROUP_INDEX)
            .key_condition_expression("#group = :group")
            .expression_attribute_names("#group", names::GROUP_UUID)
            .expression_attribute_values(":group", text(group))
    }

    /// Reads pages of `query` until there are `limit` items or no more pages.
    pub(crate) async fn collect(
        &self,
        query: QueryFluentBuilder,
        limit: Option<usize>,
        what: &str,
    ) -> Result<(Vec<Item>, Capacity)> {
        let mut capacity = Capacity::new(self.db.is_emulated());
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let left = limit.map(|limit| limit.saturating_sub(items.len()));
            if left == Some(0) {
                break;
            }
            let query = query
                .clone()
                .set_limit(left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(start);
            let page = self.page(query, what, &mut capacity).await?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok((items, capacity))
    }
}
