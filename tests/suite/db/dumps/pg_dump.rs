//! What pg_dump writes, with each of its flags.

use super::{Verdict, judge, program, with};

const SOURCE: &str = include_str!("source.sql");
/// What cannot be said in Latin-1.
const BEYOND: &str = "CREATE TABLE beyond AS SELECT '🐐 灯台; €'::text AS word;";

/// A dump of the source, and nothing but the data in it where `flags` say so.
fn dump(flags: &[&str]) -> String {
    let source = with(&format!("{SOURCE}\n{BEYOND}"));
    program(&source, "pg_dump", flags).succeeds().stdout
}

#[track_caller]
fn loads(flags: &[&str], before: &str) {
    judge(&flags.join(" "), before, dump(flags), Verdict::Same);
}

#[test]
fn plain_dumps_load_as_in_psql() {
    for flags in [
        &[][..],
        &["--schema-only"],
        &["--no-owner", "--no-privileges", "--no-comments"],
        &["--clean", "--if-exists"],
        &["--section=pre-data"],
        &["--serializable-deferrable", "--load-via-partition-root"],
    ] {
        loads(flags, "");
    }
}

#[test]
fn dumps_of_inserts_load_as_in_psql() {
    for flags in [
        &["--inserts"][..],
        &["--column-inserts", "--on-conflict-do-nothing"],
        &["--rows-per-insert=3"],
        &["--quote-all-identifiers", "--disable-dollar-quoting"],
        &["--use-set-session-authorization"],
    ] {
        loads(flags, "");
    }
}

#[test]
fn dumps_of_data_load_into_their_schema() {
    let schema = dump(&["--schema-only"]);
    for flags in [
        &["--data-only", "--disable-triggers"][..],
        &["--data-only", "--inserts", "--disable-triggers"],
        &["--data-only", "--enable-row-security", "--disable-triggers", "--strict-names", "--table=notes"],
    ] {
        loads(flags, &schema);
    }
    // Over what is there already.
    loads(&["--clean"], &schema);
}

#[test]
fn dumps_in_other_encodings_load_as_in_psql() {
    let source = with(SOURCE);
    for encoding in ["LATIN1", "LATIN9", "WIN1252", "SQL_ASCII"] {
        for more in [&[][..], &["--inserts"]] {
            let file = source.path().join("encoded.sql");
            let flags = [&["-E", encoding, "-f", file.to_str().unwrap()], more].concat();
            program(&source, "pg_dump", &flags).succeeds();
            let bytes = std::fs::read(&file).unwrap();
            judge(&flags.join(" "), "", bytes, Verdict::Same);
        }
    }
}

#[test]
fn a_dump_that_connects_elsewhere_says_how_to_dump_instead() {
    for flags in [&["--create"][..], &["--create", "--clean"]] {
        judge(
            &flags.join(" "),
            "",
            dump(flags),
            Verdict::Error(&["\\connect is a psql command", "--create"]),
        );
    }
}

#[test]
fn a_dump_that_commits_in_the_middle_is_refused() {
    // pg_dump puts BEGIN and COMMIT around large objects; psql ends its one transaction there.
    let source = with("SELECT lo_from_bytea(4242, '\\x0102');");
    let dump = program(&source, "pg_dump", &[]).succeeds().stdout;
    judge("large objects", "", &dump, Verdict::Error(&["the whole file already runs in one transaction"]));
}

#[test]
fn what_a_dump_sets_does_not_reach_the_next_file() {
    let sandbox = with("");
    let folder = sandbox.path().join("db");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("schema.sql"), dump(&["--schema-only"])).unwrap();
    // The dump has emptied the search path; a name without a schema is found all the same.
    std::fs::write(
        folder.join("seed.sql"),
        "CREATE TEMP TABLE x (); INSERT INTO users (handle) VALUES ('quinn');",
    )
    .unwrap();
    sandbox.cruddur(["db", "setup"]).succeeds();
    assert_eq!(sandbox.sql("SELECT handle FROM users"), [["quinn"]]);
}
