//! Hides secrets in output.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Replaces a secret.
pub const HIDDEN: &str = "***";
/// A secret shorter than this is hidden only as a whole word, because it occurs everywhere.
const SHORT: usize = 4;
/// How many characters identify a secret that a server has cut off.
const BEGINNING: usize = 16;

/// The members of Cognito's requests and answers that hold a password or a token.
const CREDENTIALS: [&str; 3] = ["Password", "TemporaryPassword", "Session"];
/// The same in members that are objects.
const INNER_CREDENTIALS: [(&str, &[&str]); 2] = [
    ("AuthParameters", &["PASSWORD"]),
    ("AuthenticationResult", &["AccessToken", "IdToken", "RefreshToken"]),
];

/// A request's or answer's JSON without the passwords and tokens of Cognito's in it.
pub fn without_credentials(body: &[u8]) -> Cow<'_, [u8]> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else { return body.into() };
    let mut found = hide_members(&mut members, &CREDENTIALS);
    for (outer, names) in INNER_CREDENTIALS {
        if let Some(Value::Object(inner)) = members.get_mut(outer) {
            found |= hide_members(inner, names);
        }
    }
    if found { Value::Object(members).to_string().into_bytes().into() } else { body.into() }
}

fn hide_members(members: &mut Map<String, Value>, names: &[&str]) -> bool {
    let mut found = false;
    for name in names {
        if let Some(secret) = members.get_mut(*name).filter(|secret| secret.is_string()) {
            *secret = HIDDEN.into();
            found = true;
        }
    }
    found
}

/// Hides `secrets` in `text`, whole or cut off.
pub fn hide<'s>(text: &str, secrets: impl IntoIterator<Item = &'s str>) -> String {
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|secret| !secret.trim().is_empty()).collect();
    // Longest first: one may be part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().fold(text.to_owned(), |text, secret| without(&text, secret))
}

fn without(text: &str, secret: &str) -> String {
    let beginning = secret.char_indices().nth(BEGINNING).map_or(secret, |(end, _)| &secret[..end]);
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(beginning) {
        let (before, from) = rest.split_at(at);
        let same = from.chars().zip(secret.chars()).take_while(|(a, b)| a == b);
        let length: usize = same.map(|(c, _)| c.len_utf8()).sum();
        let is_part_of_a_word =
            before.ends_with(char::is_alphanumeric) || from[length..].starts_with(char::is_alphanumeric);
        hidden.push_str(before);
        hidden.push_str(if secret.len() < SHORT && is_part_of_a_word { &from[..length] } else { HIDDEN });
        rest = &from[length..];
    }
    hidden + rest
}
