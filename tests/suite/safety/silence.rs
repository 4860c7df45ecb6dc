//! What is waited for is said, once it takes a while.

use std::process::Command;

use crate::support::{Fault, Pool, Proxy, Run, Sandbox, Spawned, moto};

/// Runs `command`, whose service answers once `word` has been said; what it has said in the end.
fn answered_after(command: &mut Command, word: &str, answer: impl FnOnce()) -> String {
    let mut running = Spawned::new(command);
    running.says(word);
    answer();
    let run = running.ends().succeeds();
    assert!(!run.stdout.contains("still waiting"));
    run.stderr
}

#[test]
fn a_request_that_takes_long_is_told_of_once() {
    let sandbox = Sandbox::seeded();
    for (words, operation) in [
        (&["ddb", "scan", "-o", "json"][..], "Scan"),
        (&["ddb", "scan", "-v"], "Scan"),
        (&["ddb", "list-tables"], "ListTables"),
        (&["ddb", "seed", "--conversations", "2", "--messages", "100"], "BatchWriteItem"),
    ] {
        let proxy = Proxy::new(sandbox.endpoint(), operation, |_| Some(Fault::Hold));
        let mut command = sandbox.command(words);
        command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url());
        let word =
            format!("still waiting for DynamoDB at {} ({operation}); gives up after 30 s\n", proxy.url());
        let said = answered_after(&mut command, &word, || proxy.release());
        assert_eq!(said.matches(&word).count(), 1, "{said}");
    }
}

#[test]
fn the_user_pool_is_waited_for_as_long_as_the_flag_says() {
    let sandbox = Sandbox::new();
    let pool = Pool::new();
    pool.add([("nina", None)]);
    let proxy = Proxy::new(moto().url(), "ListUsers", |_| Some(Fault::Hold));
    let mut command = sandbox.with_pool(&pool, &["cognito", "list-users", "--timeout", "5m"]);
    command.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", proxy.url());
    answered_after(&mut command, "(ListUsers); gives up after 5 min", || proxy.release());
}

#[test]
fn quiet_says_nothing_of_it() {
    let sandbox = Sandbox::new();
    let proxy = Proxy::new(sandbox.endpoint(), "ListTables", |_| Some(Fault::Hold));
    let words = ["ddb", "list-tables", "--quiet", "--timeout", "4s"];
    let run = Run::of(sandbox.command(words).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()));
    let run = run.exits_with(1).says("no complete answer from DynamoDB");
    assert!(!run.stderr.contains("still waiting"), "{}", run.stderr);
}
