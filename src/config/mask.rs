//! Masks values for output.

use super::conninfo;

/// Replaces a hidden value.
pub(super) const HIDDEN: &str = "****";

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mask {
    /// As it is.
    Open,
    /// Its last four characters, enough to tell two keys apart.
    LastFour,
    /// Not at all.
    All,
    /// A URL, without the part before its `@`.
    Url,
    /// A connection string, without its password.
    Connection,
}

impl Mask {
    pub(super) fn show(self, value: &str) -> String {
        match self {
            Self::Open => value.to_owned(),
            Self::All => HIDDEN.to_owned(),
            Self::LastFour => {
                let from = value.char_indices().rev().nth(3).map_or(value.len(), |(at, _)| at);
                // A short value is hidden in full: the rest could be guessed.
                if value.len() < 12 { HIDDEN.to_owned() } else { format!("{HIDDEN}{}", &value[from..]) }
            }
            Self::Url => match value.rsplit_once('@') {
                Some((_, rest)) => format!("{HIDDEN}@{rest}"),
                None => value.to_owned(),
            },
            Self::Connection => connection(value),
        }
    }

    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::LastFour | Self::All | Self::Connection)
    }
}

/// Formats a connection string as a URL. Builds it from the parsed parts and never cuts the text,
/// where a password may be anywhere.
fn connection(value: &str) -> String {
    let Ok(mut parts) = conninfo::parse(value) else { return HIDDEN.to_owned() };
    let mut take = |keyword: &str| parts.remove(keyword).unwrap_or_default();
    let (user, password) = (take("user"), take("password"));
    let (host, port, database) = (take("host"), take("port"), take("dbname"));
    let password = if password.is_empty() { String::new() } else { format!(":{HIDDEN}") };
    let at = if user.is_empty() && password.is_empty() { "" } else { "@" };
    let port = if port.is_empty() { port } else { format!(":{port}") };
    // An unknown parameter could be anything.
    let rest: Vec<String> = parts
        .into_iter()
        .map(|(keyword, value)| match keyword.as_str() {
            "passfile" | "sslmode" | "sslrootcert" | "hostaddr" | "connect_timeout" | "application_name" => {
                format!("{keyword}={value}")
            }
            _ => format!("{keyword}={HIDDEN}"),
        })
        .collect();
    let question_mark = if rest.is_empty() { "" } else { "?" };
    format!("postgresql://{user}{password}{at}{host}{port}/{database}{question_mark}{}", rest.join("&"))
}
