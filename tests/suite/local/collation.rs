//! The order of texts in the stack's PostgreSQL.

use std::process::Command;

use crate::support::{sql, stack};

/// With the locale of RDS, `ORDER BY` agrees with production; without it, it goes by code points.
#[test]
fn texts_are_sorted_as_on_rds_where_the_machine_has_its_locale() {
    let has_locale = !cfg!(target_os = "macos")
        && Command::new("locale").arg("-a").env_clear().output().is_ok_and(|listed| {
            String::from_utf8(listed.stdout).unwrap().lines().any(|name| name == "en_US.utf8")
        });
    let (collation, order) = match (cfg!(target_os = "macos"), has_locale) {
        (true, _) => ("C", "B a z é"),
        (false, true) => ("en_US.UTF-8", "a B é z"),
        (false, false) => ("C.UTF-8", "B a z é"),
    };
    let query = "SELECT datcollate, pg_encoding_to_char(encoding), lower('É') FROM pg_database \
                 WHERE datname = current_database()";
    assert_eq!(sql(&stack().url("postgres"), query), [[collation, "UTF8", "é"]]);
    let query = "SELECT string_agg(word, ' ' ORDER BY word) FROM unnest(ARRAY['z', 'é', 'B', 'a']) word";
    assert_eq!(sql(&stack().url("postgres"), query), [[order]]);
}
