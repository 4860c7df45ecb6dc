//! Names and values as SQL writes them.

/// Quotes an SQL identifier.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string, whatever `standard_conforming_strings` says: with a backslash
/// in it, it becomes an `E'…'`, set off by a space from a word before it.
///
/// Source: libpq's `PQescapeLiteral`, which psql uses for `:'name'`.
#[must_use]
pub fn quote_literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}
