//! TransactWriteItems: all or nothing, and only if the table has not changed since it was read.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity, TransactWriteItem,
};
use uuid::Uuid;

use crate::aws::is_not_sent;
use crate::dynamodb::error::is_server_error;
use crate::dynamodb::{Capacity, DynamoDb, Item, KeySchema};
use crate::error::{Error, Result};

/// Reasons that mean another writer came first, or the table is busy: read again and retry.
/// Source: "TransactWriteItems" in the API reference.
const PASSING: [&str; 4] =
    [CONDITION_FAILED, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// The condition that no item has this key.
const ABSENT: &str = "attribute_not_exists(#pk)";

/// The writes of one transaction, on different items. At most 100.
pub(crate) struct Transaction<'a> {
    table: &'a str,
    key: &'a KeySchema,
    actions: Vec<TransactWriteItem>,
}

/// How a transaction ended.
pub(crate) enum TransactionOutcome {
    /// All of it is written.
    Done,
    /// Nothing is written. For each action in order, whether its condition failed.
    Overtaken(Vec<bool>),
}

impl<'a> Transaction<'a> {
    pub(crate) const fn new(table: &'a str, key: &'a KeySchema) -> Self {
        Self { table, key, actions: Vec::new() }
    }

    /// Puts an item, on the condition that none has its key.
    pub(crate) fn put_new(&mut self, item: Item) -> Result<()> {
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression(ABSENT)
            .expression_attribute_names("#pk", partition_key(self.key));
        self.push(TransactWriteItem::builder().put(put.build().map_err(incomplete)?));
        Ok(())
    }

    /// Replaces `former`, which must not have changed since it was read, with `item`, which has its key.
    pub(crate) fn replace(&mut self, former: &Item, item: Item) -> Result<()> {
        let unchanged = Unchanged::of(former, self.key);
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression(unchanged.expression)
            .set_expression_attribute_names(Some(unchanged.names))
            .set_expression_attribute_values(unchanged.values);
        self.push(TransactWriteItem::builder().put(put.build().map_err(incomplete)?));
        Ok(())
    }

    /// Deletes `item`, which must not have changed since it was read.
    pub(crate) fn delete(&mut self, item: &Item) -> Result<()> {
        let unchanged = Unchanged::of(item, self.key);
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(self.key.of_item(item)))
            .condition_expression(unchanged.expression)
            .set_expression_attribute_names(Some(unchanged.names))
            .set_expression_attribute_values(unchanged.values);
        self.push(TransactWriteItem::builder().delete(delete.build().map_err(incomplete)?));
        Ok(())
    }

    /// Writes nothing; checks that `item` has not changed since it was read.
    pub(crate) fn check(&mut self, item: &Item) -> Result<()> {
        let unchanged = Unchanged::of(item, self.key);
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(self.key.of_item(item)))
            .condition_expression(unchanged.expression)
            .set_expression_attribute_names(Some(unchanged.names))
            .set_expression_attribute_values(unchanged.values);
        self.push(TransactWriteItem::builder().condition_check(check.build().map_err(incomplete)?));
        Ok(())
    }

    /// For each action in order, whether it puts an item whose key must be free.
    pub(crate) fn new_items(&self) -> Vec<bool> {
        let is_new = |put: &Put| put.condition_expression() == Some(ABSENT);
        self.actions.iter().map(|action| action.put().is_some_and(is_new)).collect()
    }

    fn push(&mut self, action: aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder) {
        self.actions.push(action.build());
    }
}

/// The condition that an item has the same values as when it was read. Checking the key alone would
/// miss, for example, that a user was renamed meanwhile.
struct Unchanged {
    expression: String,
    names: HashMap<String, String>,
    values: Option<Item>,
}

impl Unchanged {
    fn of(item: &Item, key: &KeySchema) -> Self {
        let mut terms = vec!["attribute_exists(#pk)".to_owned()];
        let mut aliases = HashMap::from([("#pk".to_owned(), partition_key(key).to_owned())]);
        let mut values = Item::new();
        // Sorted by name, so that a plan shows the very request that is sent.
        let mut attributes: Vec<_> = item.iter().filter(|(name, _)| key.part(name).is_none()).collect();
        attributes.sort_by_key(|(name, _)| *name);
        for (index, (name, value)) in attributes.into_iter().enumerate() {
            terms.push(format!("#a{index} = :a{index}"));
            aliases.insert(format!("#a{index}"), name.clone());
            values.insert(format!(":a{index}"), value.clone());
        }
        let values = (!values.is_empty()).then_some(values);
        Self { expression: terms.join(" AND "), names: aliases, values }
    }
}

impl DynamoDb {
    /// Sends `transaction` with an idempotency token, so that a retry does not carry it out twice.
    ///
    /// # Errors
    /// Anything but being overtaken by another writer. A hint says so when it is unknown whether the
    /// transaction was carried out.
    pub(crate) async fn transact(
        &self,
        transaction: Transaction<'_>,
        what: &str,
        capacity: &mut Capacity,
    ) -> Result<TransactionOutcome> {
        let looks = |action: &&TransactWriteItem| action.condition_check().is_some();
        let writes = transaction.actions.len() - transaction.actions.iter().filter(looks).count();
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(transaction.actions))
            .client_request_token(Uuid::new_v4().to_string())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let error = match request.send().await {
            Ok(answer) => {
                capacity.add_written(&answer, writes);
                return Ok(TransactionOutcome::Done);
            }
            Err(error) if is_not_sent(&error) => return Ok(TransactionOutcome::Done),
            Err(error) => error,
        };
        if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        {
            let reasons = canceled.cancellation_reasons();
            if let Some(failed) = passing(reasons) {
                return Ok(TransactionOutcome::Overtaken(failed));
            }
            if let Some(reason) = reasons.iter().find(|reason| is_lasting(reason)) {
                let code = reason.code().unwrap_or_default();
                return Err(self.endpoint().service_error(what, code, reason.message()));
            }
        }
        // After a lost response or a server error, it is unknown whether the request was carried out.
        let refused = error.as_service_error().is_some() && !is_server_error(&error);
        let error = self.error(what, transaction.table, &error);
        Err(if refused {
            error
        } else {
            error.hint("it may have been written: check before you run it again")
        })
    }
}

/// For each action, whether its condition failed. `None` if none of them failed, or if one failed for
/// a reason that a retry does not fix.
fn passing(reasons: &[CancellationReason]) -> Option<Vec<bool>> {
    if reasons.iter().all(succeeded) || reasons.iter().any(is_lasting) {
        return None;
    }
    Some(reasons.iter().map(|reason| reason.code() == Some(CONDITION_FAILED)).collect())
}

/// Whether this action had no failure of its own: another one stopped the transaction.
fn succeeded(reason: &CancellationReason) -> bool {
    matches!(reason.code(), None | Some("None"))
}

fn is_lasting(reason: &CancellationReason) -> bool {
    !succeeded(reason) && !reason.code().is_some_and(|code| PASSING.contains(&code))
}

/// The partition key attribute, which every item has.
fn partition_key(key: &KeySchema) -> &str {
    key.names().next().unwrap_or_default()
}

fn incomplete(cause: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::failed("cannot build a transaction").because(cause)
}
