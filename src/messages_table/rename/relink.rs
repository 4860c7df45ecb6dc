//! Relinks users who are back under a new uuid: everything that names the former uuid gets the new one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use uuid::Uuid;

use crate::dynamodb::retry::pause;
use crate::dynamodb::write::transaction::TransactionOutcome;
use crate::dynamodb::{Item, ScanRequest};
use crate::error::Result;
use crate::messages_table::create_message::{TRIES, nudged};
use crate::messages_table::group_rows::sort_key;
use crate::messages_table::items::{
    self, inbox_partition, key, message_partition, text, to_group, to_message,
};
use crate::messages_table::rename::{Updated, send};
use crate::messages_table::{MessagesTable, names};
use crate::messaging::{Participant, User};

const WHAT: &str = "cannot relink the group to its users";
/// Number of rows in a first sample.
const SAMPLE: i32 = 100;

/// The handles and groups with which the table names a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    /// The handles in the copies.
    pub handles: BTreeSet<String>,
    /// The groups that name the user.
    pub groups: BTreeSet<String>,
}

/// The items relinked to other users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relinked {
    /// Group rows.
    pub rows: usize,
    /// Messages.
    pub messages: usize,
}

impl MessagesTable {
    /// The users that the first group rows name: owner and other participant of up to 100 rows. Sends
    /// one request, to the index.
    pub async fn users_of_first_rows(&self) -> Result<Vec<[Uuid; 2]>> {
        let scan = self.db.client.scan().table_name(&self.name).index_name(names::GROUP_INDEX).limit(SAMPLE);
        let answer = scan.send().await.map_err(|error| self.error("cannot read the group rows", &error))?;
        let users = |row: &Item| {
            let row = to_group(row);
            Some([row.owner_uuid.parse().ok()?, row.other.user_uuid.parse().ok()?])
        };
        Ok(answer.items().iter().filter(|item| items::is_row(item)).filter_map(users).collect())
    }

    /// All users that the table names. Reads the whole table once.
    pub async fn namings(&self) -> Result<BTreeMap<Uuid, Naming>> {
        let mut scan =
            self.db.scan(ScanRequest { table: self.name.clone(), ..ScanRequest::default() }).await?;
        let mut found: BTreeMap<Uuid, Naming> = BTreeMap::new();
        let mut add = |user: &str, handle: Option<String>, group: &str| {
            if let Ok(user) = user.parse() {
                let naming = found.entry(user).or_default();
                naming.handles.extend(handle.filter(|handle| !handle.is_empty()));
                naming.groups.insert(group.to_owned());
            }
        };
        while let Some(page) = scan.next_page().await? {
            for item in &page.items {
                if items::is_row(item) {
                    let row = to_group(item);
                    add(&row.owner_uuid, None, &row.message_group_uuid);
                    add(&row.other.user_uuid, Some(row.other.user_handle), &row.message_group_uuid);
                } else if items::get(item, names::PARTITION_KEY).starts_with(names::MESSAGE_PREFIX) {
                    let message = to_message(item);
                    add(
                        &message.sender.user_uuid,
                        Some(message.sender.user_handle),
                        &message.message_group_uuid,
                    );
                }
            }
        }
        Ok(found)
    }

    /// Relinks the rows of `group` to `users`, keyed by their former uuids, in one transaction, and
    /// then the messages one by one. After an interruption, running it again completes it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`]; what is done stays done.
    pub async fn relink_group(&self, group: &str, users: &HashMap<Uuid, User>) -> Result<Relinked> {
        let rows = self.relink_rows(group, users).await?;
        let mut messages = 0;
        for (former, user) in users {
            messages += self.relink_messages(group, *former, user).await?;
        }
        Ok(Relinked { rows, messages })
    }

    async fn relink_rows(&self, group: &str, users: &HashMap<Uuid, User>) -> Result<usize> {
        let (mut read, mut written) = self.no_capacity();
        for tries in 1..=TRIES {
            let indexed = self.indexed_rows(group, &mut read).await?;
            let owners: BTreeSet<String> = indexed.groups().map(|row| row.owner_uuid).collect();
            let mut transaction = self.transaction();
            let mut moved = 0;
            for row in indexed.items() {
                // The index may be out of date.
                let pk = items::get(row, names::PARTITION_KEY);
                let Some(row) = self.get(pk, sort_key(row), &mut read).await? else { continue };
                let Some(given) = given(&row, users) else { continue };
                moved += 1;
                if key(&given) == key(&row) {
                    transaction.replace(&row, given)?;
                    continue;
                }
                transaction.delete(&row)?;
                // If the new owner already has a row of the group, that one stays.
                if !owners.contains(&to_group(&given).owner_uuid) {
                    let mut given = given;
                    let at = nudged(sort_key(&row), tries - 1);
                    given.insert(names::SORT_KEY.to_owned(), text(at));
                    transaction.put_new(given)?;
                }
            }
            if moved == 0 {
                return Ok(0);
            }
            match self.db.transact(transaction, WHAT, &mut written).await? {
                TransactionOutcome::Done => return Ok(moved),
                TransactionOutcome::Overtaken(_) => pause(tries).await,
            }
        }
        Err(self.overtaken(WHAT))
    }

    async fn relink_messages(&self, group: &str, former: Uuid, user: &User) -> Result<usize> {
        let sent_by = self
            .query_partition(message_partition(group))
            .consistent_read(true)
            .filter_expression("#user = :user")
            .expression_attribute_names("#user", names::USER_UUID)
            .expression_attribute_values(":user", text(former.to_string()));
        let (messages, _) = self.collect(sent_by, None, WHAT).await?;
        let wanted = Participant::from(user);
        let mut done = 0;
        for message in &messages {
            let update = self
                .db
                .client
                .update_item()
                .table_name(&self.name)
                .set_key(Some(key(message)))
                .update_expression("SET #user = :user, #handle = :handle, #display_name = :display_name")
                .condition_expression("#user = :former")
                .expression_attribute_names("#user", names::USER_UUID)
                .expression_attribute_names("#handle", names::USER_HANDLE)
                .expression_attribute_names("#display_name", names::USER_DISPLAY_NAME)
                .expression_attribute_values(":former", text(former.to_string()))
                .expression_attribute_values(":user", text(&wanted.user_uuid))
                .expression_attribute_values(":handle", text(&wanted.user_handle))
                .expression_attribute_values(":display_name", text(&wanted.user_display_name))
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let updated = send(self.clone(), update, false).await?;
            done += usize::from(self.db.is_dry_run() || !matches!(updated, Updated::Gone));
        }
        Ok(done)
    }
}

/// The row with its new owner and new other participant; `None` when neither changes.
fn given(row: &Item, users: &HashMap<Uuid, User>) -> Option<Item> {
    let group = to_group(row);
    let user = |uuid: &str| users.get(&uuid.parse().ok()?);
    let (owner, other) = (user(&group.owner_uuid), user(&group.other.user_uuid));
    if owner.is_none() && other.is_none() {
        return None;
    }
    let mut given = row.clone();
    if let Some(owner) = owner {
        given.insert(names::PARTITION_KEY.to_owned(), text(inbox_partition(owner.uuid)));
    }
    if let Some(other) = other.map(Participant::from) {
        given.insert(names::USER_UUID.to_owned(), text(other.user_uuid));
        given.insert(names::USER_HANDLE.to_owned(), text(other.user_handle));
        given.insert(names::USER_DISPLAY_NAME.to_owned(), text(other.user_display_name));
    }
    Some(given)
}
