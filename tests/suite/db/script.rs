//! SQL files that fail: where, and that nothing of them is kept.

use super::{load, tables};
use crate::script::NEVER_CLOSED;
use crate::support::{Page, Recorder, Run, Sandbox};

/// The number and the text of the line that is shown, from the caret on.
#[track_caller]
pub(super) fn pointed_at(run: &Run) -> (usize, String) {
    let lines: Vec<&str> = run.stderr.lines().collect();
    let caret = lines.iter().position(|line| line.ends_with('^')).expect("a caret");
    let (number, shown) = lines[caret - 1].trim_start().split_once(" | ").unwrap();
    let (margin, indent) = lines[caret].split_once("| ").unwrap();
    assert_eq!(margin.chars().count(), number.len() + 2, "the bars stand below each other:\n{}", run.stderr);
    let indent = indent.strip_suffix('^').unwrap();
    let mut rest = shown.chars();
    let mut column = indent.chars().peekable();
    while column.peek().is_some() {
        let above = rest.next().expect("the caret is under the line");
        for _ in 0..width(above) {
            assert_eq!(column.next(), Some(if above == '\t' { '\t' } else { ' ' }), "{}", run.stderr);
        }
    }
    (number.parse().unwrap(), rest.collect())
}

/// How many columns of a terminal the characters of these tests take.
fn width(c: char) -> usize {
    if matches!(c, '\u{4e00}'..='\u{9fff}' | '🐐') { 2 } else { 1 }
}

#[test]
fn a_failing_statement_is_shown_where_it_stands_and_nothing_is_kept() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    let run = page.add(load(
        &sandbox,
        "CREATE TABLE notes (text text);\nINSERT INTO notes VALUES ('one');\n\n  SELEC 1;\nCREATE TABLE after ();\n",
    )
    .exits_with(1));
    assert_eq!(pointed_at(&run), (4, "SELEC 1;".to_owned()));
    assert!(tables(&sandbox).is_empty());
    page.matches("runs/db/script/a_failing_statement_is_shown_where_it_stands_and_nothing_is_kept");
}

#[test]
fn what_was_there_before_the_file_is_there_after_it_failed() {
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE notes (text text); INSERT INTO notes VALUES ('one')").succeeds();
    load(&sandbox, "DELETE FROM notes; DROP TABLE notes; SELECT nothing").exits_with(1);
    assert_eq!(sandbox.sql("SELECT text FROM notes"), [["one"]]);
}

#[test]
fn the_caret_counts_columns_not_bytes() {
    let sandbox = Sandbox::with_database();
    for (text, line, rest) in [
        ("SELECT 'é–ñ', nosuch, 1", 1, "nosuch, 1"),
        ("SELECT '🐐', nosuch", 1, "nosuch"),
        ("SELECT '灯台', nosuch", 1, "nosuch"),
        ("SELECT 1;\n\tSELECT\t'é\t', nosuch;", 2, "nosuch;"),
        ("/* é */ SELECT 1; /* ñ */ SELECT nosuch", 1, "nosuch"),
        ("-- ü\n\n\nSELECT\n  1,\n  -- ö\n  nosuch,\n  2;\nSELECT 3;", 7, "nosuch,"),
        ("SELECT 1;\r\nSELECT\r\n  'é', nosuch;\r\nSELECT 2;\r\n", 3, "nosuch;"),
        ("SELECT 1 +", 1, ""),
        ("\u{feff}SELECT nosuch", 1, "nosuch"),
    ] {
        let run = load(&sandbox, text).exits_with(1).says(&format!("file.sql:{line}: "));
        assert_eq!(pointed_at(&run), (line, rest.to_owned()), "{text:?}\n{}", run.stderr);
    }
}

#[test]
fn the_line_number_may_have_many_digits() {
    let sandbox = Sandbox::with_database();
    let run = load(&sandbox, format!("{}SELECT nosuch", "SELECT 1;\n".repeat(1233))).exits_with(1);
    assert_eq!(pointed_at(&run), (1234, "nosuch".to_owned()));
}

#[test]
fn an_error_without_a_position_is_shown_at_its_statement() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    let run = page.add(
        load(
            &sandbox,
            "CREATE TABLE users (handle text PRIMARY KEY);\nINSERT INTO users VALUES ('nina');\n\
         -- again\n  INSERT INTO users\n  VALUES ('nina');\n",
        )
        .exits_with(1),
    );
    assert_eq!(pointed_at(&run), (4, "INSERT INTO users".to_owned()));
    assert!(tables(&sandbox).is_empty());
    page.matches("runs/db/script/an_error_without_a_position_is_shown_at_its_statement");
}

#[test]
fn a_constraint_that_fails_at_the_very_end_keeps_nothing() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    page.add(
        load(
            &sandbox,
            "CREATE TABLE a (id int PRIMARY KEY);\n\
         CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n\
         INSERT INTO b VALUES (1);\n",
        )
        .exits_with(1),
    );
    assert!(tables(&sandbox).is_empty());
    page.matches("runs/db/script/a_constraint_that_fails_at_the_very_end_keeps_nothing");
}

#[test]
fn a_statement_that_cannot_be_in_a_transaction_is_shown() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    let run = page.add(load(&sandbox, "CREATE TABLE a ();\nCREATE DATABASE another;\n").exits_with(1));
    assert_eq!(pointed_at(&run), (2, "CREATE DATABASE another;".to_owned()));
    assert!(tables(&sandbox).is_empty());
    page.matches("runs/db/script/a_statement_that_cannot_be_in_a_transaction_is_shown");
}

/// Loads `text` where every connection is counted: there is none.
#[track_caller]
pub(super) fn refused_unsent(text: impl AsRef<[u8]>) -> Run {
    let sandbox = Sandbox::new();
    let server = Recorder::start();
    sandbox.write("file.sql", text);
    let url = format!("postgresql://someone@127.0.0.1:{}/cruddur", server.port());
    let run = Run::of(sandbox.command(["db", "schema-load", "file.sql"]).env("CONNECTION_URL", url));
    assert_eq!(server.connections(), 0, "{}", run.stderr);
    run.exits_with(1)
}

#[test]
fn a_file_that_would_end_the_transaction_is_refused_before_anything_is_sent() {
    for statement in [
        "BEGIN;",
        "begin work;",
        "COMMIT;",
        "Commit",
        "END;",
        "ABORT;",
        "ROLLBACK;",
        "ROLLBACK AND CHAIN;",
        "START TRANSACTION;",
        "PREPARE TRANSACTION 'x';",
        "COMMIT PREPARED 'x';",
        "/* hidden */COMMIT/**/;",
    ] {
        let run = refused_unsent(format!("CREATE TABLE a ();\n\n  {statement}"))
            .says("file.sql:3: the whole file already runs in one transaction");
        let start = statement.trim_start_matches("/* hidden */");
        assert_eq!(pointed_at(&run), (3, start.to_owned()));
    }
}

#[test]
fn psql_commands_are_refused_before_anything_is_sent() {
    for (command, hint) in [
        (
            "\\set user1_name `echo $user1_name`",
            "--set user1_name=VALUE or as the environment variable user1_name",
        ),
        ("\\set", "--set NAME=VALUE"),
        ("\\i it's/other.sql", "load the files one after another"),
        ("\\include_relative other.sql", "load the files one after another"),
        ("\\copy users from 'users.csv' csv", "write COPY … FROM stdin; with the rows after it"),
        ("\\c cruddur", "the connection URL names the database"),
        ("\\connect cruddur", "the connection URL names the database"),
        ("\\echo it's :done", "remove the line"),
        ("\\if :{?nope}", "decide in the shell"),
        ("\\gexec", "decide in the shell"),
        ("\\! rm -r '", "do this in the shell first"),
        ("\\.", "ends the rows of a COPY"),
        ("\\; SELECT 1", "end the statement with ; alone"),
        ("\\q", "end the file here"),
        ("\\frobnicate", "only SQL is sent"),
        ("\\", "only SQL is sent"),
        ("\\ frobnicate", "only SQL is sent"),
    ] {
        let name = command.split_whitespace().next().unwrap();
        // What is wrong further down, in what is no SQL any more, is not what is told.
        let run = refused_unsent(format!("SELECT 1;\n{command}\nSELECT :'nope', 'never closed;\n"))
            .says(&format!("file.sql:2: {name} is a psql command, not SQL; nothing was run"))
            .says("Hint: ")
            .says(hint);
        assert_eq!(pointed_at(&run), (2, command.to_owned()));
    }
}

#[test]
fn copy_to_stdout_says_what_is_wrong_with_it() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    page.add(load(&sandbox, "CREATE TABLE a ();\nCOPY a TO STDOUT;\n").exits_with(1));
    assert!(tables(&sandbox).is_empty());
    page.matches("runs/db/script/copy_to_stdout_says_what_is_wrong_with_it");
}

#[test]
fn what_is_never_closed_is_shown_where_it_opens() {
    for (text, at, message) in NEVER_CLOSED {
        let line = text[..at].matches('\n').count() + 1;
        let run = refused_unsent(text).says(&format!("file.sql:{line}: {message}"));
        assert_eq!(pointed_at(&run), (line, text[at..].lines().next().unwrap().to_owned()), "{}", run.stderr);
    }
}

#[test]
fn a_file_without_a_statement_is_an_error() {
    for text in ["", "\n \t\r\n", "-- nothing yet\n/* nor /* here */ */;;\n", "\u{feff}"] {
        refused_unsent(text).says("file.sql contains no SQL statement");
    }
}

#[test]
fn a_file_that_is_not_text_names_the_line() {
    let mut page = Page::default();
    let run = page.add(refused_unsent(b"SELECT 1;\nSELECT '\xe9t\xe9';\n"));
    assert_eq!(run.stdout, "");
    page.matches("runs/db/script/a_file_that_is_not_text_names_the_line");
}

#[test]
fn a_missing_file_is_named() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    for command in ["schema-load", "seed"] {
        page.add(sandbox.cruddur(["db", command, "no-such.sql"]).exits_with(1));
    }
    assert!(tables(&sandbox).is_empty());
    page.matches("runs/db/script/a_missing_file_is_named");
}
