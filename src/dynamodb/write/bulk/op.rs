//! A request under way.

use tokio::sync::OwnedSemaphorePermit;

use super::request::Prepared;

/// A request under way.
pub(super) struct Op {
    pub(super) sequence: u64,
    pub(super) prepared: Prepared,
    /// Times in a row that its batch was not taken; the pause grows with them.
    pub(super) tries: u32,
    /// The same since anything at all was written, and how much was, then.
    pub(super) vain: u32,
    pub(super) written_then: u64,
    _room: OwnedSemaphorePermit,
}

impl Op {
    pub(super) const fn new(sequence: u64, prepared: Prepared, room: OwnedSemaphorePermit) -> Self {
        Self { sequence, prepared, tries: 0, vain: 0, written_then: 0, _room: room }
    }

    pub(super) fn json(&self) -> &[u8] {
        &self.prepared.json
    }

    pub(super) const fn key(&self) -> u64 {
        self.prepared.key
    }
}
