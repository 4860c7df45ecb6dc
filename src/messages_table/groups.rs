//! A few of the table's groups, for users who do not know any.

use super::items::to_group;
use super::names;
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messaging::MessageGroup;

impl MessagesTable {
    /// The groups of the first `limit` rows of the index, in no particular order. Reads at most one
    /// page, however large the table.
    pub async fn some_groups(&self, limit: usize) -> Result<Vec<MessageGroup>> {
        let scan = self
            .db
            .client
            .scan()
            .table_name(&self.name)
            .index_name(names::GROUP_INDEX)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = scan.send().await.map_err(|error| self.error("cannot look for message groups", &error))?;
        Ok(page.items().iter().map(to_group).collect())
    }
}
