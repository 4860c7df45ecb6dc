//! Reading one item of any table, by its key.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use crate::dynamodb::item::expression::{Placeholders, Projection};
use crate::dynamodb::{Capacity, DynamoDb, Item};
use crate::error::Result;

impl DynamoDb {
    /// The item with this key, if there is one.
    pub async fn get_item(
        &self,
        table: &str,
        key: Item,
        attributes: Option<&Projection>,
        consistent: bool,
        read: &mut Capacity,
    ) -> Result<Option<Item>> {
        let mut placeholders = Placeholders::default();
        let projection = attributes.map(|paths| paths.write(&mut placeholders));
        let request = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key))
            .set_projection_expression(projection)
            .set_expression_attribute_names(placeholders.names())
            .set_consistent_read(consistent.then_some(true))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.error("cannot read the item", table, &error))?;
        read.add(&answer);
        Ok(answer.item)
    }
}
