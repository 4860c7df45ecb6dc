//! `cruddur db wait`

use std::process::Command;

use super::load;
use crate::support::{Answer, MoodyPostgres, Run, Sandbox, Spawned, USER, free_ports, silent_port, stack};

/// `db wait` on a port of this machine, as the shared server's role.
fn wait_on(sandbox: &Sandbox, port: u16) -> Command {
    let url = sandbox.connection_url().replace(&format!(":{}/", stack().port()), &format!(":{port}/"));
    let mut command = sandbox.command(["db", "wait", "--timeout"]);
    command.env("CONNECTION_URL", url);
    command
}

#[track_caller]
fn assert_one_attempt(server: &MoodyPostgres) {
    assert_eq!(server.connections(), 1, "it is tried once");
}

#[test]
fn a_server_that_is_there_is_not_waited_for() {
    let sandbox = Sandbox::with_database();
    let run = sandbox.cruddur(["db", "wait"]).succeeds();
    let place = format!("127.0.0.1:{}/{}", stack().port(), sandbox.database());
    assert_eq!(run.stderr, format!("PostgreSQL at {place} accepts connections\n"));
    assert_eq!(run.stdout, "");
    // No time at all is enough for that.
    Run::of(sandbox.command(["db", "wait", "--prod"]).env("PROD_CONNECTION_URL", sandbox.production_url()))
        .succeeds();
}

#[test]
fn a_missing_database_is_a_server_that_accepts_connections() {
    let sandbox = Sandbox::new();
    sandbox
        .cruddur(["db", "wait"])
        .succeeds()
        .says("accepts connections\n")
        .says(&format!("there is no database {:?} yet\n", sandbox.database()))
        .says("Hint: run: cruddur db create\n");
    assert!(!sandbox.database_exists());
}

#[test]
fn refused_broken_off_and_starting_up_are_tried_again() {
    let sandbox = Sandbox::with_database();
    let [port] = free_ports();
    let mut wait = Spawned::new(wait_on(&sandbox, port).arg("1h"));
    wait.says(&format!("waiting for PostgreSQL at 127.0.0.1:{port}/"));
    // Nobody has listened so far; from now on somebody does, of a kind.
    let starting = Answer::Refuse("57P03", "the database system is starting up");
    let answers =
        vec![Answer::HangUp, starting, starting, Answer::HangUp, starting, Answer::Forward(stack().port())];
    let server = MoodyPostgres::start_on(port, answers);
    let run = wait.ends().succeeds();
    let said: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(server.connections(), 6);
    assert!(said.iter().any(|line| line.contains("is starting up or shutting down")), "{said:?}");
    assert!(said.last().unwrap().ends_with("accepts connections"), "{said:?}");
    // A reason is said once, however often it is met in a row.
    assert!(said.windows(2).all(|pair| pair[0] != pair[1]), "{said:?}");
}

#[test]
fn what_waiting_does_not_cure_fails_at_once() {
    let sandbox = Sandbox::with_database();
    let full = format!("full_{}", sandbox.database());
    load(&sandbox, format!("CREATE ROLE {full} LOGIN PASSWORD 'x' CONNECTION LIMIT 0")).succeeds();
    let try_as = |credentials: &str, parameters: &str, code: i32, says: &str| {
        let server = MoodyPostgres::start(vec![Answer::Forward(stack().port())]);
        let url = format!(
            "postgresql://{credentials}@127.0.0.1:{}/{}?{parameters}",
            server.port(),
            sandbox.database()
        );
        // Were it to wait, the test would not end.
        Run::of(sandbox.command(["db", "wait", "--timeout", "1h"]).env("CONNECTION_URL", url))
            .exits_with(code)
            .says(says);
        assert_one_attempt(&server);
    };
    try_as(&format!("{USER}:wrong"), "", 4, "password authentication failed");
    try_as(USER, "", 4, "asks for a password, but none is set");
    try_as("nobody-known:x", "", 4, "refuses the role \"nobody-known\"");
    try_as(&format!("{full}:x"), "sslmode=disable", 1, "accepts no more connections");
    try_as(&format!("{USER}:x"), "sslmode=require", 4, "offers no TLS");
    let unknown = format!("postgresql://nina:x@{}.example.com/cruddur", "h".repeat(64));
    Run::of(sandbox.command(["db", "wait", "--timeout", "1h"]).env("CONNECTION_URL", unknown))
        .exits_with(1)
        .says("cannot reach PostgreSQL at ");
    let server = MoodyPostgres::start(vec![Answer::Refuse("XX000", "out of order")]);
    Run::of(wait_on(&sandbox, server.port()).arg("1h")).exits_with(1).says("out of order [XX000]");
    assert_one_attempt(&server);
}

#[test]
fn when_the_time_is_up_the_last_reason_is_told() {
    let sandbox = Sandbox::with_database();
    let port = silent_port();
    for timeout in ["100ms", "0", "0s"] {
        Run::of(wait_on(&sandbox, port).arg(timeout))
            .exits_with(1)
            .says(&format!(
                "Error: PostgreSQL at 127.0.0.1:{port}/{} did not accept connections within ",
                sandbox.database()
            ))
            .says("onnection refused")
            .says("Hint: run: cruddur local up\n");
    }
    let server = MoodyPostgres::start(vec![Answer::Refuse("57P03", "not yet")]);
    // Ample for two refusals.
    Run::of(wait_on(&sandbox, server.port()).arg("5s"))
        .exits_with(1)
        .says("did not accept connections within 5 s: PostgreSQL at ")
        .says("is starting up or shutting down: not yet");
    assert!(server.connections() > 1);
    // One that never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    Run::of(wait_on(&sandbox, silent.local_addr().unwrap().port()).arg("100ms"))
        .exits_with(1)
        .says("did not accept connections within 0.1 s: it does not answer");
}

#[test]
fn a_time_that_is_none_is_a_usage_error() {
    let sandbox = Sandbox::new();
    for time in ["", "soon", "-5", "-5s", "5 parsecs", "1.5.2s", "99999999999999999999999", "1mo", "30s30s"] {
        let run = Run::of(sandbox.command(["db", "wait"]).arg(format!("--timeout={time}")));
        run.exits_with(2).says("--timeout");
    }
    sandbox.cruddur(["db", "create"]).succeeds();
    for time in ["30s", "2m", "500ms", "45", "1h 30m", "7d", "1w", "1h30m", "18446744073709551615"] {
        sandbox.cruddur(["db", "wait", "--timeout", time]).succeeds();
    }
}

#[test]
fn ctrl_c_ends_it_as_interrupted() {
    let sandbox = Sandbox::new();
    let mut wait = Spawned::new(wait_on(&sandbox, silent_port()).arg("1h"));
    wait.says("waiting for PostgreSQL at ");
    wait.signal("INT");
    assert_eq!(wait.code(), 130);
}
