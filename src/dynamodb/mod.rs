//! The only place that talks to DynamoDB: paging, retries and the consumed
//! capacity live here, so no command can forget them.

mod capacity;
mod client;
mod definition;
mod error;
pub mod json;
mod scan;
mod tables;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub use capacity::{Capacity, Units};
pub use client::DynamoDb;
pub use definition::{Billing, Definition, SchemaLoaded};
pub use scan::Scan;

/// An item as the service returns it.
pub type Item = HashMap<String, AttributeValue>;

/// The attributes, keys and the index of the messages table.
pub(crate) mod names {
    pub(crate) const PARTITION_KEY: &str = "pk";
    pub(crate) const SORT_KEY: &str = "sk";
    pub(crate) const GROUP_UUID: &str = "message_group_uuid";
    pub(crate) const GROUP_INDEX: &str = "message-group-sk-index";
}
