//! The domain: users, messages and message groups as plain values.

mod conversation;
mod identity;
mod invented;
mod range;
mod sort_position;
mod timestamp;
mod transcript;
mod zone;

use serde::Serialize;
use uuid::Uuid;

pub use conversation::Conversation;
pub use identity::{
    AppUser, Identity, MOCK, Match, MatchOutcome, Newcomer, PoolUser, Tally, add_missing, match_users,
};
pub use invented::{Invented, InventedUser, Invention, MAX_INVENTED};
pub use range::{KeyBounds, TimeRange};
pub use sort_position::SortPosition;
pub use timestamp::{MAX_OFFSET, NotATimestamp, Timestamp};
pub use transcript::{Line, Person, Transcript};
pub use zone::Zone;

/// The group that `ddb seed` writes and `get-conversation` reads by default.
pub const DEFAULT_GROUP: Uuid = Uuid::from_u128(0x5ae2_90ed_55d1_47a0_bc6d_fe2b_c270_0399);

/// A user, as far as messages copy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's uuid in PostgreSQL.
    pub uuid: Uuid,
    /// The name to show.
    pub display_name: String,
    /// The name in mentions, without `@`.
    pub handle: String,
}

/// A direct message, as stored in the table.
///
/// Every field is text: whatever a real table holds is shown as it is, even if it does not parse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The group that it belongs to.
    pub message_group_uuid: String,
    /// When it was sent: the item's `sk`.
    pub sent_at: String,
    /// Its own uuid.
    pub message_uuid: String,
    /// Its text.
    pub message: String,
    /// The sender.
    #[serde(flatten)]
    pub sender: Participant,
}

/// One participant's row of a message group, as stored in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageGroup {
    /// The owner of the inbox that holds the row. Part of the key, but not shown.
    #[serde(skip)]
    pub owner_uuid: String,
    /// The group.
    pub message_group_uuid: String,
    /// When its last message was sent: the item's `sk`.
    pub last_message_at: String,
    /// Its last message.
    pub message: String,
    /// The *other* participant.
    #[serde(flatten)]
    pub other: Participant,
}

/// A user, as copied into an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// The user's uuid.
    pub user_uuid: String,
    /// The name to show.
    pub user_display_name: String,
    /// The handle.
    pub user_handle: String,
}

impl From<&User> for Participant {
    fn from(user: &User) -> Self {
        Self {
            user_uuid: user.uuid.to_string(),
            user_display_name: user.display_name.clone(),
            user_handle: user.handle.clone(),
        }
    }
}
