//! How far each shard has been handled, and which shards to read next.

use aws_sdk_dynamodbstreams::types::StreamStatus;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A stream with all its shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its ARN. It changes when the stream is switched off and on again.
    pub arn: String,
    /// `ENABLED`, `DISABLED`, or a transition to one of them.
    pub status: String,
    /// What its records hold, such as `NEW_IMAGE`.
    pub view_type: String,
    /// The shards that still have records, parents and children.
    pub shards: Vec<Shard>,
}

/// A part of a stream, whose records are in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its id.
    pub id: String,
    /// The shard that it continues.
    pub parent: Option<String>,
    /// The first sequence number.
    pub first: Option<String>,
    /// The last sequence number. An emulator may give one although more records follow.
    pub last: Option<String>,
}

impl Stream {
    /// Whether it still receives changes.
    pub fn is_enabled(&self) -> bool {
        self.status == StreamStatus::Enabled.as_str() || self.status == StreamStatus::Enabling.as_str()
    }

    /// Whether `shard` still receives records.
    pub fn is_open(&self, shard: &Shard) -> bool {
        let has_child = self.shards.iter().any(|child| child.parent.as_deref() == Some(&shard.id));
        self.is_enabled() && !has_child
    }
}

/// Where to begin in a stream of which nothing has been handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// With new records only
    Latest,
    /// With the oldest record still there, at most 24 hours old
    TrimHorizon,
}

/// How far one shard has been handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Nothing yet. Start with the oldest record.
    TrimHorizon,
    /// Nothing yet. Start with the records that are added after the run began.
    Latest,
    /// Up to and including this sequence number.
    After(String),
    /// All of it. The shard receives no more records.
    Done,
}

/// How far each shard has been handled. A shard that is not listed has not been started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Positions(BTreeMap<String, Position>);

impl Positions {
    /// Where to start in `stream`.
    ///
    /// With [`From::Latest`], shards without a child are read from now on. The others are closed, and count
    /// as done.
    pub fn begin(from: From, stream: &Stream) -> Self {
        if from == From::TrimHorizon {
            return Self::default();
        }
        let parents: BTreeSet<&str> =
            stream.shards.iter().filter_map(|shard| shard.parent.as_deref()).collect();
        let positions = stream.shards.iter().map(|shard| {
            let position = match &shard.last {
                _ if parents.contains(shard.id.as_str()) => Position::Done,
                // Unlike `Latest`, this position can be found again.
                Some(last) => Position::After(last.clone()),
                None => Position::Latest,
            };
            (shard.id.clone(), position)
        });
        Self(positions.collect())
    }

    /// The positions for a later run. The former latest position cannot be found again, so such a shard is
    /// handled from its first record. That repeats records, but loses none.
    #[must_use]
    pub fn resumed(mut self) -> Self {
        for position in self.0.values_mut().filter(|position| **position == Position::Latest) {
            *position = Position::TrimHorizon;
        }
        self
    }

    /// How far `shard` has been handled.
    pub fn of(&self, shard: &str) -> Position {
        self.0.get(shard).cloned().unwrap_or(Position::TrimHorizon)
    }

    pub(super) fn set(&mut self, shard: &str, position: Position) {
        self.0.insert(shard.to_owned(), position);
    }

    /// Forgets the shards that the stream no longer has. Returns those that were not fully handled.
    pub(super) fn prune(&mut self, shards: &[Shard]) -> Vec<String> {
        let listed: BTreeSet<&str> = shards.iter().map(|shard| shard.id.as_str()).collect();
        let gone: Vec<String> = self.0.keys().filter(|id| !listed.contains(id.as_str())).cloned().collect();
        gone.into_iter().filter(|id| self.0.remove(id) != Some(Position::Done)).collect()
    }

    /// The shards to read now: those whose parent is fully handled or gone. A child has the later changes
    /// of its parent's items, so it must wait.
    pub fn ready<'a>(&self, shards: &'a [Shard]) -> Vec<&'a str> {
        let unfinished: BTreeSet<&str> =
            shards.iter().map(|shard| shard.id.as_str()).filter(|id| self.of(id) != Position::Done).collect();
        let waits = |shard: &Shard| shard.parent.as_deref().is_some_and(|parent| unfinished.contains(parent));
        shards
            .iter()
            .filter(|shard| unfinished.contains(shard.id.as_str()) && !waits(shard))
            .map(|shard| shard.id.as_str())
            .collect()
    }

    /// Whether a shard has ended and its child is not listed yet.
    pub(super) fn awaits_children(&self, shards: &[Shard]) -> bool {
        let parents: BTreeSet<&str> = shards.iter().filter_map(|shard| shard.parent.as_deref()).collect();
        shards
            .iter()
            .any(|shard| self.of(&shard.id) == Position::Done && !parents.contains(shard.id.as_str()))
    }
}
