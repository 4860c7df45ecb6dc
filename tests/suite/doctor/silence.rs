//! Servers that accept a connection and say nothing.

use std::net::{Ipv4Addr, TcpListener};

use super::Examined;
use crate::support::Sandbox;

/// Accepts, for the kernel does, and never answers.
fn silent_server() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn a_check_that_hangs_is_cut_off_and_says_who_is_silent() {
    let sandbox = Sandbox::healthy();
    let (_postgres, postgres) = silent_server();
    let (_dynamodb, dynamodb) = silent_server();
    let endpoint = format!("http://127.0.0.1:{dynamodb}");
    // Of the two limits on a connection, the check's own is to be the shorter one.
    let url = format!("postgresql://nina:s3cr%40t@127.0.0.1:{postgres}/cruddur?connect_timeout=600");
    let examined = Examined::of(
        sandbox
            .command(["doctor", "--timeout", "15s"])
            .env("CONNECTION_URL", url)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
        1,
    );
    let place = format!("PostgreSQL at 127.0.0.1:{postgres}/cruddur does not answer: gave up after 15 s");
    assert_eq!(examined.finding("postgresql", &place).value("cut_off"), true);
    let place = format!("DynamoDB at {endpoint} does not answer");
    assert_eq!(examined.finding("dynamodb", &place).value("cut_off"), true);
    // The others are not held up.
    examined.finding("credentials", "use dummy credentials");
    examined.finding("cruddur", "version");
}

#[test]
fn what_a_check_had_found_before_it_was_cut_off_stays() {
    let sandbox = Sandbox::healthy();
    // The users are counted last: whoever holds the table holds that up. The time is
    // ample for what comes before, on a busy machine too.
    let url = sandbox.connection_url();
    let _holder = crate::support::Session::having_run(&url, "holder", "LOCK TABLE users");
    let examined = Examined::of(&mut sandbox.command(["doctor", "--timeout", "15s"]), 1);
    examined.finding("postgresql", "no TLS, clock ");
    let failed = examined.with_status("fail");
    let [failure] = failed.as_slice() else { panic!("{failed:?}") };
    // Either we stop waiting first, or the server does, which was told of the limit.
    assert!(failure.contains("does not answer") || failure.contains("cannot count the users"), "{failure}");
}
