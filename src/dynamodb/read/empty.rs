//! Whether a table has any items.

use crate::dynamodb::{Capacity, DynamoDb, ScanRequest};
use crate::error::Result;

impl DynamoDb {
    /// Whether `table` has any item, and the read units that the check consumed. Reads consistently, so
    /// that items written just now count.
    pub async fn has_items(&self, table: &str) -> Result<(bool, Capacity)> {
        let table = table.to_owned();
        let request = ScanRequest { table, limit: Some(1), consistent: true, ..ScanRequest::default() };
        let mut scan = self.scan(request).await?;
        let mut found = false;
        while let Some(page) = scan.next_page().await? {
            found |= !page.items.is_empty();
        }
        Ok((found, scan.capacity))
    }
}
