//! The single definition of the messages table. Everything else is derived from it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingModeSummary, GlobalSecondaryIndex, GlobalSecondaryIndexDescription,
    KeySchemaElement, KeyType, Projection, ProjectionType, ProvisionedThroughput,
    ProvisionedThroughputDescription, ScalarAttributeType, StreamSpecification, StreamViewType,
    TableDescription, Tag,
};

use crate::dynamodb::{Billing, Units};
use crate::error::{Error, Result};
use crate::messages_table::names;

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// The messages table as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definition {
    /// Its billing mode.
    pub billing: Billing,
    /// The units of the table and of its index, when provisioned.
    pub units: Units,
    /// Whether it must have a stream of new images.
    pub stream: bool,
    /// Whether it must be protected against deletion; `None` when it does not matter.
    pub deletion_protection: Option<bool>,
    /// Required tags.
    pub tags: Tags,
    /// Whether it must have nothing else. If not, indexes, tags and a stream that others added do not
    /// count as differences: in many places the stream is switched on by hand.
    pub exact: bool,
}

impl Definition {
    /// The request that creates `table`.
    pub(super) fn request(&self, table: &str) -> Result<CreateTableInputBuilder> {
        self.build(table).map_err(cannot_build)
    }

    fn build(&self, table: &str) -> Result<CreateTableInputBuilder, BuildError> {
        let tags = self.tags.iter().map(|(key, value)| tag(key, value)).collect::<Result<Vec<_>, _>>()?;
        let index = GlobalSecondaryIndex::builder()
            .index_name(names::GROUP_INDEX)
            .set_key_schema(Some(index_key()?))
            .projection(projection())
            .set_provisioned_throughput(self.throughput()?);
        Ok(CreateTableInput::builder()
            .table_name(table)
            .set_key_schema(Some(key_schema(names::PARTITION_KEY, names::SORT_KEY)?))
            .set_attribute_definitions(Some(attributes([
                names::GROUP_UUID,
                names::PARTITION_KEY,
                names::SORT_KEY,
            ])?))
            .global_secondary_indexes(index.build()?)
            .billing_mode(self.billing.mode())
            .set_provisioned_throughput(self.throughput()?)
            .set_stream_specification(self.stream.then(stream).transpose()?)
            .set_deletion_protection_enabled(self.deletion_protection.filter(|on| *on))
            .set_tags((!tags.is_empty()).then_some(tags)))
    }

    /// The table as the service would describe it.
    pub(super) fn described(&self) -> Result<TableDescription> {
        self.describe().map_err(cannot_build)
    }

    fn describe(&self) -> Result<TableDescription, BuildError> {
        let units = self.throughput()?.map(|units| {
            ProvisionedThroughputDescription::builder()
                .read_capacity_units(units.read_capacity_units)
                .write_capacity_units(units.write_capacity_units)
                .build()
        });
        let request = self.build("")?;
        let index = |index: &GlobalSecondaryIndex| {
            GlobalSecondaryIndexDescription::builder()
                .index_name(index.index_name())
                .set_key_schema(Some(index.key_schema().to_vec()))
                .set_projection(index.projection().cloned())
                .set_provisioned_throughput(units.clone())
                .build()
        };
        let indexes = request.get_global_secondary_indexes().iter().flatten().map(index).collect();
        let billing = BillingModeSummary::builder().set_billing_mode(request.get_billing_mode().clone());
        Ok(TableDescription::builder()
            .set_key_schema(request.get_key_schema().clone())
            .set_attribute_definitions(request.get_attribute_definitions().clone())
            .set_global_secondary_indexes(Some(indexes))
            .billing_mode_summary(billing.build())
            .set_provisioned_throughput(units)
            .set_stream_specification(request.get_stream_specification().clone())
            .set_deletion_protection_enabled(*request.get_deletion_protection_enabled())
            .build())
    }

    /// The units of the table and of each index; `None` for on-demand.
    pub(super) fn throughput(&self) -> Result<Option<ProvisionedThroughput>, BuildError> {
        (self.billing == Billing::Provisioned).then(|| self.units.build()).transpose()
    }
}

/// The key of the index.
pub(super) fn index_key() -> Result<Vec<KeySchemaElement>, BuildError> {
    key_schema(names::GROUP_UUID, names::SORT_KEY)
}

/// The projection of the index.
pub(super) fn projection() -> Projection {
    Projection::builder().projection_type(ProjectionType::All).build()
}

/// The stream's specification.
pub(super) fn stream() -> Result<StreamSpecification, BuildError> {
    StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage).build()
}

/// The types of these key attributes.
pub(super) fn attributes<const N: usize>(names: [&str; N]) -> Result<Vec<AttributeDefinition>, BuildError> {
    let attribute = |name| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
    };
    names.into_iter().map(attribute).collect()
}

pub(super) fn tag(key: &str, value: &str) -> Result<Tag, BuildError> {
    Tag::builder().key(key).value(value).build()
}

pub(super) fn cannot_build(cause: BuildError) -> Error {
    Error::failed("cannot build the table's definition").because(cause)
}

fn key_schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build())
        .collect()
}
