//! The schema of any table: its key, its indexes, its size.

use aws_sdk_dynamodb::types::{Projection, ProjectionType, TableDescription};

use super::key::KeySchema;

/// A table's schema, from its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// Distinguishes it from an earlier or later table of the same name.
    pub id: String,
    /// The table's own key.
    pub key: KeySchema,
    /// Its indexes, global and local, sorted by name.
    pub indexes: Vec<IndexSchema>,
    /// Size of its items in bytes. AWS updates it about every six hours.
    pub bytes: u64,
    /// Number of its items, updated at the same time.
    pub items: u64,
}

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSchema {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: KeySchema,
    /// Whether it is a local index: it shares the table's partition key and allows consistent reads.
    pub local: bool,
    /// Whether it projects all attributes.
    pub projects_all: bool,
    /// Size of its items in bytes. AWS updates it about every six hours.
    pub bytes: u64,
}

impl TableSchema {
    pub(crate) fn of(table: &TableDescription) -> Self {
        let types = table.attribute_definitions();
        let count =
            |number: Option<i64>| number.and_then(|number| number.try_into().ok()).unwrap_or_default();
        let all = |projection: Option<&Projection>| {
            projection.and_then(Projection::projection_type) == Some(&ProjectionType::All)
        };
        let global = table.global_secondary_indexes().iter().map(|index| IndexSchema {
            name: index.index_name().unwrap_or_default().to_owned(),
            key: KeySchema::of(index.key_schema(), types),
            local: false,
            projects_all: all(index.projection()),
            bytes: count(index.index_size_bytes()),
        });
        let local = table.local_secondary_indexes().iter().map(|index| IndexSchema {
            name: index.index_name().unwrap_or_default().to_owned(),
            key: KeySchema::of(index.key_schema(), types),
            local: true,
            projects_all: all(index.projection()),
            bytes: count(index.index_size_bytes()),
        });
        let mut indexes: Vec<IndexSchema> = global.chain(local).collect();
        indexes.sort_by(|a, b| a.name.cmp(&b.name));
        // Engines other than AWS may have no table id. The creation time replaces it.
        let created = || table.creation_date_time().map(ToString::to_string);
        Self {
            id: table.table_id().map(ToOwned::to_owned).or_else(created).unwrap_or_default(),
            key: KeySchema::of(table.key_schema(), types),
            indexes,
            bytes: count(table.table_size_bytes()),
            items: count(table.item_count()),
        }
    }

    /// The index of this name.
    pub fn index(&self, name: &str) -> Option<&IndexSchema> {
        self.indexes.iter().find(|index| index.name == name)
    }
}
