//! The definition of the messages table: what it should be, what it is, and the
//! difference between the two.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ProvisionedThroughput, ScalarAttributeType, StreamSpecification, StreamViewType,
    TableDescription,
};

use super::{DynamoDb, names};
use crate::error::{Error, Result};

/// Read and write units of the table and of its index when provisioned.
const PROVISIONED_UNITS: i64 = 5;
/// What the units are called among the facts of a definition.
const UNITS: &str = "units";

/// How a table is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Billing {
    /// 5 read and 5 write units, on the table and on the index
    Provisioned,
    /// By the request
    OnDemand,
}

/// The messages table as it should be.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// How it is paid for.
    pub billing: Billing,
    /// Whether it must have a stream of new images. A stream that nobody asked
    /// for is no difference: it is switched on by hand in many places.
    pub stream: bool,
    /// Whether it must be protected against deletion. Protection that nobody asked
    /// for is no difference either.
    pub deletion_protection: bool,
}

/// What [`DynamoDb::load_schema`] found or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaLoaded {
    /// The table was created and is ready.
    Created,
    /// It was there and equal.
    Equal,
    /// It was there and equal, and is protected against deletion from now on.
    Protected,
    /// It was there and differs: a line for each difference.
    Different(Vec<String>),
}

/// One thing in which a table is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What it is about, such as `key`, or `index NAME, projection`.
    pub fact: String,
    /// What there is; `none` when there is nothing of it.
    pub found: String,
    /// What there should be; `none` when there should be nothing of it.
    pub expected: String,
}

impl Difference {
    /// Whether it is about provisioned units, which are tuned to the load.
    #[must_use]
    pub fn is_about_units(&self) -> bool {
        self.fact.ends_with(UNITS)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, expected {}", self.fact, self.found, self.expected)
    }
}

impl DynamoDb {
    /// Creates the messages table unless it is there, and waits until the table
    /// and its index are ready. Never changes a table that is there, but for its
    /// deletion protection.
    pub async fn load_schema(&self, table: &str, definition: Definition) -> Result<SchemaLoaded> {
        if let Some(found) = self.describe(table).await? {
            if found.table_status() == Some(&aws_sdk_dynamodb::types::TableStatus::Deleting) {
                return Err(Error::failed(format!(
                    "the table {table:?} on {} is being deleted",
                    self.place()
                ))
                .hint("try again when it is gone"));
            }
            let found = self.wait_until_active(table).await?;
            let differences = definition.differences(&found);
            if !differences.is_empty() {
                return Ok(SchemaLoaded::Different(differences.iter().map(ToString::to_string).collect()));
            }
            if definition.deletion_protection && found.deletion_protection_enabled() != Some(true) {
                self.set_deletion_protection(table, true).await?;
                return Ok(SchemaLoaded::Protected);
            }
            return Ok(SchemaLoaded::Equal);
        }
        self.create(table, definition).await?;
        self.wait_until_active(table).await?;
        Ok(SchemaLoaded::Created)
    }

    async fn create(&self, table: &str, definition: Definition) -> Result<()> {
        let build = |cause: BuildError| Error::failed("cannot build the table's definition").because(cause);
        let throughput = (definition.billing == Billing::Provisioned)
            .then(|| {
                ProvisionedThroughput::builder()
                    .read_capacity_units(PROVISIONED_UNITS)
                    .write_capacity_units(PROVISIONED_UNITS)
                    .build()
            })
            .transpose()
            .map_err(build)?;
        let index = GlobalSecondaryIndex::builder()
            .index_name(names::GROUP_INDEX)
            .set_key_schema(Some(key_schema(names::GROUP_UUID, names::SORT_KEY).map_err(build)?))
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .set_provisioned_throughput(throughput.clone())
            .build()
            .map_err(build)?;
        let attributes = [names::GROUP_UUID, names::PARTITION_KEY, names::SORT_KEY]
            .into_iter()
            .map(|name| {
                AttributeDefinition::builder()
                    .attribute_name(name)
                    .attribute_type(ScalarAttributeType::S)
                    .build()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(build)?;
        let stream = definition
            .stream
            .then(|| {
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(StreamViewType::NewImage)
                    .build()
            })
            .transpose()
            .map_err(build)?;
        self.client
            .create_table()
            .table_name(table)
            .set_key_schema(Some(key_schema(names::PARTITION_KEY, names::SORT_KEY).map_err(build)?))
            .set_attribute_definitions(Some(attributes))
            .global_secondary_indexes(index)
            .billing_mode(match definition.billing {
                Billing::Provisioned => BillingMode::Provisioned,
                Billing::OnDemand => BillingMode::PayPerRequest,
            })
            .set_provisioned_throughput(throughput)
            .set_stream_specification(stream)
            .set_deletion_protection_enabled(definition.deletion_protection.then_some(true))
            .send()
            .await
            .map_err(|error| self.error(&format!("cannot create the table {table:?}"), table, &error))?;
        Ok(())
    }
}

fn key_schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build())
        .collect()
}

impl Definition {
    /// Each thing in which `found` is not as it should be.
    pub(super) fn differences(self, found: &TableDescription) -> Vec<Difference> {
        let expected = self.facts();
        let found = facts_of(found, self.stream);
        let facts: std::collections::BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
        facts
            .into_iter()
            .filter_map(|fact| {
                let (want, have) = (expected.get(fact), found.get(fact));
                let text = |value: Option<&String>| value.map_or("none", String::as_str).to_owned();
                (want != have).then(|| Difference {
                    fact: fact.clone(),
                    found: text(have),
                    expected: text(want),
                })
            })
            .collect()
    }

    fn facts(self) -> BTreeMap<String, String> {
        let (billing, units) = match self.billing {
            Billing::Provisioned => {
                ("provisioned", Some(format!("{PROVISIONED_UNITS} read, {PROVISIONED_UNITS} write")))
            }
            Billing::OnDemand => ("on-demand", None),
        };
        let index = names::GROUP_INDEX;
        let mut facts: BTreeMap<String, String> = [
            ("key".to_owned(), "pk (S, HASH), sk (S, RANGE)"),
            ("billing".to_owned(), billing),
            (format!("index {index}, key"), "message_group_uuid (S, HASH), sk (S, RANGE)"),
            (format!("index {index}, projection"), "ALL"),
        ]
        .into_iter()
        .map(|(fact, value)| (fact, value.to_owned()))
        .collect();
        if let Some(units) = units {
            facts.insert(UNITS.to_owned(), units.clone());
            facts.insert(format!("index {index}, {UNITS}"), units);
        }
        if self.stream {
            facts.insert("stream".to_owned(), StreamViewType::NewImage.to_string());
        }
        facts
    }
}

/// What `table` is, in the same words as [`Definition::facts`].
fn facts_of(table: &TableDescription, with_stream: bool) -> BTreeMap<String, String> {
    let types = table.attribute_definitions();
    let key = |schema: &[KeySchemaElement]| {
        schema
            .iter()
            .map(|element| {
                let name = element.attribute_name();
                let kind = types
                    .iter()
                    .find(|attribute| attribute.attribute_name() == name)
                    .map_or("?", |attribute| attribute.attribute_type().as_str());
                format!("{name} ({kind}, {})", element.key_type())
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let units = |throughput: Option<&aws_sdk_dynamodb::types::ProvisionedThroughputDescription>| {
        let read = throughput
            .and_then(aws_sdk_dynamodb::types::ProvisionedThroughputDescription::read_capacity_units)
            .unwrap_or_default();
        let write = throughput
            .and_then(aws_sdk_dynamodb::types::ProvisionedThroughputDescription::write_capacity_units)
            .unwrap_or_default();
        format!("{read} read, {write} write")
    };
    let on_demand = table.billing_mode_summary().and_then(|summary| summary.billing_mode())
        == Some(&BillingMode::PayPerRequest);
    let mut facts = BTreeMap::new();
    facts.insert("key".to_owned(), key(table.key_schema()));
    facts.insert("billing".to_owned(), if on_demand { "on-demand" } else { "provisioned" }.to_owned());
    if !on_demand {
        facts.insert(UNITS.to_owned(), units(table.provisioned_throughput()));
    }
    for index in table.global_secondary_indexes() {
        let name = format!("index {}", index.index_name().unwrap_or("?"));
        let projection = index.projection().and_then(|projection| projection.projection_type());
        facts.insert(format!("{name}, key"), key(index.key_schema()));
        facts
            .insert(format!("{name}, projection"), projection.map_or("?", ProjectionType::as_str).to_owned());
        if !on_demand {
            facts.insert(format!("{name}, {UNITS}"), units(index.provisioned_throughput()));
        }
    }
    for index in table.local_secondary_indexes() {
        let name = index.index_name().unwrap_or("?");
        facts.insert(format!("local index {name}, key"), key(index.key_schema()));
    }
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
    if with_stream && let Some(kind) = stream.and_then(|stream| stream.stream_view_type()) {
        facts.insert("stream".to_owned(), kind.to_string());
    }
    facts
}

impl DynamoDb {
    /// The table's description; `None` when there is no such table.
    pub(super) async fn describe(&self, table: &str) -> Result<Option<TableDescription>> {
        match self.client.describe_table().table_name(table).send().await {
            Ok(answer) => {
                Ok(Some(answer.table.ok_or(()).map_err(|()| {
                    Error::failed(format!("DynamoDB at {} describes no table", self.place()))
                })?))
            }
            Err(error) if super::error::is_not_found(&error) => Ok(None),
            Err(error) => Err(self.error(&format!("cannot look at the table {table:?}"), table, &error)),
        }
    }
}
