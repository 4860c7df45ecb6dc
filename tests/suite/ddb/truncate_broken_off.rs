//! `ddb truncate --recreate` with lost answers, and killed between dropping and creating.

use aws_sdk_dynamodb::types::{BillingMode, TimeToLiveSpecification};
use serde_json::{Value, json};

use super::truncate::{definition, filled, kept_in, truncate};
use crate::support::{Fault, Proxy, Run, Sandbox, Shape, Spawned, TABLE, boto3, runtime};

/// With items, and a time to live.
fn table() -> Sandbox {
    let sandbox = filled(3);
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires").build().unwrap();
    let ttl = sandbox.dynamodb().update_time_to_live().table_name(TABLE).time_to_live_specification(ttl);
    runtime().block_on(ttl.send()).unwrap();
    sandbox
}

fn recreate(sandbox: &Sandbox, proxy: &Proxy, more: &[&str]) -> Run {
    truncate(sandbox, &[&["--recreate", "--endpoint-url", proxy.url()], more].concat())
}

/// Kills a run at the first call of `operation`, which is not made, or is made if `after`.
/// Through the proxy the next run finds its state: it is kept for each endpoint.
fn killed_at(sandbox: &Sandbox, operation: &'static str, after: bool) -> Proxy {
    let fault = if after { Fault::HoldAnswer } else { Fault::Hold };
    let proxy = Proxy::new(sandbox.endpoint(), operation, move |call| (call == 0).then_some(fault));
    let mut command = sandbox.command(["ddb", "truncate", "--recreate", "--endpoint-url", proxy.url()]);
    let mut run = Spawned::new(command.env("CRUDDUR_STATE_DIR", sandbox.path().join("state")));
    proxy.holds(1);
    let [kept] = kept_in(sandbox).try_into().unwrap();
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).expect("a whole file");
    assert_eq!(kept["time_to_live"], "expires");
    run.signal("KILL");
    assert_eq!(run.code(), 128 + 9);
    proxy
}

/// The table is there as it was, empty, and nothing is kept.
#[track_caller]
fn assert_as_it_was(sandbox: &Sandbox, before: &str) {
    assert!(sandbox.items().is_empty());
    assert_eq!(definition(&sandbox.describe(TABLE).unwrap()), before);
    let ttl = boto3(&sandbox.endpoint(), "dynamodb", "describe_time_to_live", &json!({ "TableName": TABLE }));
    assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "expires");
    assert!(kept_in(sandbox).is_empty());
}

#[test]
fn a_lost_answer_is_no_failure() {
    for operation in ["DeleteTable", "CreateTable", "UpdateTimeToLive"] {
        for all in [false, true] {
            let sandbox = table();
            let before = definition(&sandbox.describe(TABLE).unwrap());
            let proxy = Proxy::new(sandbox.endpoint(), operation, move |call| {
                (all || call == 0).then_some(Fault::LoseAnswer)
            });
            recreate(&sandbox, &proxy, &[]).succeeds().says("created the table");
            assert!(proxy.calls() > 1, "{operation}");
            assert_as_it_was(&sandbox, &before);
        }
    }
}

#[test]
fn killed_before_it_is_created_the_next_run_creates_it() {
    for (operation, after) in [("DeleteTable", true), ("CreateTable", false)] {
        let sandbox = table();
        let before = definition(&sandbox.describe(TABLE).unwrap());
        let proxy = killed_at(&sandbox, operation, after);
        assert!(sandbox.describe(TABLE).is_none());
        // What is there is shown, and not changed, by a dry run.
        let dry = recreate(&sandbox, &proxy, &["--dry-run"]).succeeds();
        assert!(
            dry.stdout.contains("CreateTable") && dry.stdout.contains("UpdateTimeToLive"),
            "{}",
            dry.stdout
        );
        assert!(sandbox.describe(TABLE).is_none());
        // schema-load would make another one of it.
        let mut load = sandbox.command(["ddb", "schema-load", "--endpoint-url", proxy.url()]);
        let load = Run::of(load.env("CRUDDUR_STATE_DIR", sandbox.path().join("state"))).exits_with(3);
        load.says("cruddur ddb truncate --recreate --table cruddur-messages").says("rm ");
        assert!(sandbox.describe(TABLE).is_none());
        recreate(&sandbox, &proxy, &[])
            .succeeds()
            .says("an earlier run dropped the table")
            .says("its definition is saved in")
            .says("recreated the table \"cruddur-messages\"");
        assert_as_it_was(&sandbox, &before);
    }
}

#[test]
fn killed_in_production_the_next_run_asks_as_the_first_one_does() {
    let sandbox = table();
    let before = definition(&sandbox.describe(TABLE).unwrap());
    let proxy = Proxy::new(sandbox.endpoint(), "CreateTable", |call| (call == 0).then_some(Fault::Hold));
    let command = |more: &[&str]| {
        let words = ["ddb", "truncate", "--recreate", "--prod", "--endpoint-url", proxy.url()];
        let mut command = sandbox.command(words.iter().chain(more));
        let state = sandbox.path().join("state");
        let settings =
            [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];
        command.env("CRUDDUR_STATE_DIR", state).envs(settings);
        command
    };
    let confirmed = ["--yes", "--confirm", TABLE];
    let mut run = Spawned::new(&mut command(&confirmed));
    proxy.holds(1);
    run.signal("KILL");
    assert_eq!(run.code(), 128 + 9);
    Run::of(&mut command(&[])).exits_with(3).says("needs confirmation in production");
    assert!(sandbox.describe(TABLE).is_none());
    Run::of(&mut command(&confirmed)).succeeds();
    assert_as_it_was(&sandbox, &before);
}

#[test]
fn killed_before_its_settings_are_set_the_next_run_sets_them() {
    for after in [false, true] {
        let sandbox = table();
        let before = definition(&sandbox.describe(TABLE).unwrap());
        let proxy = killed_at(&sandbox, "UpdateTimeToLive", after);
        sandbox.put(&[("pk", "A"), ("sk", "1")]);
        let run = recreate(&sandbox, &proxy, &[]).succeeds();
        run.says(if after { "the table is as it was" } else { "restored its settings" });
        assert_as_it_was(&sandbox, &before);
    }
}

#[test]
fn killed_before_it_is_dropped_what_was_kept_is_removed() {
    let sandbox = table();
    let before = definition(&sandbox.describe(TABLE).unwrap());
    let proxy = killed_at(&sandbox, "DeleteTable", false);
    assert_eq!(sandbox.items().len(), 3);
    truncate(&sandbox, &["--endpoint-url", proxy.url()]).succeeds().says("removed ").says("deleted 3 items");
    assert_as_it_was(&sandbox, &before);
}

#[test]
fn a_drop_that_is_refused_keeps_nothing() {
    let sandbox = table();
    let before = definition(&sandbox.describe(TABLE).unwrap());
    let refused = Fault::Error(400, "LimitExceededException");
    let proxy = Proxy::new(sandbox.endpoint(), "DeleteTable", move |_| Some(refused));
    recreate(&sandbox, &proxy, &[]).exits_with(1).says("cannot drop the table");
    assert_eq!(sandbox.items().len(), 3);
    assert_eq!(definition(&sandbox.describe(TABLE).unwrap()), before);
    assert!(kept_in(&sandbox).is_empty());
}

#[test]
fn another_table_of_that_name_is_left_alone_and_so_is_what_was_kept() {
    let sandbox = table();
    let proxy = killed_at(&sandbox, "CreateTable", false);
    sandbox.create_messages_table(&Shape { units: None, ..Shape::default() });
    let kept = kept_in(&sandbox);
    let run = recreate(&sandbox, &proxy, &[]).exits_with(1).says("holds another definition of this table");
    run.says(&format!("rm {}", kept[0].display()));
    assert_eq!(kept_in(&sandbox), kept);
    let found = sandbox.describe(TABLE).unwrap();
    let billing = found.billing_mode_summary().and_then(|summary| summary.billing_mode());
    assert_eq!(billing, Some(&BillingMode::PayPerRequest));
    std::fs::remove_file(&kept[0]).unwrap();
    recreate(&sandbox, &proxy, &[]).succeeds();
}

#[test]
fn one_at_a_time() {
    let sandbox = table();
    let before = definition(&sandbox.describe(TABLE).unwrap());
    let proxy = Proxy::new(sandbox.endpoint(), "CreateTable", |_| Some(Fault::Hold));
    let mut command = sandbox.command(["ddb", "truncate", "--recreate", "--endpoint-url", proxy.url()]);
    command.env("CRUDDUR_STATE_DIR", sandbox.path().join("state"));
    let first = Spawned::new(command.args(["--timeout", "1h"]));
    proxy.holds(1);
    recreate(&sandbox, &proxy, &[]).exits_with(3).says("another run is recreating the table");
    proxy.release();
    first.ends().succeeds();
    assert_as_it_was(&sandbox, &before);
}
