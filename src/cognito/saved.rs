//! Reads what `cognito list-users` printed.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use uuid::Uuid;

use crate::error::{Error, Reason, Result};
use crate::messaging::Identity;

/// One JSON value of a saved listing: a document of users as printed by this tool or the aws-cli,
/// one user as in a line of NDJSON, or a map of handles to subs.
#[derive(Deserialize)]
#[serde(expecting = "an object with users")]
struct Value {
    users: Option<Vec<User>>,
    #[serde(rename = "Users")]
    aws_users: Option<Vec<AwsUser>>,
    #[serde(rename = "NextToken", alias = "PaginationToken")]
    aws_next: Option<IgnoredAny>,
    sub: Option<Sub>,
    handle: Option<String>,
    email: Option<String>,
    name: Option<String>,
    status: Option<String>,
    #[serde(flatten)]
    others: Others,
}

/// The fields that a user does not have, in order, with duplicates.
struct Others(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Others {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Others;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Others, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Others(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl Value {
    /// The users of a map, if this is one: each value is a sub, which is a UUID. A handle may have
    /// the name of a user's field.
    fn map(&self) -> Option<Vec<Identity>> {
        let fields = [
            ("sub", self.sub.as_ref().map(|sub| &sub.0)),
            ("handle", self.handle.as_ref()),
            ("email", self.email.as_ref()),
            ("name", self.name.as_ref()),
            ("status", self.status.as_ref()),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?.as_str())));
        let others =
            self.others.0.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
        let is_user =
            self.sub.is_some() && self.name.is_none() && self.status.is_none() && self.others.0.is_empty();
        let entries: Vec<(&str, &str)> = fields.chain(others).collect();
        let is_map = !is_user && entries.iter().all(|(_, sub)| Uuid::try_parse(sub).is_ok());
        let user = |(handle, sub): (&str, &str)| Identity {
            handle: Some(handle.to_owned()),
            sub: sub.to_owned(),
            ..Identity::default()
        };
        is_map.then(|| entries.into_iter().map(user).collect())
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a user")]
struct User {
    handle: Option<String>,
    sub: Sub,
    email: Option<String>,
    name: Option<String>,
    status: Option<String>,
}

impl From<User> for Identity {
    fn from(User { handle, sub, email, name, status }: User) -> Self {
        Self { handle, sub: sub.0, email, name, status }
    }
}

/// A `sub` that is not empty.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Sub(String);

impl TryFrom<String> for Sub {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("a user's sub is empty") } else { Ok(Self(text)) }
    }
}

#[derive(Deserialize)]
#[serde(try_from = "AwsAttributes", expecting = "a user")]
struct AwsUser(Identity);

#[derive(Deserialize)]
struct AwsAttributes {
    #[serde(rename = "Attributes")]
    attributes: Vec<Attribute>,
    #[serde(rename = "UserStatus")]
    status: Option<String>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Value")]
    value: Option<String>,
}

impl TryFrom<AwsAttributes> for AwsUser {
    type Error = &'static str;

    fn try_from(user: AwsAttributes) -> Result<Self, Self::Error> {
        let attributes = user.attributes.into_iter().map(|attribute| (attribute.name, attribute.value));
        let identity = super::identity(attributes).ok_or("a user has no sub")?;
        Ok(Self(Identity { status: user.status, ..identity }))
    }
}

/// The users in `text` from the file `name`: the output of `list-users` with `-o json`, `-o ndjson`
/// or `--map`, or of `aws cognito-idp list-users`.
///
/// # Errors
/// [`crate::error::Kind::Failed`], with the line, for anything else.
pub fn parse_saved(name: &str, text: &str) -> Result<Vec<Identity>> {
    let bad = |line: usize, why: &str| {
        Error::failed(format!("{name}:{line}: not a saved list of users: {why}")).hint(Reason::NotSavedUsers)
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut users = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut empty = true;
    while let Some(value) = values.next() {
        empty = false;
        let value = value.map_err(|error| {
            let why = error.to_string();
            // The message already names the line.
            bad(error.line(), why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why))
        })?;
        let end = values.byte_offset();
        let line = || text[..end].matches('\n').count() + 1;
        match value {
            Value { aws_next: Some(_), .. } => {
                return Err(bad(line(), "it is incomplete: there are more pages"));
            }
            Value { users: Some(found), .. } => users.extend(found.into_iter().map(Identity::from)),
            Value { aws_users: Some(found), .. } => users.extend(found.into_iter().map(|user| user.0)),
            mut value => match (value.map(), value.sub.take()) {
                (Some(found), _) => users.extend(found),
                (None, Some(sub)) => {
                    let Value { handle, email, name, status, .. } = value;
                    users.push(User { handle, sub, email, name, status }.into());
                }
                (None, None) => return Err(bad(line(), "it has neither users nor a sub")),
            },
        }
    }
    if empty { Err(bad(1, "it is empty")) } else { Ok(users) }
}
