//! Caches answers for a while, in a file of the state folder.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Answers by subject. The file holds no secrets, so the subjects must not either.
pub struct Remembered {
    file: Option<PathBuf>,
    entries: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    answer: String,
    /// Seconds since 1970.
    asked_at: u64,
}

impl Remembered {
    /// Reads the file in the folder `state`; empty when it cannot be read.
    pub fn read(state: Option<&Path>, file: &str) -> Self {
        let file = state.map(|state| state.join(file));
        let text = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        Self { file, entries: serde_json::from_str(&text).unwrap_or_default() }
    }

    /// The answer, unless it is older than `age`.
    pub fn get(&self, about: &str, age: Duration) -> Option<&str> {
        let now = now();
        let is_recent = |entry: &&Entry| entry.asked_at <= now && now - entry.asked_at < age.as_secs();
        self.entries.get(about).filter(is_recent).map(|entry| entry.answer.as_str())
    }

    /// Stores an answer. Without a file, or when it cannot be written, the next command asks again.
    pub fn keep(&mut self, about: &str, answer: &str) {
        let entry = Entry { answer: answer.to_owned(), asked_at: now() };
        self.entries.insert(about.to_owned(), entry);
        let _ = self.write();
    }

    /// Writes the file atomically, because other commands may read it.
    fn write(&self) -> std::io::Result<()> {
        let Some((file, folder)) = self.file.as_ref().and_then(|file| Some((file, file.parent()?))) else {
            return Ok(());
        };
        std::fs::create_dir_all(folder)?;
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(serde_json::to_string(&self.entries)?.as_bytes())?;
        new.persist(file)?;
        Ok(())
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
