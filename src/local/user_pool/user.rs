//! A user of the pool, and its attributes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fault::{Answer, Fault};
use super::password::Hash;

/// The attributes that a user may have: the standard ones of OpenID Connect, and the two that say
/// whether an address has been verified. The pool has no custom attributes.
const ATTRIBUTES: [&str; 19] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];
/// The longest value of an attribute.
const LONGEST: usize = 2048;

/// One attribute, as requests have it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Unconfirmed,
    Confirmed,
    ForceChangePassword,
}

/// As in answers.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A sign-in, whose tokens hold until the user signs out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SignIn {
    /// `origin_jti` in its tokens.
    pub(super) id: Uuid,
    /// Milliseconds since 1970.
    pub(super) time: u64,
    /// Whether the user has signed out.
    #[serde(default)]
    pub(super) ended: bool,
}

/// A user. The sub is the user name too, as in every pool whose users sign in by email.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct User {
    /// The sub among them.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) enabled: bool,
    pub(super) status: Status,
    /// Milliseconds since 1970.
    created: u64,
    modified: u64,
    pub(super) password: Option<Hash>,
    /// The oldest first.
    #[serde(default)]
    pub(super) sign_ins: Vec<SignIn>,
}

impl User {
    /// A user who signs in by this email address.
    pub(super) fn new(email: &str, attributes: Vec<Attribute>, status: Status) -> Answer<Self> {
        if !is_email(email) {
            return Err(Fault::parameter("Username should be an email."));
        }
        let now = now();
        let mut user = Self {
            attributes: BTreeMap::from([
                ("sub".to_owned(), Uuid::new_v4().to_string()),
                ("email".to_owned(), email.to_owned()),
            ]),
            enabled: true,
            status,
            created: now,
            modified: now,
            password: None,
            sign_ins: Vec::new(),
        };
        user.set(attributes)?;
        if !user.email().eq_ignore_ascii_case(email) {
            return Err(Fault::parameter("The attribute email is not the Username."));
        }
        Ok(user)
    }

    /// Sets attributes; an empty value removes one. Another address counts as unverified.
    pub(super) fn set(&mut self, attributes: Vec<Attribute>) -> Answer<()> {
        let old_email = self.email().to_owned();
        let verifies = attributes.iter().any(|attribute| attribute.name == "email_verified");
        for Attribute { name, value } in attributes {
            check(&name, &value)?;
            if value.is_empty() {
                self.attributes.remove(&name);
            } else {
                self.attributes.insert(name, value);
            }
        }
        if self.email() != old_email && !verifies && self.attributes.contains_key("email_verified") {
            self.attributes.insert("email_verified".to_owned(), "false".to_owned());
        }
        self.touch();
        Ok(())
    }

    /// Sets the password.
    pub(super) fn set_password(&mut self, password: &str) -> Answer<()> {
        self.password = Some(Hash::of(self.sub(), password)?);
        Ok(())
    }

    /// Adds to a password that is right what earlier versions did not keep of it.
    pub(super) fn complete_password(&mut self, password: &str) {
        let sub = self.sub().to_owned();
        if let Some(hash) = &mut self.password {
            hash.complete(&sub, password);
        }
    }

    /// Whether somebody who gives this name means this user.
    pub(super) fn is_called(&self, name: &str) -> bool {
        name == self.sub() || name.eq_ignore_ascii_case(self.email())
    }

    /// Notes that it has changed.
    pub(super) fn touch(&mut self) {
        self.modified = now();
    }

    pub(super) fn sub(&self) -> &str {
        self.attribute("sub").unwrap_or_default()
    }

    pub(super) fn email(&self) -> &str {
        self.attribute("email").unwrap_or_default()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// As an answer has it, with its attributes under the name `attributes`: all, or those `wanted`.
    pub(super) fn shown(&self, attributes: &str, wanted: Option<&[String]>) -> Value {
        let is_wanted = |name: &String| wanted.is_none_or(|wanted| wanted.contains(name));
        let listed: Vec<Value> = self
            .attributes
            .iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, value)| json!({ "Name": name, "Value": value }))
            .collect();
        json!({
            "Username": self.sub(),
            attributes: listed,
            "UserCreateDate": seconds(self.created),
            "UserLastModifiedDate": seconds(self.modified),
            "Enabled": self.enabled,
            "UserStatus": self.status,
        })
    }
}

fn check(name: &str, value: &str) -> Answer<()> {
    let wrong =
        |why: &str| Err(Fault::parameter(format!("Attributes did not conform to the schema: {name}: {why}")));
    match name {
        "sub" => wrong("Attribute cannot be updated."),
        _ if !ATTRIBUTES.contains(&name) => wrong("Attribute does not exist in the schema."),
        "email" if !is_email(value) => Err(Fault::parameter("Invalid email address format.")),
        "email_verified" | "phone_number_verified" if !["true", "false", ""].contains(&value) => {
            wrong("Attribute must be true or false.")
        }
        _ if value.chars().count() > LONGEST => wrong("String must be less than 2048 characters."),
        _ => Ok(()),
    }
}

fn is_email(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.len() <= 128
        && text.rsplit_once('@').is_some_and(|(name, host)| {
            is_part(name) && is_part(host) && !name.contains('@') && host.contains('.')
        })
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    jiff::Timestamp::now().as_millisecond().try_into().unwrap_or_default()
}

/// A time, as the service writes it.
fn seconds(milliseconds: u64) -> f64 {
    Duration::from_millis(milliseconds).as_secs_f64()
}
