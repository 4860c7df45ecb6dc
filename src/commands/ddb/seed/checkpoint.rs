//! How far a run of invented data has come, for the next run to resume.

use serde::{Deserialize, Serialize};

use super::super::state_folder;
use crate::context::Context;
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Result};
use crate::messaging::{Invention, Timestamp};
use crate::state_file::StateFile;

/// The version of the format, and of the data that the numbers generate.
const VERSION: u32 = 2;
const FILE: &str = "seed.json";
/// What the file holds, in words.
const WHAT: &str = "seed checkpoint";

/// The checkpoint file, locked against other runs. There is one per target, endpoint or region, and table.
pub(super) struct SeedCheckpoint(StateFile);

/// An interrupted run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct BrokenOff {
    version: u32,
    seed: u64,
    users: u64,
    conversations: u64,
    messages: u64,
    years: u64,
    until: String,
    /// How many items are certainly written, from the first on.
    pub(super) written: u64,
    saved_at: String,
}

impl BrokenOff {
    fn of(invention: &Invention, written: u64) -> Self {
        let Invention { seed, users, conversations, messages, until, years } = *invention;
        Self {
            version: VERSION,
            seed,
            users,
            conversations,
            messages,
            years,
            until: until.to_string(),
            written,
            saved_at: Timestamp::now().to_string(),
        }
    }

    /// The end of its messages.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.until.parse().ok()
    }

    /// Whether it wrote the same items as `invention`.
    pub(super) fn is_of(&self, invention: &Invention) -> bool {
        let own = Self { saved_at: self.saved_at.clone(), ..Self::of(invention, self.written) };
        *self == own
    }

    /// The error for a run with other numbers, which cannot resume this one.
    fn is_another(&self, path: impl std::fmt::Display) -> Error {
        let Self { seed, users, conversations, messages, years, .. } = self;
        let until = self.until().map(as_given).unwrap_or_default();
        let (why, hint) = if self.version == VERSION {
            let numbers = format!(
                "it had: --conversations {conversations} --messages {messages} --users {users} --seed {seed} \
                 --years {years} --until {until}"
            );
            ("the interrupted run had other numbers, so this one cannot resume it", Some(numbers))
        } else {
            ("the interrupted run was another version's, so this one cannot resume it", None)
        };
        hint.into_iter().fold(Error::usage(why), Error::hint).hint(begin_anew(path))
    }
}

fn begin_anew(path: impl std::fmt::Display) -> String {
    format!("to start over leave out --resume, or delete it: rm {path}")
}

/// `until` as the command line takes it.
pub(super) fn as_given(until: Timestamp) -> String {
    let text = until.to_string();
    match text.split_once("T00:00:00.000000+") {
        Some((day, _)) => day.to_owned(),
        None => text.replace("+00:00", "Z"),
    }
}

/// The interrupted run, if there is one. Locks and creates nothing.
pub(super) fn peek(cx: &Context, db: &DynamoDb, table: &str) -> Result<Option<BrokenOff>> {
    let path = state_folder(cx, "seeds", db, &[table])?.join(FILE);
    StateFile::peek(&path)?.load(WHAT)
}

impl SeedCheckpoint {
    /// Locks the file.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when another run has locked it.
    pub(super) fn open(cx: &Context, db: &DynamoDb, table: &str) -> Result<Self> {
        let path = state_folder(cx, "seeds", db, &[table])?.join(FILE);
        StateFile::open_in_state(&path)?.map(Self).ok_or_else(|| {
            Error::refused(format!(
                "another run is seeding the table {table:?} on {}; nothing was done",
                db.endpoint()
            ))
            .hint("wait for it, or stop it first")
        })
    }

    /// How many items of `invention` an interrupted run has written. With `at_any_time`, the end of
    /// its messages may differ. `None` when there is no such run.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when that run had other numbers.
    pub(super) fn broken_off(&self, invention: &Invention, at_any_time: bool) -> Result<Option<u64>> {
        let Some(run) = self.0.load::<BrokenOff>(WHAT)? else { return Ok(None) };
        let until = run.until().filter(|_| at_any_time).unwrap_or(invention.until);
        if run.is_of(&Invention { until, ..*invention }) {
            Ok(Some(run.written))
        } else {
            Err(run.is_another(self.0.path().display()))
        }
    }

    pub(super) fn save(&self, invention: &Invention, written: u64) -> Result<()> {
        self.0.save(&BrokenOff::of(invention, written))
    }

    pub(super) fn remove(&self) -> Result<()> {
        self.0.remove()
    }
}
