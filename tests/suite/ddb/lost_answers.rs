//! Requests that are carried out and whose answers are lost: what a repetition hears is
//! judged by the state of the table.

use aws_sdk_dynamodb::types::StreamViewType;
use serde_json::json;

use super::schema::load::assert_keys_and_index;
use crate::support::{Fault, Proxy, Run, Sandbox, Shape, Spawned, TABLE, boto3};

/// The first answer is lost.
fn losing(sandbox: &Sandbox, operation: &'static str) -> Proxy {
    Proxy::new(sandbox.endpoint(), operation, |call| (call == 0).then_some(Fault::LoseAnswer))
}

/// No answer ever arrives.
fn losing_all(sandbox: &Sandbox, operation: &'static str) -> Proxy {
    Proxy::new(sandbox.endpoint(), operation, |_| Some(Fault::LoseAnswer))
}

fn through(sandbox: &Sandbox, proxy: &Proxy, arguments: &[&str]) -> Run {
    Run::of(sandbox.command(arguments).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()))
}

fn with_item() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    sandbox.put(&[("pk", "A"), ("sk", "1"), ("v", "1")]);
    sandbox
}

#[test]
fn a_drop_is_done_when_the_table_is_gone() {
    for lose in [losing, losing_all] {
        let sandbox = Sandbox::new();
        sandbox.create_table("old");
        let proxy = lose(&sandbox, "DeleteTable");
        through(&sandbox, &proxy, &["ddb", "drop", "old"]).succeeds().says("dropped the table \"old\"");
        assert!(proxy.calls() > 1);
        assert!(sandbox.describe("old").is_none());
    }
}

#[test]
fn a_drop_that_was_never_done_is_a_failure() {
    let sandbox = Sandbox::new();
    sandbox.create_table("old");
    let broken = Fault::Error(500, "InternalServerError");
    let proxy = Proxy::new(sandbox.endpoint(), "DeleteTable", move |_| Some(broken));
    through(&sandbox, &proxy, &["ddb", "drop", "old"]).exits_with(1).says("cannot drop the table \"old\"");
    assert!(sandbox.describe("old").is_some());
    // Somebody else was first, and no answer is missing.
    let gone = Fault::Error(400, "ResourceNotFoundException");
    let proxy = Proxy::new(sandbox.endpoint(), "DeleteTable", move |_| Some(gone));
    through(&sandbox, &proxy, &["ddb", "drop", "old"]).exits_with(1).says("there is no table \"old\"");
}

#[test]
fn a_table_that_is_there_was_created() {
    for lose in [losing, losing_all] {
        let sandbox = Sandbox::new();
        let proxy = lose(&sandbox, "CreateTable");
        through(&sandbox, &proxy, &["ddb", "schema-load"]).succeeds().says("created the table");
        assert!(proxy.calls() > 1);
        assert_keys_and_index(&sandbox.describe(TABLE).unwrap());
    }
}

/// A `schema-load` whose CreateTable is held by the proxy.
fn slower(sandbox: &Sandbox) -> (Proxy, Spawned) {
    let proxy = Proxy::new(sandbox.endpoint(), "CreateTable", |_| Some(Fault::Hold));
    let mut command = sandbox.command(["ddb", "schema-load"]);
    command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url());
    let slower = Spawned::new(command.args(["--timeout", "1h"]));
    proxy.holds(1);
    (proxy, slower)
}

#[test]
fn of_two_that_create_the_table_both_are_right() {
    let sandbox = Sandbox::new();
    let (proxy, slower) = slower(&sandbox);
    sandbox.cruddur(["ddb", "schema-load"]).succeeds().says("created the table");
    let before = sandbox.describe(TABLE).unwrap().creation_date_time().copied();
    proxy.release();
    slower.ends().succeeds().says("already matches its definition");
    assert_eq!(sandbox.describe(TABLE).unwrap().creation_date_time().copied(), before);
}

#[test]
fn of_two_that_create_another_table_the_second_says_how_it_differs() {
    let sandbox = Sandbox::new();
    let (proxy, slower) = slower(&sandbox);
    sandbox.create_messages_table(&Shape { index: None, ..Shape::default() });
    proxy.release();
    slower.ends().exits_with(1).says("differs from its definition").says("--apply");
    assert!(sandbox.describe(TABLE).unwrap().global_secondary_indexes().is_empty());
}

#[test]
fn a_change_that_was_made_is_no_failure() {
    for lose in [losing, losing_all] {
        let sandbox = Sandbox::new();
        sandbox.create_messages_table(&Shape::default());
        let proxy = lose(&sandbox, "UpdateTable");
        through(&sandbox, &proxy, &["ddb", "schema-load", "--apply", "--stream"])
            .succeeds()
            .says("now matches its definition");
        let stream = sandbox.describe(TABLE).unwrap().stream_specification().cloned().unwrap();
        assert_eq!(stream.stream_view_type(), Some(&StreamViewType::NewImage));
    }
}

#[test]
fn a_stream_is_switched_when_it_is_as_wanted() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    let is_on = || {
        let table = sandbox.describe(TABLE).unwrap();
        table.stream_specification().is_some_and(aws_sdk_dynamodb::types::StreamSpecification::stream_enabled)
    };
    for lose in [losing, losing_all] {
        through(&sandbox, &lose(&sandbox, "UpdateTable"), &["ddb", "stream", "enable"]).succeeds();
        assert!(is_on());
        through(&sandbox, &lose(&sandbox, "UpdateTable"), &["ddb", "stream", "disable"]).succeeds();
        assert!(!is_on());
    }
}

#[test]
fn an_item_that_is_gone_was_deleted() {
    for condition in [&[][..], &["--if", "v = '1'"]] {
        let sandbox = with_item();
        let proxy = losing(&sandbox, "DeleteItem");
        let arguments = [&["ddb", "delete", "A", "1"], condition].concat();
        let run = through(&sandbox, &proxy, &arguments).succeeds();
        run.says("deleted the item").says("its answer was lost");
        assert_eq!(proxy.calls(), 2);
        assert!(sandbox.items().is_empty());
        // Without a lost answer there is nothing to delete.
        sandbox.cruddur(arguments).exits_with(1);
    }
}

#[test]
fn an_item_that_is_there_was_not_deleted() {
    let sandbox = with_item();
    let broken = Fault::Error(500, "InternalServerError");
    let proxy = Proxy::new(sandbox.endpoint(), "DeleteItem", move |call| (call == 0).then_some(broken));
    through(&sandbox, &proxy, &["ddb", "delete", "A", "1", "--if", "v = '2'"])
        .exits_with(1)
        .says("the --if condition is not met");
    assert_eq!(sandbox.items().len(), 1);
}

#[test]
fn an_item_like_ours_was_put() {
    let sandbox = with_item();
    let put = ["ddb", "put", "pk=A", "sk=1", "v=2", "--replace", "--if", "v = '1'"];
    through(&sandbox, &losing(&sandbox, "PutItem"), &put).succeeds().says("its answer was lost");
    let item = json!({ "TableName": TABLE, "Key": { "pk": { "S": "A" }, "sk": { "S": "1" } } });
    let found = boto3(&sandbox.endpoint(), "dynamodb", "get_item", &item);
    assert_eq!(found["Item"]["v"], json!({ "S": "2" }));
    // Nobody's answer is lost: the condition is not true.
    sandbox.cruddur(put).exits_with(1).says("the --if condition is not met");
}

#[test]
fn an_import_counts_what_it_put_as_put() {
    let sandbox = with_item();
    let other = Sandbox::new();
    other.create_messages_table(&Shape::default());
    sandbox.cruddur(["ddb", "export", "all.ndjson"]).succeeds();
    let file = sandbox.path().join("all.ndjson");
    let file = file.to_str().unwrap();
    let proxy = losing(&other, "PutItem");
    let import = ["ddb", "import", "--keep-existing", file];
    let run = through(&other, &proxy, &import).succeeds();
    run.says("imported 1 item");
    assert_eq!(other.items(), sandbox.items());
}
