//! Doing work without sending its writes, and what it would have sent.

use std::future::Future;

use super::measure::IndexOfKey;
use crate::aws::{DryRun, Plan};
use crate::dynamodb::DynamoDb;
use crate::error::{Kind, Result};

impl DynamoDb {
    /// Does `work`, which writes to `table`, on a client of a dry run and returns what it would
    /// have sent. It ends where it cannot go on without a write having been done.
    ///
    /// # Errors
    /// Those of `work` that are not for lack of a write.
    pub fn rehearse<'a, T: 'a>(
        &'a self,
        table: &'a str,
        work: impl Future<Output = Result<T>> + 'a,
    ) -> impl Future<Output = Result<Plan>> + 'a {
        // What a command does for real may be large, and it holds it twice.
        let work = Box::pin(work);
        async move {
            if self.schemas.get(table).is_none() {
                // Without it, only the table's own units are known.
                let _ = self.describe(table).await;
            }
            self.held(work).await?;
            Ok(self.withheld())
        }
    }

    /// Does `work`. A write that a dry run holds back ends it, and counts as done: for what goes
    /// on after it.
    ///
    /// # Errors
    /// Those of `work` that are not for lack of a write.
    pub(crate) async fn held<T>(&self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        match work.await {
            Ok(done) => Ok(Some(done)),
            Err(error) if self.is_dry_run() && error.kind() == Kind::DryRun => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets a dry run know which index an item is in, by its key.
    #[must_use]
    pub fn knowing(self, index_of_key: IndexOfKey) -> Self {
        self.schemas.index_of_key.get_or_init(|| index_of_key);
        self
    }

    /// What the client of a dry run has not sent since it was last asked.
    #[must_use]
    pub fn withheld(&self) -> Plan {
        self.dry_run.as_ref().map(DryRun::take).unwrap_or_default()
    }

    /// Whether this is the client of a dry run.
    #[must_use]
    pub const fn is_dry_run(&self) -> bool {
        self.dry_run.is_some()
    }
}
