//! The table's stream: switching it on and off, reading all its shards, and keeping checkpoints.

mod checkpoint;
mod client;
mod event;
mod reader;
mod record;
mod shards;
mod table;

pub use checkpoint::{Checkpoint, Saved, account_and_table};
pub use client::Streams;
pub use event::Event;
pub use reader::{Batch, Reader, Step};
pub use record::Record;
pub use shards::{From, Position, Positions, Shard, Stream};
pub use table::{Enabled, TableStream, View};
