//! Dry runs: work is done without sending its writes, which are listed instead.

use std::future::Future;

use super::measure::IndexOfKey;
use crate::aws::{DryRun, Plan};
use crate::dynamodb::DynamoDb;
use crate::error::{Reason, Result};

impl DynamoDb {
    /// Does `work`, which writes to `table`, with a dry run's client. Returns what it would have sent.
    /// Stops where `work` cannot continue because a write was not sent.
    ///
    /// # Errors
    /// Those of `work`, except for the write that was not sent.
    pub fn rehearse<'a, T: 'a>(
        &'a self,
        table: &'a str,
        work: impl Future<Output = Result<T>> + 'a,
    ) -> impl Future<Output = Result<Plan>> + 'a {
        // Boxed because a command's work may be large, and the future would hold it twice.
        let work = Box::pin(work);
        async move {
            if self.schemas.get(table).is_none() {
                // Without the description, only the table's own units are known.
                let _ = self.describe(table).await;
            }
            self.held(work).await?;
            Ok(self.withheld())
        }
    }

    /// Does `work`. A write that a dry run holds back ends it without an error, so the caller can go on
    /// with what follows.
    ///
    /// # Errors
    /// Those of `work`, except for the write that was not sent.
    pub(crate) async fn held<T>(&self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        match work.await {
            Ok(done) => Ok(Some(done)),
            Err(error) if self.is_dry_run() && error.is(&Reason::NotSent) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells a dry run how to find an item's index from its key.
    #[must_use]
    pub fn knowing(self, index_of_key: IndexOfKey) -> Self {
        self.schemas.index_of_key.get_or_init(|| index_of_key);
        self
    }

    /// What the dry run's client has not sent since the last call.
    pub fn withheld(&self) -> Plan {
        self.dry_run.as_ref().map(DryRun::take).unwrap_or_default()
    }

    /// Whether this is the client of a dry run.
    pub const fn is_dry_run(&self) -> bool {
        self.dry_run.is_some()
    }
}
