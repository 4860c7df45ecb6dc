//! Creating the table, comparing one that is there, and changing it in place.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};

use super::request::Tags;
use super::request::{cannot_build, tag};
use super::{Backfill, Change, Definition, Difference, Fact};
use crate::aws::{Plan, code};
use crate::dynamodb::Busy;
use crate::error::{Error, Result};
use crate::messages_table::MessagesTable;
use crate::messages_table::names;

/// What the service says of a table that another change is still under way on, which DescribeTable
/// may not show yet.
const IN_USE: &str = "ResourceInUseException";
/// How often to send a change again then, and the first and the longest pause before: about a minute.
const TRIES: usize = 32;
const PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// A table that is there, and its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// In what it is not as it should be.
    pub differences: Vec<Difference>,
    /// What mends that, in this order. Nothing mends a [`Difference::is_for_ever`].
    pub changes: Vec<Change>,
    /// What the index that is created takes.
    pub backfill: Option<Backfill>,
    /// The indexes that others added, and that are no difference.
    pub others: Vec<String>,
    arn: Option<String>,
}

impl MessagesTable {
    /// Creates `table`, and waits until the table and its index are ready. False when it is there
    /// by somebody else's doing, and perhaps not ready or as `definition` has it.
    pub async fn create_table(&self, definition: &Definition) -> Result<bool> {
        let (db, tries) = self.db.counting();
        let Err(error) = definition.request(&self.name)?.send_with(&db.client).await else {
            self.db.wait_until_active(&self.name).await?;
            return Ok(true);
        };
        if tries.went_unanswered()
            && let Ok(Some(found)) = self.compare(definition, |_| ()).await
        {
            // By a try whose answer was lost, if it is what was wanted.
            return Ok(found.differences.is_empty());
        }
        if code(&error) == Some(IN_USE) && self.db.describe(&self.name).await?.is_some() {
            return Ok(false);
        }
        Err(self.error(&format!("cannot create the table {:?}", self.name), &error))
    }

    /// Waits until `table` is ready, and compares it with its definition; `None` when there is no
    /// such table. `watch` is told what it is waited for.
    ///
    /// # Errors
    /// [`Kind::Failed`] when it is being deleted.
    pub async fn compare(
        &self,
        definition: &Definition,
        watch: impl FnMut(&Busy),
    ) -> Result<Option<Comparison>> {
        let Some(found) = self.db.describe(&self.name).await? else { return Ok(None) };
        if found.table_status() == Some(&TableStatus::Deleting) {
            return Err(Error::failed(format!(
                "the table {:?} on {} is being deleted",
                self.name,
                self.db.place()
            ))
            .hint("try again when it is gone"));
        }
        let found = if Busy::of(&found).is_some() {
            self.db.wait_until_ready(&self.name, watch).await?
        } else {
            found
        };
        let wants_tags = definition.exact || !definition.tags.is_empty();
        let tags = if wants_tags { self.tags_of(&found).await? } else { Tags::new() };
        let differences = definition.differences(&found, &tags)?;
        let changes = definition.changes(&found, &differences).map_err(cannot_build)?;
        let is_known = |name: &str| {
            name == names::GROUP_INDEX
                || differences.iter().any(|difference| difference.fact == Fact::IndexKey(name.to_owned()))
        };
        let others = found.global_secondary_indexes().iter().filter_map(|index| index.index_name());
        Ok(Some(Comparison {
            backfill: definition.backfill(&found, &changes),
            others: others.filter(|name| !is_known(name)).map(ToOwned::to_owned).collect(),
            arn: found.table_arn().map(ToOwned::to_owned),
            differences,
            changes,
        }))
    }

    /// The same after the table was changed: DescribeTable may lag behind for a moment, so that a
    /// difference must last to be one.
    pub async fn compare_after(&self, definition: &Definition) -> Result<Option<Comparison>> {
        let mut pause = PAUSE;
        loop {
            let found = self.compare(definition, |_| ()).await?;
            if found.as_ref().is_none_or(|found| found.differences.is_empty()) || pause > MAX_PAUSE {
                return Ok(found);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Makes one of the changes of `found` towards `definition`, and waits until the table is ready
    /// for the next one, however long that takes. `watch` is told what it is waited for.
    pub async fn carry_out(
        &self,
        definition: &Definition,
        found: &Comparison,
        change: &Change,
        mut watch: impl FnMut(&Busy),
    ) -> Result<()> {
        let (db, tries) = self.db.counting();
        let counting = Self::new(&db, &self.name);
        if let Err(error) = counting.send(found, change).await {
            // It may be made by a try whose answer was lost.
            let found = if tries.went_unanswered() {
                self.compare(definition, &mut watch).await.ok().flatten()
            } else {
                None
            };
            return if found.is_some_and(|found| !found.changes.contains(change)) {
                Ok(())
            } else {
                Err(error)
            };
        }
        self.db.wait_until_ready(&self.name, watch).await.map(drop)
    }

    /// The requests of these changes of `found`.
    pub async fn rehearse_changes(&self, found: &Comparison, changes: &[Change]) -> Result<Plan> {
        let all = async {
            for change in changes {
                Box::pin(self.db.held(self.send(found, change))).await?;
            }
            Ok(())
        };
        self.db.rehearse(&self.name, all).await
    }

    async fn send(&self, found: &Comparison, change: &Change) -> Result<()> {
        let what = format!("cannot {change}");
        let arn = found.arn.as_deref().unwrap_or_default();
        if let Some(update) = change.update(&self.name).map_err(cannot_build)? {
            let mut tries = 1;
            let mut pause = PAUSE;
            loop {
                match update.clone().send_with(&self.db.client).await {
                    Err(error) if code(&error) == Some(IN_USE) && tries < TRIES => {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(MAX_PAUSE);
                        tries += 1;
                    }
                    sent => return sent.map(drop).map_err(|error| self.error(&what, &error)),
                }
            }
        }
        match change {
            Change::Tag(tags) => {
                let tags = tags.iter().map(|(key, value)| tag(key, value));
                let tags = tags.collect::<Result<Vec<_>, BuildError>>().map_err(cannot_build)?;
                let sent = self.db.client.tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await;
                sent.map(drop).map_err(|error| self.error(&what, &error))
            }
            Change::Untag(keys) => {
                let request = self.db.client.untag_resource().resource_arn(arn);
                let sent = request.set_tag_keys(Some(keys.clone())).send().await;
                sent.map(drop).map_err(|error| self.error(&what, &error))
            }
            _ => Ok(()),
        }
    }

    /// AWS's own tags, which nobody else can set, are left out.
    async fn tags_of(&self, found: &TableDescription) -> Result<Tags> {
        let mut tags = Tags::new();
        let mut next = None;
        while let Some(arn) = found.table_arn() {
            let sent =
                self.db.client.list_tags_of_resource().resource_arn(arn).set_next_token(next).send().await;
            let page = sent.map_err(|error| {
                self.error(&format!("cannot look at the tags of {:?}", self.name), &error)
            })?;
            let pairs = page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
            tags.extend(pairs.filter(|(key, _)| !key.starts_with("aws:")));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(tags)
    }
}
