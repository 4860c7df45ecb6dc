//! Assigns a different pair of users to each conversation.

use super::random::Random;

/// All pairs of this many users, in rounds. In each round every user is in one pair, except that
/// one user sits out if their number is odd. This is the circle method of round-robin tournaments.
pub(super) struct Pairs {
    users: u64,
    /// The order of the users, which depends on the seed.
    step: u64,
    start: u64,
}

/// How many pairs so many users make.
pub(super) fn possible(users: u64) -> u128 {
    u128::from(users) * u128::from(users.saturating_sub(1)) / 2
}

impl Pairs {
    pub(super) fn new(seed: u64, users: u64) -> Self {
        let mut random = Random::of(&[seed]);
        let users = users.max(2);
        let start = random.below(users);
        let mut step = 1 + random.below(users - 1);
        // A step that is coprime to the number of users visits each of them.
        while divisor(step, users) != 1 {
            step = step % users + 1;
        }
        Self { users, step, start }
    }

    /// The two users of conversation `index`.
    pub(super) fn of(&self, index: u64) -> (u64, u64) {
        let users = self.users;
        let (index, each) = (u128::from(index) % possible(users), users / 2);
        let index = u64::try_from(index).unwrap_or_default();
        let (round, place) = (index / each, index % each);
        let (one, other) = match (users.is_multiple_of(2), place) {
            (true, 0) => (round, users - 1),
            (true, _) => across(round, place, users - 1),
            (false, _) => across(round, place + 1, users),
        };
        (self.user(one), self.user(other))
    }

    /// The user at `place`. There are fewer than 2^32 users, so nothing overflows.
    const fn user(&self, place: u64) -> u64 {
        (self.start + place * self.step) % self.users
    }
}

/// The two places at this distance on either side of `round`, in a circle.
const fn across(round: u64, distance: u64, circle: u64) -> (u64, u64) {
    ((round + distance) % circle, (round + circle - distance) % circle)
}

const fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}
