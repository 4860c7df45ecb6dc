//! A PostgreSQL that answers no more, and one that takes its time.

use std::process::Command;

use crate::support::{Run, Sandbox, Session, Spawned, Stall, StatementRecorder};

/// A command whose server stands behind a proxy that stops.
fn stalled(sandbox: &Sandbox, stall: Stall, words: &[&str]) -> (Command, u16) {
    let url = sandbox.connection_url();
    let (before, after) = url.rsplit_once(':').unwrap();
    let (port, path) = after.split_once('/').unwrap();
    let proxy = StatementRecorder::stalling(port.parse().unwrap(), Some(stall));
    let mut command = sandbox.command(words);
    // Ample for what comes before.
    command.args(["--timeout", "5s"]).env("CONNECTION_URL", format!("{before}:{}/{path}", proxy.port()));
    (command, proxy.port())
}

#[test]
fn a_server_that_answers_no_more_ends_a_question() {
    let sandbox = Sandbox::with_database();
    let (mut command, port) = stalled(&sandbox, Stall::AllAt("pg_stat_activity"), &["db", "sessions"]);
    Run::of(&mut command)
        .exits_with(1)
        .says(&format!("cannot list the sessions: no answer from PostgreSQL at 127.0.0.1:{port}/"))
        .says("within 5 s")
        .says("to wait longer add: --timeout 10s");
}

#[test]
fn a_statement_without_an_answer_says_that_nothing_is_kept() {
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "CREATE TABLE notes (n int);\n\nINSERT INTO notes VALUES (4711);\n");
    let (mut command, _) = stalled(&sandbox, Stall::AllAt("4711"), &["db", "seed", "file.sql"]);
    Run::of(&mut command)
        .exits_with(1)
        .says("file.sql:3: no answer from PostgreSQL at ")
        .says("within 5 s; this file was rolled back");
    let tables = sandbox.sql("SELECT 1 FROM pg_class WHERE relname = 'notes'");
    assert!(tables.is_empty(), "{tables:?}");
}

#[test]
fn a_commit_without_an_answer_may_be_kept_or_not() {
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "CREATE TABLE notes (n int);\n");
    let (mut command, _) = stalled(&sandbox, Stall::AllAt("COMMIT"), &["db", "seed", "file.sql"]);
    Run::of(&mut command)
        .exits_with(1)
        .says("cannot commit ")
        .says("it may have been committed: no answer from PostgreSQL at ");
}

#[test]
fn rows_that_do_not_get_through_end_a_copy_though_the_server_is_there() {
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "CREATE TABLE notes (n int);\nCOPY notes FROM STDIN;\n1\n2\n\\.\n");
    let (mut command, _) = stalled(&sandbox, Stall::Rows, &["db", "seed", "file.sql"]);
    Run::of(&mut command)
        .exits_with(1)
        .says("file.sql:2: no answer from PostgreSQL at ")
        .says("this file was rolled back");
}

/// A file whose second statement waits until the session is dropped.
fn locked() -> (Sandbox, Session) {
    let sandbox = Sandbox::with_database();
    sandbox.sql("CREATE TABLE notes (n int)");
    let holder = Session::having_run(&sandbox.connection_url(), "holder", "LOCK TABLE notes");
    sandbox.write("file.sql", "\nSELECT 1;\nINSERT INTO notes VALUES (1);\n");
    (sandbox, holder)
}

/// A run of that file.
fn behind_a_lock(sandbox: &Sandbox, flags: &[&str]) -> Spawned {
    Spawned::new(sandbox.command(["db", "seed", "file.sql"]).args(flags))
}

#[test]
fn a_statement_that_waits_for_a_lock_goes_on_and_says_for_whose() {
    let (sandbox, holder) = locked();
    let mut run = behind_a_lock(&sandbox, &["--timeout", "5s"]);
    run.says(&format!(" is waiting for a lock of session {} (holder), whose query began ", holder.pid));
    drop(holder);
    run.ends().succeeds();
    assert_eq!(sandbox.sql("SELECT n FROM notes"), [["1"]]);
}

#[test]
fn a_statement_that_takes_long_is_told_of_by_its_place() {
    let (sandbox, holder) = locked();
    let mut run = behind_a_lock(&sandbox, &[]);
    run.says("statement 2 of file.sql, line 3); will ask the server in 27 s");
    drop(holder);
    run.ends().succeeds().says("still waiting for PostgreSQL at ");
}
