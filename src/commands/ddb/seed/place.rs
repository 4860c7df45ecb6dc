//! How far a run of invented data is, for the run that goes on.

use serde::{Deserialize, Serialize};

use crate::config::Target;
use crate::context::Context;
use crate::dynamodb::DynamoDb;
use crate::error::{Context as _, Error, Result};
use crate::messaging::{Invention, Timestamp};
use crate::state_file::{self, StateFile};

/// The version of the format.
const VERSION: u32 = 1;

/// The file, which no other run uses: one for each target, endpoint or region, and table.
pub(super) struct Place(StateFile);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Content {
    version: u32,
    seed: u64,
    users: u64,
    conversations: u64,
    messages: u64,
    years: u64,
    until: String,
    /// Items that are surely written, counted from the first.
    written: u64,
    saved_at: String,
}

impl Content {
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

    fn is_of(&self, invention: &Invention) -> bool {
        let own = Self { saved_at: self.saved_at.clone(), ..Self::of(invention, self.written) };
        *self == own
    }
}

impl Place {
    /// # Errors
    /// [`crate::error::Kind::Refused`] when another run is at it.
    pub(super) fn open(cx: &Context, db: &DynamoDb, table: &str) -> Result<Self> {
        let place = db.place().to_string();
        let place = place.split_once("://").map_or(place.as_str(), |(_, place)| place);
        let target = match cx.target() {
            Target::Local => "local",
            Target::Prod => "prod",
        };
        let folder = state_file::folder(&cx.config().state_dir()?, ["seeds", target, place, table])?;
        StateFile::open(&folder.join("seed.json"))?.map(Self).ok_or_else(|| {
            Error::refused(format!(
                "another run is seeding the table {table:?} on {}; nothing was done",
                db.place()
            ))
            .hint("wait for it, or stop it first")
        })
    }

    /// How many items of `invention` a run that was broken off has written; `None` when there is
    /// no such run.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when it was a run with other numbers.
    pub(super) fn broken_off(&self, invention: &Invention) -> Result<Option<u64>> {
        let Some(text) = self.0.read()? else { return Ok(None) };
        let path = self.0.path().display();
        let begin_anew = format!("to begin anew leave --resume out, or delete it: rm {path}");
        let content: Content = serde_json::from_str(&text).map_err(|cause| {
            Error::failed(format!("{path}:{}: this is no place of a seeding", cause.line()))
                .because(cause)
                .hint(&begin_anew)
        })?;
        if content.is_of(invention) {
            return Ok(Some(content.written));
        }
        let until = content.until.get(..10).unwrap_or_default();
        let Content { seed, users, conversations, messages, years, .. } = content;
        Err(Error::usage("the run that was broken off had other numbers, so this one cannot go on from it")
            .hint(format!(
                "it had: --conversations {conversations} --messages {messages} --users {users} --seed {seed} \
                 --years {years} --until {until}"
            ))
            .hint(begin_anew))
    }

    pub(super) fn save(&self, invention: &Invention, written: u64) -> Result<()> {
        let what = || "cannot write the place as JSON".to_owned();
        let text = serde_json::to_string_pretty(&Content::of(invention, written)).or_failed(what)?;
        self.0.write(&(text + "\n"))
    }

    pub(super) fn remove(&self) -> Result<()> {
        self.0.remove()
    }
}
