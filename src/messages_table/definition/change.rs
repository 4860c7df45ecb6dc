//! The changes that bring a table up to its definition, each of them one request.
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

use super::request::Tags;
use super::request::{attributes, index_key, projection, stream};
use super::{Definition, Difference, Fact};
use crate::dynamodb::{Billing, Units};
use crate::messages_table::names;

/// A change of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Deletion protection is switched on or off.
    Protect(bool),
    /// An index is deleted; `again` if it is created anew.
    DeleteIndex {
        /// Its name.
        name: String,
        /// Whether another one of that name follows.
        again: bool,
    },
    /// The table is paid for in another way: by units, which each index needs too, or by the request.
    Bill {
        /// The units.
        units: Option<Units>,
        /// The indexes that are there then.
        indexes: Vec<String>,
    },
    /// Other units of the table or of its index.
    Units {
        /// How many.
        units: Units,
        /// Of the table.
        table: bool,
        /// Of the index.
        index: bool,
        /// Whether some of them are fewer than before.
        fewer: bool,
    },
    /// The index is created.
    CreateIndex {
        /// Its units; `None` on demand.
        units: Option<Units>,
        /// The types of all attributes that are in a key then.
        attributes: Vec<AttributeDefinition>,
    },
    /// The stream is switched off; `again` if another one follows.
    DisableStream {
        /// Whether another one follows.
        again: bool,
    },
    /// A stream of new images is switched on.
    EnableStream,
    /// Tags are set.
    Tag(Tags),
    /// Tags are removed.
    Untag(Vec<String>),
}

/// What it takes to fill the index that is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// The table's items, by a count that AWS renews every six hours or so. How many of them have
    /// the index's key is not known before they are read.
    pub items: u64,
    /// Write units if all of them have.
    pub write_units: u64,
    /// The index's write units a second; `None` on demand.
    pub per_second: Option<i64>,
}

impl Definition {
    /// The changes that make `found` what it should be, in their order.
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

    /// What filling the index takes, if it is among `changes`.
    pub(super) fn backfill(&self, found: &TableDescription, changes: &[Change]) -> Option<Backfill> {
        let creates = changes.iter().any(|change| matches!(change, Change::CreateIndex { .. }));
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        let items = count(found.item_count());
        creates.then(|| Backfill {
            items,
            // A unit is for 1 KB, and each item has its own.
            write_units: items + count(found.table_size_bytes()) / 1024,
            per_second: (self.billing == Billing::Provisioned).then_some(self.units.write),
        })
    }
}

impl Change {
    /// What is lost or may fail by it, if anything.
    #[must_use]
    pub fn consequence(&self) -> Option<String> {
        match self {
            Self::Protect(false) => Some("the table can be deleted from then on".to_owned()),
            Self::DeleteIndex { name, again: true } => {
                Some(format!("queries of the index {name} fail until it is there again"))
            }
            Self::DeleteIndex { name, again: false } => {
                Some(format!("queries of the index {name} fail from then on"))
            }
            Self::Bill { units: Some(units), .. } | Self::Units { units, fewer: true, .. } => {
                Some(format!("more than {units} units a second are refused"))
            }
            Self::DisableStream { .. } => {
                Some("whoever reads the stream gets nothing more from it".to_owned())
            }
            Self::Untag(keys) => Some(format!("the tags {} are gone", keys.join(", "))),
            _ => None,
        }
    }

    /// The request, if it is an UpdateTable; tags have their own.
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

/// The types of the attributes in the index's key, and in those of all else that `stays`.
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
    /// What is to be done: `create the index message-group-sk-index`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = names::GROUP_INDEX;
        match self {
            Self::Protect(true) => f.write_str("protect the table against deletion"),
            Self::Protect(false) => f.write_str("take the protection against deletion off"),
            Self::DeleteIndex { name, again: false } => write!(f, "delete the index {name}"),
            Self::DeleteIndex { name, again: true } => {
                write!(f, "delete the index {name}, to create it anew")
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
            Self::DisableStream { again: false } => f.write_str("switch the stream off"),
            Self::DisableStream { again: true } => f.write_str("switch the stream off, for another one"),
            Self::EnableStream => f.write_str("switch on a stream of new images"),
            Self::Tag(tags) => {
                let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "set the tags {}", tags.join(", "))
            }
            Self::Untag(keys) => write!(f, "remove the tags {}", keys.join(", ")),
        }
    }
}
