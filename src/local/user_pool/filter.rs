//! The filter of ListUsers: `name = "value"` or `name ^= "value"`.
//! <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>

use super::fault::{Answer, Fault};
use super::user::User;

/// The attributes that can be searched, besides the two of the user itself.
const SEARCHED: [&str; 8] =
    ["username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username", "sub"];
const USER_STATUS: &str = "cognito:user_status";

pub(super) struct Filter {
    name: String,
    value: String,
    /// Whether the beginning of the value is enough.
    is_prefix: bool,
}

impl Filter {
    /// `None` for an empty filter, which lets everybody pass.
    pub(super) fn parse(text: &str) -> Answer<Option<Self>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let wrong = || Fault::parameter("Error while parsing filter.");
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        let (name, is_prefix) = match name.strip_suffix('^') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let name = name.trim().trim_matches('"').to_owned();
        if !SEARCHED.contains(&name.as_str()) && ![USER_STATUS, "status"].contains(&name.as_str()) {
            return Err(Fault::parameter(format!("Invalid search attribute: {name}")));
        }
        let value = value.trim().strip_prefix('"').and_then(unquoted).ok_or_else(wrong)?;
        Ok(Some(Self { name, value, is_prefix }))
    }

    pub(super) fn matches(&self, user: &User) -> bool {
        let status = user.status.to_string();
        let (value, wanted) = match self.name.as_str() {
            // The only one that is compared without regard to case.
            USER_STATUS => (status.as_str(), self.value.to_ascii_uppercase()),
            "status" => (if user.enabled { "Enabled" } else { "Disabled" }, self.value.clone()),
            "username" => (user.sub(), self.value.clone()),
            name => match user.attribute(name) {
                Some(value) => (value, self.value.clone()),
                None => return false,
            },
        };
        if self.is_prefix { value.starts_with(&wanted) } else { value == wanted }
    }
}

/// The text up to the closing quote, which must be the end. A backslash goes before a quote.
fn unquoted(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(value),
            '\\' => value.push(characters.next()?),
            other => value.push(other),
        }
    }
}
