//! Snapshots: the data of all three services at one moment, under a name, in the stack's data directory.

mod copy;
pub(super) mod replace;
mod sqlite;

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::copy::tree;
use self::sqlite::Frozen;
use super::daemon::clear;
use super::installation::CLUSTER;
use super::lock::{COPYING, Lock, Part, holder};
use super::state::{Report, Service, ServiceState, remove, remove_unfinished};
use super::{paths, private};
use crate::config::{Config, StackService};
use crate::error::{Context as _, Error, Reason, Result};
use crate::postgres::{Backup, ConnectionUrl, Session};

/// What begins the name of a snapshot that is not complete.
const UNFINISHED: &str = ".unfinished-";
/// The file that describes a snapshot.
const DESCRIPTION: &str = "snapshot.json";
/// The folder of a copy for a restore that is not complete: it counts for nothing.
const UNFINISHED_COPY: &str = "restore.unfinished";

/// A snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its name.
    #[serde(skip_deserializing)]
    pub name: String,
    /// When it was taken, in UTC.
    pub taken_at: String,
    /// The size of its files.
    pub bytes: u64,
}

/// A snapshot to start from.
#[derive(Debug)]
pub struct Kept {
    /// The data directory that it is in.
    pub data_dir: PathBuf,
    /// Its name.
    pub name: String,
}

impl Kept {
    /// # Errors
    /// It is not there.
    pub fn check(&self) -> Result<()> {
        Shelf::open(&self.data_dir)?.find(&self.name).map(drop)
    }

    /// Copies its data into an empty data directory.
    pub(super) fn copy_to(&self, data_dir: &Path) -> Result<()> {
        let snapshots = Shelf::open(&self.data_dir)?;
        let folder = snapshots.find(&self.name)?;
        tree(&folder.join(CLUSTER), &data_dir.join(CLUSTER), &|_| false)?;
        sqlite::copy(&folder, data_dir).map(drop)
    }
}

/// The snapshots of one data directory, which no other process changes meanwhile.
struct Shelf {
    folder: PathBuf,
    _lock: File,
}

impl Shelf {
    fn open(data_dir: &Path) -> Result<Self> {
        if !data_dir.exists() {
            return Err(Error::failed(format!("there is no stack in {}", data_dir.display()))
                .hint(Reason::NoStackYet));
        }
        private::check_folder(data_dir)?;
        let folder = data_dir.join("snapshots");
        paths::prepare(&folder)?;
        let lock = private::open(&folder.join(".lock"), OpenOptions::new().create(true).append(true))?;
        lock.lock().or_failed(|| format!("cannot lock {}", folder.display()))?;
        remove_unfinished(&folder, UNFINISHED)?;
        Ok(Self { folder, _lock: lock })
    }

    /// The folder of a snapshot that is there.
    fn find(&self, name: &str) -> Result<PathBuf> {
        check_name(name)?;
        let folder = self.folder.join(name);
        if folder.join(DESCRIPTION).is_file() {
            return Ok(folder);
        }
        Err(Error::failed(format!("there is no snapshot {name:?}")).hint(Reason::NoSnapshot))
    }
}

/// Takes the snapshot `name` of the stack on `data_dir`, whether it is running or not.
///
/// # Errors
/// There is one of that name, nothing has been made yet, or the stack's data is not all its own.
pub async fn take(config: &Config, url: &ConnectionUrl, data_dir: &Path, name: &str) -> Result<Snapshot> {
    check_name(name)?;
    let shelf = Shelf::open(data_dir)?;
    let kept = shelf.folder.join(name);
    if kept.exists() {
        return Err(Error::failed(format!("there is a snapshot {name:?} already"))
            .hint(Reason::SnapshotExists(name.to_owned())));
    }
    let what = || format!("cannot make a folder in {}", shelf.folder.display());
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&shelf.folder).or_failed(what)?;
    paths::close(unfinished.path())?;
    let bytes = if let Some(report) = running(data_dir)? {
        let port = report
            .services
            .iter()
            .find(|service| service.service == StackService::PostgreSql)
            .map(|it| it.port);
        let url = url.on_loopback_port(port.unwrap_or_else(|| url.port()));
        of_running(&url, data_dir, unfinished.path()).await?
    } else {
        let _lock = exclusively(config, data_dir).await?;
        of_stopped(data_dir, unfinished.path())?
    };
    let taken_at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string();
    let snapshot = Snapshot { name: name.to_owned(), taken_at, bytes };
    let mut description = private::create(&unfinished.path().join(DESCRIPTION))?;
    serde_json::to_writer(&mut description, &snapshot).or_failed(what)?;
    fs::rename(unfinished.keep(), kept).or_failed(what)?;
    Ok(snapshot)
}

/// The snapshots of `data_dir`, the oldest first.
pub fn list(data_dir: &Path) -> Result<Vec<Snapshot>> {
    let Ok(entries) = fs::read_dir(data_dir.join("snapshots")) else { return Ok(Vec::new()) };
    let mut snapshots = Vec::new();
    for entry in entries.flatten() {
        // One that is being deleted, or something else.
        let Ok(text) = fs::read_to_string(entry.path().join(DESCRIPTION)) else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        let what = || format!("the snapshot {name:?} has an unreadable {DESCRIPTION}");
        let snapshot: Snapshot = serde_json::from_str(&text).or_failed(what)?;
        if !name.starts_with(UNFINISHED) {
            snapshots.push(Snapshot { name, ..snapshot });
        }
    }
    snapshots.sort_by(|one, other| (&one.taken_at, &one.name).cmp(&(&other.taken_at, &other.name)));
    Ok(snapshots)
}

/// Deletes the snapshot `name`.
pub fn delete(data_dir: &Path, name: &str) -> Result<()> {
    let shelf = Shelf::open(data_dir)?;
    let folder = shelf.find(name)?;
    // Under another name first: a snapshot is there whole or not at all.
    let unfinished = shelf.folder.join(format!("{UNFINISHED}{name}"));
    fs::rename(&folder, &unfinished).or_failed(|| format!("cannot delete {}", folder.display()))?;
    fs::remove_dir_all(&unfinished).or_failed(|| format!("cannot delete {}", unfinished.display()))
}

/// Keeps a stack from starting on `data_dir`, and cleans up after a killed one.
async fn exclusively(config: &Config, data_dir: &Path) -> Result<Lock> {
    let lock = Lock::open(data_dir)?;
    if !lock.take(Part::Copy)? {
        return Err(Error::failed(COPYING));
    }
    if !lock.take(Part::Stack)? {
        return Err(Error::failed("the stack is running").hint(Reason::OtherStack));
    }
    clear(config, data_dir).await?;
    Ok(lock)
}

fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fits) && !name.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(Error::usage(format!("{name:?} cannot be a snapshot's name"))
        .hint("use up to 64 letters, digits, dots, hyphens and underscores"))
}

/// Replaces the data of a stopped stack by that of a snapshot: wholly, or not at all.
///
/// # Errors
/// There is no such snapshot, or the stack is running.
pub async fn restore(config: &Config, kept: &Kept) -> Result<()> {
    let data_dir = kept.data_dir.as_path();
    let _lock = exclusively(config, data_dir).await?;
    let (unfinished, ready) = (data_dir.join(UNFINISHED_COPY), data_dir.join(replace::READY));
    remove(&unfinished);
    paths::prepare(&unfinished)?;
    kept.copy_to(&unfinished)?;
    fs::rename(&unfinished, &ready).or_failed(|| format!("cannot rename {}", unfinished.display()))?;
    replace::finish(data_dir)
}

/// The stack that serves `data_dir`, if any. A snapshot is of all its data, so that must be its own.
///
/// # Errors
/// It is starting or stopping, its data is being copied, it keeps nothing, or uses another program's services.
pub fn running(data_dir: &Path) -> Result<Option<Report>> {
    let Some(holder) = holder(data_dir)? else { return Ok(None) };
    let Some(report) = Report::of_holder(data_dir, holder) else {
        if Lock::open(data_dir)?.holder(Part::Copy)?.is_some() {
            return Err(Error::failed(COPYING));
        }
        return Err(
            Error::failed("another cruddur is starting or stopping the stack").hint(Reason::StackStarting)
        );
    };
    if report.ephemeral {
        return Err(Error::failed("the stack is running, and keeps nothing").hint(Reason::OtherStack));
    }
    let is_external = |service: &&Service| service.state != ServiceState::Running;
    if let Some(service) = report.services.iter().find(is_external) {
        return Err(Error::failed(format!(
            "another program runs {}, so its data is not the stack's",
            service.service
        )));
    }
    Ok(Some(report))
}

fn of_stopped(data_dir: &Path, to: &Path) -> Result<u64> {
    let cluster = data_dir.join(CLUSTER);
    if !cluster.join("PG_VERSION").is_file() {
        return Err(
            Error::failed(format!("there is no data in {}", data_dir.display())).hint(Reason::NoStackYet)
        );
    }
    refuse_tablespaces(&cluster)?;
    Ok(tree(&cluster, &to.join(CLUSTER), &is_of_server)? + sqlite::copy(data_dir, to)?)
}

/// The moment is the end of PostgreSQL's backup: what is written later is in files of its log that are not
/// copied. The others cannot write around that moment, and wait for up to five seconds.
async fn of_running(url: &ConnectionUrl, data_dir: &Path, to: &Path) -> Result<u64> {
    let (cluster, copied) = (data_dir.join(CLUSTER), to.join(CLUSTER));
    refuse_tablespaces(&cluster)?;
    let session = Session::open(&url.with_database("postgres")).await?;
    let backup = Backup::start(&session).await?;
    let is_left_out =
        |path: &Path| is_of_server(path) || path.parent() == Some(Path::new("pg_wal")) && is_segment(path);
    let mut bytes = tree(&cluster, &copied, &is_left_out)?;
    let frozen = Frozen::freeze(data_dir)?;
    let finished = backup.stop().await?;
    bytes += sqlite::copy(data_dir, to)?;
    drop(frozen);
    let [first, last] = finished.wal.each_ref().map(PathBuf::from);
    bytes += copy::files(&cluster.join("pg_wal"), &copied.join("pg_wal"), &|path| {
        is_segment(path) && first.as_path() <= path && path <= last.as_path()
    })?;
    copy::write(&copied.join("backup_label"), &finished.label)?;
    Ok(bytes)
}

/// A tablespace's files are outside the cluster's folder, and two clusters cannot share them.
fn refuse_tablespaces(cluster: &Path) -> Result<()> {
    let folder = cluster.join("pg_tblspc");
    let mut entries = fs::read_dir(&folder).or_failed(|| format!("cannot read {}", folder.display()))?;
    if entries.next().is_none() {
        return Ok(());
    }
    Err(Error::failed("the local PostgreSQL has a tablespace, which a snapshot cannot hold")
        .hint("drop it: DROP TABLESPACE"))
}

/// Whether a path in a cluster says which server runs on it.
fn is_of_server(path: &Path) -> bool {
    path == Path::new("postmaster.pid") || path == Path::new("postmaster.opts")
}

/// Whether a path is a segment of PostgreSQL's log.
fn is_segment(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        name.len() == 24 && name.to_string_lossy().chars().all(|digit| digit.is_ascii_hexdigit())
    })
}
