//! The SQLite databases of DynamoDB and of the user pool.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Context as _, Result};
use crate::local::private;
use crate::local::state::{DYNAMODB_FILE, USER_POOL_FILE};

/// The files, beside the folder of the cluster.
const DATABASES: [&str; 2] = [DYNAMODB_FILE, USER_POOL_FILE];
/// How long a write that is in progress may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// What follows the name of the file that has the newest writes.
const LOG: &str = "-wal";

/// Nobody can write to the databases until this is dropped.
pub(super) struct Frozen(#[allow(dead_code, reason = "held")] Vec<Connection>);

impl Frozen {
    pub(super) fn freeze(data_dir: &Path) -> Result<Self> {
        let mut connections = Vec::new();
        for name in DATABASES {
            let file = data_dir.join(name);
            // The pool's is made by its first request.
            if file.exists() {
                let what = || format!("cannot lock {}", file.display());
                let connection =
                    Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).or_failed(what)?;
                connection.busy_timeout(WRITE_TIMEOUT).or_failed(what)?;
                connection.execute_batch("BEGIN IMMEDIATE").or_failed(what)?;
                connections.push(connection);
            }
        }
        Ok(Self(connections))
    }
}

/// Copies the databases that are in `from`, to which nobody may write meanwhile; one that is not there
/// becomes an empty one. Returns the bytes.
pub(super) fn copy(from: &Path, to: &Path) -> Result<u64> {
    let mut bytes = 0;
    for name in DATABASES {
        let copied = to.join(name);
        bytes += copy_file(&from.join(name), &copied)?;
        let log = with_ending(from, name, LOG);
        if log.exists() {
            copy_file(&log, &with_ending(to, name, LOG))?;
            // SQLite takes the newest writes into the file, and removes theirs when it closes it.
            let merged = Connection::open(&copied)
                .and_then(|copy| copy.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
            merged.or_failed(|| format!("cannot complete {}", copied.display()))?;
        }
    }
    Ok(bytes)
}

fn copy_file(from: &Path, to: &Path) -> Result<u64> {
    let mut target = private::create(to)?;
    if !from.exists() {
        return Ok(0);
    }
    let mut source = private::open(from, fs::OpenOptions::new().read(true))?;
    std::io::copy(&mut source, &mut target).or_failed(|| format!("cannot copy {}", from.display()))
}

/// Puts the databases in `from`, as [`copy`] made them, in the place of those in `to`. What it has done,
/// it does not do again.
pub(super) fn replace(from: &Path, to: &Path) -> Result<()> {
    for name in DATABASES.into_iter().filter(|name| from.join(name).exists()) {
        let what = || format!("cannot replace {}", to.join(name).display());
        for ending in [LOG, "-shm"] {
            let beside = with_ending(to, name, ending);
            if beside.exists() {
                fs::remove_file(beside).or_failed(what)?;
            }
        }
        fs::rename(from.join(name), to.join(name)).or_failed(what)?;
    }
    Ok(())
}

fn with_ending(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}{ending}"))
}
