//! The project that one works in, where its local stack is, and on which ports.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::environment::{Setting, Source};
use super::nearest::{controlled_by_others, nearest};
use super::{Config, Target};
use crate::error::{Context as _, Error, Kind, Reason, Result};

/// The folder for the stacks of projects, in the data folder.
pub const STACKS: &str = "stacks";
/// What a stack's folder has from its start to its end.
pub const STARTED: &str = "stack.json";
/// The longest part of a project's name in the name of its stack's folder.
const LONGEST_NAME: usize = 32;

/// A service of the local stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StackService {
    /// DynamoDB and its streams.
    DynamoDb,
    /// PostgreSQL.
    PostgreSql,
    /// The user pool.
    Cognito,
}

impl StackService {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::DynamoDb, Self::PostgreSql, Self::Cognito];

    /// The name in data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::PostgreSql => "postgresql",
            Self::Cognito => "cognito",
        }
    }
}

impl fmt::Display for StackService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The ports of a stack, which it keeps from run to run: a file in its folder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StackPorts {
    /// The project whose stack it is. `None` for that of no project.
    pub project: Option<PathBuf>,
    /// The ports, by service.
    pub ports: BTreeMap<StackService, StackPort>,
}

/// The port of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackPort {
    /// The port that the settings named when the stack started.
    pub asked: u16,
    /// The port that the stack has instead, or the same.
    pub port: u16,
    /// Whether another program served it, so that the port is not the stack's.
    #[serde(default)]
    pub external: bool,
}

impl StackPorts {
    /// The file in the stack's folder.
    pub fn file(folder: &Path) -> PathBuf {
        folder.join("ports.json")
    }

    /// Reads the file of the stack in `folder`; `None` if there is none that this user can reach.
    ///
    /// # Errors
    /// [`Kind::Config`] if it is damaged, [`Kind::Refused`] if other users control it.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let file = Self::file(folder);
        if file.symlink_metadata().is_err() {
            return Ok(None);
        }
        if let Some(why) = controlled_by_others(&file) {
            return Err(Error::new(Kind::Refused, format!("{} is not read: {why}", file.display())));
        }
        let text = match std::fs::read_to_string(&file) {
            // Removed meanwhile, with its stack.
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.or_failed(|| format!("cannot read {}", file.display()))?,
        };
        serde_json::from_str(&text).map(Some).map_err(|cause| {
            Error::config(format!("{} is damaged", file.display()))
                .because(cause)
                .hint(Reason::DamagedPorts(file))
        })
    }

    /// Whether the port belongs to the stack, running or not.
    pub fn owns(&self, port: u16) -> bool {
        self.ports.values().any(|found| found.port == port && !found.external)
    }

    /// The port of `service`, if it was chosen for this `asked` one.
    pub fn for_asked(&self, service: StackService, asked: u16) -> Option<u16> {
        self.ports.get(&service).filter(|found| found.asked == asked).map(|found| found.port)
    }
}

/// The port of this machine that the settings name for a service of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The port.
    pub port: u16,
    /// What names it.
    pub source: Source,
}

impl Asked {
    /// Whether it counts as it is: other programs see a variable of the environment too.
    pub const fn is_binding(&self) -> bool {
        matches!(self.source, Source::Flag(_) | Source::Variable(_))
    }
}

impl Config {
    /// The folder of the project: git's top level, or outside of git that of the `.env` file in use. The
    /// home directory is no project, nor is a folder whose name is not UTF-8.
    pub fn project(&self) -> Option<PathBuf> {
        let file = self.environment.file().and_then(|file| std::path::absolute(file).ok());
        let found = [nearest(".git", Path::exists), file].into_iter().flatten();
        let folders = found.filter_map(|found| found.parent()?.canonicalize().ok());
        let home = self.environment.path("HOME").and_then(|home| home.canonicalize().ok());
        folders.into_iter().find(|folder| Some(folder) != home.as_ref() && folder.to_str().is_some())
    }

    /// The data folder, with the stack of no project and, below [`STACKS`], those of projects:
    /// `CRUDDUR_DATA_DIR`, or else the system's usual place. For root that is in `/var/lib`, because the
    /// account that PostgreSQL runs as cannot enter root's home.
    ///
    /// # Errors
    /// [`Kind::Config`] when there is no such place.
    pub fn data_folder(&self) -> Result<PathBuf> {
        let folder = |name| self.environment.path(name);
        if let Some(folder) = folder("CRUDDUR_DATA_DIR") {
            return std::path::absolute(&folder).or_failed(|| format!("cannot use {}", folder.display()));
        }
        #[cfg(unix)]
        if rustix::process::geteuid().is_root() {
            return Ok("/var/lib/cruddur".into());
        }
        let home = || {
            folder("HOME").ok_or_else(|| {
                Error::config("HOME is not set, so there is no place for the local data")
                    .hint(Reason::NoDataFolder)
            })
        };
        if cfg!(target_os = "macos") {
            return Ok(home()?.join("Library/Application Support/cruddur"));
        }
        match folder("XDG_DATA_HOME").filter(|folder| folder.is_absolute()) {
            Some(folder) => Ok(folder.join("cruddur")),
            None => Ok(home()?.join(".local/share/cruddur")),
        }
    }

    /// The folder of the project's stack; outside of projects, that of the user's.
    ///
    /// # Errors
    /// Those of [`Self::data_folder`].
    pub fn stack_folder(&self) -> Result<PathBuf> {
        let data = self.data_folder()?;
        Ok(match self.project() {
            Some(project) => data.join(STACKS).join(name_for(&project)),
            None => data,
        })
    }

    /// The same settings, taken as they are: whatever port a stack has instead of the one that they name.
    #[must_use]
    pub fn as_named(&self) -> Self {
        Self { as_named: true, ..self.for_target(self.target) }
    }

    /// The port that the project's stack has instead of the one that is asked for.
    ///
    /// # Errors
    /// Those of [`StackPorts::read`]. [`Kind::Refused`] if the project has no stack, and the port is that of
    /// another project's, which is running: its data must not be changed by mistake.
    pub(super) fn moved(&self, service: StackService, asked: &Asked) -> Result<Option<Setting>> {
        let counts = self.target == Target::Prod || self.as_named || asked.is_binding();
        // Without a data folder there is no stack.
        let (false, Ok(data)) = (counts, self.data_folder()) else { return Ok(None) };
        let folder = self.stack_folder()?;
        let Some(ports) = StackPorts::read(&folder)? else {
            return match project_that_runs_on(asked.port, &data.join(STACKS)) {
                None => Ok(None),
                Some(other) => Err(Error::new(
                    Kind::Refused,
                    format!(
                        "port {} is that of the stack of {}, and there is no stack here yet",
                        asked.port,
                        other.display()
                    ),
                )
                .hint(Reason::NoStackHere(other))),
            };
        };
        let port = ports.for_asked(service, asked.port).filter(|port| *port != asked.port);
        let source = Source::Stack(StackPorts::file(&folder));
        Ok(port.map(|port| Setting { value: port.to_string(), source }))
    }
}

/// The project whose stack has `port`, and has not been stopped.
fn project_that_runs_on(port: u16, stacks: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(stacks).into_iter().flatten().flatten();
    let started = entries.map(|entry| entry.path()).filter(|folder| folder.join(STARTED).exists());
    let mut known = started.filter_map(|folder| StackPorts::read(&folder).ok()?);
    known.find(|stack| stack.owns(port))?.project
}

/// A name for what belongs to `folder`: readable, safe, and different for each path.
pub fn name_for(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let safe = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(safe).take(LONGEST_NAME).collect();
    let name = if name.trim_matches('-').is_empty() { "project" } else { name.trim_matches('-') };
    let hash = ring::digest::digest(&ring::digest::SHA256, folder.as_os_str().as_encoded_bytes());
    let start = hash.as_ref().iter().take(4).fold(0_u32, |start, byte| start << 8 | u32::from(*byte));
    format!("{name}-{start:08x}")
}
