//! Into how many parts a table is cut.

use super::request::{ScanRequest, Segments};
use crate::dynamodb::DynamoDb;
use crate::dynamodb::error::table_flag;
use crate::error::{Error, Kind, Result};

/// A page of 1 MB takes AWS some tens of milliseconds: a smaller table is read
/// within a second or so as it is.
const BYTES_EACH: u64 = 16 * 1024 * 1024;
/// More pages at once than this and the reader, not the service, is what waits.
const MAX_CHOSEN: u64 = 4;

impl DynamoDb {
    /// How many segments; and, where that has to be asked for, whether there is
    /// such an index.
    pub(super) async fn segments(&self, request: &ScanRequest) -> Result<usize> {
        let is_chosen = request.segments == Segments::Auto && !self.is_emulated() && request.start.is_empty();
        let schema = if is_chosen || request.index.is_some() {
            match self.table_schema(&request.table).await {
                Ok(schema) => Some(schema),
                // Whoever may scan need not be allowed to look at the table.
                Err(error) if error.kind() == Kind::Config => None,
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
            // In the embedded server no index leads to a segment: each of its pages
            // would read the whole table.
            (Segments::Auto, _) => 1,
        })
    }

    /// The error of an index that is not there.
    pub(crate) fn no_index(&self, table: &str, index: &str, indexes: &[&str]) -> Error {
        let error = Error::failed(format!("the table {table:?} on {} has no index {index:?}", self.place()));
        if indexes.is_empty() {
            let flag = table_flag(table);
            return error
                .hint(format!("it has no index at all; to read the table itself: cruddur ddb scan{flag}"));
        }
        error.hint(format!("it has: {}", indexes.join(", ")))
    }
}
