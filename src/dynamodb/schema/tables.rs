//! Listing and dropping tables, and waiting for a table to reach a state.

use std::time::Duration;

use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use tokio::time::Instant;

use crate::aws::Tries;
use crate::dynamodb::error::is_not_found;
use crate::dynamodb::item::size;
use crate::dynamodb::{Busy, DynamoDb, TableSchema};
use crate::error::{Error, Reason, Result};
use crate::nearest::nearest;

/// The first and the longest pause between polls of a table's state. An emulator is ready at once;
/// AWS takes seconds to minutes.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How long to wait for a table to be created or deleted.
const TIMEOUT: Duration = Duration::from_mins(15);

impl DynamoDb {
    /// The names of all tables, sorted. A page has up to 100.
    pub async fn list_tables(&self) -> Result<Vec<String>> {
        let mut tables = Vec::new();
        let mut pages = self.client.list_tables().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("cannot list the tables", "", &error))?;
            tables.extend(page.table_names.unwrap_or_default());
        }
        tables.sort();
        Ok(tables)
    }

    /// The schema of `table`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table.
    pub async fn table_schema(&self, table: &str) -> Result<TableSchema> {
        let found = self.describe(table).await?;
        let found = found.ok_or_else(|| self.missing(table))?;
        Ok(TableSchema::of(&found))
    }

    /// Read units of an eventually consistent scan of all of `table`, from its reported size. `None` when
    /// the size is not known yet, or the caller may not describe the table.
    ///
    /// # Errors
    /// [`Kind::Failed`] when there is no such table.
    pub async fn units_to_scan(&self, table: &str) -> Result<Option<f64>> {
        match self.table_schema(table).await {
            Ok(TableSchema { bytes: 0, .. }) => Ok(None),
            Ok(schema) => {
                Ok(Some(size::read_units(usize::try_from(schema.bytes).unwrap_or(usize::MAX), false)))
            }
            Err(error) if error.is(&Reason::RefusedCredentials) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The table's description; `None` when there is no such table.
    pub(crate) async fn describe(&self, table: &str) -> Result<Option<TableDescription>> {
        match self.client.describe_table().table_name(table).send().await {
            Ok(answer) => {
                let found = answer.table.ok_or_else(|| {
                    Error::failed(format!("DynamoDB at {} returned no table", self.endpoint()))
                })?;
                if self.is_dry_run() {
                    self.schemas.add(table, TableSchema::of(&found));
                }
                Ok(Some(found))
            }
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(self.error(&format!("cannot describe the table {table:?}"), table, &error)),
        }
    }

    /// Deletes `table` and waits until it is gone.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table. A hint gives the nearest name.
    pub async fn drop_table(&self, table: &str) -> Result<()> {
        let tries = Tries::default();
        let request = self.client.delete_table().table_name(table).customize();
        let deleted = match request.interceptor(tries.clone()).send().await {
            Ok(answer) => answer.table_description,
            // An earlier try deleted it, but its response was lost.
            Err(_) if tries.went_unanswered() && self.is_going(table).await => None,
            Err(error) if is_not_found(&error) => return Err(self.missing(table)),
            Err(error) => {
                let error = self.error(&format!("cannot drop the table {table:?}"), table, &error);
                // Protection may have been switched on since the last check.
                if !error.is(&Reason::RefusedCredentials) {
                    self.check_droppable(table).await?;
                }
                return Err(error);
            }
        };
        self.wait_until_gone(table, deleted.as_ref()).await
    }

    /// Waits until the table is gone. If it is known which one, another of its name may be there.
    pub(crate) async fn wait_until_gone(
        &self,
        table: &str,
        deleted: Option<&TableDescription>,
    ) -> Result<()> {
        let id = deleted.and_then(TableDescription::table_id);
        let is_gone = |found: Option<TableDescription>| {
            found.is_none_or(|found| id.is_some() && found.table_id() != id).then_some(())
        };
        self.wait_for(table, "to be gone", TIMEOUT, is_gone).await
    }

    /// Whether the table is known to be gone or being deleted.
    async fn is_going(&self, table: &str) -> bool {
        let found = self.describe(table).await;
        found
            .is_ok_and(|found| found.is_none_or(|found| found.table_status() == Some(&TableStatus::Deleting)))
    }

    /// Whether `table` is protected against deletion; `None` when there is no such table.
    pub async fn deletion_protection(&self, table: &str) -> Result<Option<bool>> {
        let found = self.describe(table).await?;
        Ok(found.map(|found| found.deletion_protection_enabled().unwrap_or(false)))
    }

    /// Checks that `table` can be dropped, before the user is asked to confirm.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table, or when it is protected against
    /// deletion. A hint gives the command that switches the protection off.
    pub async fn check_droppable(&self, table: &str) -> Result<()> {
        match self.deletion_protection(table).await? {
            None => Err(self.missing(table)),
            Some(false) => Ok(()),
            Some(true) => Err(Error::failed(format!(
                "the table {table:?} on {} is protected against deletion; nothing was done",
                self.endpoint()
            ))
            .hint(Reason::ProtectedTable(table.to_owned(), self.target()))),
        }
    }

    /// Waits until the table and all its indexes are ACTIVE.
    pub(crate) async fn wait_until_active(&self, table: &str) -> Result<TableDescription> {
        self.wait_for(table, "to be ACTIVE", TIMEOUT, |found| found.filter(|found| Busy::of(found).is_none()))
            .await
    }

    /// Like [`Self::wait_until_active`], but without a timeout: filling an index takes minutes to days.
    /// Calls `watch` with what it is waiting for.
    pub(crate) async fn wait_until_ready(
        &self,
        table: &str,
        mut watch: impl FnMut(&Busy),
    ) -> Result<TableDescription> {
        self.wait_for(table, "to be ACTIVE", Duration::MAX, |found| {
            let Some(found) = found else {
                return Some(Err(self.missing(table)));
            };
            match Busy::of(&found) {
                None => Some(Ok(found)),
                Some(busy) => {
                    watch(&busy);
                    None
                }
            }
        })
        .await?
    }

    async fn wait_for<T>(
        &self,
        table: &str,
        state: &str,
        request_timeout: Duration,
        mut reached: impl FnMut(Option<TableDescription>) -> Option<T>,
    ) -> Result<T> {
        let start = Instant::now();
        let mut pause = MIN_POLL_INTERVAL;
        loop {
            if let Some(done) = reached(self.describe(table).await?) {
                return Ok(done);
            }
            if start.elapsed() > request_timeout {
                return Err(Error::failed(format!(
                    "waited {} minutes for the table {table:?} on {} {state}",
                    request_timeout.as_secs() / 60,
                    self.endpoint()
                )));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_POLL_INTERVAL);
        }
    }

    /// The name of an existing table that `table` may be a misspelling of.
    pub async fn table_like(&self, table: &str) -> Result<Option<String>> {
        let tables = self.list_tables().await?;
        Ok(nearest(table, &tables).cloned())
    }
}
