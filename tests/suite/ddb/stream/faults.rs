//! `ddb stream run` against a DynamoDB that fails on demand.

use super::{CHECKPOINT, assert_rows, followed, message, once, places};
use crate::support::{Fault, Proxy, Run, Sandbox, eventually};

/// Drains the stream through a proxy.
fn run(sandbox: &Sandbox, proxy: &Proxy) -> Run {
    let arguments = ["ddb", "stream", "run", "--once", "--checkpoint", CHECKPOINT, "-o", "json"];
    sandbox.cruddur(arguments.iter().chain(&["--endpoint-url", proxy.url()]))
}

/// A stream with three new messages, of which GetRecords fails as `plan` has it.
fn faulty(plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> (Sandbox, Proxy) {
    let sandbox = followed();
    sandbox.put_all((1..=3).map(|number| message(&sandbox, number)));
    let proxy = Proxy::new(sandbox.endpoint(), "GetRecords", plan);
    (sandbox, proxy)
}

#[test]
fn a_streams_bad_minute_is_waited_for() {
    for (status, code) in [
        (500, "InternalServerError"),
        (400, "LimitExceededException"),
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
    ] {
        let (sandbox, proxy) = faulty(move |call| (call < 7).then_some(Fault::Error(status, code)));
        let report = run(&sandbox, &proxy).succeeds().json();
        assert_eq!(report["messages"], 3, "{code}");
        assert_rows(&sandbox, 3);
    }
}

#[test]
fn an_iterator_that_has_expired_is_made_anew_behind_the_last_record() {
    let (sandbox, proxy) =
        faulty(|call| (call == 0).then_some(Fault::Error(400, "ExpiredIteratorException")));
    let report = run(&sandbox, &proxy).succeeds().json();
    // And the rows' own: two deleted, two put.
    assert_eq!((&report["messages"], &report["records"]), (&3.into(), &7.into()));
    assert_rows(&sandbox, 3);
}

#[test]
fn records_that_are_gone_are_warned_about_and_the_rest_is_handled() {
    let (sandbox, proxy) =
        faulty(|call| (call == 0).then_some(Fault::Error(400, "TrimmedDataAccessException")));
    let run = run(&sandbox, &proxy).succeeds();
    assert_eq!(run.stderr.matches("are gone").count(), 1, "{}", run.stderr);
    run.says("cruddur ddb check --repair");
    assert_rows(&sandbox, 3);
}

#[test]
fn what_does_not_pass_ends_the_run_and_the_place_stays() {
    let (sandbox, proxy) = faulty(|_| Some(Fault::Error(400, "ValidationException")));
    let place = places(&sandbox);
    run(&sandbox, &proxy).exits_with(1).says("cannot read the stream").says("[ValidationException]");
    assert_eq!(proxy.calls(), 1);
    assert_eq!(places(&sandbox), place);
    once(&sandbox).succeeds();
    assert_rows(&sandbox, 3);
}

#[test]
fn refused_credentials_are_a_matter_of_configuration() {
    let (sandbox, proxy) = faulty(|_| Some(Fault::Error(400, "AccessDeniedException")));
    run(&sandbox, &proxy).exits_with(4);
}

#[test]
fn a_group_that_cannot_be_refreshed_is_not_skipped() {
    let sandbox = followed();
    sandbox.put_all((1..=3).map(|number| message(&sandbox, number)));
    let rows = sandbox.items_of("GRP#");
    let place = places(&sandbox);
    let proxy = Proxy::new(sandbox.endpoint(), "TransactWriteItems", |_| {
        Some(Fault::Error(400, "ValidationException"))
    });
    run(&sandbox, &proxy)
        .exits_with(1)
        .says("stopped before the record 1")
        .says("(the group 5ae290ed-55d1-47a0-bc6d-fe2bc2700399)")
        .says("nothing is skipped");
    assert_eq!((sandbox.items_of("GRP#"), places(&sandbox)), (rows, place));
    let report = once(&sandbox).succeeds().json();
    assert_eq!(report["messages"], 3);
    assert_rows(&sandbox, 3);
}

#[test]
fn a_refresh_that_fails_for_a_while_is_tried_again() {
    let sandbox = followed();
    sandbox.put_item(message(&sandbox, 1));
    let proxy = Proxy::new(sandbox.endpoint(), "Query", |call| {
        (call < 5).then_some(Fault::Error(500, "InternalServerError"))
    });
    run(&sandbox, &proxy).succeeds();
    assert_rows(&sandbox, 1);
}

#[test]
fn two_runs_do_not_share_a_place() {
    let sandbox = followed();
    let follow = || {
        let mut run = sandbox.command(["ddb", "stream", "run", "--checkpoint", CHECKPOINT]);
        crate::support::Spawned::new(&mut run)
    };
    let mut first = follow();
    eventually("a first run", || {
        // It may be the one that came second.
        if !first.is_running() {
            first = follow();
        }
        (once(&sandbox).code == 3).then_some(())
    });
    once(&sandbox).exits_with(3).says("another run is using the checkpoint");
    first.signal("KILL");
    first.code();
    once(&sandbox).succeeds();
}
