//! Handles stream records: updates the rows of each message's group.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tokio::task::JoinSet;

use crate::dynamodb::Capacity;
use crate::dynamodb::retry::pause;
use crate::dynamodb::streams::Record;
use crate::error::{Error, Reason, Result};
use crate::messages_table::items::to_message;
use crate::messages_table::{MessagesTable, Refreshed, names};
use crate::messaging::Message;

/// Groups refreshed concurrently.
const AT_ONCE: usize = 4;
/// Maximum tries for a group before the following records have to wait. Each try includes the retries
/// of the SDK and of the transaction.
const TRIES: u32 = 4;
/// The event of a deleted item.
const REMOVE: &str = "REMOVE";

/// A group refreshed because of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupHandled {
    /// The group.
    pub message_group_uuid: String,
    /// Number of records of its messages.
    pub messages: usize,
    /// Rows updated; 0 when they already showed the newest message.
    pub rows: usize,
    /// How often another writer got there first.
    pub overtaken: u32,
    /// The sequence number of its last record.
    pub sequence_number: String,
}

/// The result of a batch of records.
#[derive(Debug)]
pub struct Handled {
    /// Number of leading records that are done: all of them, unless there is a failure.
    pub records: usize,
    /// The groups refreshed, in the order of their first records.
    pub groups: Vec<GroupHandled>,
    /// Sequence numbers of records that identify no item of this table.
    pub unreadable: Vec<String>,
    /// Why the first record that is not done failed.
    pub failure: Option<Error>,
    /// Read units.
    pub read: Capacity,
    /// Write units.
    pub written: Capacity,
}

/// The totals of a whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// Records done.
    pub records: usize,
    /// New or changed messages among them.
    pub messages: usize,
    /// Group refreshes.
    pub refreshes: usize,
    /// Rows updated.
    pub rows: usize,
    /// Read units.
    pub read: Capacity,
    /// Write units.
    pub written: Capacity,
}

/// The subject of a record.
enum About {
    /// A new or changed message of a group.
    Message(Message),
    /// Any other change in the table.
    Nothing,
    /// The record does not say.
    Unreadable,
}

/// The messages of one group in a batch, and its last sequence number.
#[derive(Default)]
struct Called {
    messages: Vec<Message>,
    sequence_number: String,
}

impl MessagesTable {
    /// Handles a batch of records, as the stream's handler must. Refreshes each group that has new or
    /// changed messages, once. Deletions and items that are not messages are skipped.
    ///
    /// Records may come in any order and be repeated, because a refresh asks the table what is newest.
    /// If this is dropped early, only some groups have been refreshed, but each of these completely.
    pub async fn handle_records(&self, records: &[Record]) -> Handled {
        let (mut order, mut called) = (Vec::new(), BTreeMap::<String, Called>::new());
        let (read, written) = self.no_capacity();
        let mut handled = Handled {
            records: records.len(),
            groups: Vec::new(),
            unreadable: Vec::new(),
            failure: None,
            read,
            written,
        };
        for record in records {
            match about(record) {
                About::Message(message) => {
                    let group = message.message_group_uuid.clone();
                    let entry = called.entry(group.clone()).or_insert_with(|| {
                        order.push(group);
                        Called::default()
                    });
                    entry.sequence_number.clone_from(&record.sequence_number);
                    entry.messages.push(message);
                }
                About::Nothing => {}
                About::Unreadable => handled.unreadable.push(record.sequence_number.clone()),
            }
        }
        let mut refreshed = self.refresh_groups(&order, &called, &mut handled).await;
        let done: BTreeSet<String> = refreshed.keys().cloned().collect();
        for group in order {
            let (Some(refreshed), Some(called)) = (refreshed.remove(&group), called.remove(&group)) else {
                continue;
            };
            handled.read.merge(&refreshed.read);
            handled.written.merge(&refreshed.written);
            handled.groups.push(GroupHandled {
                message_group_uuid: group,
                messages: called.messages.len(),
                rows: refreshed.rows,
                overtaken: refreshed.overtaken,
                sequence_number: called.sequence_number,
            });
        }
        if handled.failure.is_some() {
            let is_open = |record: &Record| match about(record) {
                About::Message(message) => !done.contains(&message.message_group_uuid),
                About::Nothing | About::Unreadable => false,
            };
            handled.records = records.iter().position(is_open).unwrap_or(records.len());
        }
        handled
    }

    /// Refreshes the groups in `order`, several at a time, until one fails.
    async fn refresh_groups(
        &self,
        order: &[String],
        called: &BTreeMap<String, Called>,
        handled: &mut Handled,
    ) -> BTreeMap<String, Refreshed> {
        let mut done = BTreeMap::new();
        let mut waiting = order.iter();
        // Dropping the set aborts its tasks.
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() < AT_ONCE && handled.failure.is_none() {
                let Some(group) = waiting.next().cloned() else { break };
                let candidates = called.get(&group).map(|called| called.messages.clone()).unwrap_or_default();
                let table = self.clone();
                tasks.spawn(async move {
                    let refreshed = table.refresh_patiently(&group, &candidates).await;
                    (group, refreshed)
                });
            }
            match tasks.join_next().await {
                None => return done,
                Some(Ok((group, Ok(refreshed)))) => {
                    done.insert(group, refreshed);
                }
                Some(Ok((_, Err(error)))) => handled.failure = Some(error),
                Some(Err(error)) => {
                    handled.failure = Some(Error::failed("a refresh ended unexpectedly").because(error));
                }
            }
        }
    }

    async fn refresh_patiently(&self, group: &str, candidates: &[Message]) -> Result<Refreshed> {
        for tries in 1.. {
            match self.refresh_group(group, candidates).await {
                Err(error) if error.is(&Reason::Transient) && tries < TRIES => pause(tries).await,
                Err(error) => {
                    let message = format!("{} (the group {group})", error.message());
                    let kind = error.kind();
                    return Err(error.with(kind, message));
                }
                refreshed => return refreshed,
            }
        }
        Err(Error::failed("no try was made"))
    }
}

fn about(record: &Record) -> About {
    let key = |name: &str| record.keys.get(name).and_then(|value| value.as_s().ok());
    let (Some(partition), Some(_)) = (key(names::PARTITION_KEY), key(names::SORT_KEY)) else {
        return About::Unreadable;
    };
    match partition.strip_prefix(names::MESSAGE_PREFIX) {
        Some("") => About::Unreadable,
        // The key is enough: the message is read from the table before it is shown.
        Some(_) if record.event != REMOVE => {
            About::Message(to_message(record.new_image.as_ref().unwrap_or(&record.keys)))
        }
        _ => About::Nothing,
    }
}

impl Totals {
    /// Totals that start at zero.
    pub fn new(table: &MessagesTable) -> Self {
        let (read, written) = table.no_capacity();
        Self { records: 0, messages: 0, refreshes: 0, rows: 0, read, written }
    }

    /// Adds the result of a batch.
    pub fn add(&mut self, handled: &Handled) {
        self.records += handled.records;
        self.refreshes += handled.groups.len();
        for group in &handled.groups {
            self.messages += group.messages;
            self.rows += group.rows;
        }
        self.read.merge(&handled.read);
        self.written.merge(&handled.written);
    }
}
