//! libpq's password file, with lines `host:port:database:user:password`.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, Hint, Result};

/// The connection that a line must match.
pub(super) struct Connection<'a> {
    /// A name, an address, or a socket's directory.
    pub(super) host: &'a str,
    pub(super) port: &'a str,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password of the first matching line; `None` when there is none, or no file.
///
/// # Errors
/// [`crate::error::Kind::Config`] when others may read the file. libpq only warns and ignores it,
/// and then has no password.
pub(super) fn look_up(file: &Path, wanted: &Connection<'_>) -> Result<Option<String>> {
    let cannot = |cause| Error::config(format!("cannot read {}", file.display())).because(cause);
    let metadata = match std::fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(cannot(error)),
    };
    // With libpq, a path that is not a regular file, such as /dev/null, means "none".
    if !metadata.is_file() {
        return Ok(None);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(Error::config(format!("{} holds passwords, but others can read it", file.display()))
                .hint(Hint::Run(format!("chmod 600 {}", file.display()))));
        }
    }
    let text = std::fs::read(file).map_err(cannot)?;
    Ok(String::from_utf8_lossy(&text).lines().find_map(|line| password_in(line, wanted)))
}

fn password_in(line: &str, wanted: &Connection<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    // The file calls a Unix socket `localhost`.
    let host = if wanted.host.starts_with('/') { "localhost" } else { wanted.host };
    let mut rest = line;
    for wanted in [host, wanted.port, wanted.database, wanted.user] {
        let (field, is_literal, after) = take_field(rest);
        if (is_literal || field != "*") && field != wanted {
            return None;
        }
        rest = after?;
    }
    // A password may hold an unescaped colon.
    let (mut password, mut escaped) = (String::new(), false);
    for c in rest.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            password.push(c);
            escaped = false;
        }
    }
    (!password.is_empty()).then_some(password)
}

/// Reads a field up to the next colon. Returns it, whether it held a backslash, and the text after
/// the colon.
fn take_field(text: &str) -> (String, bool, Option<&str>) {
    let (mut field, mut is_literal) = (String::new(), false);
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            ':' => return (field, is_literal, Some(&text[at + 1..])),
            '\\' => {
                is_literal = true;
                field.extend(characters.next().map(|(_, c)| c));
            }
            c => field.push(c),
        }
    }
    (field, is_literal, None)
}
