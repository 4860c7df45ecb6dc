//! TransactWriteItems: all of it or nothing, and only if the table is still as read.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity, TransactWriteItem,
};
use uuid::Uuid;

use super::items::key;
use super::{Capacity, DynamoDb, Item, names};
use crate::error::{Error, Result};

/// Reasons that mean another writer was there first, or that the table is busy:
/// read again, and try again. Source: "TransactWriteItems" in the API reference.
const PASSING: [&str; 4] =
    [CONDITION_FAILED, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
const CONDITION_FAILED: &str = "ConditionalCheckFailed";
/// Errors of the request as a whole that mean the same.
const PASSING_ERRORS: [&str; 2] = ["TransactionConflictException", "TransactionInProgressException"];

/// The writes of one transaction, on different items. At most 100.
pub(super) struct Transaction<'a> {
    table: &'a str,
    actions: Vec<TransactWriteItem>,
}

/// How a transaction ended.
pub(super) enum Outcome {
    /// All of it is written.
    Done,
    /// None of it is: for each action in order, whether its condition failed.
    Overtaken(Vec<bool>),
}

impl<'a> Transaction<'a> {
    pub(super) const fn new(table: &'a str) -> Self {
        Self { table, actions: Vec::new() }
    }

    /// Puts an item where there is none.
    pub(super) fn put_new(&mut self, item: Item) -> Result<()> {
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", names::PARTITION_KEY);
        self.push(TransactWriteItem::builder().put(put.build().map_err(incomplete)?));
        Ok(())
    }

    /// Puts `item` in the place of `former`, which has the same key and must be as it was read.
    pub(super) fn replace(&mut self, former: &Item, item: Item) -> Result<()> {
        let unchanged = Unchanged::of(former);
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression(unchanged.expression)
            .set_expression_attribute_names(Some(unchanged.names))
            .set_expression_attribute_values(unchanged.values);
        self.push(TransactWriteItem::builder().put(put.build().map_err(incomplete)?));
        Ok(())
    }

    /// Deletes `item`, which must be as it was read.
    pub(super) fn delete(&mut self, item: &Item) -> Result<()> {
        let unchanged = Unchanged::of(item);
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(key(item)))
            .condition_expression(unchanged.expression)
            .set_expression_attribute_names(Some(unchanged.names))
            .set_expression_attribute_values(unchanged.values);
        self.push(TransactWriteItem::builder().delete(delete.build().map_err(incomplete)?));
        Ok(())
    }

    /// Writes nothing; `item` must be as it was read.
    pub(super) fn check(&mut self, item: &Item) -> Result<()> {
        let unchanged = Unchanged::of(item);
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(key(item)))
            .condition_expression(unchanged.expression)
            .set_expression_attribute_names(Some(unchanged.names))
            .set_expression_attribute_values(unchanged.values);
        self.push(TransactWriteItem::builder().condition_check(check.build().map_err(incomplete)?));
        Ok(())
    }

    fn push(&mut self, action: aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder) {
        self.actions.push(action.build());
    }
}

/// The condition that an item holds what it held when it was read: the key alone
/// does not tell whether somebody has renamed a user in between.
struct Unchanged {
    expression: String,
    names: HashMap<String, String>,
    values: Option<Item>,
}

impl Unchanged {
    fn of(item: &Item) -> Self {
        let mut terms = vec!["attribute_exists(#pk)".to_owned()];
        let mut aliases = HashMap::from([("#pk".to_owned(), names::PARTITION_KEY.to_owned())]);
        let mut values = Item::new();
        let is_key = |name: &str| name == names::PARTITION_KEY || name == names::SORT_KEY;
        for (index, (name, value)) in item.iter().filter(|(name, _)| !is_key(name)).enumerate() {
            terms.push(format!("#a{index} = :a{index}"));
            aliases.insert(format!("#a{index}"), name.clone());
            values.insert(format!(":a{index}"), value.clone());
        }
        let values = (!values.is_empty()).then_some(values);
        Self { expression: terms.join(" AND "), names: aliases, values }
    }
}

impl DynamoDb {
    /// Sends `transaction` with an idempotency token, so that a request the SDK
    /// repeats is not carried out twice.
    ///
    /// # Errors
    /// Anything but being overtaken by another writer.
    pub(super) async fn transact(
        &self,
        transaction: Transaction<'_>,
        what: &str,
        capacity: &mut Capacity,
    ) -> Result<Outcome> {
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(transaction.actions))
            .client_request_token(Uuid::new_v4().to_string())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await;
        let error = match answer {
            Ok(answer) => {
                // One table written, so at most one figure.
                capacity.add(answer.consumed_capacity.as_deref().and_then(<[_]>::first));
                return Ok(Outcome::Done);
            }
            Err(error) => error,
        };
        let service = error.as_service_error();
        if let Some(service) = service
            && let TransactWriteItemsError::TransactionCanceledException(canceled) = service
            && let Some(failed) = passing(canceled.cancellation_reasons())
        {
            return Ok(Outcome::Overtaken(failed));
        }
        if service.and_then(|service| service.code()).is_some_and(|code| PASSING_ERRORS.contains(&code))
            || super::error::is_throttled(&error)
        {
            return Ok(Outcome::Overtaken(Vec::new()));
        }
        let refused = service.is_some();
        let error = self.error(what, transaction.table, &error);
        // Of an answer that never came, nobody knows what it would have been.
        Err(if refused {
            error
        } else {
            error.hint("it may be written or not: look before you run it again")
        })
    }
}

/// For each action, whether its condition failed; `None` when one of them failed
/// for a reason that trying again does not mend.
fn passing(reasons: &[CancellationReason]) -> Option<Vec<bool>> {
    let codes = || reasons.iter().filter_map(|reason| reason.code().filter(|code| *code != "None"));
    if codes().next().is_none() || codes().any(|code| !PASSING.contains(&code)) {
        return None;
    }
    Some(reasons.iter().map(|reason| reason.code() == Some(CONDITION_FAILED)).collect())
}

fn incomplete(cause: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::failed("cannot build a transaction").because(cause)
}
