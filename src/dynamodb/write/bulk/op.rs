//! A request in progress.

use tokio::sync::OwnedSemaphorePermit;

use super::request::Prepared;

/// How much may be in progress, in units of [`ROOM_UNIT`] bytes. This bounds the memory: 32 MiB, and
/// 4,096 requests.
pub(super) const ROOM: usize = 4096;
/// Bytes per unit of [`ROOM`]. Each request counts as at least one unit.
pub(super) const ROOM_UNIT: usize = 8 * 1024;

/// A request in progress.
pub(super) struct Op {
    pub(super) sequence: u64,
    pub(super) prepared: Prepared,
    /// How many times in a row its batch was refused. The pause grows with it.
    pub(super) tries: u32,
    /// The same, since anything at all was last written, and how much had been written then.
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
