//! The file that stores a run's position in a stream.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Positions;
use crate::error::{Error, Reason, Result};
use crate::messaging::Timestamp;
use crate::state_file::StateFile;

/// The version of the format.
const VERSION: u32 = 1;
/// How many minutes a stream keeps its records.
/// Source: "Change data capture for DynamoDB Streams" in the developer guide.
const RETENTION_MINUTES: usize = 24 * 60;

/// A checkpoint file, locked unless it was opened with [`Checkpoint::peek`].
pub struct Checkpoint(StateFile);

/// What a checkpoint holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// Nothing yet.
    Nothing,
    /// The position in this stream.
    Here {
        /// How far each shard was handled.
        positions: Positions,
        /// Whether the stream may have deleted records since then.
        outdated: bool,
    },
    /// The position in an earlier stream of the same table, with this ARN.
    Former(String),
}

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    stream_arn: String,
    saved_at: String,
    shards: Positions,
}

impl Checkpoint {
    /// Opens the checkpoint at `path`, whether it exists or not, and locks it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when another run uses it.
    pub fn open(path: &Path) -> Result<Self> {
        Self::locked(path, StateFile::open(path)?)
    }

    /// Like [`Self::open`], for a checkpoint in the state folder. Creates that folder.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_in_state(path: &Path) -> Result<Self> {
        Self::locked(path, StateFile::open_in_state(path)?)
    }

    /// Opens it for reading. Locks and creates nothing.
    ///
    /// # Errors
    /// `path` is a folder.
    pub fn peek(path: &Path) -> Result<Self> {
        StateFile::peek(path).map(Self)
    }

    fn locked(path: &Path, file: Option<StateFile>) -> Result<Self> {
        file.map(Self).ok_or_else(|| {
            Error::refused(format!(
                "another run is using the checkpoint {}; nothing was done",
                path.display()
            ))
            .hint(Reason::CheckpointInUse)
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// What it holds for the stream `arn`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when it belongs to another table;
    /// [`crate::error::Kind::Failed`] when it cannot be read.
    pub fn load(&self, arn: &str) -> Result<Saved> {
        let path = self.path().display();
        let Some(content) = self.0.load::<Content>("stream checkpoint")? else {
            return Ok(Saved::Nothing);
        };
        if content.version != VERSION {
            return Err(Error::failed(format!(
                "the checkpoint {path} has version {}; this cruddur reads version {VERSION}",
                content.version
            ))
            .hint(format!("to start over, delete it: rm {path}")));
        }
        if content.stream_arn == arn {
            let saved_at: Option<Timestamp> = content.saved_at.parse().ok();
            let outdated = saved_at.is_none_or(|at| at < Timestamp::now().minutes_before(RETENTION_MINUTES));
            return Ok(Saved::Here { positions: content.shards.resumed(), outdated });
        }
        if table_part(&content.stream_arn) == table_part(arn) {
            return Ok(Saved::Former(content.stream_arn));
        }
        Err(Error::refused(format!(
            "the checkpoint {path} belongs to another table's stream, {}; nothing was done",
            content.stream_arn
        ))
        .hint(Reason::OtherCheckpoint))
    }

    /// Saves the position in the stream `arn`. After a crash, the file holds either this position or the
    /// previous one, complete.
    pub fn save(&self, arn: &str, positions: &Positions) -> Result<()> {
        let content = Content {
            version: VERSION,
            stream_arn: arn.to_owned(),
            saved_at: Timestamp::now().to_string(),
            shards: positions.clone(),
        };
        self.0.save(&content)
    }
}

/// The ARN of a stream's table.
fn table_part(arn: &str) -> &str {
    arn.split_once("/stream/").map_or(arn, |(table, _)| table)
}

/// The account and the table in a stream's ARN,
/// `arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/stream/LABEL`.
pub fn account_and_table(arn: &str) -> (&str, &str) {
    let mut parts = table_part(arn).splitn(6, ':').skip(4);
    let account = parts.next().unwrap_or_default();
    (account, parts.next().map_or("", |table| table.strip_prefix("table/").unwrap_or(table)))
}
