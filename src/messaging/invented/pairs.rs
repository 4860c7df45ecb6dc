//! Who talks to whom: a pair of users for each conversation, and none of them twice.

use super::Invention;
use super::random::Random;

/// The pairs of so many users, shuffled.
pub(super) struct Pairs {
    number: u128,
    step: u128,
    start: u128,
}

impl Pairs {
    pub(super) fn new(seed: u64, users: u64) -> Self {
        let pairs = Invention::pairs(users).max(1);
        let mut random = Random::of(&[seed]);
        let start = u128::from(random.next()) % pairs;
        let mut step = u128::from(random.next()) % pairs;
        // Steps that share no divisor with the number of pairs come by each of them.
        while divisor(step, pairs) != 1 {
            step = (step + 1) % pairs;
        }
        Self { number: pairs, step, start }
    }

    /// The users of conversation `index`: two different ones.
    pub(super) fn of(&self, index: u64) -> (u64, u64) {
        // Users are fewer than 2^32 where conversations are: the product is below 2^128.
        let number = (self.start + u128::from(index) % self.number * self.step) % self.number;
        // Pair (a, b), a < b, is number b(b-1)/2 + a.
        let root = (1 + 8 * number).isqrt().div_ceil(2);
        let other = if root * (root - 1) / 2 > number { root - 1 } else { root };
        let one = number - other * (other - 1) / 2;
        (u64::try_from(one).unwrap_or_default(), u64::try_from(other).unwrap_or_default())
    }
}

const fn divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { divisor(b, a % b) }
}
