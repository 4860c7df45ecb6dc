//! `ddb schema-load --apply` while the service takes its time, and when it is broken off.

use aws_sdk_dynamodb::types::StreamViewType;
use serde_json::{Value, json};

use super::load::assert_keys_and_index;
use crate::support::{Fault, INDEX, Proxy, Run, Sandbox, Shape, Spawned, TABLE, boto3};

const APPLY: [&str; 4] = ["ddb", "schema-load", "--apply", "--stream"];

/// A table without its index and its stream.
fn incomplete() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { index: None, ..Shape::default() });
    sandbox.put(&[("pk", "GRP#me"), ("sk", "1"), ("message_group_uuid", "the group")]);
    sandbox
}

fn command(sandbox: &Sandbox, proxy: &Proxy) -> std::process::Command {
    let mut command = sandbox.command(APPLY);
    command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url());
    command
}

/// The operations on the table. What is asked before is what kind of target it is.
fn on_the_table(proxy: &Proxy) -> Vec<String> {
    let mut operations = proxy.operations();
    operations.retain(|operation| operation != "ListTables");
    operations
}

/// The table as AWS describes it while an index is created.
fn creating(sandbox: &Sandbox, table_status: &str, more: &Value) -> &'static str {
    let described = boto3(&sandbox.endpoint(), "dynamodb", "describe_table", &json!({ "TableName": TABLE }));
    let key = |name, kind| json!({ "AttributeName": name, "KeyType": kind });
    let mut index = json!({
        "IndexName": INDEX,
        "IndexStatus": "CREATING",
        "KeySchema": [key("message_group_uuid", "HASH"), key("sk", "RANGE")],
        "Projection": { "ProjectionType": "ALL" },
    });
    index.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let table = json!({ "Table": {
        "TableName": TABLE,
        "TableStatus": table_status,
        "KeySchema": described["Table"]["KeySchema"],
        "AttributeDefinitions": described["Table"]["AttributeDefinitions"],
        "GlobalSecondaryIndexes": [index],
    }});
    Box::leak(table.to_string().into_boxed_str())
}

#[test]
fn each_change_waits_for_the_one_before_and_says_how_far_the_index_is() {
    let sandbox = incomplete();
    let answers = [
        creating(&sandbox, "UPDATING", &json!({ "Backfilling": false })),
        creating(&sandbox, "ACTIVE", &json!({ "Backfilling": true })),
        creating(&sandbox, "ACTIVE", &json!({ "Backfilling": true, "ItemCount": 3 })),
    ];
    // The first look at the table is before the index is created.
    let proxy = Proxy::new(sandbox.endpoint(), "DescribeTable", move |call| {
        answers.get(call.checked_sub(1)?).map(|answer| Fault::Answer(answer))
    });
    let run = Run::of(&mut command(&sandbox, &proxy)).succeeds();
    let run = run.says(&format!("the index {INDEX} is CREATING\n"));
    let run = run.says(&format!("the index {INDEX} is CREATING: backfilling\n"));
    run.says(&format!("the index {INDEX} is CREATING: backfilling, 3 items so far\n"));
    let (look, update) = ("DescribeTable", "UpdateTable");
    assert_eq!(on_the_table(&proxy), [look, update, look, look, look, look, update, look, look]);
    assert_keys_and_index(&sandbox.describe(TABLE).unwrap());
}

#[test]
fn an_index_that_is_being_created_is_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { stream: Some(StreamViewType::NewImage), ..Shape::default() });
    let answer = creating(&sandbox, "ACTIVE", &json!({ "Backfilling": true }));
    let proxy = Proxy::new(sandbox.endpoint(), "DescribeTable", move |call| {
        (call < 2).then_some(Fault::Answer(answer))
    });
    let run = Run::of(&mut command(&sandbox, &proxy)).succeeds();
    run.says("CREATING: backfilling; waiting until it is ready").says("already matches its definition");
    assert_eq!(on_the_table(&proxy), ["DescribeTable"; 3]);
}

#[test]
fn a_table_that_is_still_in_use_is_asked_again() {
    let sandbox = incomplete();
    let in_use = Fault::Error(400, "ResourceInUseException");
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateTable", move |call| (call < 2).then_some(in_use));
    Run::of(&mut command(&sandbox, &proxy)).succeeds().says("now matches its definition");
    let sent = proxy.called_with();
    assert_eq!((sent.len(), &sent[0], &sent[1]), (4, &sent[1], &sent[2]));
    assert_keys_and_index(&sandbox.describe(TABLE).unwrap());
}

#[test]
fn what_fails_in_the_middle_says_so_and_the_same_command_goes_on() {
    let sandbox = incomplete();
    let refused = Fault::Error(400, "ValidationException");
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateTable", move |call| (call == 1).then_some(refused));
    let run = Run::of(&mut command(&sandbox, &proxy)).exits_with(5);
    run.says("1 of 2 changes are made").says("run the same command again to continue");
    assert_keys_and_index(&sandbox.describe(TABLE).unwrap());
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateTable", |_| None);
    Run::of(&mut command(&sandbox, &proxy)).succeeds().says("1 change to make");
    assert_eq!(proxy.called_with().len(), 1);
    // In the first of them, nothing is done in part.
    let sandbox = incomplete();
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateTable", move |_| Some(refused));
    Run::of(&mut command(&sandbox, &proxy)).exits_with(1);
}

#[test]
fn stopped_while_it_waits_it_goes_on_from_where_the_table_is() {
    let sandbox = incomplete();
    // The look after the index is created is never answered.
    let proxy = Proxy::new(sandbox.endpoint(), "DescribeTable", |call| (call == 1).then_some(Fault::Hold));
    let mut running = Spawned::new(&mut command(&sandbox, &proxy));
    proxy.holds(1);
    running.signal("INT");
    assert_eq!(running.code(), 130);
    assert_keys_and_index(&sandbox.describe(TABLE).unwrap());
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateTable", |_| None);
    Run::of(&mut command(&sandbox, &proxy)).succeeds().says("1 change to make").says("1. switch on a stream");
    assert_eq!(proxy.called_with().len(), 1);
}

#[test]
fn what_the_service_took_and_did_not_do_is_no_success() {
    let sandbox = incomplete();
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateTable", |_| Some(Fault::Answer("{}")));
    let run = Run::of(&mut command(&sandbox, &proxy)).exits_with(5);
    run.says("the service accepted every change, but the table").says("stream: none, expected NEW_IMAGE");
}
