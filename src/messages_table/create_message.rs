//! The app's write patterns, one transaction each.

use uuid::Uuid;

use super::items::{instant, message_item, size, to_group, to_message};
use crate::dynamodb::retry::pause;
use crate::dynamodb::write::transaction::{Transaction, TransactionOutcome};
use crate::dynamodb::{Capacity, Item, MAX_ITEM_BYTES};
use crate::error::{Error, Reason, Result};
use crate::messages_table::MessagesTable;
use crate::messages_table::group_rows::Rows;
use crate::messaging::{Message, MessageGroup, Participant, Timestamp, User};

/// Maximum tries for a transaction when other writers get there first.
pub(crate) const TRIES: u32 = 20;

/// A message that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The message.
    pub message: Message,
    /// Rows that now show it.
    pub rows: usize,
    /// How often another writer got there first.
    pub overtaken: u32,
    /// Read units.
    pub read: Capacity,
    /// Write units.
    pub written: Capacity,
}

/// The result of updating a group's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Refreshed {
    /// Rows updated.
    pub rows: usize,
    /// How often another writer got there first.
    pub overtaken: u32,
    /// Read units.
    pub read: Capacity,
    /// Write units.
    pub written: Capacity,
}

impl MessagesTable {
    /// Writes a message to an existing group and updates both rows. It does all or nothing, whoever
    /// else writes at the same time.
    ///
    /// `at` is the time of sending. It moves to the next microsecond if that one is taken.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the group does not exist, `sender` is not in it, a row is
    /// missing, or the text is too long.
    pub async fn create_message(
        &self,
        group: Uuid,
        sender: &User,
        message: &str,
        at: Timestamp,
    ) -> Result<Sent> {
        let what = "cannot create the message";
        let group = group.to_string();
        let (mut read, mut written) = self.no_capacity();
        let mut draft = Message {
            message_group_uuid: group.clone(),
            sent_at: at.to_string(),
            message_uuid: Uuid::new_v4().to_string(),
            message: message.to_owned(),
            sender: sender.into(),
        };
        check_size(&message_item(&draft))?;
        let mut at = at;
        let mut rows = self.indexed_rows(&group, &mut read).await?;
        for tries in 1..=TRIES {
            if self.check_participants(&rows, &group, sender).is_err() {
                // The index may not show a new group yet, but the sender's inbox already has its row.
                let mut owners = rows.participants();
                owners.insert(sender.uuid.to_string());
                rows = self.rows_of(&group, owners, &mut read).await?;
                self.check_participants(&rows, &group, sender)?;
            }
            let mut transaction = self.transaction();
            let item = message_item(&draft);
            transaction.put_new(item)?;
            let moved = advance(&rows, &draft, &draft.sent_at, &mut transaction)?;
            match self.db.transact(transaction, what, &mut written).await? {
                TransactionOutcome::Done => {
                    return Ok(Sent { message: draft, rows: moved, overtaken: tries - 1, read, written });
                }
                // Another item may have this very microsecond.
                TransactionOutcome::Overtaken(_) => {
                    at = at.next();
                    draft.sent_at = at.to_string();
                }
            }
            pause(tries).await;
            rows = self.reread(&group, &rows, &mut read).await?;
        }
        Err(self.overtaken(what))
    }

    /// Updates the rows of `group` to its newest message: the newest by key or, because offsets may be
    /// mixed, a later one of `candidates`.
    ///
    /// Idempotent. A message older than a row changes nothing.
    pub async fn refresh_group(&self, group: &str, candidates: &[Message]) -> Result<Refreshed> {
        let what = "cannot update the group's rows";
        let (mut read, mut written) = self.no_capacity();
        let mut rows = self.indexed_rows(group, &mut read).await?;
        if !rows.is_complete() {
            // The index may show only one of the two rows as moved.
            rows = self.settled_rows(group, &rows, &mut read).await?;
        }
        // Microseconds to add to the message's time: an inbox may have another group's row at exactly
        // that time.
        let mut nudges = 0;
        for tries in 1..=TRIES {
            let mut transaction = self.transaction();
            let mut moved = 0;
            if let Some(newest) = self.newest_of(group, candidates, &mut read).await? {
                let message = to_message(&newest);
                let row_key = nudged(&message.sent_at, nudges);
                moved = advance(&rows, &message, &row_key, &mut transaction)?;
                // A message deleted in the meantime must not be shown.
                transaction.check(&newest)?;
            }
            if moved == 0 {
                return Ok(Refreshed { rows: 0, overtaken: tries - 1, read, written });
            }
            let puts = transaction.new_items();
            let failed = match self.db.transact(transaction, what, &mut written).await? {
                TransactionOutcome::Done => {
                    return Ok(Refreshed { rows: moved, overtaken: tries - 1, read, written });
                }
                TransactionOutcome::Overtaken(failed) => failed,
            };
            pause(tries).await;
            let before = rows;
            rows = self.reread(group, &before, &mut read).await?;
            // Contention alone is no reason to deviate from the message's time.
            let taken = failed.into_iter().zip(puts).any(|(failed, put)| failed && put);
            nudges += u32::from(taken && rows == before);
        }
        Err(self.overtaken(what))
    }

    /// The group's newest message that exists, as an item.
    async fn newest_of(
        &self,
        group: &str,
        candidates: &[Message],
        capacity: &mut Capacity,
    ) -> Result<Option<Item>> {
        let mut newest = self.newest_message(group, capacity).await?;
        let mut candidates: Vec<&Message> = candidates.iter().collect();
        candidates.sort_by_key(|message| std::cmp::Reverse(message.sent_at.parse::<Timestamp>().ok()));
        for candidate in candidates {
            let at = candidate.sent_at.parse::<Timestamp>().ok();
            if newest.as_ref().is_some_and(|newest| instant(newest) >= at) {
                break;
            }
            if let Some(item) = self.message_at(group, &candidate.sent_at, capacity).await? {
                newest = Some(item);
                break;
            }
        }
        Ok(newest)
    }

    /// Rereads the rows. The index is trusted only if it has changed; otherwise the table itself is
    /// read.
    async fn reread(&self, group: &str, before: &Rows, capacity: &mut Capacity) -> Result<Rows> {
        let rows = self.indexed_rows(group, capacity).await?;
        if rows != *before && !rows.is_empty() {
            return Ok(rows);
        }
        self.settled_rows(group, before, capacity).await
    }

    fn check_participants(&self, rows: &Rows, group: &str, sender: &User) -> Result<()> {
        let target = self.db.target();
        let owners: Vec<MessageGroup> = rows.groups().collect();
        if owners.is_empty() {
            return Err(Error::failed(format!("there is no group {group} on {}", self.db.endpoint()))
                .hint(Reason::MissingGroup(target)));
        }
        let sender_uuid = sender.uuid.to_string();
        let is_in = |row: &MessageGroup| row.owner_uuid == sender_uuid || row.other.user_uuid == sender_uuid;
        if !owners.iter().any(is_in) {
            let handles: Vec<&str> = owners.iter().map(|row| row.other.user_handle.as_str()).collect();
            let place = self.db.endpoint();
            return Err(Error::failed(format!("{} is not in the group {group} on {place}", sender.handle))
                .hint(format!("who is in it: {}", handles.join(", "))));
        }
        if owners.len() < 2 {
            let place = self.db.endpoint();
            return Err(Error::failed(format!("the group {group} on {place} has lost one of its rows"))
                .hint(Reason::MissingRow(target)));
        }
        Ok(())
    }

    pub(crate) fn no_capacity(&self) -> (Capacity, Capacity) {
        (Capacity::new(self.db.is_emulated()), Capacity::new(self.db.is_emulated()))
    }

    pub(crate) fn overtaken(&self, what: &str) -> Error {
        Error::failed(format!("{what} on {}: other writers were first {TRIES} times", self.db.endpoint()))
            .hint("nothing was written; run it again when the table is less busy")
            .hint(Reason::Transient)
    }
}

/// [`Rows::advance`], after checking that the rows stay within the item size limit.
fn advance(
    rows: &Rows,
    message: &Message,
    row_key: &str,
    transaction: &mut Transaction<'_>,
) -> Result<usize> {
    for row in rows.items() {
        let rest = size(row).saturating_sub(to_group(row).message.len());
        if rest + message.message.len() > MAX_ITEM_BYTES {
            return Err(too_long(message.message.len()));
        }
    }
    rows.advance(message, row_key, transaction)
}

/// Whether a row at `row` can show a message at `message`, in microseconds. It may be later by one
/// microsecond per try.
pub(crate) fn is_row_of(row: i64, message: i64) -> bool {
    (0..=i64::from(TRIES)).contains(&row.saturating_sub(message))
}

/// `sent_at`, moved by this many microseconds; unchanged if it is not a time.
pub(crate) fn nudged(sent_at: &str, microseconds: u32) -> String {
    match sent_at.parse::<Timestamp>() {
        Ok(at) if microseconds > 0 => (0..microseconds).fold(at, |at, _| at.next()).to_string(),
        _ => sent_at.to_owned(),
    }
}

/// Rejects a text that is too long for any message, whatever the sender's names. Sends nothing.
///
/// # Errors
/// [`crate::error::Kind::Failed`] when it is too long.
pub fn check_text(text: &str) -> Result<()> {
    let uuid = Uuid::nil().to_string();
    let nobody =
        Participant { user_uuid: uuid.clone(), user_display_name: String::new(), user_handle: String::new() };
    check_size(&message_item(&Message {
        message_group_uuid: uuid.clone(),
        sent_at: Timestamp::now().to_string(),
        message_uuid: uuid,
        message: text.to_owned(),
        sender: nobody,
    }))
}

pub(crate) fn check_size(item: &Item) -> Result<()> {
    if size(item) <= MAX_ITEM_BYTES { Ok(()) } else { Err(too_long(to_message(item).message.len())) }
}

fn too_long(bytes: usize) -> Error {
    Error::failed(format!(
        "the message is too long: its {bytes} bytes and the item's other attributes exceed DynamoDB's {} KB",
        MAX_ITEM_BYTES / 1024
    ))
}
