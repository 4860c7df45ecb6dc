//! The only place that talks to DynamoDB: paging, waiting and retries
//! live here, so no command can forget them.

mod client;
mod definition;
mod error;
mod tables;

pub use client::DynamoDb;
pub use definition::{Billing, Definition, SchemaLoaded};

/// The attributes, keys and the index of the messages table.
pub(crate) mod names {
    pub(crate) const PARTITION_KEY: &str = "pk";
    pub(crate) const SORT_KEY: &str = "sk";
    pub(crate) const GROUP_UUID: &str = "message_group_uuid";
    pub(crate) const GROUP_INDEX: &str = "message-group-sk-index";
}
