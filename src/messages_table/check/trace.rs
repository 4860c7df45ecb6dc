//! The few bytes kept of each item, so that a table of any size is sorted in constant memory.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use uuid::Uuid;

use crate::external_sort::{Fixed, take};

/// Maximum traces, and maximum mentions, held in memory: 24 MiB and 12 MiB.
pub(super) const MAX_HELD: usize = 256 * 1024;

/// A summary of a group's messages, or of one of its rows. Sorts by group, messages before rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trace {
    pub(super) group: u128,
    pub(super) what: What,
    /// Time of the newest message, or of the row, in microseconds since 1970.
    pub(super) instant: Option<i64>,
    /// Hash of that message's or row's text. Different texts collide with a probability of 1 in 2⁶⁴.
    pub(super) text: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Two of the senders (0 for none), whether there are more, and whether a sort key has an offset
    /// other than UTC's.
    Messages { senders: [u128; 2], more: bool, offsets: bool },
    /// The owner of the inbox, and the other participant (0 when that is not a uuid).
    Row { owner: u128, other: u128 },
}

/// How often a user occurs in one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    pub(super) user: u128,
    pub(super) role: Role,
    /// A group in which this is the case.
    pub(super) group: u128,
    pub(super) count: u32,
}

/// The role of a user in an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Sender,
    Owner,
    Other,
}

pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The uuid in `text`, if it is written the way the app writes it. In any other notation it would be a
/// different key.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok().filter(|uuid| !uuid.is_nil())?;
    (uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then_some(uuid)
}

/// Bits of the byte that encodes the kind of a trace.
const MORE: u8 = 1;
const OFFSETS: u8 = 2;
const ROW: u8 = 4;

impl Fixed for Trace {
    const BYTES: usize = 16 + 1 + 32 + 9 + 8;

    fn write(&self, bytes: &mut Vec<u8>) {
        let (kind, a, b) = match self.what {
            What::Messages { senders: [a, b], more, offsets } => {
                (u8::from(more) * MORE + u8::from(offsets) * OFFSETS, a, b)
            }
            What::Row { owner, other } => (ROW, owner, other),
        };
        bytes.extend(self.group.to_le_bytes());
        bytes.push(kind);
        bytes.extend(a.to_le_bytes());
        bytes.extend(b.to_le_bytes());
        bytes.push(self.instant.is_some().into());
        bytes.extend(self.instant.unwrap_or_default().to_le_bytes());
        bytes.extend(self.text.to_le_bytes());
    }

    fn read(mut bytes: &[u8]) -> Self {
        let bytes = &mut bytes;
        let group = u128::from_le_bytes(take(bytes));
        let [kind] = take(bytes);
        let (a, b) = (u128::from_le_bytes(take(bytes)), u128::from_le_bytes(take(bytes)));
        let what = match kind {
            ROW => What::Row { owner: a, other: b },
            kind => What::Messages { senders: [a, b], more: kind & MORE != 0, offsets: kind & OFFSETS != 0 },
        };
        let [is_time] = take(bytes);
        let instant = i64::from_le_bytes(take(bytes));
        Self {
            group,
            what,
            instant: (is_time != 0).then_some(instant),
            text: u64::from_le_bytes(take(bytes)),
        }
    }
}

impl Fixed for Mention {
    const BYTES: usize = 16 + 1 + 16 + 4;

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.user.to_le_bytes());
        bytes.push(match self.role {
            Role::Sender => 0,
            Role::Owner => 1,
            Role::Other => 2,
        });
        bytes.extend(self.group.to_le_bytes());
        bytes.extend(self.count.to_le_bytes());
    }

    fn read(mut bytes: &[u8]) -> Self {
        let bytes = &mut bytes;
        let user = u128::from_le_bytes(take(bytes));
        let role = match take(bytes) {
            [0] => Role::Sender,
            [1] => Role::Owner,
            _ => Role::Other,
        };
        Self { user, role, group: u128::from_le_bytes(take(bytes)), count: u32::from_le_bytes(take(bytes)) }
    }
}

// `MAX_HELD` relies on these sizes.
const _: () = assert!(size_of::<Trace>() <= 96 && size_of::<Mention>() <= 64);
