//! A table that is dropped and created again, with the same definition and without its items.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::types::{
    BillingMode, GlobalSecondaryIndex, LocalSecondaryIndex, PointInTimeRecoveryStatus, ProvisionedThroughput,
    ProvisionedThroughputDescription, SseSpecification, SseStatus, TableDescription, Tag, TimeToLiveStatus,
};

use crate::aws::WriteCost;
use crate::config::Target;
use crate::dynamodb::{DynamoDb, KeySchema, SavedTable, TableSchema};
use crate::error::{Error, Result};

/// A table that is to be emptied.
#[derive(Debug)]
pub struct Truncation {
    /// Its key.
    pub key: KeySchema,
    /// Its items and their bytes, by a count that AWS renews every six hours or so.
    pub items: u64,
    /// See `items`.
    pub bytes: u64,
    /// The items that each of its indexes holds.
    pub indexed: Vec<(String, u64)>,
    /// Why it had better not be created anew: what would be lost, or may be.
    pub obstacles: Vec<String>,
    /// What makes it impossible.
    pub refusal: Option<String>,
    /// Its definition, as it is needed again.
    pub definition: SavedTable,
}

impl Truncation {
    /// Read units of a scan of the whole table, by its size.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn read_units(&self) -> f64 {
        (self.bytes as f64 / 4096.0).ceil().max(1.0) / 2.0
    }

    /// Write units of deleting every item, by their average size and those of the indexes.
    #[must_use]
    pub fn write_units(&self) -> u64 {
        self.cost().units()
    }

    fn cost(&self) -> WriteCost {
        self.effort_of(self.items)
    }

    /// What deleting so many items takes, of the table and of its indexes.
    #[must_use]
    pub fn effort_of(&self, items: u64) -> WriteCost {
        let each = if self.items == 0 { 1 } else { self.bytes.div_ceil(self.items).div_ceil(1024).max(1) };
        WriteCost {
            items,
            table_units: items * each,
            index_units: self.indexed.iter().map(|(index, items)| (index.clone(), items * each)).collect(),
            at_least: false,
        }
    }
}

impl DynamoDb {
    /// Looks at `table`, and at what it would take to create it again.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table, or it is not ready.
    pub async fn plan_truncation(&self, table: &str) -> Result<Truncation> {
        let Some(found) = self.describe(table).await? else { return Err(self.no_table(table).await?) };
        let status = found.table_status().map_or("?", |status| status.as_str());
        if !matches!(status, "ACTIVE" | "UPDATING") {
            return Err(Error::failed(format!("the table {table:?} on {} is {status}", self.place()))
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

    /// What DescribeTable does not tell. What the service does not know, it does not have.
    pub(crate) async fn settings(
        &self,
        table: &str,
        found: &TableDescription,
    ) -> Result<(Option<String>, bool, Vec<Tag>)> {
        let what = format!("cannot look at the settings of the table {table:?}");
        let is_unknown = |code: Option<&str>| {
            matches!(code, Some("UnknownOperationException" | "ValidationException" | "NotImplemented"))
        };
        let ttl = match self.client.describe_time_to_live().table_name(table).send().await {
            Ok(answer) => answer.time_to_live_description.and_then(|ttl| {
                let is_on = matches!(
                    ttl.time_to_live_status(),
                    Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
                );
                ttl.attribute_name.filter(|_| is_on)
            }),
            Err(error) if is_unknown(crate::aws::code(&error)) => None,
            Err(error) => return Err(self.error(&what, table, &error)),
        };
        let point_in_time = match self.client.describe_continuous_backups().table_name(table).send().await {
            Ok(answer) => answer
                .continuous_backups_description
                .and_then(|backups| backups.point_in_time_recovery_description)
                .is_some_and(|point| {
                    point.point_in_time_recovery_status() == Some(&PointInTimeRecoveryStatus::Enabled)
                }),
            Err(error) if is_unknown(crate::aws::code(&error)) => false,
            Err(error) => return Err(self.error(&what, table, &error)),
        };
        let mut tags = Vec::new();
        let mut next = None;
        while let Some(arn) = found.table_arn() {
            match self.client.list_tags_of_resource().resource_arn(arn).set_next_token(next).send().await {
                Ok(answer) => {
                    tags.extend(answer.tags.unwrap_or_default());
                    next = answer.next_token;
                }
                Err(error) if is_unknown(crate::aws::code(&error)) => break,
                Err(error) => return Err(self.error(&what, table, &error)),
            }
            if next.is_none() {
                break;
            }
        }
        Ok((ttl, point_in_time, tags))
    }

    fn obstacles(&self, found: &TableDescription, point_in_time: bool) -> Vec<String> {
        let mut obstacles = Vec::new();
        if found
            .stream_specification()
            .is_some_and(aws_sdk_dynamodb::types::StreamSpecification::stream_enabled)
        {
            obstacles
                .push("its stream would be another one, and who follows it would be left behind".to_owned());
        }
        if point_in_time {
            obstacles.push("what point-in-time recovery has kept would be lost".to_owned());
        }
        if self.target() == Target::Prod {
            obstacles.push(
                "alarms, autoscaling, resource policies, Kinesis destinations and Contributor Insights hang on the \
                 table, cannot be seen from here, and would be lost"
                    .to_owned(),
            );
        }
        obstacles
    }

    /// Deletes the table, waits until it is gone, creates it again, and waits until it is ready.
    ///
    /// # Errors
    /// [`crate::error::Kind::Partial`] when the table is gone and could not be created.
    pub async fn recreate(&self, table: &str, definition: &SavedTable) -> Result<()> {
        self.held(self.drop_table(table)).await?;
        self.create_again(table, definition).await
    }
}

/// What a description tells that a request to create cannot, or what forbids deleting.
fn refusal(found: &TableDescription) -> Option<String> {
    if found.deletion_protection_enabled() == Some(true) {
        return Some("its deletion protection is on".to_owned());
    }
    if !found.replicas().is_empty() || found.global_table_version().is_some() {
        return Some("it has replicas in other regions".to_owned());
    }
    None
}

/// The request that creates a table like this one.
pub(crate) fn definition(
    found: &TableDescription,
    tags: Vec<Tag>,
) -> Result<CreateTableInputBuilder, BuildError> {
    let billing = found.billing_mode_summary().and_then(|summary| summary.billing_mode()).cloned();
    let billing = billing.unwrap_or(BillingMode::Provisioned);
    let is_provisioned = billing == BillingMode::Provisioned;
    let units = |units: Option<&ProvisionedThroughputDescription>| {
        let units = units.filter(|_| is_provisioned);
        let build = |units: &ProvisionedThroughputDescription| {
            ProvisionedThroughput::builder()
                .set_read_capacity_units(units.read_capacity_units())
                .set_write_capacity_units(units.write_capacity_units())
                .build()
        };
        units.map(build).transpose()
    };
    let global = found.global_secondary_indexes().iter().map(|index| {
        GlobalSecondaryIndex::builder()
            .set_index_name(index.index_name().map(ToOwned::to_owned))
            .set_key_schema(Some(index.key_schema().to_vec()))
            .set_projection(index.projection().cloned())
            .set_provisioned_throughput(units(index.provisioned_throughput())?)
            .set_on_demand_throughput(index.on_demand_throughput().cloned())
            .build()
    });
    let global: Vec<GlobalSecondaryIndex> = global.collect::<Result<_, _>>()?;
    let local = found.local_secondary_indexes().iter().map(|index| {
        LocalSecondaryIndex::builder()
            .set_index_name(index.index_name().map(ToOwned::to_owned))
            .set_key_schema(Some(index.key_schema().to_vec()))
            .set_projection(index.projection().cloned())
            .build()
    });
    let local: Vec<LocalSecondaryIndex> = local.collect::<Result<_, _>>()?;
    let encryption = found.sse_description().filter(|sse| {
        matches!(sse.status(), Some(SseStatus::Enabled | SseStatus::Enabling | SseStatus::Updating))
    });
    let encryption = encryption.map(|sse| {
        SseSpecification::builder()
            .enabled(true)
            .set_sse_type(sse.sse_type().cloned())
            .set_kms_master_key_id(sse.kms_master_key_arn().map(ToOwned::to_owned))
            .build()
    });
    let class = found.table_class_summary().and_then(|summary| summary.table_class()).cloned();
    Ok(CreateTableInput::builder()
        .set_table_name(found.table_name().map(ToOwned::to_owned))
        .set_attribute_definitions(Some(found.attribute_definitions().to_vec()))
        .set_key_schema(Some(found.key_schema().to_vec()))
        .set_provisioned_throughput(units(found.provisioned_throughput())?)
        .billing_mode(billing)
        .set_on_demand_throughput(found.on_demand_throughput().cloned())
        .set_global_secondary_indexes((!global.is_empty()).then_some(global))
        .set_local_secondary_indexes((!local.is_empty()).then_some(local))
        .set_stream_specification(found.stream_specification().cloned())
        .set_sse_specification(encryption)
        .set_table_class(class)
        .set_tags((!tags.is_empty()).then_some(tags)))
}
