//! The file in which a run keeps its place.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Positions;
use crate::error::{Context as _, Error, Result};
use crate::messaging::Timestamp;

/// The version of the format.
const VERSION: u32 = 1;
/// Minutes that a stream keeps its records.
/// Source: "Change data capture for DynamoDB Streams" in the developer guide.
const RETENTION_MINUTES: usize = 24 * 60;

/// A checkpoint file that this process alone uses.
pub struct Checkpoint {
    path: PathBuf,
    /// Beside the file, which is a new one each time. The kernel lets go of the
    /// lock however the process ends.
    _lock: File,
}

/// What a checkpoint holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// Nothing yet.
    Nothing,
    /// The place in this very stream.
    Here {
        /// How far each shard was handled.
        positions: Positions,
        /// Whether the stream may have deleted records since.
        outdated: bool,
    },
    /// The place in a former stream of the same table, whose ARN this is.
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
    /// Opens the checkpoint `path`, be it there or not, and keeps others from it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when another run uses it.
    pub fn open(path: &Path) -> Result<Self> {
        let what = || format!("cannot use the checkpoint {}", path.display());
        let path = std::path::absolute(path).or_failed(what)?;
        if path.is_dir() {
            return Err(Error::failed(format!("{}: it is a folder", what())));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let lock = options.open(path.with_file_name(name)).or_failed(what)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::refused(format!(
                "another run keeps its place in {}; nothing was done",
                path.display()
            ))
            .hint("stop it first, or name another file with --checkpoint")),
            Err(TryLockError::Error(cause)) => Err(Error::failed(what()).because(cause)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds of the stream `arn`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when it is another table's;
    /// [`crate::error::Kind::Failed`] when it cannot be read.
    pub fn load(&self, arn: &str) -> Result<Saved> {
        let path = self.path.display();
        let begin_anew = || format!("to begin anew, delete it: rm {path}");
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Saved::Nothing),
            Err(cause) => {
                return Err(Error::failed(format!("cannot read the checkpoint {path}")).because(cause));
            }
        };
        let content: Content = serde_json::from_str(&text).map_err(|cause| {
            Error::failed(format!("{path}:{}: this is no checkpoint of a stream", cause.line()))
                .because(cause)
                .hint(begin_anew())
        })?;
        if content.version != VERSION {
            return Err(Error::failed(format!(
                "the checkpoint {path} is of version {}, and this cruddur knows version {VERSION}",
                content.version
            ))
            .hint(begin_anew()));
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
        .hint("name another file with --checkpoint"))
    }

    /// Saves the place in the stream `arn`. After a crash the file holds this
    /// place or the former one, whole.
    pub fn save(&self, arn: &str, positions: &Positions) -> Result<()> {
        let what = || format!("cannot save the place in {}", self.path.display());
        let content = Content {
            version: VERSION,
            stream_arn: arn.to_owned(),
            saved_at: Timestamp::now().to_string(),
            shards: positions.clone(),
        };
        let mut text = serde_json::to_string_pretty(&content).or_failed(what)?;
        text.push('\n');
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = self.path.with_file_name(name);
        let written = File::create(&new)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&new, &self.path))
            // The name, too, is to survive a power cut.
            .and_then(|()| File::open(self.path.parent().unwrap_or(Path::new("/")))?.sync_all());
        written.or_failed(what)
    }
}

/// Where the place in the stream `arn` is kept unless somebody says otherwise:
/// one file for each target, endpoint or region, account and table.
///
/// Creates the folder.
pub fn default_path(state: &Path, target: &str, place: &str, arn: &str) -> Result<PathBuf> {
    let plain = |text: &str| -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let text: String = text.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        if text.chars().all(|c| c == '.') { "-".repeat(text.len().max(1)) } else { text }
    };
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    let (account, table) = account_and_table(arn);
    let mut folder = state.join("streams");
    for part in [target, place, account, table] {
        folder.push(plain(part));
    }
    fs::create_dir_all(&folder).or_failed(|| format!("cannot create {}", folder.display()))?;
    Ok(folder.join("checkpoint.json"))
}

/// The ARN of a stream's table.
fn table_part(arn: &str) -> &str {
    arn.split_once("/stream/").map_or(arn, |(table, _)| table)
}

/// `arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/stream/LABEL`
fn account_and_table(arn: &str) -> (&str, &str) {
    let mut parts = table_part(arn).splitn(6, ':').skip(4);
    let account = parts.next().unwrap_or_default();
    (account, parts.next().map_or("", |table| table.strip_prefix("table/").unwrap_or(table)))
}
