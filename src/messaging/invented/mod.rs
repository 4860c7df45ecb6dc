//! Invented users who write to each other: any number of them, and the same for the same seed.
//!
//! Each user, conversation and message has random numbers of its own. So any one can be generated
//! without those before it, and nothing has to be stored.

mod pairs;
mod random;

use std::collections::HashMap;
use std::hash::BuildHasher;

use fake::Fake as _;
use fake::faker::lorem::en::Word;
use fake::faker::name::en::{FirstName, LastName};
use uuid::Uuid;

use self::pairs::Pairs;
use self::random::Random;
use super::{Message, MessageGroup, Participant, Timestamp, User};

/// Microseconds in a year of 365.25 days, and in a day.
const YEAR: u64 = 31_557_600_000_000;
const DAY: i64 = 86_400_000_000;
/// The modulus that keeps last messages apart: those of two conversations before the last day never
/// have the same remainder modulo 2^32 microseconds. An inbox row has its last message's time in
/// its key.
const SLOT: u64 = 1 << 32;
/// The limit of conversations, and of messages in each, that follows from the slot.
pub const MAX_INVENTED: u64 = SLOT;
/// The average gap between two messages, in microseconds: from a minute to three days.
const GAPS: std::ops::Range<u64> = 60_000_000..259_200_000_000;

/// The kinds of things that are drawn from a seed.
const USER: u64 = 1;
const CONVERSATION: u64 = 2;
const MESSAGE: u64 = 3;

/// What to invent. These numbers determine everything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Invention {
    /// The seed for all random numbers.
    pub seed: u64,
    /// Users: at least two, and enough for the pairs (see [`Invention::pairs`]).
    pub users: u64,
    /// Conversations, each between a different pair of users; at most [`MAX_INVENTED`].
    pub conversations: u64,
    /// Messages per conversation, from 1 to [`MAX_INVENTED`].
    pub messages: u64,
    /// All messages are before this instant; the newest are on the day that ends with it or contains it.
    pub until: Timestamp,
    /// All messages are within this many years of 365.25 days before `until`; at least 1.
    pub years: u64,
}

/// An invented user, as stored in PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventedUser {
    /// The user.
    pub user: User,
    /// An address at example.com, which nobody has.
    pub email: String,
}

/// An item of the messages table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invented {
    /// A message.
    Message(Message),
    /// A participant's row in the inbox.
    Row(MessageGroup),
}

impl Invention {
    /// The number of pairs that this many users form.
    pub fn pairs(users: u64) -> u128 {
        pairs::possible(users)
    }

    /// How many conversations have their last message on the last day: enough for each user to have
    /// one. So a view of only this year shows something to everybody, on any day.
    pub fn current(&self) -> u64 {
        self.users.div_ceil(2).min(self.conversations)
    }

    /// How many users are in no conversation, because there are too few.
    pub const fn silent(&self) -> u64 {
        self.users.saturating_sub(self.conversations.saturating_mul(2))
    }

    /// The start, in UTC, of the day of the last message.
    fn last_day(&self) -> i64 {
        (self.until.microseconds() - 1).div_euclid(DAY) * DAY
    }

    /// The number of items in the messages table: each conversation's messages and its two rows.
    pub const fn items(&self) -> u64 {
        self.conversations.saturating_mul(self.messages.saturating_add(2))
    }

    /// How many of the first `items` items are inbox rows.
    pub const fn rows_before(&self, items: u64) -> u64 {
        let each = self.messages.saturating_add(2);
        2 * (items / each) + (items % each).saturating_sub(self.messages)
    }

    /// The instant from which on there may be messages.
    pub fn since(&self) -> Timestamp {
        self.until.before(std::time::Duration::from_micros(self.span()))
    }

    /// The seed of the conversations. It depends on all parameters except the number of
    /// conversations, so that runs with different parameters never overwrite each other's.
    fn root(&self) -> u64 {
        let until = self.until.microseconds().cast_unsigned();
        Random::of(&[self.seed, CONVERSATION, self.users, self.messages, self.years, until]).next()
    }

    const fn span(&self) -> u64 {
        self.years.saturating_mul(YEAR)
    }

    /// The time of the last message of current conversation `index`. Nobody is in two of these,
    /// except one user in the last conversation when the number of users is odd. That conversation
    /// is an odd number of microseconds before the end, the others an even number.
    fn current_last(&self, index: u64, random: &mut Random) -> i64 {
        let end = self.until.microseconds() - 1;
        let before = 2 * random.below((end.abs_diff(self.last_day()) / 2).max(1));
        end - i64::try_from(before + u64::from(index >= self.users / 2)).unwrap_or_default()
    }

    /// User `index`, from 0. The handle ends in the index, and has no digit before it, so no two
    /// users of a seed share a handle.
    pub fn user(&self, index: u64) -> InventedUser {
        let mut random = Random::of(&[self.seed, USER, index]);
        let first: &str = FirstName().fake_with_rng(&mut random);
        let last: &str = LastName().fake_with_rng(&mut random);
        let letters = |name: &str| -> String {
            name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
        };
        let handle = format!("{}_{}_{index}", letters(first), letters(last));
        let email = format!("{handle}@example.com");
        let user = User { uuid: random.uuid(), display_name: format!("{first} {last}"), handle };
        InventedUser { user, email }
    }

    /// The items from number `from` on, conversation by conversation: the messages, oldest first,
    /// then the rows. Users in `known`, by index, replace the invented ones.
    pub fn items_from<'a, S: BuildHasher>(
        &'a self,
        from: u64,
        known: &'a HashMap<u64, User, S>,
    ) -> impl Iterator<Item = Invented> + 'a {
        let pairs = Pairs::new(self.root(), self.users);
        let root = self.root();
        let mut conversation: Option<Conversation> = None;
        let each = self.messages.saturating_add(2);
        (from..self.items()).map(move |number| {
            let (index, place) = (number / each, number % each);
            let conversation = match conversation.take() {
                Some(current) if current.index == index => conversation.insert(current),
                _ => {
                    let user = |index| known.get(&index).cloned().unwrap_or_else(|| self.user(index).user);
                    let (one, other) = pairs.of(index);
                    conversation.insert(Conversation::new(self, root, index, &[user(one), user(other)]))
                }
            };
            match place.checked_sub(self.messages) {
                None => Invented::Message(conversation.message(place)),
                Some(row) => Invented::Row(conversation.row(usize::from(row > 0))),
            }
        })
    }
}

/// A conversation that can generate any of its messages.
struct Conversation {
    root: u64,
    index: u64,
    group: Uuid,
    participants: [Participant; 2],
    messages: u64,
    /// The times of the first and the last message, in microseconds since 1970.
    first: i64,
    last: i64,
}

impl Conversation {
    fn new(invention: &Invention, root: u64, index: u64, users: &[User; 2]) -> Self {
        let mut random = Random::of(&[root, index]);
        let group = random.uuid();
        let since = invention.since().microseconds();
        let last = if index < invention.current() {
            invention.current_last(index, &mut random)
        } else {
            let span = invention.last_day().abs_diff(since);
            // Not the first slot, so that even the most messages have a microsecond each.
            let slot = 1 + random.below((span / SLOT).saturating_sub(2).max(1));
            // An odd factor, so that no two indexes collide.
            let scattered = index.wrapping_mul(0x9e37_79b1).wrapping_add(root) % SLOT;
            since + i64::try_from(slot * SLOT + scattered).unwrap_or(i64::MAX)
        };
        // Draws the order of magnitude evenly, so that short gaps are as common as long ones.
        let magnitudes = (GAPS.end / GAPS.start).ilog2();
        let shift = random.below(u64::from(magnitudes) + 1);
        let gap = (GAPS.start << shift) + random.below(GAPS.start << shift);
        let length = gap.saturating_mul(invention.messages - 1).min(last.abs_diff(since));
        Self {
            root,
            index,
            group,
            participants: users.each_ref().map(Participant::from),
            messages: invention.messages,
            first: last - i64::try_from(length).unwrap_or(i64::MAX),
            last,
        }
    }

    /// Message `place`, from 0. Each message falls at random into its own share of the time, so
    /// they are in order and no two have the same time.
    fn message(&self, place: u64) -> Message {
        let mut random = Random::of(&[self.root, MESSAGE, self.index, place]);
        let message_uuid = random.uuid().to_string();
        let sender = &self.participants[usize::from(random.below(2) == 1)];
        let length = u64::try_from(self.last - self.first).unwrap_or_default();
        let share = if self.messages > 1 { length / (self.messages - 1) } else { 0 };
        let at = if place + 1 == self.messages {
            self.last
        } else {
            self.first + i64::try_from(place * share + random.below(share.max(1))).unwrap_or_default()
        };
        Message {
            message_group_uuid: self.group.to_string(),
            sent_at: time(at),
            message_uuid,
            message: sentence(&mut random),
            sender: sender.clone(),
        }
    }

    /// The inbox row of participant 0 or 1.
    fn row(&self, owner: usize) -> MessageGroup {
        MessageGroup {
            owner_uuid: self.participants[owner].user_uuid.clone(),
            message_group_uuid: self.group.to_string(),
            last_message_at: time(self.last),
            message: self.message(self.messages - 1).message,
            other: self.participants[1 - owner].clone(),
        }
    }
}

fn time(microseconds: i64) -> String {
    Timestamp::from_microseconds(microseconds).unwrap_or(Timestamp::EARLIEST).to_string()
}

/// Generates the same as `Sentence(2..14)`, without a string for each word.
fn sentence(random: &mut Random) -> String {
    let words: usize = (2..14).fake_with_rng(random);
    let mut text = String::with_capacity(128);
    for place in 0..words {
        let word: &str = Word().fake_with_rng(random);
        text.push_str(if place > 0 { " " } else { "" });
        text.push_str(word);
    }
    text.push('.');
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
