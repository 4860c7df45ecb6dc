//! Rows that fail: where they stand in the file.

use super::super::script::{pointed_at, refused_unsent};
use super::{Verdict, judge};
use crate::support::{Run, Sandbox};

/// Loads `file` where there is a table of notes; it fails, and nothing of it is kept.
#[track_caller]
fn fails(file: &str) -> Run {
    let sandbox = Sandbox::with_database();
    sandbox.write("before.sql", "CREATE TABLE notes (n int CHECK (n < 10), t text)");
    sandbox.cruddur(["db", "seed", "before.sql"]).succeeds();
    sandbox.write("file.sql", file);
    let run = sandbox.cruddur(["db", "seed", "file.sql"]).exits_with(1).says("this file was rolled back");
    assert_eq!(sandbox.sql("SELECT count(*) FROM notes"), [["0"]]);
    run
}

#[test]
fn the_row_is_shown_by_its_line_in_the_file() {
    for (file, line, from) in [
        (
            "INSERT INTO notes VALUES (1);\nCOPY notes FROM stdin;\n1\ta\n2\tb\nthree\tc\n4\td\n\\.\n",
            5,
            "three\tc",
        ),
        ("COPY notes FROM stdin;\n1\ta\n12\tb\n\\.\n", 3, "12\tb"),
        ("COPY notes FROM stdin;\n1\ta\n2\n\\.\n", 3, "2"),
        ("COPY notes FROM stdin;\n1\ta\n2\tb\tc\n\\.\n", 3, "2\tb\tc"),
        ("COPY notes (t, n) FROM stdin;\na\t1\n, line 9\tx1\n\\.\n", 3, "x1"),
        ("COPY notes FROM stdin (FORMAT csv, HEADER);\nn,t\n1,\"a\nb\"\nx,c\n\\.\n", 5, "x,c"),
        ("COPY notes FROM stdin;\r\n1\ta\r\nx\tb\r\n\\.\r\n", 3, "x\tb"),
        // Of the statement, not of a row.
        ("SELECT 1;\nCOPY nowhere FROM stdin;\n1\n\\.\n", 2, "COPY nowhere FROM stdin;"),
        ("COPY notes (n, m) FROM stdin;\n1\n\\.\n", 1, "COPY notes (n, m) FROM stdin;"),
    ] {
        let run = fails(file);
        assert_eq!(pointed_at(&run), (line, from.to_owned()), "{}", run.stderr);
    }
}

#[test]
fn a_bad_row_among_many_is_found_and_a_long_line_is_cut() {
    let rows = "7\tx\n".repeat(200_000);
    let long = "y".repeat(5_000);
    let run = fails(&format!("COPY notes FROM stdin;\n{rows}seven\t{long}\n{rows}\\.\n"));
    let (line, from) = pointed_at(&run);
    assert_eq!(line, 200_002);
    assert!(from.starts_with("seven\tyyy") && from.ends_with("y…"), "{from}");
}

#[test]
fn rows_that_cannot_be_sent_are_refused_before_anything_is() {
    for (file, line, message) in [
        ("SELECT 1;\nCOPY a FROM stdin;\n1\n", 2, "the rows of this COPY never end"),
        ("COPY a FROM stdin;\n1\n\\.x\n", 1, "the rows of this COPY never end"),
        ("COPY a FROM stdin;\n\\.x\n", 1, "the rows of this COPY never end"),
        ("SELECT 1;\nCOPY a FROM stdin", 2, "the rows of this COPY are missing"),
        (
            "SELECT 1;\nCOPY a FROM stdin; SELECT 1;\n1\n\\.\n",
            2,
            "after COPY … FROM stdin; the rest of the line must be empty",
        ),
        ("COPY a FROM stdin (FORMAT binary);\n\\.\n", 1, "rows in the binary format"),
        ("COPY a FROM stdin WITH BINARY;\n\\.\n", 1, "rows in the binary format"),
        ("COPY a FROM stdin;\n1\n\\.\nCOMMIT;\n", 4, "the whole file already runs in one transaction"),
        ("COPY a FROM stdin;\n:x\n\\.\nSELECT :nope;\n", 4, "the variable nope is not set"),
        ("SELECT 1;\n\\.\n", 2, "\\. is a psql command"),
    ] {
        let run = refused_unsent(file).says(&format!("file.sql:{line}: {message}"));
        assert_eq!(pointed_at(&run).0, line, "{}", run.stderr);
    }
}

#[test]
fn rows_may_end_with_the_file() {
    let sandbox = Sandbox::with_database();
    // psql would have a newline there.
    sandbox.write("file.sql", "CREATE TABLE a (n int);\nCOPY a FROM stdin;\n1\n\\.");
    sandbox.cruddur(["db", "seed", "file.sql"]).succeeds();
    assert_eq!(sandbox.sql("SELECT n FROM a"), [["1"]]);
}

#[test]
fn a_variable_may_name_the_table_but_not_bring_the_statement() {
    let sandbox = Sandbox::with_database();
    sandbox.write(
        "file.sql",
        "CREATE TABLE :\"t\" (n int);\nCOPY :\"t\" FROM stdin;\n1\n:t\n\\.\n".replace(":t\n", "2\n"),
    );
    sandbox.cruddur(["db", "seed", "file.sql", "--set", "t=my notes"]).succeeds();
    assert_eq!(sandbox.sql("SELECT n FROM \"my notes\"").concat(), ["1", "2"]);
    sandbox.write("file.sql", "SELECT 1;\n:all\n1\n\\.\n");
    sandbox
        .cruddur(["db", "seed", "file.sql", "--set", "all=COPY \"my notes\" FROM stdin;"])
        .exits_with(1)
        .says(
            "file.sql:2: this variable's value cannot be used here as SQL: the rows after it are in the file",
        );
}

#[test]
fn a_dry_run_counts_the_rows_and_hides_none_of_the_sql() {
    let sandbox = Sandbox::with_database();
    sandbox.write(
        "file.sql",
        "BEGIN READ WRITE;\nCREATE TABLE a (n int);\nCOPY a FROM stdin;\n1\n2\n\\.\nSELECT 1;\nCOMMIT;\n",
    );
    let run = sandbox.cruddur(["db", "seed", "file.sql", "--dry-run"]).succeeds();
    assert_eq!(
        run.stdout,
        "BEGIN READ WRITE;\nCREATE TABLE a (n int);\nCOPY a FROM stdin /* and 2 lines of rows */;\nSELECT 1;\nCOMMIT;\n"
    );
    judge("after it", "", "CREATE TABLE b ();", Verdict::Same);
}
