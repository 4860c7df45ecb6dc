//! The files that a project may have of its own, and the built-in ones in their place.

use std::borrow::Cow;
use std::path::Path;

use clap::Args;

use super::common::{read_bytes, utf8};
use crate::config::project_file;
use crate::error::Result;

/// A file of a project, by its path in it.
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

/// What a file holds, and the name it goes by in whatever is printed.
pub(super) struct Source {
    /// The path as it would be typed, or `the built-in db/schema.sql`.
    pub(super) name: String,
    pub(super) bytes: Cow<'static, [u8]>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct BuiltInArgs {
    /// Use the built-in file, whatever the project has
    #[arg(long)]
    built_in: bool,
}

impl ProjectFile {
    /// The file that was named, else the project's own, unless the built-in one is asked
    /// for, or there is none.
    ///
    /// # Errors
    /// A file that is there and cannot be read; [`crate::error::Kind::Refused`] for one of the
    /// project's that other users control.
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
    /// The text.
    ///
    /// # Errors
    /// What is not UTF-8 is named by its line.
    pub(super) fn text(self) -> Result<String> {
        utf8(&self.name, self.bytes.into_owned())
    }
}
