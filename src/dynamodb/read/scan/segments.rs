//! Chooses the number of segments.

use super::request::{ScanRequest, Segments};
use super::turns::MOST;
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Reason, Result};

/// Bytes per segment. AWS takes some tens of milliseconds for a page of 1 MB, so a smaller table is
/// read within a second or so anyway.
const BYTES_EACH: u64 = 16 * 1024 * 1024;
/// As many as are read at the same time, if that pays.
const MAX_CHOSEN: u64 = MOST as u64;

impl DynamoDb {
    /// The number of segments. If it describes the table, it also checks that the index exists.
    pub(super) async fn segments(&self, request: &ScanRequest) -> Result<usize> {
        let is_chosen = request.segments == Segments::Auto && !self.is_emulated() && request.start.is_empty();
        let schema = if is_chosen || request.index.is_some() {
            match self.table_schema(&request.table).await {
                Ok(schema) => Some(schema),
                // A caller that may scan need not have permission to describe the table.
                Err(error) if error.is(&Reason::RefusedCredentials) => None,
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        if let (Some(schema), Some(index)) = (&schema, &request.index)
            && schema.index(index).is_none()
        {
            let names: Vec<&str> = schema.indexes.iter().map(|index| index.name.as_str()).collect();
            return Err(self.no_index(&request.table, index, &names));
        }
        Ok(match (request.segments, schema) {
            (Segments::Count(count), _) => count.max(1),
            (Segments::Auto, _) if !request.start.is_empty() => request.start.len(),
            (Segments::Auto, Some(schema)) if is_chosen => {
                usize::try_from((1 + schema.bytes / BYTES_EACH).min(MAX_CHOSEN)).unwrap_or(1)
            }
            // The embedded server has no index by segment: each page would read the whole table.
            (Segments::Auto, _) => 1,
        })
    }

    /// The error for an index that does not exist.
    pub(crate) fn no_index(&self, table: &str, index: &str, indexes: &[&str]) -> Error {
        let error =
            Error::failed(format!("the table {table:?} on {} has no index {index:?}", self.endpoint()));
        if indexes.is_empty() {
            return error.hint(Reason::NoIndex(table.to_owned(), self.target()));
        }
        error.hint(format!("it has: {}", indexes.join(", ")))
    }
}
