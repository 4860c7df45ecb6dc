//! The changes that bring a table in line with its definition, one request each.
//! Source: "UpdateTable" in the API reference: one kind of change at a time.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_table::UpdateTableInput;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction,
    GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate, KeySchemaElement,
    LocalSecondaryIndexDescription, StreamSpecification, TableDescription, UpdateGlobalSecondaryIndexAction,
};

use super::request::{Tags, attributes, index_key, projection, stream};
use super::{Definition, Difference, Fact};
use crate::dynamodb::{Billing, Units};
use crate::messages_table::names;

/// A change of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Switches deletion protection on or off.
    Protect(bool),
    /// Deletes an index.
    DeleteIndex {
        /// Its name.
        name: String,
        /// Whether it is created again afterwards.
        again: bool,
    },
    /// Changes the billing mode: to provisioned, with units for the table and each index, or to
    /// on-demand.
    Bill {
        /// The units; `None` for on-demand.
        units: Option<Units>,
        /// The indexes that exist at that point.
        indexes: Vec<String>,
    },
    /// Changes the units of the table, of its index, or of both.
    Units {
        /// The new units.
        units: Units,
        /// Whether the table's change.
        table: bool,
        /// Whether the index's change.
        index: bool,
        /// Whether any of them decrease.
        fewer: bool,
    },
    /// Creates the index.
    CreateIndex {
        /// Its units; `None` for on-demand.
        units: Option<Units>,
        /// The types of all attributes that are in a key afterwards.
        attributes: Vec<AttributeDefinition>,
    },
    /// Switches the stream off.
    DisableStream {
        /// Whether another one is switched on afterwards.
        again: bool,
    },
    /// Switches on a stream of new images.
    EnableStream,
    /// Sets tags.
    Tag(Tags),
    /// Removes tags.
    Untag(Vec<String>),
}

/// The cost of filling a new index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// Number of items in the table. AWS updates this count about every six hours. How many of them
    /// have the index's key is only known once they are read.
    pub items: u64,
    /// Write units, if all of them have it.
    pub write_units: u64,
    /// The index's write units per second; `None` for on-demand.
    pub per_second: Option<i64>,
}

impl Definition {
    /// The changes that bring `found` in line with the definition, in order.
    pub(super) fn changes(
        &self,
        found: &TableDescription,
        differences: &[Difference],
    ) -> Result<Vec<Change>, BuildError> {
        let is = |fact: &Fact| differences.iter().any(|difference| difference.fact == *fact);
        let own = names::GROUP_INDEX.to_owned();
        let units = (self.billing == Billing::Provisioned).then_some(self.units);
        let others: Vec<&String> = differences
            .iter()
            .filter_map(|difference| match &difference.fact {
                Fact::IndexKey(name) if *name != own => Some(name),
                _ => None,
            })
            .collect();
        let names = found.global_secondary_indexes().iter().filter_map(|index| index.index_name());
        let indexes: Vec<String> =
            names.map(ToOwned::to_owned).filter(|name| !others.contains(&name)).collect();
        let has_own = indexes.contains(&own);
        let is_wrong = is(&Fact::IndexKey(own.clone())) || is(&Fact::IndexProjection(own.clone()));

        let mut changes = Vec::new();
        if is(&Fact::DeletionProtection) {
            changes.push(Change::Protect(self.deletion_protection == Some(true)));
        }
        changes.extend(others.iter().map(|name| Change::DeleteIndex { name: (*name).clone(), again: false }));
        let (table, index) = (is(&Fact::Units), is(&Fact::IndexUnits(own.clone())) && !is_wrong);
        if is(&Fact::Billing) {
            changes.push(Change::Bill { units, indexes });
        } else if table || index {
            let fewer = self.has_fewer_units_than(found);
            changes.push(Change::Units { units: self.units, table, index, fewer });
        }
        if is_wrong {
            changes.extend(has_own.then(|| Change::DeleteIndex { name: own.clone(), again: true }));
            let attributes = attributes_beside(found, |index| others.iter().all(|name| **name != index))?;
            changes.push(Change::CreateIndex { units, attributes });
        }
        if is(&Fact::Stream) {
            let is_on = found.stream_specification().is_some_and(StreamSpecification::stream_enabled);
            changes.extend(is_on.then_some(Change::DisableStream { again: self.stream }));
            changes.extend(self.stream.then_some(Change::EnableStream));
        }
        let tags = differences.iter().filter_map(|difference| match &difference.fact {
            Fact::Tag(key) => Some(key),
            _ => None,
        });
        let (wanted, gone): (Vec<&String>, Vec<&String>) = tags.partition(|key| self.tags.contains_key(*key));
        if !wanted.is_empty() {
            let tag = |key: &String| self.tags.get_key_value(key);
            let pairs = wanted.into_iter().filter_map(tag);
            changes.push(Change::Tag(pairs.map(|(key, value)| (key.clone(), value.clone())).collect()));
        }
        if !gone.is_empty() {
            changes.push(Change::Untag(gone.into_iter().cloned().collect()));
        }
        Ok(changes)
    }

    fn has_fewer_units_than(&self, found: &TableDescription) -> bool {
        let of_index = found
            .global_secondary_indexes()
            .iter()
            .filter(|index| index.index_name() == Some(names::GROUP_INDEX))
            .filter_map(|index| Units::of(index.provisioned_throughput()));
        let mut all = Units::of(found.provisioned_throughput()).into_iter().chain(of_index);
        all.any(|units| self.units.read < units.read || self.units.write < units.write)
    }

    /// The cost of filling the index, if `changes` creates it.
    pub(super) fn backfill(&self, found: &TableDescription, changes: &[Change]) -> Option<Backfill> {
        let creates = changes.iter().any(|change| matches!(change, Change::CreateIndex { .. }));
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        let items = count(found.item_count());
        creates.then(|| Backfill {
            items,
            // One unit covers 1 KB, and each item takes at least one.
            write_units: items + count(found.table_size_bytes()) / 1024,
            per_second: (self.billing == Billing::Provisioned).then_some(self.units.write),
        })
    }
}

impl Change {
    /// What the change breaks or risks, if anything.
    pub fn consequence(&self) -> Option<String> {
        match self {
            Self::Protect(false) => Some("the table can then be deleted".to_owned()),
            Self::DeleteIndex { name, again: true } => {
                Some(format!("queries of the index {name} fail until it is recreated"))
            }
            Self::DeleteIndex { name, again: false } => {
                Some(format!("queries of the index {name} will fail"))
            }
            Self::Bill { units: Some(units), .. } | Self::Units { units, fewer: true, .. } => {
                Some(format!("more than {units} units a second are throttled"))
            }
            Self::DisableStream { .. } => Some("readers of the stream get no more records".to_owned()),
            Self::Untag(keys) => Some(format!("the tags {} are lost", keys.join(", "))),
            _ => None,
        }
    }

    /// The UpdateTable request; `None` for tags, which have requests of their own.
    pub(super) fn update(&self, table: &str) -> Result<Option<UpdateTableInputBuilder>, BuildError> {
        let update = UpdateTableInput::builder().table_name(table);
        Ok(Some(match self {
            Self::Protect(on) => update.deletion_protection_enabled(*on),
            Self::DeleteIndex { name, .. } => {
                let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(name).build()?;
                update.global_secondary_index_updates(
                    GlobalSecondaryIndexUpdate::builder().delete(delete).build(),
                )
            }
            Self::Bill { units: None, .. } => update.billing_mode(Billing::OnDemand.mode()),
            Self::Bill { units: Some(units), indexes } => {
                let updates = indexes.iter().map(|name| of_index(name, *units));
                let updates = updates.collect::<Result<Vec<_>, _>>()?;
                update
                    .billing_mode(Billing::Provisioned.mode())
                    .provisioned_throughput(units.build()?)
                    .set_global_secondary_index_updates((!updates.is_empty()).then_some(updates))
            }
            Self::Units { units, table, index, .. } => {
                let of_table = table.then(|| units.build()).transpose()?;
                let of_index = index.then(|| of_index(names::GROUP_INDEX, *units)).transpose()?;
                update
                    .set_provisioned_throughput(of_table)
                    .set_global_secondary_index_updates(of_index.map(|update| vec![update]))
            }
            Self::CreateIndex { units, attributes } => {
                let create = CreateGlobalSecondaryIndexAction::builder()
                    .index_name(names::GROUP_INDEX)
                    .set_key_schema(Some(index_key()?))
                    .projection(projection())
                    .set_provisioned_throughput(units.map(Units::build).transpose()?)
                    .build()?;
                update.set_attribute_definitions(Some(attributes.clone())).global_secondary_index_updates(
                    GlobalSecondaryIndexUpdate::builder().create(create).build(),
                )
            }
            Self::DisableStream { .. } => {
                update.stream_specification(StreamSpecification::builder().stream_enabled(false).build()?)
            }
            Self::EnableStream => update.stream_specification(stream()?),
            Self::Tag(_) | Self::Untag(_) => return Ok(None),
        }))
    }
}

/// The types of the attributes in the index's key and in all other keys. An index counts only if it
/// `stays`.
fn attributes_beside(
    found: &TableDescription,
    stays: impl Fn(&str) -> bool,
) -> Result<Vec<AttributeDefinition>, BuildError> {
    let global = found
        .global_secondary_indexes()
        .iter()
        .filter(|index| index.index_name().is_some_and(|name| name != names::GROUP_INDEX && stays(name)));
    let global = global.flat_map(GlobalSecondaryIndexDescription::key_schema);
    let local = found.local_secondary_indexes().iter().flat_map(LocalSecondaryIndexDescription::key_schema);
    let used: BTreeSet<&str> =
        found.key_schema().iter().chain(global).chain(local).map(KeySchemaElement::attribute_name).collect();
    let own = attributes([names::GROUP_UUID, names::SORT_KEY])?;
    let is_own = |name: &str| own.iter().any(|attribute| attribute.attribute_name() == name);
    let beside = found
        .attribute_definitions()
        .iter()
        .filter(|attribute| used.contains(attribute.attribute_name()) && !is_own(attribute.attribute_name()));
    let beside: Vec<AttributeDefinition> = beside.cloned().collect();
    Ok(own.into_iter().chain(beside).collect())
}

fn of_index(name: &str, units: Units) -> Result<GlobalSecondaryIndexUpdate, BuildError> {
    let update = UpdateGlobalSecondaryIndexAction::builder().index_name(name);
    let update = update.provisioned_throughput(units.build()?).build()?;
    Ok(GlobalSecondaryIndexUpdate::builder().update(update).build())
}

impl fmt::Display for Change {
    /// The change as an instruction: `create the index message-group-sk-index`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = names::GROUP_INDEX;
        match self {
            Self::Protect(true) => f.write_str("switch on deletion protection"),
            Self::Protect(false) => f.write_str("switch off deletion protection"),
            Self::DeleteIndex { name, again: false } => write!(f, "delete the index {name}"),
            Self::DeleteIndex { name, again: true } => {
                write!(f, "delete the index {name}, to recreate it")
            }
            Self::Bill { units: None, .. } => f.write_str("change the billing to on-demand"),
            Self::Bill { units: Some(units), .. } => {
                write!(f, "change the billing to provisioned: {units} units")
            }
            Self::Units { units, table: true, index: false, .. } => {
                write!(f, "change the table's units to {units}")
            }
            Self::Units { units, table: false, .. } => {
                write!(f, "change the units of {index} to {units}")
            }
            Self::Units { units, .. } => {
                write!(f, "change the units of the table and its index to {units}")
            }
            Self::CreateIndex { .. } => write!(f, "create the index {index}"),
            Self::DisableStream { again: false } => f.write_str("switch off the stream"),
            Self::DisableStream { again: true } => f.write_str("switch off the stream, to replace it"),
            Self::EnableStream => f.write_str("switch on a stream of new images"),
            Self::Tag(tags) => {
                let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "set the tags {}", tags.join(", "))
            }
            Self::Untag(keys) => write!(f, "remove the tags {}", keys.join(", ")),
        }
    }
}
