//! Finds the copies of a user's names: in the messages the user sent, and in other inboxes' rows that
//! name the user.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use crate::dynamodb::{Capacity, Item};
use crate::error::Result;
use crate::messages_table::group_rows::sort_key;
use crate::messages_table::items::{self, inbox_partition, message_partition, text};
use crate::messages_table::{MessagesTable, names};
use crate::messaging::{Participant, User};

const READING: &str = "cannot read the copies of the user's names";
/// Messages that the user sent under outdated names.
const STALE: &str = "#user = :user AND NOT (#handle = :handle AND #display_name = :display_name)";

/// The stale copies of one user's names, page by page.
///
/// No index by user is needed: the user's inbox leads to the groups. Messages of a group that is not in
/// the inbox are not found.
pub(crate) struct StaleCopies<'a> {
    table: &'a MessagesTable,
    user: &'a User,
    /// Only messages with this sort key or a later one.
    since: Option<String>,
    groups: btree_map::IntoIter<String, BTreeSet<Other>>,
    /// The group whose messages are being read, and where its next page starts.
    current: Option<(String, Option<Item>)>,
    /// The group whose rows are read next.
    rows_of: Option<(String, BTreeSet<Other>)>,
}

/// The other participant's inbox, and the expected sort key of their row.
type Other = (String, String);

/// Items that hold a stale copy.
pub(crate) enum Page {
    /// Messages sent by the user.
    Messages(Vec<Item>),
    /// Rows that name the user.
    Rows(Vec<Item>),
}

impl MessagesTable {
    /// The copies of the user's names that differ from `user`.
    pub(crate) async fn stale_copies<'a>(
        &'a self,
        user: &'a User,
        since: Option<String>,
        read: &mut Capacity,
    ) -> Result<StaleCopies<'a>> {
        let inbox = self
            .query_partition(inbox_partition(user.uuid))
            .consistent_read(true)
            .projection_expression("#pk, #sk, #group, #user")
            .expression_attribute_names("#sk", names::SORT_KEY)
            .expression_attribute_names("#group", names::GROUP_UUID)
            .expression_attribute_names("#user", names::USER_UUID);
        let (rows, consumed) = self.collect(inbox, None, READING).await?;
        read.merge(&consumed);
        let mut groups: BTreeMap<String, BTreeSet<Other>> = BTreeMap::new();
        for row in &rows {
            let group = items::to_group(row);
            if !group.message_group_uuid.is_empty() {
                let other = (inbox_partition(group.other.user_uuid), group.last_message_at);
                groups.entry(group.message_group_uuid).or_default().insert(other);
            }
        }
        Ok(StaleCopies { table: self, user, since, groups: groups.into_iter(), current: None, rows_of: None })
    }
}

impl StaleCopies<'_> {
    /// The number of groups not yet read.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The next copies, at least one; `None` when there are no more.
    pub(crate) async fn next_page(&mut self, read: &mut Capacity) -> Result<Option<Page>> {
        loop {
            if let Some((group, start)) = self.current.take() {
                let messages = self.messages(group, start, read).await?;
                if !messages.is_empty() {
                    return Ok(Some(Page::Messages(messages)));
                }
            } else if let Some((group, others)) = self.rows_of.take() {
                let rows = self.rows(&group, others, read).await?;
                if !rows.is_empty() {
                    return Ok(Some(Page::Rows(rows)));
                }
            } else if let Some((group, others)) = self.groups.next() {
                self.current = Some((group.clone(), None));
                self.rows_of = Some((group, others));
            } else {
                return Ok(None);
            }
        }
    }

    async fn messages(
        &mut self,
        group: String,
        start: Option<Item>,
        read: &mut Capacity,
    ) -> Result<Vec<Item>> {
        let mut query = self.table.query_partition(message_partition(&group));
        if let Some(since) = &self.since {
            query = query
                .key_condition_expression("#pk = :pk AND #sk >= :since")
                .expression_attribute_names("#sk", names::SORT_KEY)
                .expression_attribute_values(":since", text(since));
        }
        let query = self.only_stale(query).consistent_read(true).set_exclusive_start_key(start);
        let page = self.table.page(query, READING, read).await?;
        self.current = page.last_evaluated_key.map(|start| (group, Some(start)));
        Ok(page.items.unwrap_or_default())
    }

    fn only_stale(&self, query: QueryFluentBuilder) -> QueryFluentBuilder {
        let user = Participant::from(self.user);
        query
            .filter_expression(STALE)
            .expression_attribute_names("#user", names::USER_UUID)
            .expression_attribute_names("#handle", names::USER_HANDLE)
            .expression_attribute_names("#display_name", names::USER_DISPLAY_NAME)
            .expression_attribute_values(":user", text(user.user_uuid))
            .expression_attribute_values(":handle", text(user.user_handle))
            .expression_attribute_values(":display_name", text(user.user_display_name))
    }

    /// The group's rows that name the user, in any inbox. Each is read consistently, because the index
    /// may be out of date.
    async fn rows(&self, group: &str, others: BTreeSet<Other>, read: &mut Capacity) -> Result<Vec<Item>> {
        let indexed = self.table.indexed_rows(group, read).await?;
        let user = self.user.uuid.to_string();
        let names_user = |row: &Item| items::to_group(row).other.user_uuid == user;
        let mut keys: BTreeSet<Other> = others.clone();
        keys.extend(
            indexed
                .items()
                .filter(|row| names_user(row))
                .map(|row| (inbox_partition(items::to_group(row).owner_uuid), sort_key(row).to_owned())),
        );
        let mut rows: BTreeMap<Other, Item> = BTreeMap::new();
        for (partition, sort) in keys {
            let row = self.table.get(partition.clone(), &sort, read).await?;
            rows.extend(row.map(|row| ((partition, sort), row)));
        }
        let is_of_group = |row: &Item| items::to_group(row).message_group_uuid == group;
        for inbox in others.into_iter().map(|(inbox, _)| inbox).collect::<BTreeSet<_>>() {
            // The row has moved since, or is in the wrong place.
            if !rows.iter().any(|((partition, _), row)| *partition == inbox && is_of_group(row)) {
                let owner = inbox.strip_prefix(names::GROUP_PREFIX).unwrap_or(&inbox).to_owned();
                let found = self.table.inbox_rows(&owner, group, read).await?;
                rows.extend(found.into_iter().map(|row| ((inbox.clone(), sort_key(&row).to_owned()), row)));
            }
        }
        let wanted = Participant::from(self.user);
        let is_stale = |row: &Item| items::to_group(row).other != wanted;
        Ok(rows.into_values().filter(|row| is_of_group(row) && names_user(row) && is_stale(row)).collect())
    }
}
