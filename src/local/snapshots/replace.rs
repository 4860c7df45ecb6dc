//! Puts a complete copy of a snapshot in the place of a stack's data.

use std::fs;
use std::path::Path;

use super::sqlite;
use crate::error::{Context as _, Result};
use crate::local::installation::CLUSTER;
use crate::local::state::remove;

/// The folder of that copy: whoever finds it has to put it in place.
pub(super) const READY: &str = "restore.ready";

/// Goes on where a killed restore was. The cluster comes last: while its copy is there, something may be
/// left to do.
pub(in crate::local) fn finish(data_dir: &Path) -> Result<()> {
    let ready = data_dir.join(READY);
    if !ready.is_dir() {
        return Ok(());
    }
    let what = || format!("cannot replace the data in {}", data_dir.display());
    let (copied, cluster) = (ready.join(CLUSTER), data_dir.join(CLUSTER));
    if copied.is_dir() {
        sqlite::replace(&ready, data_dir)?;
        remove(&cluster);
        fs::rename(copied, cluster).or_failed(what)?;
    }
    fs::remove_dir_all(&ready).or_failed(what)
}
