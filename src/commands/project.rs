//! Files that a project may provide, and the built-in ones used otherwise.

use std::borrow::Cow;
use std::path::Path;

use clap::Args;

use super::common::{read_bytes, utf8};
use crate::config::project_file;
use crate::error::Result;

/// A project file, by its path in the project.
pub(super) struct ProjectFile {
    path: &'static str,
    built_in: &'static str,
}

pub(super) const SCHEMA: ProjectFile =
    ProjectFile { path: "db/schema.sql", built_in: include_str!("../../db/schema.sql") };
pub(super) const SEED: ProjectFile =
    ProjectFile { path: "db/seed.sql", built_in: include_str!("../../db/seed.sql") };
pub(super) const TRANSCRIPT: ProjectFile = ProjectFile {
    path: "conversations/default.txt",
    built_in: include_str!("../../conversations/default.txt"),
};

/// A file's contents, and its name in output.
pub(super) struct Source {
    /// The path as the user would type it, or `the built-in db/schema.sql`.
    pub(super) name: String,
    pub(super) bytes: Cow<'static, [u8]>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct BuiltInArgs {
    /// Use the built-in file, even if the project has its own
    #[arg(long)]
    built_in: bool,
}

impl ProjectFile {
    /// Reads the file that was named, else the project's own, else the built-in one. `--built-in`
    /// skips the project's.
    ///
    /// # Errors
    /// Fails if the file exists and cannot be read. [`crate::error::Kind::Refused`] for a project
    /// file that other users control.
    pub(super) fn read(&self, named: Option<&Path>, args: BuiltInArgs) -> Result<Source> {
        let own = match named {
            Some(file) => Some(file.to_owned()),
            None if args.built_in => None,
            None => project_file(self.path)?,
        };
        Ok(match own {
            Some(file) => Source { name: file.display().to_string(), bytes: Cow::Owned(read_bytes(&file)?) },
            None => Source {
                name: format!("the built-in {}", self.path),
                bytes: Cow::Borrowed(self.built_in.as_bytes()),
            },
        })
    }
}

impl Source {
    /// The contents as text.
    ///
    /// # Errors
    /// Fails if it is not UTF-8. The error names the line.
    pub(super) fn text(self) -> Result<String> {
        utf8(&self.name, self.bytes.into_owned())
    }
}
