//! How a table differs from its definition, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_dynamodb::types::{KeySchemaElement, ProjectionType, StreamSpecification, TableDescription};
use serde::{Serialize, Serializer};

use super::request::{Definition, Tags};
use crate::dynamodb::{Billing, Units};
use crate::error::Result;

/// A property of a table that the definition covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Its key.
    Key,
    /// Its billing mode.
    Billing,
    /// Its provisioned units.
    Units,
    /// The key of an index.
    IndexKey(String),
    /// The projection of an index.
    IndexProjection(String),
    /// The provisioned units of an index.
    IndexUnits(String),
    /// The key of a local index.
    LocalIndex(String),
    /// The view type of its stream.
    Stream,
    /// Whether it is protected against deletion.
    DeletionProtection,
    /// A tag.
    Tag(String),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("key"),
            Self::Billing => f.write_str("billing"),
            Self::Units => f.write_str("units"),
            Self::IndexKey(index) => write!(f, "index {index}, key"),
            Self::IndexProjection(index) => write!(f, "index {index}, projection"),
            Self::IndexUnits(index) => write!(f, "index {index}, units"),
            Self::LocalIndex(index) => write!(f, "local index {index}, key"),
            Self::Stream => f.write_str("stream"),
            Self::DeletionProtection => f.write_str("deletion protection"),
            Self::Tag(key) => write!(f, "tag {key}"),
        }
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One way in which a table differs from its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The property.
    pub fact: Fact,
    /// The value found, or `none`.
    pub found: String,
    /// The value expected, or `none`.
    pub expected: String,
}

impl Difference {
    /// Whether it is about provisioned units, which are tuned to the load.
    pub const fn is_about_units(&self) -> bool {
        matches!(self.fact, Fact::Units | Fact::IndexUnits(_))
    }

    /// Whether this can never be changed in an existing table.
    pub const fn is_for_ever(&self) -> bool {
        matches!(self.fact, Fact::Key | Fact::LocalIndex(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, expected {}", self.fact, self.found, self.expected)
    }
}

type Facts = BTreeMap<Fact, String>;

/// Whether others may add this to a table without harming the app.
const fn is_addition(fact: &Fact) -> bool {
    matches!(fact, Fact::IndexKey(_) | Fact::LocalIndex(_) | Fact::Stream | Fact::Tag(_))
}

/// Whether its absence needs no difference of its own: a missing index has no projection, an on-demand
/// table has no units, and some emulators forget the units of an index.
const fn is_detail(fact: &Fact) -> bool {
    matches!(fact, Fact::Units | Fact::IndexUnits(_) | Fact::IndexProjection(_))
}

impl Definition {
    /// How `found`, with these tags, differs from the definition.
    pub(crate) fn differences(&self, found: &TableDescription, tags: &Tags) -> Result<Vec<Difference>> {
        let mut expected = facts_of(&self.described()?, &self.tags);
        if self.deletion_protection.is_none() {
            expected.remove(&Fact::DeletionProtection);
        }
        let found = facts_of(found, tags);
        let facts: BTreeSet<&Fact> = expected.keys().chain(found.keys()).collect();
        let difference = |fact: &Fact| {
            let (want, have) = (expected.get(fact), found.get(fact));
            let is_fine = match (want, have) {
                (None, _) => !(self.exact && is_addition(fact)),
                (Some(_), None) => is_detail(fact),
                (Some(want), Some(have)) => want == have,
            };
            let text = |value: Option<&String>| value.map_or("none", String::as_str).to_owned();
            (!is_fine).then(|| Difference { fact: fact.clone(), found: text(have), expected: text(want) })
        };
        Ok(facts.into_iter().filter_map(difference).collect())
    }
}

/// The facts of `table`, in words.
fn facts_of(table: &TableDescription, tags: &Tags) -> Facts {
    let types = table.attribute_definitions();
    let key = |schema: &[KeySchemaElement]| {
        let part = |element: &KeySchemaElement| {
            let name = element.attribute_name();
            let kind = types.iter().find(|attribute| attribute.attribute_name() == name);
            let kind = kind.map_or("?", |attribute| attribute.attribute_type().as_str());
            format!("{name} ({kind}, {})", element.key_type())
        };
        schema.iter().map(part).collect::<Vec<_>>().join(", ")
    };
    let name = |name: Option<&str>| name.unwrap_or("?").to_owned();
    let billing = Billing::of(table);
    let mut facts: Facts =
        [(Fact::Key, key(table.key_schema())), (Fact::Billing, billing.to_string())].into();
    facts.extend(Units::of(table.provisioned_throughput()).map(|units| (Fact::Units, units.to_string())));
    for index in table.global_secondary_indexes() {
        let name = name(index.index_name());
        let projection = index.projection().and_then(|projection| projection.projection_type());
        let projection = projection.map_or("?", ProjectionType::as_str).to_owned();
        if let Some(units) = Units::of(index.provisioned_throughput()) {
            facts.insert(Fact::IndexUnits(name.clone()), units.to_string());
        }
        facts.insert(Fact::IndexKey(name.clone()), key(index.key_schema()));
        facts.insert(Fact::IndexProjection(name), projection);
    }
    for index in table.local_secondary_indexes() {
        facts.insert(Fact::LocalIndex(name(index.index_name())), key(index.key_schema()));
    }
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
    if let Some(kind) = stream.and_then(StreamSpecification::stream_view_type) {
        facts.insert(Fact::Stream, kind.to_string());
    }
    let protection = if table.deletion_protection_enabled() == Some(true) { "on" } else { "off" };
    facts.insert(Fact::DeletionProtection, protection.to_owned());
    facts.extend(tags.iter().map(|(key, value)| (Fact::Tag(key.clone()), value.clone())));
    facts
}
