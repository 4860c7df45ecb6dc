//! Reading one item of any table, by its key.

use crate::dynamodb::item::expression::{Placeholders, Projection};
use crate::dynamodb::read::page::Reading;
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
            .set_consistent_read(consistent.then_some(true));
        let answer = self.get_page(request, Reading { what: "cannot read the item", table }, read).await?;
        Ok(answer.item)
    }
}
