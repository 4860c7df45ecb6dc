//! A DynamoDB that answers late, in part, or not at all.

use super::{assert_same, lines, with_items, with_pages, with_table};
use crate::support::{Fault, Proxy, Run, Sandbox};

/// 400 items: 16 batches.
fn exported() -> (Sandbox, Sandbox, String) {
    let (from, to) = (with_items(400), with_table());
    from.cruddur(["ddb", "export", "all.ndjson.gz"]).succeeds();
    let path = from.path().join("all.ndjson.gz").to_str().unwrap().to_owned();
    (from, to, path)
}

fn imported(
    operation: &'static str,
    flags: &[&str],
    plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
) {
    let (from, to, path) = exported();
    let proxy = Proxy::new(to.endpoint(), operation, plan);
    let arguments = ["ddb", "import", &path, "--endpoint-url", proxy.url()];
    to.cruddur(arguments.iter().chain(flags)).succeeds();
    assert_same(&from, &to);
}

#[test]
fn whatever_comes_back_goes_in_again() {
    imported("BatchWriteItem", &[], |call| [0, 7, 24].get(call % 4).map(|count| Fault::TakeOnly(*count)));
}

#[test]
fn a_throttled_table_is_waited_for() {
    imported("BatchWriteItem", &[], |call| {
        (2..8).contains(&call).then_some(Fault::Error(400, "ProvisionedThroughputExceededException"))
    });
}

#[test]
fn lost_and_broken_answers_lose_no_item() {
    imported("BatchWriteItem", &[], |call| match call % 5 {
        1 => Some(Fault::LoseAnswer),
        3 => Some(Fault::Error(500, "InternalServerError")),
        _ => None,
    });
}

#[test]
fn keeping_what_is_there_bears_the_same() {
    imported("PutItem", &["--keep-existing"], |call| match call % 9 {
        1 => Some(Fault::LoseAnswer),
        4 => Some(Fault::Error(500, "InternalServerError")),
        6 => Some(Fault::Error(400, "ThrottlingException")),
        _ => None,
    });
}

#[test]
fn an_export_reads_on_through_faults() {
    let sandbox = with_pages(60, 60 * 1024);
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |call| match call {
        1 | 2 => Some(Fault::Error(400, "ProvisionedThroughputExceededException")),
        4 => Some(Fault::Error(500, "InternalServerError")),
        5 => Some(Fault::LoseAnswer),
        _ => None,
    });
    sandbox
        .cruddur(["ddb", "export", "all.ndjson", "--endpoint-url", proxy.url()])
        .succeeds()
        .says("exported 60 items");
    assert_eq!(lines(&sandbox.path().join("all.ndjson")).len(), 62);
    let other = with_table();
    other.cruddur(["ddb", "import", sandbox.path().join("all.ndjson").to_str().unwrap()]).succeeds();
    assert_same(&sandbox, &other);
}

#[test]
fn an_export_into_a_pipe_that_breaks_off_fails_on_both_ends() {
    let (from, to) = (with_pages(60, 60 * 1024), with_table());
    let proxy = Proxy::new(from.endpoint(), "Scan", |call| {
        (call == 2).then_some(Fault::Error(400, "ValidationException"))
    });
    let export = from.cruddur(["ddb", "export", "-", "--endpoint-url", proxy.url()]).exits_with(1);
    Run::with_input(&mut to.command(["ddb", "import", "-"]), export.stdout)
        .exits_with(5)
        .says("the export is cut off: its last line is missing");
}
