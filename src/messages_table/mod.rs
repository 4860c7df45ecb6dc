//! The app's table: its definition, its items, and how the app reads and writes them.

mod check;
mod create_conversation;
mod create_message;
mod definition;
mod explain;
mod group_rows;
mod groups;
mod inspect;
mod items;
mod partitions;
mod rename;
mod replace_conversation;
mod stats;
mod stream_handler;
mod stream_policy;
mod timeline;

use std::sync::LazyLock;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use crate::dynamodb::write::transaction::Transaction;
use crate::dynamodb::{Capacity, DynamoDb, Item, KeySchema};
use crate::error::{Error, Result};

pub use check::{
    Counts, Examined, Finding, Invariant, Mentioned, Mode, Names, Survey, SurveyResult, Suspect, Write,
};
pub use create_conversation::Created;
pub use create_message::{Refreshed, Sent, check_text};
pub use definition::{Backfill, Change, Comparison, Definition, Difference, Fact, Printed};
pub use explain::{Alternative, Explanation, Figures, Recording, Request};
pub use inspect::{Inspected, Listed};
pub use items::put_invented;
pub use rename::{Naming, Relinked, RenamePlan, RenamedCopies};
pub use replace_conversation::ConversationWritten;
pub use stats::{Largest, Partition, Report, Stats, Sum};
pub use stream_handler::{GroupHandled, Handled, Totals};
pub use stream_policy::{Grantee, Policy};
pub use timeline::{Census, Direction, Page, Span, Timeline};

/// The messages table of one endpoint.
#[derive(Clone)]
pub struct MessagesTable {
    db: DynamoDb,
    name: String,
}

impl MessagesTable {
    /// The table called `name`. Sends nothing.
    pub fn new(db: &DynamoDb, name: impl Into<String>) -> Self {
        Self { db: db.clone(), name: name.into() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The DynamoDB endpoint it is on.
    pub const fn db(&self) -> &DynamoDb {
        &self.db
    }

    /// One page of `query`, or an error that says `what` failed.
    async fn page(
        &self,
        query: QueryFluentBuilder,
        what: &str,
        capacity: &mut Capacity,
    ) -> Result<QueryOutput> {
        let page = query.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        let page = page.map_err(|error| self.error(what, &error))?;
        capacity.add(&page);
        Ok(page)
    }

    /// An empty transaction.
    fn transaction(&self) -> Transaction<'_> {
        Transaction::new(&self.name, key_schema())
    }

    /// The error of a request: says that `what` failed here, and why.
    fn error<E>(&self, what: &str, error: &SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.db.error(what, &self.name, error)
    }
}

/// The key of the messages table.
pub fn key_schema() -> &'static KeySchema {
    static KEY: LazyLock<KeySchema> =
        LazyLock::new(|| KeySchema::of_strings(names::PARTITION_KEY, names::SORT_KEY));
    &KEY
}

/// The index that holds an item with this key.
pub fn index_of_key(key: &Item) -> Option<&'static str> {
    items::is_row(key).then_some(names::GROUP_INDEX)
}

/// Names of the messages table's attributes and index, and its key prefixes.
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
