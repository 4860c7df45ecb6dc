//! The stacks of this machine: that of the data folder, those of projects in it, and those elsewhere that
//! it points to.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Config, STACKS, StackPort, StackPorts, name_for};
use crate::error::Result;
use crate::local::installation::{CLUSTER, may_be_left_in};
use crate::local::lock::holder;
use crate::local::state::{DYNAMODB_FILE, Report, ServiceState, save};

/// The ending of a file that points to a stack elsewhere.
const POINTER: &str = "json";

/// A stack, running or not.
#[derive(Debug, Clone)]
pub struct KnownStack {
    /// Its folder.
    pub folder: PathBuf,
    /// Its ports, as far as they are known.
    pub ports: StackPorts,
}

/// What a stack is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StackState {
    /// A process serves it.
    Running,
    /// A process starts it, stops it, or copies its data.
    Busy,
    /// It was killed, and its PostgreSQL may still run.
    Leftover,
    /// Nothing runs.
    Stopped,
}

impl StackState {
    /// Its name in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Busy => "busy",
            Self::Leftover => "leftover",
            Self::Stopped => "stopped",
        }
    }
}

/// Where a stack is that is not in the data folder.
#[derive(Serialize, Deserialize)]
struct Pointer {
    data_dir: PathBuf,
}

impl KnownStack {
    fn load(folder: PathBuf) -> Self {
        let ports = StackPorts::read(&folder).ok().flatten();
        // An earlier version has written no ports, and its stack may still be running.
        let ports = ports
            .unwrap_or_else(|| Report::load(&folder).map(|report| ports_of(&report)).unwrap_or_default());
        Self { folder, ports }
    }

    /// Whether it has the port, running or not.
    pub fn owns(&self, port: u16) -> bool {
        self.ports.owns(port)
    }

    /// Its name in a message.
    pub fn described(&self) -> String {
        match &self.ports.project {
            Some(project) => format!("the stack of {}", project.display()),
            None => format!("the stack in {}", self.folder.display()),
        }
    }

    /// Whether it belongs to a project whose folder is gone.
    pub fn is_orphaned(&self) -> bool {
        self.ports.project.as_ref().is_some_and(|project| !project.exists())
    }

    /// What it is doing, and if it is running, its report.
    ///
    /// # Errors
    /// Its folder cannot be read, or is not this user's.
    pub fn state(&self) -> Result<(StackState, Option<Report>)> {
        let report = Report::load(&self.folder);
        Ok(match holder(&self.folder)? {
            Some(pid) => match report.filter(|report| report.pid == Some(pid)) {
                Some(report) => (StackState::Running, Some(report)),
                None => (StackState::Busy, None),
            },
            None if report.is_some() || may_be_left_in(&self.folder)? => (StackState::Leftover, None),
            None => (StackState::Stopped, None),
        })
    }

    /// The size of its files in bytes, with its snapshots.
    pub fn size(&self) -> u64 {
        let size = size_of(&self.folder);
        let others = self.folder.join(STACKS);
        if others.exists() { size - size_of(&others) } else { size }
    }
}

/// The ports of a stack that is running, of which nothing else is known.
fn ports_of(report: &Report) -> StackPorts {
    let port = |port, external| StackPort { asked: port, port, external };
    let ports = report.services.iter().map(|found| {
        let is_external = found.state == ServiceState::External;
        (found.service, port(found.port, is_external))
    });
    StackPorts { project: None, ports: ports.collect() }
}

/// All stacks that the data folder knows of.
///
/// # Errors
/// There is no data folder.
pub fn stacks(config: &Config) -> Result<Vec<KnownStack>> {
    Ok(in_folder(&config.data_folder()?))
}

pub(super) fn in_folder(data_folder: &Path) -> Vec<KnownStack> {
    let has_stack = |folder: &Path| {
        let has = |name: &str| folder.join(name).exists();
        StackPorts::file(folder).exists() || has(CLUSTER) || has(DYNAMODB_FILE)
    };
    let entries = fs::read_dir(data_folder.join(STACKS)).into_iter().flatten().flatten();
    let folders = entries.filter_map(|entry| {
        let path = entry.path();
        if path.extension().is_none_or(|ending| ending != POINTER) {
            return Some(path).filter(|folder| folder.is_dir());
        }
        let pointer: Pointer = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        Some(pointer.data_dir).filter(|folder| has_stack(folder))
    });
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.sort();
    if has_stack(data_folder) {
        folders.insert(0, data_folder.to_owned());
    }
    folders.into_iter().map(KnownStack::load).collect()
}

/// Lets [`stacks`] find a stack that is not in the data folder.
pub(super) fn point_to(folder: &Path, data_folder: &Path) -> Result<()> {
    let stacks = data_folder.join(STACKS);
    if folder == data_folder || folder.parent() == Some(&stacks) {
        return Ok(());
    }
    let pointer = stacks.join(name_for(folder)).with_added_extension(POINTER);
    save(&Pointer { data_dir: folder.to_owned() }, &pointer)
}

/// The one of `stacks` that has the port.
pub(super) fn owner(stacks: &[KnownStack], port: u16) -> Option<&KnownStack> {
    stacks.iter().find(|stack| stack.owns(port))
}

/// The stacks without that in `folder`, however its path is written.
pub(super) fn others(stacks: Vec<KnownStack>, folder: &Path) -> Vec<KnownStack> {
    let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let own = real(folder);
    stacks.into_iter().filter(|stack| real(&stack.folder) != own).collect()
}

/// The stack other than that in `own` that has this port.
///
/// # Errors
/// There is no data folder.
pub fn owner_of(config: &Config, own: &Path, port: u16) -> Result<Option<KnownStack>> {
    Ok(owner(&others(stacks(config)?, own), port).cloned())
}

fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}
