//! A saved table definition: what it takes to create the table again.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::types::{
    BillingMode, GlobalSecondaryIndex, LocalSecondaryIndex, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ProvisionedThroughput, ProvisionedThroughputDescription, SseSpecification,
    SseStatus, TableDescription, TableStatus, Tag, TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_smithy_types::body::SdkBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::Tries;
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Kind, Result};

/// A table's definition at the time it was saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedTable {
    /// Its ARN, which names the account. Some emulators have none.
    pub arn: Option<String>,
    /// The request that recreates it, as `aws dynamodb create-table --cli-input-json` accepts it.
    pub create_table: Value,
    /// The time-to-live attribute.
    pub time_to_live: Option<String>,
    /// Whether point-in-time recovery was on.
    pub point_in_time_recovery: bool,
}

/// The present state of a table that was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SavedState {
    /// There is no table of that name.
    Missing,
    /// The table exists, but lacks some of its settings.
    Incomplete,
    /// The table exists as it was saved.
    Whole,
    /// A table with a different definition has its name.
    Another,
}

impl SavedTable {
    /// Whether both have the same create request, whatever the order of its lists.
    fn is_created_like(&self, other: &Self) -> bool {
        sorted(&self.create_table) == sorted(&other.create_table)
    }
}

impl DynamoDb {
    /// The settings that DescribeTable does not return. One that the service does not support is off.
    pub(crate) async fn settings(
        &self,
        table: &str,
        found: &TableDescription,
    ) -> Result<(Option<String>, bool, Vec<Tag>)> {
        let what = format!("cannot read the settings of the table {table:?}");
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

    /// The definition of an existing table.
    pub(crate) async fn definition_of(&self, table: &str, found: &TableDescription) -> Result<SavedTable> {
        let (time_to_live, point_in_time_recovery, tags) = self.settings(table, found).await?;
        let request = definition(found, tags).map_err(|cause| {
            Error::failed(format!("cannot copy the definition of {table:?}")).because(cause)
        })?;
        // The SDK builds the request in a dry run. Nothing is sent.
        let db = self.rehearsing();
        let sent = request.send_with(&db.client).await;
        db.held(async { sent.map_err(|error| self.error("cannot make a request", table, &error)) }).await?;
        let first = db.withheld().into_first();
        let first = first.ok_or_else(|| Error::failed("the table's definition makes no request"))?;
        Ok(SavedTable {
            arn: found.table_arn().map(ToOwned::to_owned),
            create_table: first.request,
            time_to_live,
            point_in_time_recovery,
        })
    }

    /// Compares `table` with its saved definition. Waits while it is being created or deleted.
    pub async fn state_of_saved(&self, table: &str, kept: &SavedTable) -> Result<SavedState> {
        let mut found = self.describe(table).await?;
        if found.as_ref().is_some_and(|found| found.table_status() == Some(&TableStatus::Deleting)) {
            self.wait_until_gone(table, found.as_ref()).await?;
            found = self.describe(table).await?;
        }
        if found.is_none() {
            return Ok(SavedState::Missing);
        }
        let found = self.wait_until_active(table).await?;
        let now = self.definition_of(table, &found).await?;
        if !now.is_created_like(kept) {
            return Ok(SavedState::Another);
        }
        let has_ttl = kept.time_to_live.is_none() || now.time_to_live == kept.time_to_live;
        let has_recovery = now.point_in_time_recovery || !kept.point_in_time_recovery;
        Ok(if has_ttl && has_recovery { SavedState::Whole } else { SavedState::Incomplete })
    }

    /// Creates `table` as it was saved, and waits until it is ready.
    ///
    /// # Errors
    /// [`Kind::Partial`]; the message says how far it got.
    pub async fn create_again(&self, table: &str, kept: &SavedTable) -> Result<()> {
        let created = async {
            match Box::pin(self.held(self.send_again(table, kept))).await? {
                Some(()) => self.wait_until_active(table).await.map(drop),
                // A dry run.
                None => Ok(()),
            }
        };
        created.await.map_err(|error| {
            let message = format!("{}; the table {table:?} was deleted, but not recreated", error.message());
            error.with(Kind::Partial, message)
        })?;
        self.set_again(table, kept).await
    }

    async fn send_again(&self, table: &str, kept: &SavedTable) -> Result<()> {
        let body = kept.create_table.to_string();
        let tries = Tries::default();
        let request = self.client.create_table().table_name(table).customize();
        let sent = request
            .mutate_request(move |request| {
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = SdkBody::from(body.as_str());
            })
            .interceptor(tries.clone())
            .send()
            .await;
        let Err(error) = sent else { return Ok(()) };
        // An earlier try may have created it, though its response was lost.
        let is_there = tries.went_unanswered()
            && self
                .state_of_saved(table, kept)
                .await
                .is_ok_and(|state| matches!(state, SavedState::Whole | SavedState::Incomplete));
        if is_there { Ok(()) } else { Err(self.error("cannot recreate the table", table, &error)) }
    }

    /// Switches on the settings that a create request cannot set.
    ///
    /// # Errors
    /// [`Kind::Partial`] when a setting is missing.
    pub async fn set_again(&self, table: &str, kept: &SavedTable) -> Result<()> {
        self.send_settings(table, kept).await.map_err(|error| {
            let message =
                format!("{}; the table {table:?} was recreated without that setting", error.message());
            error.with(Kind::Partial, message)
        })
    }

    async fn send_settings(&self, table: &str, kept: &SavedTable) -> Result<()> {
        let build = |cause: BuildError| Error::failed("cannot build a setting").because(cause);
        let tries = Tries::default();
        if let Some(attribute) = &kept.time_to_live {
            let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(attribute);
            let request = self.client.update_time_to_live().table_name(table);
            let request = request.time_to_live_specification(ttl.build().map_err(build)?);
            let sent = request.customize().interceptor(tries.clone()).send().await;
            self.held(async {
                match sent {
                    // The service refuses to switch on what is already on.
                    Err(_) if tries.went_unanswered() && self.has_ttl(table, attribute).await => Ok(()),
                    Err(error) => Err(self.error("cannot enable time to live", table, &error)),
                    Ok(_) => Ok(()),
                }
            })
            .await?;
        }
        if kept.point_in_time_recovery {
            let point = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
            let request = self.client.update_continuous_backups().table_name(table);
            let sent =
                request.point_in_time_recovery_specification(point.build().map_err(build)?).send().await;
            let what = "cannot enable point-in-time recovery";
            self.held(async { sent.map_err(|error| self.error(what, table, &error)) }).await?;
        }
        Ok(())
    }

    async fn has_ttl(&self, table: &str, attribute: &str) -> bool {
        let Ok(Some(found)) = self.describe(table).await else { return false };
        let settings = self.settings(table, &found).await;
        settings.is_ok_and(|(ttl, ..)| ttl.as_deref() == Some(attribute))
    }
}

/// The same value with every list sorted.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(sorted).collect();
            values.sort_by_key(ToString::to_string);
            Value::Array(values)
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        other => other.clone(),
    }
}

/// The request that creates a table like this one.
fn definition(found: &TableDescription, tags: Vec<Tag>) -> Result<CreateTableInputBuilder, BuildError> {
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
