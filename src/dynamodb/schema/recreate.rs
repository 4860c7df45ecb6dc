//! Dropping a table and creating it again, with the same definition and without its items.

use aws_sdk_dynamodb::types::TableDescription;

use crate::aws::WriteCost;
use crate::config::Target;
use crate::dynamodb::item::size;
use crate::dynamodb::{DynamoDb, KeySchema, SavedTable, TableSchema};
use crate::error::{Error, Result};

/// A table to be emptied.
#[derive(Debug)]
pub struct Truncation {
    /// Its key.
    pub key: KeySchema,
    /// Its item count. AWS updates it about every six hours.
    pub items: u64,
    /// Its size in bytes, updated at the same time.
    pub bytes: u64,
    /// The item count of each index.
    pub indexed: Vec<(String, u64)>,
    /// Reasons not to recreate it: what would or may be lost.
    pub obstacles: Vec<String>,
    /// Why it cannot be recreated, if it cannot.
    pub refusal: Option<String>,
    /// The definition to recreate it with.
    pub definition: SavedTable,
}

impl Truncation {
    /// Read units of a full scan, estimated from the table's size.
    pub fn read_units(&self) -> f64 {
        size::read_units(usize::try_from(self.bytes).unwrap_or(usize::MAX), false)
    }

    /// Write units of deleting every item, indexes included, estimated from the average item size.
    pub fn write_units(&self) -> u64 {
        self.cost().units()
    }

    fn cost(&self) -> WriteCost {
        self.cost_of(self.items)
    }

    /// What deleting this many items costs, on the table and its indexes.
    pub fn cost_of(&self, items: u64) -> WriteCost {
        let average = self.bytes.div_ceil(self.items.max(1));
        let each = size::write_units(usize::try_from(average).unwrap_or(usize::MAX)) as u64;
        WriteCost {
            items,
            table_units: items * each,
            index_units: self.indexed.iter().map(|(index, items)| (index.clone(), items * each)).collect(),
            at_least: false,
        }
    }
}

impl DynamoDb {
    /// Describes `table`, and what recreating it would take.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table, or it is neither ACTIVE nor UPDATING.
    pub async fn plan_truncation(&self, table: &str) -> Result<Truncation> {
        let Some(found) = self.describe(table).await? else { return Err(self.missing(table)) };
        let status = found.table_status().map_or("?", |status| status.as_str());
        if !matches!(status, "ACTIVE" | "UPDATING") {
            return Err(Error::failed(format!("the table {table:?} on {} is {status}", self.endpoint()))
                .hint("try again when it is ACTIVE"));
        }
        let definition = self.definition_of(table, &found).await?;
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        let global = found.global_secondary_indexes().iter().map(|it| (it.index_name(), it.item_count()));
        let local = found.local_secondary_indexes().iter().map(|it| (it.index_name(), it.item_count()));
        let indexed =
            global.chain(local).map(|(name, items)| (name.unwrap_or_default().to_owned(), count(items)));
        Ok(Truncation {
            key: TableSchema::of(&found).key,
            items: count(found.item_count()),
            bytes: count(found.table_size_bytes()),
            indexed: indexed.collect(),
            obstacles: self.obstacles(&found, definition.point_in_time_recovery),
            refusal: refusal(&found),
            definition,
        })
    }

    fn obstacles(&self, found: &TableDescription, point_in_time: bool) -> Vec<String> {
        let mut obstacles = Vec::new();
        if found
            .stream_specification()
            .is_some_and(aws_sdk_dynamodb::types::StreamSpecification::stream_enabled)
        {
            obstacles
                .push("its stream would be replaced, and its readers would get no more records".to_owned());
        }
        if point_in_time {
            obstacles.push("its point-in-time recovery data would be lost".to_owned());
        }
        if self.target() == Target::Prod {
            obstacles.push(
                "alarms, autoscaling, resource policies, Kinesis destinations and Contributor Insights of the \
                 table cannot be seen from here and would be lost"
                    .to_owned(),
            );
        }
        obstacles
    }

    /// Deletes the table, waits until it is gone, creates it again, and waits until it is ready.
    ///
    /// # Errors
    /// [`crate::error::Kind::Partial`] when the table was deleted, but not fully recreated.
    pub async fn recreate(&self, table: &str, definition: &SavedTable) -> Result<()> {
        self.held(self.drop_table(table)).await?;
        self.create_again(table, definition).await
    }
}

/// What rules out recreating a table: deletion protection, or settings that a create request lacks.
fn refusal(found: &TableDescription) -> Option<String> {
    if found.deletion_protection_enabled() == Some(true) {
        return Some("its deletion protection is on".to_owned());
    }
    if !found.replicas().is_empty() || found.global_table_version().is_some() {
        return Some("it has replicas in other regions".to_owned());
    }
    None
}
