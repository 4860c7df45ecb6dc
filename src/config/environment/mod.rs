//! The process's variables, and the `.env` file that fills in missing ones.
//!
//! A `.env` file may come with somebody else's repository. So it sets only values: the paths of
//! programs, folders and files that other programs use come from the environment or from flags.
#![allow(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

mod env_file;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use self::env_file::Pair;
use super::nearest::{controlled_by_others, nearest};
use crate::error::{Error, Kind, Result};

/// Makes AWS SDKs ignore `AWS_ENDPOINT_URL*`.
pub const IGNORE_ENDPOINTS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// The variables that libraries read from the process's environment. The rest of a `.env` file
/// stays out of it, and so out of every program that cruddur starts.
const READ_BY_LIBRARIES: [&str; 4] = ["CLICOLOR", "CLICOLOR_FORCE", "NO_COLOR", "TZ"];

/// A value and its source.
#[derive(Clone)]
pub struct Setting {
    /// The value, which may be a secret.
    pub value: String,
    /// The source.
    pub source: Source,
}

/// The source of a value. Displays as what the user has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A command line flag.
    Flag(&'static str),
    /// An environment variable.
    Variable(String),
    /// A variable in a `.env` file, and its line.
    EnvFile(String, PathBuf, usize),
    /// Another file.
    File(PathBuf),
    /// The file with the ports of the local stack, which has another port than was asked for.
    Stack(PathBuf),
    /// Nothing was set.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
            Self::EnvFile(name, file, line) => write!(f, "{name} (from {}:{line})", file.display()),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Stack(file) => write!(f, "the stack's {}", file.display()),
            Self::Default => f.write_str("the default"),
        }
    }
}

impl Source {
    /// The error when a value from this source cannot be used, and `why`: a usage error for a flag,
    /// a configuration error otherwise.
    pub fn error(&self, why: impl fmt::Display) -> Error {
        let kind = if matches!(self, Self::Flag(_)) { Kind::Usage } else { Kind::Config };
        Error::new(kind, format!("{self}: {why}"))
    }
}

/// The variables in force, and those that the `.env` file supplied.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    file: Option<PathBuf>,
    in_file: BTreeMap<String, InFile>,
    /// Variables in the file that only the environment may set, and their lines.
    not_taken: Vec<(String, usize)>,
}

/// A variable in a `.env` file.
#[derive(Clone)]
struct InFile {
    value: String,
    line: usize,
    /// Whether the environment does not set it.
    counts: bool,
}

impl fmt::Debug for InFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)
    }
}

impl Environment {
    /// Reads `file`, or else the nearest `.env` upward from the working directory. Exports what the
    /// AWS SDK and other libraries read to the process's environment.
    ///
    /// # Errors
    /// [`Kind::Config`] when a given file is missing or one of its lines cannot be used. The error
    /// names the line but does not show it, because it may hold a secret. [`Kind::Refused`] for a
    /// file that was found and that other users control.
    pub fn load(file: Option<&Path>, none: bool) -> Result<Self> {
        let file = match file {
            Some(file) => Some(file.to_owned()),
            None if none => None,
            None => nearest(".env", Path::is_file).map(trusted).transpose()?,
        };
        let Some(file) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(&file)
            .map_err(|cause| Error::config(format!("cannot read {}", file.display())).because(cause))?;
        let text = text.trim_start_matches('\u{feff}');
        let longest = std::env::vars_os().map(|(_, value)| value.len()).max().unwrap_or_default();
        let mut environment = Self { file: Some(file.clone()), ..Self::default() };
        for Pair { name, value, line } in env_file::pairs(text, longest).map_err(|fault| fault.of(&file))? {
            match taken(&name) {
                Taken::Yes => {
                    let counts = std::env::var_os(&name).is_none();
                    // The first of two lines counts.
                    environment.in_file.entry(name).or_insert(InFile { value, line, counts });
                }
                Taken::No => environment.not_taken.push((name, line)),
                Taken::Error if value.is_empty() => {}
                Taken::Error => {
                    return Err(Error::config(format!("{}:{line}: {name} names a folder", file.display()))
                        .hint("a .env file may not; remove the line, and export it in the shell"));
                }
            }
        }
        environment.hand_to_libraries();
        Ok(environment)
    }

    fn hand_to_libraries(&self) {
        let lines = self.in_file.iter().filter(|(name, said)| said.counts && is_read_by_libraries(name));
        let lines = lines.fold(String::new(), |lines, (name, said)| {
            lines + &format!("{name}={}\n", dotenv_value(&said.value))
        });
        // The text was just written, so it always parses.
        let _ = dotenvy::from_read(lines.as_bytes());
    }

    /// The `.env` file in use.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The variables that the `.env` file supplied, in order.
    pub fn from_file(&self) -> impl Iterator<Item = &str> {
        self.in_file.iter().filter(|(_, said)| said.counts).map(|(name, _)| name.as_str())
    }

    /// All variables in the `.env` file, including those that the environment overrides.
    pub fn in_file(&self) -> impl Iterator<Item = &str> {
        self.in_file.keys().map(String::as_str)
    }

    /// The variables in the file that only the environment may set, with their sources.
    pub(super) fn not_taken(&self) -> impl Iterator<Item = (&str, Source)> {
        let file = self.file.as_deref().unwrap_or(Path::new(".env"));
        let source = |name: &str, line| Source::EnvFile(name.to_owned(), file.to_owned(), line);
        self.not_taken.iter().map(move |(name, line)| (name.as_str(), source(name, *line)))
    }

    /// A variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<Setting> {
        if let (Some(file), Some(said)) = (&self.file, self.in_file.get(name).filter(|said| said.counts)) {
            let source = Source::EnvFile(name.to_owned(), file.clone(), said.line);
            return (!said.value.is_empty()).then(|| Setting { value: said.value.clone(), source });
        }
        Some(Setting { value: lookup(name)?, source: Source::Variable(name.to_owned()) })
    }

    /// Whether a variable is set to nothing.
    pub fn is_empty(&self, name: &str) -> bool {
        let in_file = self.in_file.get(name).is_some_and(|said| said.counts && said.value.is_empty());
        in_file || std::env::var_os(name).is_some_and(|value| value.is_empty())
    }

    /// A path, or a list of paths, from the process's environment alone.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// All values of `names`, in order of precedence: for each name, the environment before the
    /// `.env` file.
    pub fn all(&self, names: &[&str]) -> Vec<Setting> {
        let of_file = |name: &str| {
            let said = self.in_file.get(name).filter(|said| !said.counts && !said.value.is_empty())?;
            let source = Source::EnvFile(name.to_owned(), self.file.clone()?, said.line);
            Some(Setting { value: said.value.clone(), source })
        };
        names.iter().flat_map(|name| self.get(name).into_iter().chain(of_file(name))).collect()
    }

    /// The first of `names` that is set.
    pub fn first(&self, names: &[&str]) -> Option<Setting> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The names of all `AWS_ENDPOINT_URL*` variables that are set.
    pub fn aws_endpoint_variables(&self) -> Vec<String> {
        names_with("AWS_ENDPOINT_URL")
    }
}

/// The names of all variables that are set and have this prefix.
pub(super) fn names_with(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = std::env::vars_os()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

/// What happens to a line of a `.env` file.
enum Taken {
    Yes,
    /// Ignored: it is for other programs.
    No,
    /// Rejected: it is for cruddur, and ignoring it would be a surprise.
    Error,
}

fn taken(name: &str) -> Taken {
    let names_a_place = ["_FILE", "_BUNDLE", "_DIR", "_DIRECTORY", "_PATH"];
    if ["CRUDDUR_DATA_DIR", "CRUDDUR_POSTGRES_BINDIR", "CRUDDUR_STATE_DIR"].contains(&name) {
        Taken::Error
    } else if ["HOME", "PATH", "TMPDIR", "SSL_CERT_DIR", "SSL_CERT_FILE"].contains(&name)
        || name.starts_with("XDG_")
        || name.starts_with("AWS_") && names_a_place.iter().any(|end| name.ends_with(end))
    {
        Taken::No
    } else {
        Taken::Yes
    }
}

fn is_read_by_libraries(name: &str) -> bool {
    name.starts_with("AWS_") || READ_BY_LIBRARIES.contains(&name)
}

/// A value as a line of a `.env` file has it: as it is where every reader understands that, else quoted, in
/// such a way that a shell that reads the file runs nothing in it.
pub fn dotenv_value(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,?".contains(c);
    if value.chars().all(is_plain) {
        value.to_owned()
    } else if !value.contains(['\'', '\\']) {
        format!("'{value}'")
    } else if !value.contains(['"', '\\', '$', '`']) {
        format!("\"{value}\"")
    } else {
        // Neither quotes hold it all, and some readers take a backslash in single ones for an escape.
        let without_quotes = value.replace('\'', r#"'"'"'"#);
        format!("'{}'", without_quotes.replace('\\', r#"'"\\"'"#))
    }
}

/// Returns a `.env` file that was found, unless other users control it.
fn trusted(file: PathBuf) -> Result<PathBuf> {
    match controlled_by_others(&file) {
        None => Ok(file),
        Some(why) => Err(Error::new(Kind::Refused, format!("{} is not read: {why}", file.display()))
            .hint(format!("if you trust it, name it: --env-file {}", file.display()))
            .hint("to go on without it add: --no-env-file")),
    }
}

/// Reads a variable. Decodes invalid UTF-8 lossily: treated as unset, it would send a command to
/// the default instead of failing on the value.
fn lookup(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}

/// Makes the SDK ignore the endpoint variables. cruddur resolves endpoints itself; the SDK would
/// also use them where it signs in (STS, SSO) before it contacts the service.
pub(super) fn ignore_endpoint_variables() {
    // A name and a word: this always parses.
    let _ = dotenvy::from_read_override(format!("{IGNORE_ENDPOINTS}=true").as_bytes());
}
