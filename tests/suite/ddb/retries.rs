//! A table that is throttled for a while: every request is sent until it is answered.

use crate::support::{Fault, GROUP, Proxy, Sandbox};

/// More answers in a row than the SDK takes by itself.
const THROTTLED: usize = 5;

/// Runs a command whose first requests of `operation` are throttled, and returns what it printed.
fn throttled(sandbox: &Sandbox, operation: &'static str, words: &[&str]) -> String {
    let proxy = Proxy::new(sandbox.endpoint(), operation, |call| {
        (call < THROTTLED).then_some(Fault::Error(400, "ProvisionedThroughputExceededException"))
    });
    let mut command = sandbox.command(words);
    let run = crate::support::Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds();
    let sent = proxy.operations().iter().filter(|sent| *sent == operation).count();
    assert!(sent > THROTTLED, "{words:?} sent {sent}");
    run.stdout
}

#[test]
fn reads_of_the_messages_table() {
    let sandbox = Sandbox::seeded();
    for words in [
        ["ddb", "patterns", "get-conversation"].as_slice(),
        &["ddb", "patterns", "list-conversations"],
        &["ddb", "patterns", "create-message", "--from", "nina", "--message-group-uuid", GROUP, "Ahoy"],
        &["ddb", "explain", "get-conversation"],
        &["ddb", "explain", "refresh-group"],
        &["ddb", "rename-user", "nina", "--display-name", "Nina O."],
        &["ddb", "seed"],
        &["doctor"],
    ] {
        throttled(&sandbox, "Query", words);
    }
    let inbox = throttled(&sandbox, "Query", &["ddb", "patterns", "list-conversations", "-o", "json"]);
    let inbox: serde_json::Value = serde_json::from_str(&inbox).unwrap();
    assert_eq!(inbox["conversations"][0]["message_group_uuid"], GROUP);
}

#[test]
fn writes_of_one_item() {
    let sandbox = Sandbox::seeded();
    throttled(&sandbox, "PutItem", &["ddb", "put", "pk=a", "sk=b"]);
    throttled(&sandbox, "GetItem", &["ddb", "get", "a", "b"]);
    throttled(&sandbox, "DeleteItem", &["ddb", "delete", "a", "b"]);
    assert_eq!(sandbox.items_of("a"), [] as [crate::support::Item; 0]);
}

/// A scan of several pages through a service that fails for the calls of Scan that `fails` names: whether
/// it succeeds, and how many calls there were.
fn scanned(fails: fn(usize) -> bool) -> (bool, usize) {
    let sandbox = super::archive::with_pages(60, 60 * 1024);
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", move |call| {
        fails(call).then_some(Fault::Error(500, "InternalServerError"))
    });
    let mut command = sandbox.command(["ddb", "scan", "-o", "ndjson"]);
    let run = crate::support::Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()));
    (run.code == 0, proxy.calls())
}

#[test]
fn a_service_that_has_never_worked_is_given_up_soon() {
    assert_eq!(scanned(|_| true), (false, 3));
}

#[test]
fn one_that_has_worked_is_given_longer() {
    let (succeeds, calls) = scanned(|call| (1..7).contains(&call));
    assert!(succeeds && calls > 7, "{calls}");
}
