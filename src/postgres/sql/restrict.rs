//! `\restrict TOKEN` and `\unrestrict TOKEN`, which pg_dump puts around its output.
//!
//! Between them psql accepts no command except `\unrestrict` with the same token, so that no name
//! in the dumped database can smuggle one in. Commands are never run here, but the tokens are
//! compared as in psql. Source: psql's manual page, `\restrict`.

use super::lexer::SyntaxError;

/// The token in force.
#[derive(Default)]
pub(super) struct Restriction(Option<String>);

impl Restriction {
    /// Reads the command whose backslash is at `at`, if it is one of the two; `rest` is the text
    /// after the backslash. Returns the length of the rest of the line.
    pub(super) fn take(&mut self, at: usize, rest: &str) -> Result<Option<usize>, SyntaxError> {
        let length = rest.find('\n').unwrap_or(rest.len());
        let mut words = rest[..length].split_whitespace();
        let (name, token) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let message = match (name, &self.0) {
            ("restrict", None) if !token.is_empty() => {
                self.0 = Some(token.to_owned());
                return Ok(Some(length));
            }
            ("unrestrict", Some(begun)) if begun == token => {
                self.0 = None;
                return Ok(Some(length));
            }
            ("restrict" | "unrestrict", _) if token.is_empty() => "this line lacks its token",
            ("restrict", _) => "another \\restrict is in force here; its \\unrestrict must come first",
            ("unrestrict", None) => "there is no \\restrict before this line",
            ("unrestrict", _) => "this token does not match \\restrict",
            _ => return Ok(None),
        };
        Err(SyntaxError {
            at,
            message: message.into(),
            hint: Some("pg_dump writes both lines with the same token; was the file changed?".into()),
        })
    }
}
