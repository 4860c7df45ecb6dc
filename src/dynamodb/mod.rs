//! A client for any DynamoDB table. Paging, batching, retries and consumed capacity live here, so no
//! command can forget them.

mod capacity;
mod client;
mod concurrency;
pub(crate) mod error;
pub mod item;
mod pricing;
pub(crate) mod read;
pub(crate) mod retry;
mod schema;
pub mod streams;
pub(crate) mod write;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub use crate::aws::{Plan, UnsentRequest, WriteCost};
pub use capacity::{Capacity, Usage};
pub use client::DynamoDb;
pub use concurrency::Concurrency;
pub use item::size::MAX_ITEM_BYTES;
pub use pricing::{DEFAULT_PRICE_REGION, Prices};
pub use read::{Query, QueryRequest, Scan, ScanPage, ScanRequest, Segments, Start};
pub use schema::{
    Billing, Busy, IndexSchema, KeyAttribute, KeyKind, KeySchema, SavedState, SavedTable, TableSchema,
    Truncation, Units,
};
pub use write::{
    BulkOptions, BulkProgress, BulkWriter, BulkWritten, ConditionalWriter, ConditionalWritten, IndexOfKey,
    Pace, SingleWrite,
};

/// An item as the service returns it.
pub type Item = HashMap<String, AttributeValue>;
