//! Creates the table, compares an existing one with its definition, and changes it in place.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{TableDescription, TableStatus};

use super::request::{Tags, cannot_build, tag};
use super::{Backfill, Change, Definition, Difference, Fact};
use crate::aws::{Plan, code};
use crate::dynamodb::Busy;
use crate::error::{Error, Result};
use crate::messages_table::{MessagesTable, names};

/// The error code for a table with another change in progress. DescribeTable may not show that change
/// yet.
const IN_USE: &str = "ResourceInUseException";
/// Retry limit after that error, and the shortest and longest pause: about a minute in total.
const TRIES: usize = 32;
const PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// An existing table compared with its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How it differs from the definition.
    pub differences: Vec<Difference>,
    /// The changes that fix the differences, in this order. Nothing fixes a
    /// [`Difference::is_for_ever`].
    pub changes: Vec<Change>,
    /// The cost of filling the index, if one is created.
    pub backfill: Option<Backfill>,
    /// Indexes that others added and that do not count as differences.
    pub others: Vec<String>,
    arn: Option<String>,
}

impl MessagesTable {
    /// Creates the table, and waits until it and its index are ready. Returns false if somebody else
    /// created it; it may not be ready then, or differ from `definition`.
    pub async fn create_table(&self, definition: &Definition) -> Result<bool> {
        let (db, tries) = self.db.counting();
        let Err(error) = definition.request(&self.name)?.send_with(&db.client).await else {
            self.db.wait_until_active(&self.name).await?;
            return Ok(true);
        };
        if tries.went_unanswered()
            && let Ok(Some(found)) = self.compare(definition, |_| ()).await
        {
            // A request whose response was lost may have created it.
            return Ok(found.differences.is_empty());
        }
        if code(&error) == Some(IN_USE) && self.db.describe(&self.name).await?.is_some() {
            return Ok(false);
        }
        Err(self.error(&format!("cannot create the table {:?}", self.name), &error))
    }

    /// Waits until the table is ready, and compares it with its definition. Returns `None` if it does
    /// not exist. Tells `watch` what it is waiting for.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the table is being deleted.
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
                self.db.endpoint()
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

    /// Like [`Self::compare`], after a change. DescribeTable may lag behind, so this retries while
    /// there are differences.
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

    /// Makes one of the changes in `found`, and waits without a time limit until the table is ready for
    /// the next. Tells `watch` what it is waiting for.
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
            // A request whose response was lost may have made the change.
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

    /// Rehearses the requests of these changes in `found`.
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

    /// The table's tags, without those of AWS, which nobody else can set.
    async fn tags_of(&self, found: &TableDescription) -> Result<Tags> {
        let mut tags = Tags::new();
        let mut next = None;
        while let Some(arn) = found.table_arn() {
            let sent =
                self.db.client.list_tags_of_resource().resource_arn(arn).set_next_token(next).send().await;
            let page = sent
                .map_err(|error| self.error(&format!("cannot read the tags of {:?}", self.name), &error))?;
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
