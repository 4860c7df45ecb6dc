//! The copies of a user's names: in the messages the user has sent, and in the
//! rows that name the user in other inboxes.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use crate::dynamodb::{Capacity, Item};
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messages_table::group_rows::sort_key;
use crate::messages_table::items::{self, inbox_partition, message_partition, text};
use crate::messages_table::names;
use crate::messaging::{Participant, User};

const READING: &str = "cannot read the copies of the user's names";
/// Sent by the user, under other names than they should have.
const STALE: &str = "#user = :user AND NOT (#handle = :handle AND #display_name = :display_name)";

/// The stale copies of one user's names, page by page.
///
/// There is no index by user, and none is needed: the user's own inbox leads to
/// the groups. Messages of a group that the inbox does not name are not found.
pub(crate) struct StaleCopies<'a> {
    table: &'a MessagesTable,
    user: &'a User,
    /// Only messages from here on, by sort key.
    since: Option<String>,
    groups: btree_map::IntoIter<String, BTreeSet<Other>>,
    /// The group that is being read, and where its messages go on.
    current: Option<(String, Option<Item>)>,
    /// The group whose messages are read, and whose rows are not.
    rows_of: Option<(String, BTreeSet<Other>)>,
}

/// The other participant's inbox, and the sort key that their row should have.
type Other = (String, String);

/// Items that hold a stale copy.
pub(crate) enum Page {
    /// Messages that the user has sent.
    Messages(Vec<Item>),
    /// Rows that name the user.
    Rows(Vec<Item>),
}

impl MessagesTable {
    /// The copies of `user`'s names that are not as `user` has them.
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
    /// How many groups are still to be read.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The next copies, at least one; `None` after the last.
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

    /// The group's rows that name the user, whosever inbox they are in, each read
    /// consistently: what the index says of a row may be of the past.
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
            // It has moved on since, or is not where it should be.
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
