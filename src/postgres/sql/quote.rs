//! Quotes names and values for SQL.

/// Quotes an SQL identifier.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string so that `standard_conforming_strings` does not matter: one with a backslash
/// becomes an `E'…'`, with a space before it to keep it apart from a preceding word.
///
/// Source: libpq's `PQescapeLiteral`, which psql uses for `:'name'`.
pub fn quote_literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}
