//! What is waited for is said, once it takes a while.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Fault, Pool, Proxy, Run, Sandbox, moto};

/// Runs `command`, whose service answers once `word` has been said; what it has said in the end.
fn answered_after(command: &mut Command, word: &str, answer: impl FnOnce()) -> String {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = String::new();
    for line in lines.by_ref() {
        said.extend([line.as_str(), "\n"]);
        if line.contains("still waiting") {
            break;
        }
    }
    assert!(said.contains(word), "{said}");
    answer();
    said.extend(lines.map(|line| line + "\n"));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{said}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("still waiting"));
    said
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
        assert_eq!(said.matches("still waiting").count(), 1, "{said}");
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
