//! `ddb truncate`: by key or with the table, and the table as it was.

use std::path::PathBuf;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    LocalSecondaryIndex, Projection, ProjectionType, ProvisionedThroughput, ScalarAttributeType,
    StreamViewType, TableDescription, TimeToLiveSpecification,
};

use crate::support::{Fault, Item, Proxy, Run, Sandbox, Shape, Spawned, TABLE, files_below, runtime};

/// More than are deleted by key without further ado.
const MANY: usize = 1100;

pub fn truncate(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let arguments = ["ddb", "truncate"].iter().chain(arguments);
    Run::of(sandbox.command(arguments).env("CRUDDUR_STATE_DIR", sandbox.path().join("state")))
}

fn items(count: usize) -> impl Iterator<Item = Item> {
    let text = |text: String| AttributeValue::S(text);
    (0..count).map(move |number| {
        Item::from([
            ("pk".to_owned(), text(format!("MSG#{}", number % 7))),
            ("sk".to_owned(), text(format!("{number:06}"))),
            ("message".to_owned(), text("hello".to_owned())),
        ])
    })
}

pub fn filled(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox.put_all(items(count));
    sandbox
}

/// The definitions that are kept.
pub fn kept_in(sandbox: &Sandbox) -> Vec<PathBuf> {
    let mut kept = files_below(&sandbox.path().join("state/truncate"));
    kept.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    kept
}

/// What of a description must not change. Its times, ids and counts do.
pub fn definition(table: &TableDescription) -> String {
    let units = |units: Option<&aws_sdk_dynamodb::types::ProvisionedThroughputDescription>| {
        units.map(|units| (units.read_capacity_units(), units.write_capacity_units()))
    };
    let mut attributes = table.attribute_definitions().to_vec();
    attributes.sort_by_key(|attribute| attribute.attribute_name().to_owned());
    let global: Vec<_> = table
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            (
                index.index_name(),
                index.key_schema(),
                index.projection(),
                units(index.provisioned_throughput()),
            )
        })
        .collect();
    let local: Vec<_> = table
        .local_secondary_indexes()
        .iter()
        .map(|index| (index.index_name(), index.key_schema(), index.projection()))
        .collect();
    format!(
        "{attributes:#?} {:#?} {:?} {:?} {:?} {:?} {global:#?} {local:#?}",
        table.key_schema(),
        table.billing_mode_summary().and_then(|summary| summary.billing_mode()),
        units(table.provisioned_throughput()),
        table.stream_specification(),
        table.deletion_protection_enabled(),
    )
}

#[test]
fn few_items_are_deleted_by_key_and_the_table_stays() {
    let sandbox = filled(60);
    let before = sandbox.describe(TABLE).unwrap();
    let run = truncate(&sandbox, &[]).succeeds();
    run.says("holds about 60 items")
        .says("deleting by key: no slower than a new table for 60 items")
        .says("deleted 60 items");
    assert!(sandbox.items().is_empty());
    let after = sandbox.describe(TABLE).unwrap();
    assert_eq!(after.creation_date_time(), before.creation_date_time(), "the same table");
    truncate(&sandbox, &[]).succeeds().says("deleted 0 items");
}

#[test]
fn of_many_items_the_table_goes_with_them_and_comes_back_as_it_was() {
    let sandbox = filled(MANY);
    let before = definition(&sandbox.describe(TABLE).unwrap());
    let run = truncate(&sandbox, &[]).succeeds();
    run.says("recreating the table: saves 1100 write units").says("it is empty and ACTIVE");
    assert!(sandbox.items().is_empty());
    assert_eq!(definition(&sandbox.describe(TABLE).unwrap()), before);
    let kept = kept_in(&sandbox);
    assert_eq!(kept.len(), 0, "the definition that was kept meanwhile is not needed any more");
    sandbox.cruddur(["ddb", "schema-load"]).succeeds().says("already matches its definition");
}

#[test]
fn by_key_is_done_when_asked_for() {
    let sandbox = filled(MANY);
    truncate(&sandbox, &["--by-key", "--segments", "4"])
        .succeeds()
        .says("as requested")
        .says("deleted 1100 items");
    assert!(sandbox.items().is_empty());
}

#[test]
fn a_stream_keeps_the_table() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { stream: Some(StreamViewType::NewImage), ..Shape::default() });
    sandbox.put_all(items(MANY));
    let arn = |sandbox: &Sandbox| sandbox.describe(TABLE).unwrap().latest_stream_arn().map(ToOwned::to_owned);
    let before = arn(&sandbox);
    truncate(&sandbox, &[]).succeeds().says("deleting by key: its stream would be replaced");
    assert_eq!(arn(&sandbox), before);
    assert!(sandbox.items().is_empty());
    // Unless asked for; then it is said.
    sandbox.put_all(items(3));
    truncate(&sandbox, &["--recreate"]).succeeds().says("Warning: its stream would be replaced");
    assert!(sandbox.items().is_empty());
    assert_ne!(arn(&sandbox), before);
}

#[test]
fn deletion_protection_keeps_the_table() {
    let sandbox = filled(MANY);
    let protect =
        sandbox.dynamodb().update_table().table_name(TABLE).deletion_protection_enabled(true).send();
    runtime().block_on(protect).unwrap();
    truncate(&sandbox, &["--recreate"]).exits_with(1).says("its deletion protection is on");
    assert_eq!(sandbox.items().len(), MANY);
    truncate(&sandbox, &[]).succeeds().says("deleting by key: its deletion protection is on");
    assert!(sandbox.items().is_empty());
}

#[test]
fn odd_definitions_come_back_as_they_were() {
    let sandbox = Sandbox::new();
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
    };
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let units = |read, write| {
        let units = ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write);
        units.build().unwrap()
    };
    let some = Projection::builder().projection_type(ProjectionType::Include).non_key_attributes("a").build();
    let keys = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let create = sandbox
        .dynamodb()
        .create_table()
        .table_name("odd.table-1")
        .attribute_definitions(attribute("id", ScalarAttributeType::N))
        .attribute_definitions(attribute("blob", ScalarAttributeType::B))
        .attribute_definitions(attribute("other", ScalarAttributeType::S))
        .key_schema(key("id", KeyType::Hash))
        .key_schema(key("blob", KeyType::Range))
        .billing_mode(BillingMode::Provisioned)
        .provisioned_throughput(units(7, 9))
        .global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name("by-other")
                .key_schema(key("other", KeyType::Hash))
                .projection(some)
                .provisioned_throughput(units(3, 4))
                .build()
                .unwrap(),
        )
        .local_secondary_indexes(
            LocalSecondaryIndex::builder()
                .index_name("local")
                .key_schema(key("id", KeyType::Hash))
                .key_schema(key("other", KeyType::Range))
                .projection(keys)
                .build()
                .unwrap(),
        )
        .send();
    runtime().block_on(create).unwrap();
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires").build().unwrap();
    let ttl =
        sandbox.dynamodb().update_time_to_live().table_name("odd.table-1").time_to_live_specification(ttl);
    runtime().block_on(ttl.send()).unwrap();
    let put = |number: usize| {
        let request = sandbox
            .dynamodb()
            .put_item()
            .table_name("odd.table-1")
            .item("id", AttributeValue::N(format!("{number}.50")))
            .item("blob", AttributeValue::B(vec![0, 255].into()))
            .item("other", AttributeValue::S("x".to_owned()));
        runtime().block_on(request.send()).unwrap();
    };
    let count = || {
        let count = sandbox.dynamodb().scan().table_name("odd.table-1").send();
        runtime().block_on(count).unwrap().count
    };
    let before = definition(&sandbox.describe("odd.table-1").unwrap());
    for way in ["--by-key", "--recreate"] {
        (0..30).for_each(put);
        assert_eq!(count(), 30);
        truncate(&sandbox, &["--table", "odd.table-1", way]).succeeds();
        assert_eq!(count(), 0, "{way}");
        assert_eq!(definition(&sandbox.describe("odd.table-1").unwrap()), before, "{way}");
        let ttl = sandbox.dynamodb().describe_time_to_live().table_name("odd.table-1").send();
        let ttl = runtime().block_on(ttl).unwrap().time_to_live_description.unwrap();
        assert_eq!(ttl.attribute_name(), Some("expires"), "{way}");
    }
}

#[test]
fn a_dry_run_shows_the_requests_and_changes_nothing() {
    let sandbox = filled(MANY);
    let run = truncate(&sandbox, &["--dry-run"]).succeeds().says("nothing was written");
    assert!(run.stdout.contains("DeleteTable") && run.stdout.contains("CreateTable"), "{}", run.stdout);
    assert!(run.stdout.contains("\"IndexName\":\"message-group-sk-index\""), "{}", run.stdout);
    let run = truncate(&sandbox, &["--dry-run", "--by-key"]).succeeds();
    assert_eq!(run.stdout.matches("DeleteRequest").count(), 125, "{}", run.stdout);
    let requests = MANY.div_ceil(25);
    run.says(&format!("would send {requests} requests (BatchWriteItem), {MANY} items"))
        .says("would consume an estimated ");
    assert_eq!(sandbox.items().len(), MANY);
}

#[test]
fn in_production_the_name_is_asked_for_and_the_table_is_left_alone() {
    let sandbox = filled(MANY);
    let prod = |arguments: &[&str]| {
        let mut command =
            sandbox.command(["ddb", "truncate", "--prod", "--endpoint-url", &sandbox.endpoint()]);
        command.args(arguments).env("CRUDDUR_STATE_DIR", sandbox.path().join("state"));
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1");
        Run::of(&mut command)
    };
    prod(&[]).exits_with(3).says("needs confirmation in production");
    prod(&["--yes", "--confirm", "another"]).exits_with(3);
    assert_eq!(sandbox.items().len(), MANY);
    prod(&["--yes", "--confirm", TABLE]).succeeds().says("deleting by key: alarms, autoscaling");
    assert!(sandbox.items().is_empty());
}

#[test]
fn a_create_that_fails_says_how_to_mend_it() {
    let sandbox = filled(MANY);
    let proxy =
        Proxy::new(sandbox.endpoint(), "CreateTable", |_| Some(Fault::Error(400, "LimitExceededException")));
    let run = truncate(&sandbox, &["--endpoint-url", proxy.url()]).exits_with(5);
    let [path] = kept_in(&sandbox).try_into().unwrap();
    run.says("was deleted, but not recreated")
        .says(&format!("its definition is saved in {}", path.display()))
        .says(&format!("to finish run: cruddur ddb truncate --recreate --table {TABLE}"));
    assert!(sandbox.describe(TABLE).is_none());
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(kept["create_table"]["TableName"], TABLE);
    let index = &kept["create_table"]["GlobalSecondaryIndexes"][0];
    assert_eq!(index["IndexName"], "message-group-sk-index");
}

#[test]
fn deletes_that_the_table_does_not_take_at_once_are_done_in_the_end() {
    let sandbox = filled(400);
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |call| match call % 4 {
        0 => Some(Fault::TakeOnly(9)),
        1 => Some(Fault::Error(400, "ThrottlingException")),
        2 => Some(Fault::LoseAnswer),
        _ => None,
    });
    truncate(&sandbox, &["--endpoint-url", proxy.url()]).succeeds().says("deleted 400 items");
    assert!(sandbox.items().is_empty());
}

#[test]
fn ctrl_c_leaves_the_rest_for_the_next_time() {
    let sandbox = filled(400);
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |call| (call > 1).then_some(Fault::Hold));
    let mut command = sandbox.command(["ddb", "truncate", "--endpoint-url", proxy.url()]);
    let mut run = Spawned::new(command.args(["--timeout", "1h"]));
    proxy.holds(1);
    run.stops_writing("INT");
    proxy.release();
    assert_eq!(run.code(), 130);
    assert!(!sandbox.items().is_empty());
    truncate(&sandbox, &[]).succeeds();
    assert!(sandbox.items().is_empty());
}

#[test]
fn a_table_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    sandbox.create_table("cruddur-message");
    truncate(&sandbox, &[]).exits_with(1).says("there is no table").says("did you mean \"cruddur-message\"?");
}
