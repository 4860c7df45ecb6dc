//! The state of a table and its surroundings, for troubleshooting.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use uuid::Uuid;

use super::group_rows::Rows;
use super::{Definition, Difference, items, names};
use crate::dynamodb::streams::TableStream;
use crate::dynamodb::{Billing, Busy, Capacity, Units};
use crate::error::Result;
use crate::messages_table::MessagesTable;

/// The state of an existing table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// What the table or an index is doing, unless it is `ACTIVE`.
    pub busy: Option<String>,
    /// Its billing mode.
    pub billing: Billing,
    /// Its units; `None` for on-demand.
    pub units: Option<Units>,
    /// How it differs from the messages table's definition. Either billing mode is fine.
    pub differences: Vec<Difference>,
    /// Its stream.
    pub stream: TableStream,
    /// Whether it is protected against deletion.
    pub deletion_protection: bool,
    /// Number of items. AWS updates this count about every six hours.
    pub items: u64,
    /// Their bytes, equally old.
    pub bytes: u64,
}

/// The first page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The names on it, at most 100.
    pub names: Vec<String>,
    /// Whether there are more pages.
    pub more: bool,
}

impl MessagesTable {
    /// Compares the table with the messages table's definition; `None` if it does not exist.
    pub async fn inspect(&self) -> Result<Option<Inspected>> {
        let Some(found) = self.db.describe(&self.name).await? else { return Ok(None) };
        let billing = Billing::of(&found);
        let definition = Definition { billing, ..Definition::default() };
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        Ok(Some(Inspected {
            busy: Busy::of(&found).map(|busy| busy.to_string()),
            billing,
            units: Units::of(found.provisioned_throughput()),
            differences: definition.differences(&found, &BTreeMap::new())?,
            stream: TableStream::from(&found),
            deletion_protection: found.deletion_protection_enabled().unwrap_or(false),
            items: count(found.item_count()),
            bytes: count(found.table_size_bytes()),
        }))
    }

    /// The names of the first tables, as a tool that reads only one page sees them.
    pub async fn first_tables(&self) -> Result<Listed> {
        let answer = self.db.client.list_tables().send().await;
        let answer = answer.map_err(|error| self.db.error("cannot list the tables", "", &error))?;
        Ok(Listed {
            names: answer.table_names.unwrap_or_default(),
            more: answer.last_evaluated_table_name.is_some(),
        })
    }

    /// Whether the app shows a group: both participants have a row.
    pub async fn is_shown(&self, group: Uuid) -> Result<bool> {
        let rows = self.settled_rows(&group.to_string(), &Rows::default(), &mut Capacity::default()).await?;
        Ok(rows.is_complete())
    }

    /// Whether every message of a group is one of `texts`.
    pub async fn has_only(&self, group: Uuid, texts: &[&str]) -> Result<bool> {
        let query = self.query_partition(items::message_partition(group)).consistent_read(true);
        let (messages, _) = self.collect(query, None, "cannot read the group's messages").await?;
        let mut found =
            messages.iter().map(|item| item.get(names::MESSAGE).and_then(|text| text.as_s().ok()));
        Ok(found.all(|text| text.is_some_and(|text| texts.contains(&text.as_str()))))
    }

    /// Whether a group has a message with a sort key below `bound`. Reads one item.
    pub async fn has_messages_below(&self, group: Uuid, bound: &str) -> Result<bool> {
        let query = self
            .db
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("#pk = :pk AND #sk < :bound")
            .expression_attribute_names("#pk", names::PARTITION_KEY)
            .expression_attribute_names("#sk", names::SORT_KEY)
            .expression_attribute_values(":pk", AttributeValue::S(items::message_partition(group)))
            .expression_attribute_values(":bound", AttributeValue::S(bound.to_owned()))
            .select(Select::Count)
            .limit(1);
        Ok(self.page(query, "cannot look for messages", &mut Capacity::default()).await?.count > 0)
    }
}
