//! The rows of a message group: one in each participant's inbox.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::items::{self, instant, text};
use super::names;
use crate::dynamodb::write::transaction::Transaction;
use crate::dynamodb::{Capacity, Item};
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messaging::{Message, MessageGroup, SortPosition, Timestamp};

/// Maximum spare rows per owner that one transaction deletes; it can have 100 actions.
const MAX_SPARE_ROWS: usize = 40;

/// A group's rows as they were read, by owner, newest first. Each owner has one, unless something went
/// wrong earlier.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Rows(BTreeMap<String, Vec<Item>>);

impl Rows {
    fn of(items: impl IntoIterator<Item = Item>) -> Self {
        let mut rows = Self::default();
        for item in items {
            // Any item that names a group is in the index. Moving an item that is not a row would lose
            // it.
            if !items::is_row(&item) {
                continue;
            }
            let owner = items::to_group(&item).owner_uuid;
            let of_owner = rows.0.entry(owner).or_default();
            // The same row may be found in two places.
            if !of_owner.iter().any(|other| items::key(other) == items::key(&item)) {
                of_owner.push(item);
            }
        }
        for of_owner in rows.0.values_mut() {
            of_owner.sort_by(|a, b| (instant(b), sort_key(b)).cmp(&(instant(a), sort_key(a))));
        }
        rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each owner's newest row.
    pub(crate) fn groups(&self) -> impl Iterator<Item = MessageGroup> {
        self.0.values().filter_map(|of_owner| of_owner.first()).map(items::to_group)
    }

    /// All rows.
    pub(crate) fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.values().flatten()
    }

    /// Whether both participants, and everybody named in a row, have a row.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.len() >= self.participants().len().max(2)
    }

    /// Everybody named in a row: owners and other participants.
    pub(crate) fn participants(&self) -> BTreeSet<String> {
        self.groups().flat_map(|row| [row.owner_uuid, row.other.user_uuid]).collect()
    }

    /// Adds to `transaction` the writes that leave each owner with one row, as new as `message`.
    /// Returns how many owners are affected. A newer row stays, on the condition that it still exists.
    ///
    /// The time is part of a row's key, so the row is deleted and put again with all its attributes,
    /// including those that are not the app's. `row_key` is the message's time, or slightly later if
    /// another group's row has that.
    pub(crate) fn advance(
        &self,
        message: &Message,
        row_key: &str,
        transaction: &mut Transaction<'_>,
    ) -> Result<usize> {
        let at: Option<Timestamp> = message.sent_at.parse().ok();
        let mut moved = 0;
        for of_owner in self.0.values() {
            let Some((newest, rest)) = of_owner.split_first() else { continue };
            let same_key = sort_key(newest) == row_key;
            let same_text = items::to_group(newest).message == message.message;
            let is_older = if same_key { !same_text } else { instant(newest) < at };
            if is_older {
                let mut row = newest.clone();
                row.insert(names::SORT_KEY.to_owned(), text(row_key));
                row.insert(names::MESSAGE.to_owned(), text(&message.message));
                if same_key {
                    transaction.replace(newest, row)?;
                } else {
                    transaction.delete(newest)?;
                    transaction.put_new(row)?;
                }
            } else {
                // The row may have moved since it was read.
                transaction.check(newest)?;
            }
            for row in rest.iter().take(MAX_SPARE_ROWS) {
                transaction.delete(row)?;
            }
            moved += usize::from(is_older || !rest.is_empty());
        }
        Ok(moved)
    }
}

impl MessagesTable {
    /// The rows of `group` in the index. On AWS it lags behind the table: a row may be missing, or
    /// shown where it was before.
    pub(crate) async fn indexed_rows(&self, group: &str, capacity: &mut Capacity) -> Result<Rows> {
        let query = self.query_index(group.to_owned());
        let (items, consumed) = self.collect(query, None, READING).await?;
        capacity.merge(&consumed);
        Ok(Rows::of(items))
    }

    /// The rows of `group`, read consistently, in the inbox of everybody named in `known`, in the
    /// group's newest message, or in a row found. Each inbox is checked at the time of that message
    /// first, and searched only if the row is not there.
    pub(crate) async fn settled_rows(
        &self,
        group: &str,
        known: &Rows,
        capacity: &mut Capacity,
    ) -> Result<Rows> {
        self.rows_of(group, known.participants(), capacity).await
    }

    /// Like [`Self::settled_rows`], for the inboxes of `owners` and everybody named in their rows.
    pub(crate) async fn rows_of(
        &self,
        group: &str,
        owners: BTreeSet<String>,
        capacity: &mut Capacity,
    ) -> Result<Rows> {
        let newest = self.newest_message(group, capacity).await?;
        let mut owners = owners;
        owners.extend(newest.as_ref().map(|newest| items::to_message(newest).sender.user_uuid));
        let (mut found, mut asked) = (Vec::new(), BTreeSet::from([String::new()]));
        while let Some(owner) = owners.pop_first() {
            if !asked.insert(owner.clone()) {
                continue;
            }
            let expected = match &newest {
                Some(newest) => self.row_at(&owner, group, sort_key(newest), capacity).await?,
                None => None,
            };
            let rows = match expected {
                Some(row) => vec![row],
                None => self.inbox_rows(&owner, group, capacity).await?,
            };
            owners.extend(rows.iter().map(|row| items::to_group(row).other.user_uuid));
            found.extend(rows);
        }
        Ok(Rows::of(found))
    }

    async fn row_at(
        &self,
        owner: &str,
        group: &str,
        at: &str,
        capacity: &mut Capacity,
    ) -> Result<Option<Item>> {
        let row = self.get(items::inbox_partition(owner), at, capacity).await?;
        Ok(row.filter(|item| items::to_group(item).message_group_uuid == group))
    }

    /// The item with this key, read consistently.
    pub(crate) async fn get(
        &self,
        partition: String,
        sort: &str,
        capacity: &mut Capacity,
    ) -> Result<Option<Item>> {
        let get = self
            .db
            .client
            .get_item()
            .table_name(&self.name)
            .key(names::PARTITION_KEY, text(partition))
            .key(names::SORT_KEY, text(sort))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = get.send().await.map_err(|error| self.error(READING, &error))?;
        capacity.add(&answer);
        Ok(answer.item)
    }

    /// The rows of `group` in one inbox, read consistently.
    pub(crate) async fn inbox_rows(
        &self,
        owner: &str,
        group: &str,
        capacity: &mut Capacity,
    ) -> Result<Vec<Item>> {
        let query = self.query_inbox(owner, group.to_owned());
        let (items, consumed) = self.collect(query, None, READING).await?;
        capacity.merge(&consumed);
        Ok(items)
    }

    /// The message of `group` with the greatest sort key that is a time, read consistently. Other sort
    /// keys (`yesterday`) may sort after all times.
    pub(crate) async fn newest_message(&self, group: &str, capacity: &mut Capacity) -> Result<Option<Item>> {
        Ok(self.latest_message(group, false, capacity).await?.newest)
    }

    /// The latest message of `group`, read consistently. By sort key this takes one read unit. By
    /// instant, whatever the offset, it reads on as far as an offset can reach.
    pub(crate) async fn latest_message(
        &self,
        group: &str,
        by_instant: bool,
        capacity: &mut Capacity,
    ) -> Result<Latest> {
        let floor = |at: Timestamp| {
            if by_instant { SortPosition::from(at).first_key().unwrap_or_default() } else { LAST.to_owned() }
        };
        self.newest_messages_down_to(group, floor, capacity).await
    }

    /// Reads messages in descending order of sort key, down to the `floor` for the latest instant so
    /// far.
    async fn newest_messages_down_to(
        &self,
        group: &str,
        floor: impl Fn(Timestamp) -> String,
        capacity: &mut Capacity,
    ) -> Result<Latest> {
        let query = self
            .query_partition(items::message_partition(group))
            .scan_index_forward(false)
            .consistent_read(true);
        let mut latest = Latest::default();
        let mut start = None;
        // One is usually enough.
        let mut limit = 1;
        loop {
            let query = query.clone().limit(limit).set_exclusive_start_key(start);
            let page = self.page(query, READING, capacity).await?;
            for item in page.items.unwrap_or_default() {
                latest.any = true;
                let best = latest.newest.as_ref().and_then(instant);
                if best.is_some_and(|best| sort_key(&item) < floor(best).as_str()) {
                    return Ok(latest);
                }
                // With equal instants, the greater sort key wins. It came first.
                if instant(&item) > best {
                    latest.newest = Some(item);
                }
            }
            start = page.last_evaluated_key;
            let is_enough = latest.newest.as_ref().is_some_and(|newest| {
                instant(newest).is_some_and(|at| floor(at).as_str() > sort_key(newest))
            });
            if start.is_none() || is_enough {
                return Ok(latest);
            }
            limit = 100;
        }
    }

    /// The message of `group` with exactly this sort key, read consistently.
    pub(crate) async fn message_at(
        &self,
        group: &str,
        sent_at: &str,
        capacity: &mut Capacity,
    ) -> Result<Option<Item>> {
        self.get(items::message_partition(group), sent_at, capacity).await
    }
}

/// The latest of a group's messages.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Latest {
    /// The newest one whose sort key is a time.
    pub(crate) newest: Option<Item>,
    /// Whether there are any messages.
    pub(crate) any: bool,
}

/// A key that sorts after every time.
const LAST: &str = "~";
pub(crate) const READING: &str = "cannot read the group's rows";

pub(crate) fn sort_key(item: &Item) -> &str {
    item.get(names::SORT_KEY).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}
