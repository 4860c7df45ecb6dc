//! The only place that talks to DynamoDB: paging, batching, retries and the
//! consumed capacity live here, so no command can forget them.

mod backoff;
mod batch;
mod bulk;
mod capacity;
mod check;
mod client;
mod conversations;
mod copies;
mod empty;
mod error;
mod explain;
pub mod expression;
mod fit;
mod groups;
mod inspect;
mod items;
pub mod json;
mod keep;
mod kept;
mod partitions;
mod plan;
mod prices;
mod query;
mod recreate;
mod relink;
mod rename;
mod rows;
mod scan;
mod schema;
mod send;
mod shape;
mod single;
pub mod size;
mod stats;
pub mod stream;
mod tables;
mod timeline;
mod transaction;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub use crate::aws::{Effort, Plan, Unsent};
pub use batch::Written;
pub use bulk::{BulkOptions, BulkProgress, BulkWriter, BulkWritten, KeyNames, Pace, Writers};
pub use capacity::{Capacity, Usage};
pub use check::{
    Counts, Examined, Finding, Mentioned, Mode, Names, Promise, Survey, Surveyed, Suspect, Write,
};
pub use client::DynamoDb;
pub use conversations::Created;
pub use explain::{Explanation, Figures, Request, Watched, Way};
pub use inspect::{Inspected, Listed};
pub use keep::{KeepWriter, Kept};
pub use kept::{KeptState, KeptTable};
pub use prices::{DEFAULT_PRICE_REGION, Prices};
pub use query::{Query, QueryRequest};
pub use recreate::Emptying;
pub use relink::{Naming, Relinked};
pub use rename::{RenamePlan, RenamedCopies};
pub use scan::{Scan, ScanPage, ScanRequest, Segments, Start};
pub use schema::{Backfill, Billing, Busy, Change, Comparison, Definition, Difference, Fact, Printed, Units};
pub use send::{MAX_ITEM_BYTES, Refreshed, Sent, check_text};
pub use shape::{IndexShape, KeyAttribute, KeyKind, KeyShape, TableShape};
pub use single::SingleWrite;
pub use stats::{Largest, Partition, Report, Stats, Sum};
pub use timeline::{Census, Direction, Page, Span, Timeline};

/// An item as the service returns it.
pub type Item = HashMap<String, AttributeValue>;

/// The attributes, keys and the index of the messages table.
pub(crate) mod names {
    pub(crate) const PARTITION_KEY: &str = "pk";
    pub(crate) const SORT_KEY: &str = "sk";
    pub(crate) const GROUP_UUID: &str = "message_group_uuid";
    pub(crate) const MESSAGE_UUID: &str = "message_uuid";
    pub(crate) const MESSAGE: &str = "message";
    pub(crate) const USER_UUID: &str = "user_uuid";
    pub(crate) const USER_DISPLAY_NAME: &str = "user_display_name";
    pub(crate) const USER_HANDLE: &str = "user_handle";
    pub(crate) const GROUP_INDEX: &str = "message-group-sk-index";
    pub(crate) const MESSAGE_PREFIX: &str = "MSG#";
    pub(crate) const GROUP_PREFIX: &str = "GRP#";
}
