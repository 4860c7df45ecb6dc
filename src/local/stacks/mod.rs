//! All stacks of this machine, and how each gets its ports.

mod known;
mod settle;

pub use self::known::{KnownStack, StackState, owner_of, stacks};
pub(super) use self::settle::settle;
