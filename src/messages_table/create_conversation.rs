//! Creates a conversation: two rows and a first message, in one transaction.

use uuid::Uuid;

use super::items::{group_item, inbox_partition, message_item, text, to_group};
use super::names;
use crate::dynamodb::retry::pause;
use crate::dynamodb::write::transaction::TransactionOutcome;
use crate::dynamodb::{Capacity, Item};
use crate::error::{Error, Kind, Result};
use crate::messages_table::MessagesTable;
use crate::messages_table::create_message::{Sent, TRIES, check_size};
use crate::messaging::{Message, MessageGroup, Timestamp, User};

/// How far back to look for a rival conversation created at the same time, in minutes. A day covers
/// every offset and any clock skew.
const RIVAL_MINUTES: usize = 24 * 60;

/// The result of creating a conversation unless one exists.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It was written.
    Sent(Sent),
    /// The two already have one. The new one has been withdrawn completely, if it was written.
    Exists {
        /// A row of the existing conversation.
        group: MessageGroup,
        /// Read units.
        read: Capacity,
        /// Write units, if a conversation was withdrawn.
        written: Capacity,
    },
}

impl MessagesTable {
    /// Creates a group: its two rows and its first message, all or nothing.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`], also when the text is too long.
    pub async fn create_conversation(
        &self,
        from: &User,
        to: &User,
        message: &str,
        at: Timestamp,
    ) -> Result<Sent> {
        let mut draft = Draft::new(from, to, message, at)?;
        let (read, mut written) = self.no_capacity();
        let overtaken = self.write_draft(&mut draft, &mut written).await?;
        Ok(Sent { message: draft.message, rows: 2, overtaken, read, written })
    }

    /// Like [`Self::create_conversation`], unless the two already have a conversation.
    ///
    /// The table cannot enforce one group per pair of users, so this looks both before and after it
    /// writes. If two are created at the same time, one is withdrawn, on the condition that the other
    /// exists. Both remain only if this is interrupted in between.
    ///
    /// # Errors
    /// [`Kind::Failed`]; [`Kind::Partial`] when both remain, or may remain.
    pub async fn create_only_conversation(
        &self,
        from: &User,
        to: &User,
        message: &str,
        at: Timestamp,
    ) -> Result<Created> {
        let mut draft = Draft::new(from, to, message, at)?;
        let (mut read, mut written) = self.no_capacity();
        // If one inbox has lost its row, the other still has one.
        for (user, other) in [(from, to), (to, from)] {
            let (found, consumed) = self.conversation_between(user, other).await?;
            read.merge(&consumed);
            if let Some(group) = found {
                return Ok(Created::Exists { group, read, written });
            }
        }
        let overtaken = self.write_draft(&mut draft, &mut written).await?;
        let rival = self.yield_to_rival(&draft, (&mut read, &mut written)).await.map_err(|error| {
            let message = format!("the conversation {} was written; then {}", draft.group(), error.message());
            error
                .with(Kind::Partial, message)
                .hint("another one between the two may have been written at the same instant")
        })?;
        Ok(match rival {
            Some(group) => Created::Exists { group, read, written },
            None => Created::Sent(Sent { message: draft.message, rows: 2, overtaken, read, written }),
        })
    }

    /// The group in `user`'s inbox whose other participant is `other`, read consistently. If there are
    /// several, the newest.
    ///
    /// Reads the whole inbox, because it is sorted by time, not by user.
    pub async fn conversation_between(
        &self,
        user: &User,
        other: &User,
    ) -> Result<(Option<MessageGroup>, Capacity)> {
        let query = self
            .query_partition(inbox_partition(user.uuid))
            .scan_index_forward(false)
            .consistent_read(true)
            .filter_expression("#user = :user")
            .expression_attribute_names("#user", names::USER_UUID)
            .expression_attribute_values(":user", text(other.uuid.to_string()));
        let (items, capacity) = self.collect(query, None, LOOKING).await?;
        Ok((items.first().map(to_group), capacity))
    }

    /// Writes the draft, and returns how often another writer got there first.
    async fn write_draft(&self, draft: &mut Draft, written: &mut Capacity) -> Result<u32> {
        let what = "cannot create the conversation";
        for tries in 1..=TRIES {
            let mut transaction = self.transaction();
            for item in draft.items() {
                transaction.put_new(item)?;
            }
            match self.db.transact(transaction, what, written).await? {
                TransactionOutcome::Done => return Ok(tries - 1),
                // An inbox already has a row with this microsecond.
                TransactionOutcome::Overtaken(failed) if failed.contains(&true) => draft.at = draft.at.next(),
                TransactionOutcome::Overtaken(_) => pause(tries).await,
            }
            draft.message.sent_at = draft.at.to_string();
        }
        Err(self.overtaken(what))
    }

    /// If the two have another conversation by now, withdraws this one and returns the other. Whoever
    /// writes later sees the other conversation. When both see each other, the first withdrawal makes
    /// the condition of the second fail.
    async fn yield_to_rival(
        &self,
        draft: &Draft,
        (read, written): (&mut Capacity, &mut Capacity),
    ) -> Result<Option<MessageGroup>> {
        let what = "cannot withdraw the conversation";
        for tries in 1..=TRIES {
            let Some(rival) = self.rival(draft, read).await? else { return Ok(None) };
            let mut transaction = self.transaction();
            for item in &draft.items() {
                transaction.delete(item)?;
            }
            transaction.check(&rival)?;
            match self.db.transact(transaction, what, written).await? {
                TransactionOutcome::Done => return Ok(Some(to_group(&rival))),
                // Somebody has already replied, so this conversation stays.
                TransactionOutcome::Overtaken(failed) if failed.iter().take(3).any(|failed| *failed) => {
                    return Err(Error::failed(format!(
                        "found the conversation {} between the two",
                        to_group(&rival).message_group_uuid
                    )));
                }
                TransactionOutcome::Overtaken(_) => pause(tries).await,
            }
        }
        Err(self.overtaken(what))
    }

    /// A recent row of another conversation between the two.
    async fn rival(&self, draft: &Draft, read: &mut Capacity) -> Result<Option<Item>> {
        let since = draft.at.minutes_before(RIVAL_MINUTES).to_string();
        let query = self
            .db
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk > :since")
            .expression_attribute_names("#pk", names::PARTITION_KEY)
            .expression_attribute_names("#sk", names::SORT_KEY)
            .expression_attribute_values(":pk", text(inbox_partition(&draft.rows[0].owner_uuid)))
            .expression_attribute_values(":since", text(since))
            .filter_expression("#user = :user AND #group <> :group")
            .expression_attribute_names("#user", names::USER_UUID)
            .expression_attribute_names("#group", names::GROUP_UUID)
            .expression_attribute_values(":user", text(&draft.rows[0].other.user_uuid))
            .expression_attribute_values(":group", text(draft.group()));
        let (items, consumed) = self.collect(query, None, LOOKING).await?;
        read.merge(&consumed);
        Ok(items.into_iter().next_back())
    }
}

/// A conversation to be written at `at`.
struct Draft {
    message: Message,
    rows: [MessageGroup; 2],
    at: Timestamp,
}

impl Draft {
    /// # Errors
    /// [`Kind::Failed`] when an item would be too large.
    fn new(from: &User, to: &User, text: &str, at: Timestamp) -> Result<Self> {
        let group = Uuid::new_v4().to_string();
        let row = |owner: &User, other: &User| MessageGroup {
            owner_uuid: owner.uuid.to_string(),
            message_group_uuid: group.clone(),
            last_message_at: at.to_string(),
            message: text.to_owned(),
            other: other.into(),
        };
        let rows = [row(from, to), row(to, from)];
        let message = Message {
            message_group_uuid: group,
            sent_at: at.to_string(),
            message_uuid: Uuid::new_v4().to_string(),
            message: text.to_owned(),
            sender: from.into(),
        };
        let draft = Self { message, rows, at };
        draft.items().iter().try_for_each(check_size)?;
        Ok(draft)
    }

    fn group(&self) -> &str {
        &self.message.message_group_uuid
    }

    /// Its three items, all with the same time.
    fn items(&self) -> [Item; 3] {
        let [mine, theirs] = &self.rows;
        let mut items = [message_item(&self.message), group_item(mine), group_item(theirs)];
        for item in &mut items {
            item.insert(names::SORT_KEY.to_owned(), text(self.at.to_string()));
        }
        items
    }
}

const LOOKING: &str = "cannot look for a conversation";
