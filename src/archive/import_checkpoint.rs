//! How far the import of a file into a table has come, for the next run to resume.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::state_file::StateFile;

/// The version of the format.
const VERSION: u32 = 1;

/// What happens to items that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// There are none: the table is empty.
    Empty,
    /// An item with the same key is overwritten.
    Replace,
    /// An item with the same key is kept.
    Keep,
}

/// The file that stores how far an import has come.
pub struct ImportCheckpoint {
    file: StateFile,
    /// Its contents.
    pub saved: Option<Saved>,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    version: u32,
    /// The policy that the import began with.
    pub policy: Policy,
    /// Changes written so far, counted from the first.
    pub done: u64,
    /// All changes.
    pub total: u64,
}

impl ImportCheckpoint {
    /// Opens the file for the import with this `checksum`, in the `folder` of the table. A dry run
    /// only reads it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when another run is importing it.
    pub fn of(folder: &Path, checksum: &str, dry_run: bool) -> Result<Self> {
        let path = folder.join(format!("{checksum}.json"));
        let file = if dry_run { Some(StateFile::peek(&path)?) } else { StateFile::open_in_state(&path)? };
        let file = file.ok_or_else(|| {
            Error::refused("another run is importing this file into this table; nothing was done")
        })?;
        let saved: Option<Saved> = file.load("import state")?;
        // A file that says that more is done than there is would let all of the import be skipped.
        let is_usable = |saved: &Saved| saved.version == VERSION && saved.done <= saved.total;
        Ok(Self { file, saved: saved.filter(is_usable) })
    }

    /// Saves how far the import has come.
    pub fn save(&mut self, policy: Policy, done: u64, total: u64) -> Result<()> {
        let saved = Saved { version: VERSION, policy, done, total };
        self.file.save(&saved)?;
        self.saved = Some(saved);
        Ok(())
    }

    /// Removes the file: there is nothing left to resume.
    pub fn forget(self) -> Result<()> {
        self.file.remove()
    }
}
