//! The first pass: scans the table and folds each item into a trace.

use uuid::Uuid;

use super::super::{items, names};
use super::finding::{Finding, Invariant};
use super::suspects::{Counts, SurveyResult, spill_error};
use super::trace::{MAX_HELD, Mention, Role, Trace, What, hash, uuid};
use crate::dynamodb::item::expression::Projection;
use crate::dynamodb::{Capacity, Item, Scan, ScanRequest, Segments};
use crate::error::Result;
use crate::external_sort::Sorter;
use crate::messages_table::MessagesTable;
use crate::messaging::Timestamp;

/// The attributes that the invariants are about.
const ATTRIBUTES: [&str; 5] =
    [names::PARTITION_KEY, names::SORT_KEY, names::MESSAGE, names::GROUP_UUID, names::USER_UUID];
/// Senders of a group that are counted at the same time; it should have two.
const SENDERS: usize = 8;

/// A scan of the whole table in progress. Call [`Survey::next_page`] until it returns `None`, then
/// [`Survey::finish`].
pub struct Survey {
    scan: Scan,
    /// The current partition of each segment.
    partitions: Vec<Option<Partition>>,
    fold: Fold,
}

/// A partition being read. Its items arrive consecutively.
struct Partition {
    key: String,
    kind: Partitioned,
}

enum Partitioned {
    Messages(Messages),
    /// Not one of the app's: why, and the number of items so far.
    Odd(&'static str, u64),
}

/// The messages of a group, folded into one value.
#[derive(Default)]
struct Messages {
    group: Uuid,
    newest: Option<(i64, String)>,
    text: u64,
    senders: Vec<(u128, u32)>,
    more: bool,
    /// Whether a sort key has an offset other than UTC's.
    offsets: bool,
    /// A sender that is not a uuid, and the number of messages with such a sender.
    odd_sender: Option<(String, u64)>,
}

struct Fold {
    traces: Sorter<Trace>,
    mentions: Sorter<Mention>,
    counts: Counts,
}

impl MessagesTable {
    /// Scans the whole table in `segments`, at no more than `max_rcu` read units per second.
    pub async fn survey(&self, segments: Segments, max_rcu: Option<f64>) -> Result<Survey> {
        let request = ScanRequest {
            table: self.name.clone(),
            segments,
            attributes: Some(Projection::of(ATTRIBUTES)),
            max_rcu,
            ..ScanRequest::default()
        };
        let scan = self.db.scan(request).await?;
        Ok(Survey {
            partitions: (0..scan.segments()).map(|_| None).collect(),
            scan,
            fold: Fold {
                traces: Sorter::new(MAX_HELD),
                mentions: Sorter::new(MAX_HELD),
                counts: Counts::default(),
            },
        })
    }
}

impl Survey {
    /// Reads the next page and returns what is broken regardless of the rest of the table; `None` after
    /// the last page.
    ///
    /// # Errors
    /// The table cannot be read, or a temporary file cannot be written.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Finding>>> {
        let Some(page) = self.scan.next_page().await? else { return Ok(None) };
        let Some(partition) = self.partitions.get_mut(page.segment) else { return Ok(None) };
        let mut findings = Vec::new();
        for item in &page.items {
            self.fold.take(item, partition, &mut findings)?;
        }
        if page.last_evaluated_key.is_none() {
            self.fold.close(partition, &mut findings)?;
        }
        Ok(Some(findings))
    }

    /// Read units so far.
    pub const fn capacity(&self) -> &Capacity {
        &self.scan.capacity
    }

    /// The counts so far. Groups are only counted by [`SurveyResult`].
    pub const fn counts(&self) -> Counts {
        self.fold.counts
    }

    /// Sorts what was read.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub fn finish(self) -> Result<SurveyResult> {
        let Fold { traces, mentions, counts } = self.fold;
        let traces = traces.finish().map_err(spill_error)?;
        let mentions = mentions.finish().map_err(spill_error)?;
        Ok(SurveyResult::new(traces, mentions, counts, self.scan.capacity))
    }
}

impl Fold {
    fn take(
        &mut self,
        item: &Item,
        partition: &mut Option<Partition>,
        findings: &mut Vec<Finding>,
    ) -> Result<()> {
        self.counts.items += 1;
        let key = items::get(item, names::PARTITION_KEY);
        if let Some(owner) = key.strip_prefix(names::GROUP_PREFIX) {
            self.counts.rows += 1;
            return self.row(item, owner, findings);
        }
        self.counts.messages += u64::from(key.starts_with(names::MESSAGE_PREFIX));
        let kind = match partition.take() {
            Some(same) if same.key == key => same.kind,
            mut other => {
                self.close(&mut other, findings)?;
                match key.strip_prefix(names::MESSAGE_PREFIX).map(uuid) {
                    Some(Some(group)) => Partitioned::Messages(Messages { group, ..Messages::default() }),
                    Some(None) => Partitioned::Odd("what follows MSG# is not a uuid", 0),
                    None => Partitioned::Odd("the key begins with neither MSG# nor GRP#", 0),
                }
            }
        };
        let kind = match kind {
            Partitioned::Odd(why, count) => Partitioned::Odd(why, count + 1),
            Partitioned::Messages(mut messages) => {
                self.message(item, &mut messages, findings)?;
                Partitioned::Messages(messages)
            }
        };
        *partition = Some(Partition { key, kind });
        Ok(())
    }

    fn message(&mut self, item: &Item, messages: &mut Messages, findings: &mut Vec<Finding>) -> Result<()> {
        let sort_key = items::get(item, names::SORT_KEY);
        match items::instant(item) {
            None => findings.push(
                Finding::of(Invariant::UnparsableTime, item, "the message's sort key is not a date and time")
                    .in_group(messages.group),
            ),
            Some(at) => {
                messages.offsets |= Timestamp::has_offset(&sort_key);
                let at = (at.microseconds(), sort_key);
                if messages.newest.as_ref().is_none_or(|newest| *newest < at) {
                    messages.newest = Some(at);
                    messages.text = hash(&items::get(item, names::MESSAGE));
                }
            }
        }
        let sender = items::get(item, names::USER_UUID);
        let Some(sender) = uuid(&sender).map(|sender| sender.as_u128()) else {
            messages.odd_sender.get_or_insert((sender, 0)).1 += 1;
            return Ok(());
        };
        if let Some((_, count)) = messages.senders.iter_mut().find(|(known, _)| *known == sender) {
            *count = count.saturating_add(1);
            return Ok(());
        }
        if messages.senders.len() == SENDERS
            && let Some((user, count)) = messages.senders.pop()
        {
            self.mention(user, Role::Sender, messages.group, count)?;
        }
        messages.senders.push((sender, 1));
        messages.more |= messages.senders.len() > 2;
        Ok(())
    }

    fn row(&mut self, item: &Item, owner: &str, findings: &mut Vec<Finding>) -> Result<()> {
        let Some(owner) = uuid(owner) else {
            findings.push(Finding::of(Invariant::UnparsableKey, item, "what follows GRP# is not a uuid"));
            return Ok(());
        };
        let Some(group) = item.get(names::GROUP_UUID).and_then(|value| value.as_s().ok()) else {
            findings.push(Finding::of(Invariant::UnparsableKey, item, "the row names no group"));
            return Ok(());
        };
        let Some(group) = uuid(group) else {
            findings.push(Finding::of(
                Invariant::UnparsableKey,
                item,
                format!("the row's message_group_uuid {group:?} is not a uuid"),
            ));
            return Ok(());
        };
        let other = uuid(&items::get(item, names::USER_UUID)).map_or(0, |other| other.as_u128());
        self.mention(owner.as_u128(), Role::Owner, group, 1)?;
        if other != 0 {
            self.mention(other, Role::Other, group, 1)?;
        }
        let trace = Trace {
            group: group.as_u128(),
            what: What::Row { owner: owner.as_u128(), other },
            instant: items::instant(item).map(Timestamp::microseconds),
            text: hash(&items::get(item, names::MESSAGE)),
        };
        self.traces.push(trace).map_err(spill_error)
    }

    /// Ends a partition: pushes its trace, and reports what is broken in it as a whole.
    fn close(&mut self, partition: &mut Option<Partition>, findings: &mut Vec<Finding>) -> Result<()> {
        let Some(Partition { key, kind }) = partition.take() else { return Ok(()) };
        let messages = match kind {
            Partitioned::Odd(why, count) => {
                let items = if count == 1 { "item" } else { "items" };
                findings.push(Finding::new(Invariant::UnparsableKey, key, format!("{count} {items}: {why}")));
                return Ok(());
            }
            Partitioned::Messages(messages) => messages,
        };
        let sender = |index: usize| messages.senders.get(index).map_or(0, |(sender, _)| *sender);
        let what = What::Messages {
            senders: [sender(0), sender(1)],
            more: messages.more,
            offsets: messages.offsets,
        };
        let trace = Trace {
            group: messages.group.as_u128(),
            what,
            instant: messages.newest.map(|(at, _)| at),
            text: messages.text,
        };
        for (sender, count) in messages.senders {
            self.mention(sender, Role::Sender, messages.group, count)?;
        }
        if let Some((sender, count)) = messages.odd_sender {
            let detail = match count {
                1 => format!("the sender {sender:?} of a message is not a uuid"),
                _ => format!("the senders of {count} messages are not uuids, such as {sender:?}"),
            };
            findings.push(Finding::new(Invariant::UnknownUser, key, detail).in_group(messages.group));
        }
        self.traces.push(trace).map_err(spill_error)
    }

    fn mention(&mut self, user: u128, role: Role, group: Uuid, count: u32) -> Result<()> {
        let mention = Mention { user, role, group: group.as_u128(), count };
        self.mentions.push(mention).map_err(spill_error)
    }
}
