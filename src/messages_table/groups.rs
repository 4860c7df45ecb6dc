//! A few of the table's groups, for those who do not know any.

use super::items::to_group;
use super::names;
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messaging::MessageGroup;

impl MessagesTable {
    /// The groups of the index's first `limit` rows, in no order: at most one page,
    /// whatever the size of the table.
    pub async fn some_groups(&self, limit: usize) -> Result<Vec<MessageGroup>> {
        let page = self
            .db
            .client
            .scan()
            .table_name(&self.name)
            .index_name(names::GROUP_INDEX)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| self.error("cannot look for message groups", &error))?;
        Ok(page.items().iter().map(to_group).collect())
    }
}
