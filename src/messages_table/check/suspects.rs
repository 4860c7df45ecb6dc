//! Collects the traces of each group, and drops the groups that are sound: most of them.

use std::iter::Peekable;

use serde::Serialize;
use uuid::Uuid;

use super::super::items;
use super::finding::{Finding, Invariant};
use super::trace::{Mention, Role, Trace, What};
use crate::dynamodb::Capacity;
use crate::error::{Error, Result};
use crate::external_sort::Sorted;
use crate::messages_table::create_message;

/// Maximum rows of one group that are looked at; it should have two.
const ROWS: usize = 8;

/// The counts of a survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Items read.
    pub items: u64,
    /// Messages among them.
    pub messages: u64,
    /// Rows among them.
    pub rows: u64,
    /// Distinct groups of the messages and rows.
    pub groups: u64,
}

/// A table that has been read, sorted by group and by user.
pub struct SurveyResult {
    traces: Peekable<Sorted<Trace>>,
    mentions: Peekable<Sorted<Mention>>,
    counts: Counts,
    capacity: Capacity,
}

/// A group that looks broken. It may only have been written to during the scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The group.
    pub group: Uuid,
    /// Its senders, or at least two of them if there are more than two.
    pub(super) senders: Vec<Uuid>,
    /// Whether there are more than two senders.
    pub(super) has_more_senders: bool,
    /// All other users in its rows.
    pub(super) others: Vec<Uuid>,
    /// Whether a message has an offset other than UTC's.
    pub(super) has_offsets: bool,
    /// When its newest message was sent; microseconds since 1970.
    pub(super) newest: Option<i64>,
}

impl Suspect {
    /// All possible participants.
    pub fn users(&self) -> impl Iterator<Item = Uuid> {
        self.senders.iter().chain(&self.others).copied()
    }
}

/// A user, and where they occur in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mentioned {
    /// The user.
    pub user: Uuid,
    /// A group in which they occur.
    group: Uuid,
    /// Number of messages sent, rows owned, and rows in which they are the other.
    counts: [u64; 3],
}

impl Mentioned {
    /// The finding that `PostgreSQL` does not know this user.
    pub fn unknown(&self) -> Finding {
        let nouns = [["message", "messages"], ["row", "rows"], ["row", "rows"]];
        let verbs = ["sent", "owns", "is named in"];
        let named: Vec<String> = (0..3)
            .filter(|index| self.counts[*index] > 0)
            .map(|index| {
                let count = self.counts[index];
                format!("{} {count} {}", verbs[index], nouns[index][usize::from(count != 1)])
            })
            .collect();
        let detail = format!("PostgreSQL does not know the user {}, who {}", self.user, named.join(", "));
        Finding::new(Invariant::UnknownUser, items::inbox_partition(self.user), detail).in_group(self.group)
    }
}

impl SurveyResult {
    pub(super) fn new(
        traces: Sorted<Trace>,
        mentions: Sorted<Mention>,
        counts: Counts,
        capacity: Capacity,
    ) -> Self {
        Self { traces: traces.peekable(), mentions: mentions.peekable(), counts, capacity }
    }

    /// The counts. Groups are counted as [`Self::next_suspects`] reads them.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Read units of the scan.
    pub const fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// The next groups that look broken, at most `count`. Fewer than `count` means that there are no
    /// more.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub fn next_suspects(&mut self, count: usize) -> Result<Vec<Suspect>> {
        let mut suspects = Vec::new();
        while suspects.len() < count
            && let Some(first) = self.traces.next()
        {
            let mut group = Gathered::default();
            let first = first.map_err(spill_error)?;
            group.add(first);
            while let Some(next) =
                self.traces.next_if(|next| next.as_ref().is_ok_and(|next| next.group == first.group))
            {
                group.add(next.map_err(spill_error)?);
            }
            self.counts.groups += 1;
            if !group.is_sound() {
                suspects.push(group.suspect(first.group));
            }
        }
        Ok(suspects)
    }

    /// The next users in the table, at most `count`, in the order of their uuids. Fewer than `count`
    /// means that there are no more.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub fn next_users(&mut self, count: usize) -> Result<Vec<Mentioned>> {
        let mut users = Vec::new();
        while users.len() < count
            && let Some(first) = self.mentions.next()
        {
            let first = first.map_err(spill_error)?;
            let mut mentioned = Mentioned {
                user: Uuid::from_u128(first.user),
                group: Uuid::from_u128(first.group),
                counts: [0; 3],
            };
            mentioned.add(first);
            while let Some(next) =
                self.mentions.next_if(|next| next.as_ref().is_ok_and(|next| next.user == first.user))
            {
                mentioned.add(next.map_err(spill_error)?);
            }
            users.push(mentioned);
        }
        Ok(users)
    }
}

impl Mentioned {
    fn add(&mut self, mention: Mention) {
        let index = match mention.role {
            Role::Sender => 0,
            Role::Owner => 1,
            Role::Other => 2,
        };
        self.counts[index] += u64::from(mention.count);
    }
}

/// The traces of one group.
#[derive(Default)]
struct Gathered {
    /// Of its messages. When they came in several parts, of the part with the newest message.
    messages: Option<Trace>,
    senders: Vec<u128>,
    has_more_senders: bool,
    has_offsets: bool,
    rows: Vec<Trace>,
}

impl Gathered {
    fn add(&mut self, trace: Trace) {
        match trace.what {
            What::Row { .. } if self.rows.len() < ROWS => self.rows.push(trace),
            What::Row { .. } => {}
            What::Messages { senders, more, offsets } => {
                for sender in senders {
                    if sender != 0 && !self.senders.contains(&sender) && self.senders.len() < ROWS {
                        self.senders.push(sender);
                    }
                }
                self.has_more_senders |= more;
                self.has_offsets |= offsets;
                if self.messages.is_none_or(|other| other.instant < trace.instant) {
                    self.messages = Some(trace);
                }
            }
        }
    }

    /// Whether the group is sound, as far as the traces show.
    fn is_sound(&self) -> bool {
        let (Some(messages), [a, b]) = (&self.messages, self.rows.as_slice()) else { return false };
        let Some(newest) = messages.instant else { return false };
        let shows = |row: &Trace| {
            row.text == messages.text && row.instant.is_some_and(|at| create_message::is_row_of(at, newest))
        };
        let name_each_other = match (a.what, b.what) {
            (What::Row { owner: a, other: of_a }, What::Row { owner: b, other: of_b }) => {
                a != b && of_a == b && of_b == a
            }
            _ => false,
        };
        name_each_other && shows(a) && shows(b)
    }

    fn suspect(&self, group: u128) -> Suspect {
        let mut others = Vec::new();
        for row in &self.rows {
            let What::Row { owner, other } = row.what else { continue };
            for user in [owner, other] {
                if user != 0 && !self.senders.contains(&user) && !others.contains(&user) {
                    others.push(user);
                }
            }
        }
        let uuids = |users: &[u128]| users.iter().copied().map(Uuid::from_u128).collect();
        Suspect {
            group: Uuid::from_u128(group),
            senders: uuids(&self.senders),
            has_more_senders: self.has_more_senders,
            others: uuids(&others),
            has_offsets: self.has_offsets,
            newest: self.messages.and_then(|messages| messages.instant),
        }
    }
}

pub(super) fn spill_error(cause: std::io::Error) -> Error {
    Error::failed("cannot sort in a temporary file")
        .because(cause)
        .hint("a large table needs about 100 bytes of disk for each item; TMPDIR says where")
}
