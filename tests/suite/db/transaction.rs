//! A file that would end its own transaction, or make the server read it in another way.

use super::{load, tables};
use crate::support::{Answer, MoodyPostgres, Run, Sandbox};

/// By the rules of cruddur's session one statement, by those of
/// `standard_conforming_strings = off` three.
const HIDDEN: &str = "INSERT INTO notes VALUES ('\\''); COMMIT; SELECT 1/0; -- ');\n";

fn with_notes() -> Sandbox {
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE notes (text text); INSERT INTO notes VALUES ('one')").succeeds();
    sandbox
}

#[track_caller]
fn assert_nothing_kept(sandbox: &Sandbox, run: Run) {
    run.exits_with(1).says("this file was rolled back");
    assert_eq!(sandbox.sql("SELECT text FROM notes"), [["one"]]);
    assert_eq!(tables(sandbox), ["notes"]);
}

#[test]
fn a_file_that_changes_how_strings_are_read_is_refused() {
    let sandbox = with_notes();
    for setting in [
        "SELECT set_config('standard_conforming_strings', 'off', false);\n",
        "SELECT set_config('standard_conforming_strings', 'off', true);\n",
        "DO $$ BEGIN SET standard_conforming_strings = off; END $$;\n",
        "DO $$ BEGIN PERFORM set_config('standard_' || 'conforming_strings', 'off', false); END $$;\n",
    ] {
        for rest in ["", "CREATE TABLE b (); ", HIDDEN] {
            let run = load(&sandbox, format!("INSERT INTO notes VALUES ('two');\n{setting}{rest}"));
            assert_nothing_kept(&sandbox, run);
        }
        let run = load(&sandbox, format!("INSERT INTO notes VALUES ('two');\n{setting}CREATE TABLE b ();"));
        assert_nothing_kept(&sandbox, run.says("standard_conforming_strings"));
    }
}

#[test]
fn the_files_strings_do_not_depend_on_the_database() {
    let sandbox = with_notes();
    sandbox.sql(&format!("ALTER DATABASE {} SET standard_conforming_strings = off", sandbox.database()));
    load(&sandbox, "INSERT INTO notes VALUES ('a\\b'); INSERT INTO notes VALUES ('it;\\')").succeeds();
    assert_eq!(sandbox.sql("SELECT text FROM notes ORDER BY 1"), [["a\\b"], ["it;\\"], ["one"]]);
}

#[test]
fn what_the_server_reads_as_several_statements_is_not_run() {
    let sandbox = with_notes();
    // CASE is a label here, and no part of an expression that END ends.
    let run = load(
        &sandbox,
        "INSERT INTO notes VALUES ('two');\n\
         CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 AS case; END;\nCOMMIT; SELECT 1/0;\n",
    );
    assert_nothing_kept(&sandbox, run.says("file.sql:2: the server reads several statements here"));
}

#[test]
fn a_commit_that_got_through_is_told() {
    let sandbox = with_notes();
    let port = sandbox.connection_url().split([':', '/']).filter_map(|part| part.parse().ok()).next_back();
    // No file gets one through; a proxy puts it into the place of a statement of the same length.
    let server = MoodyPostgres::start(vec![Answer::Rewrite(port.unwrap(), "SELECT 'here'", "COMMIT       ")]);
    let url =
        sandbox.connection_url().replace(&format!(":{}/", port.unwrap()), &format!(":{}/", server.port()));
    for (rest, says) in [
        ("INSERT INTO notes VALUES ('three');", ""),
        ("SELECT 1/0", "division by zero"),
        ("DO $$ BEGIN PERFORM 1/0; END $$", "division by zero"),
        ("COPY notes FROM stdin;\n1\t2\n\\.\n", "extra data"),
    ] {
        sandbox.sql("DELETE FROM notes");
        sandbox.write("file.sql", format!("INSERT INTO notes VALUES ('two');\nSELECT 'here';\n{rest}"));
        let run = Run::of(sandbox.command(["db", "seed", "file.sql"]).env("CONNECTION_URL", &url));
        let run = run.exits_with(5).says(says).says("a COMMIT or ROLLBACK got through").says("Hint: ");
        assert!(!run.stderr.contains("rolled back"), "{}", run.stderr);
        assert_eq!(sandbox.sql("SELECT text FROM notes WHERE text = 'two'"), [["two"]]);
    }
    // Without one, all is as ever on the same connection.
    sandbox.write("file.sql", "SELECT 'there'; SELECT 1/0");
    Run::of(sandbox.command(["db", "seed", "file.sql"]).env("CONNECTION_URL", &url))
        .exits_with(1)
        .says("this file was rolled back");
}
