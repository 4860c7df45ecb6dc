//! How far each shard has been handled, and which shard's turn it is.

use aws_sdk_dynamodbstreams::types::StreamStatus;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A stream with all its shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its ARN; a stream that is switched off and on again has another.
    pub arn: String,
    /// `ENABLED`, `DISABLED` or on the way there.
    pub status: String,
    /// What its records hold, such as `NEW_IMAGE`.
    pub view_type: String,
    /// Those that still have records, parents and children.
    pub shards: Vec<Shard>,
}

/// A part of a stream, in which records have an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its id.
    pub id: String,
    /// The shard that it goes on from.
    pub parent: Option<String>,
    /// The first sequence number.
    pub first: Option<String>,
    /// The last sequence number; an emulator may name one while there are more to come.
    pub last: Option<String>,
}

impl Stream {
    /// Whether changes still flow into it.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.status == StreamStatus::Enabled.as_str() || self.status == StreamStatus::Enabling.as_str()
    }

    /// Whether `shard` still takes records.
    #[must_use]
    pub fn is_open(&self, shard: &Shard) -> bool {
        let has_child = self.shards.iter().any(|child| child.parent.as_deref() == Some(&shard.id));
        self.is_enabled() && !has_child
    }
}

/// Where to begin in a stream of which nothing has been handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// With what comes from now on
    Latest,
    /// With the oldest record that is left, at most 24 hours old
    TrimHorizon,
}

/// How far one shard has been handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Nothing yet: from the oldest record on.
    TrimHorizon,
    /// Nothing yet: from the records on that come after the beginning.
    Latest,
    /// Up to and with this sequence number.
    After(String),
    /// All of it; it takes no more.
    Done,
}

/// How far each shard has been handled. One that is not in here has not been begun.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Positions(BTreeMap<String, Position>);

impl Positions {
    /// Where to begin in `stream`.
    ///
    /// Of the shards that have no child yet, `latest` reads what comes from now
    /// on; the others take no more.
    #[must_use]
    pub fn begin(from: From, stream: &Stream) -> Self {
        if from == From::TrimHorizon {
            return Self::default();
        }
        let parents: BTreeSet<&str> =
            stream.shards.iter().filter_map(|shard| shard.parent.as_deref()).collect();
        let positions = stream.shards.iter().map(|shard| {
            let position = match &shard.last {
                _ if parents.contains(shard.id.as_str()) => Position::Done,
                // A place that can be found again, unlike the latest.
                Some(last) => Position::After(last.clone()),
                None => Position::Latest,
            };
            (shard.id.clone(), position)
        });
        Self(positions.collect())
    }

    /// As a later run takes them up: where the latest was then cannot be found
    /// again, so such a shard is handled from its first record on. That repeats
    /// and does not lose.
    #[must_use]
    pub fn resumed(mut self) -> Self {
        for position in self.0.values_mut().filter(|position| **position == Position::Latest) {
            *position = Position::TrimHorizon;
        }
        self
    }

    /// How far `shard` has been handled.
    #[must_use]
    pub fn of(&self, shard: &str) -> Position {
        self.0.get(shard).cloned().unwrap_or(Position::TrimHorizon)
    }

    pub(super) fn set(&mut self, shard: &str, position: Position) {
        self.0.insert(shard.to_owned(), position);
    }

    /// Forgets the shards that the stream no longer has; returns those of them
    /// that had not been handled to their end.
    pub(super) fn prune(&mut self, shards: &[Shard]) -> Vec<String> {
        let listed: BTreeSet<&str> = shards.iter().map(|shard| shard.id.as_str()).collect();
        let gone: Vec<String> = self.0.keys().filter(|id| !listed.contains(id.as_str())).cloned().collect();
        gone.into_iter().filter(|id| self.0.remove(id) != Some(Position::Done)).collect()
    }

    /// The shards to read now: those whose parent has been handled to its end, or
    /// is gone. The same item's later changes are in the children.
    #[must_use]
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

    /// Whether a shard that has ended has no child yet: the stream has not told
    /// where it goes on.
    pub(super) fn awaits_children(&self, shards: &[Shard]) -> bool {
        let parents: BTreeSet<&str> = shards.iter().filter_map(|shard| shard.parent.as_deref()).collect();
        shards
            .iter()
            .any(|shard| self.of(&shard.id) == Position::Done && !parents.contains(shard.id.as_str()))
    }
}
