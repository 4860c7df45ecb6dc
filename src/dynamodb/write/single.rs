//! Putting and deleting one item of any table, by its key.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{
    ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};

use crate::aws::Tries;
use crate::dynamodb::item::expression::{Condition, Placeholders};
use crate::dynamodb::item::json;
use crate::dynamodb::{Capacity, DynamoDb, Item, KeySchema};
use crate::error::Result;

/// The outcome of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum SingleWrite {
    /// Done. Holds what was there before, if anything.
    Done(Option<Item>),
    /// Done by a try whose response was lost. What was there before is unknown.
    Unheard,
    /// The condition does not hold; nothing was written. Holds what is there, if the service returns it.
    Refused(Option<Item>),
}

impl DynamoDb {
    /// Puts an item, replacing the one with its key, if `condition` holds for that one.
    pub async fn put_item(
        &self,
        table: &str,
        schema: &KeySchema,
        item: Item,
        condition: Option<&Condition>,
        written: &mut Capacity,
    ) -> Result<SingleWrite> {
        let mut placeholders = Placeholders::default();
        let condition = condition.map(|condition| condition.write(&mut placeholders));
        let tries = Tries::default();
        let request = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item.clone()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = request.customize().interceptor(tries.clone()).send().await;
        let is_ours = |found: Option<&Item>| found.is_some_and(|found| same(found, &item));
        match answer {
            Ok(answer) => {
                written.add_written(&answer, 1);
                // The item it replaced is the one that an earlier try put.
                if tries.went_unanswered() && is_ours(answer.attributes.as_ref()) {
                    return Ok(SingleWrite::Unheard);
                }
                Ok(SingleWrite::Done(answer.attributes))
            }
            Err(_)
                if tries.went_unanswered()
                    && self
                        .read_back(table, schema.of_item(&item))
                        .await
                        .is_some_and(|it| is_ours(it.as_ref())) =>
            {
                Ok(SingleWrite::Unheard)
            }
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(SingleWrite::Refused(match error.into_err() {
                    aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                        failed,
                    ) => failed.item,
                    _ => None,
                }))
            }
            Err(error) => Err(self.error("cannot put the item", table, &error)),
        }
    }

    /// Deletes the item with this key, if `condition` holds for it.
    pub async fn delete_item(
        &self,
        table: &str,
        key: Item,
        condition: Option<&Condition>,
        written: &mut Capacity,
    ) -> Result<SingleWrite> {
        let mut placeholders = Placeholders::default();
        let condition = condition.map(|condition| condition.write(&mut placeholders));
        let tries = Tries::default();
        let request = self
            .client
            .delete_item()
            .table_name(table)
            .set_key(Some(key.clone()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = request.customize().interceptor(tries.clone()).send().await;
        match answer {
            Ok(answer) if tries.went_unanswered() && answer.attributes.is_none() => {
                written.add_written(&answer, 0);
                Ok(SingleWrite::Unheard)
            }
            Ok(answer) => {
                written.add_written(&answer, usize::from(answer.attributes.is_some()));
                Ok(SingleWrite::Done(answer.attributes))
            }
            Err(_) if tries.went_unanswered() && self.read_back(table, key).await == Some(None) => {
                Ok(SingleWrite::Unheard)
            }
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(SingleWrite::Refused(match error.into_err() {
                    aws_sdk_dynamodb::operation::delete_item::DeleteItemError::ConditionalCheckFailedException(
                        failed,
                    ) => failed.item,
                    _ => None,
                }))
            }
            Err(error) => Err(self.error("cannot delete the item", table, &error)),
        }
    }

    /// Reads the item with this key after the response to a write was lost; `None` if that fails.
    async fn read_back(&self, table: &str, key: Item) -> Option<Option<Item>> {
        self.get_item(table, key, None, true, &mut Capacity::default()).await.ok()
    }
}

/// Whether two items are equal, however their numbers and sets are written.
pub(crate) fn same(one: &Item, other: &Item) -> bool {
    let canonical = |item: &Item| {
        let mut bytes = Vec::new();
        json::canonical(item, &mut bytes);
        bytes
    };
    canonical(one) == canonical(other)
}
