//! `ddb schema-load`

use aws_sdk_dynamodb::types::{
    BillingMode, IndexStatus, KeySchemaElement, KeyType, ProjectionType, ScalarAttributeType, StreamViewType,
    TableDescription, TableStatus,
};

use crate::support::{INDEX, Page, Run, Sandbox, Shape, TABLE};

fn key(schema: &[KeySchemaElement]) -> Vec<(&str, KeyType)> {
    schema.iter().map(|element| (element.attribute_name(), element.key_type().clone())).collect()
}

pub fn units(
    throughput: Option<&aws_sdk_dynamodb::types::ProvisionedThroughputDescription>,
) -> Option<(i64, i64)> {
    let throughput = throughput?;
    Some((throughput.read_capacity_units()?, throughput.write_capacity_units()?))
}

pub fn billing(table: &TableDescription) -> Option<&BillingMode> {
    table.billing_mode_summary().and_then(|summary| summary.billing_mode())
}

/// Asserts the parts that no flag changes.
#[track_caller]
pub fn assert_keys_and_index(table: &TableDescription) {
    assert_eq!(table.table_status(), Some(&TableStatus::Active));
    assert_eq!(key(table.key_schema()), [("pk", KeyType::Hash), ("sk", KeyType::Range)]);
    let mut attributes: Vec<_> = table
        .attribute_definitions()
        .iter()
        .map(|attribute| (attribute.attribute_name(), attribute.attribute_type().clone()))
        .collect();
    attributes.sort_by_key(|(name, _)| *name);
    let string = ScalarAttributeType::S;
    assert_eq!(attributes, [("message_group_uuid", string.clone()), ("pk", string.clone()), ("sk", string)]);
    let [index] = table.global_secondary_indexes() else {
        panic!("not one index: {:?}", table.global_secondary_indexes())
    };
    assert_eq!(index.index_name(), Some(INDEX));
    assert_eq!(index.index_status(), Some(&IndexStatus::Active));
    assert_eq!(key(index.key_schema()), [("message_group_uuid", KeyType::Hash), ("sk", KeyType::Range)]);
    assert_eq!(index.projection().unwrap().projection_type(), Some(&ProjectionType::All));
    assert!(table.local_secondary_indexes().is_empty());
}

#[test]
fn the_table_is_as_the_app_expects_it() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    page.add(sandbox.cruddur(["ddb", "schema-load"]).succeeds());
    let table = sandbox.describe(TABLE).unwrap();
    assert_keys_and_index(&table);
    assert_ne!(billing(&table), Some(&BillingMode::PayPerRequest));
    assert_eq!(units(table.provisioned_throughput()), Some((5, 5)));
    assert_eq!(units(table.global_secondary_indexes()[0].provisioned_throughput()), Some((5, 5)));
    assert!(table.stream_specification().is_none_or(|stream| !stream.stream_enabled()));
    page.matches("runs/ddb/schema/load/the_table_is_as_the_app_expects_it");
}

#[test]
fn on_demand_has_no_units() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load", "--billing", "on-demand"]).succeeds();
    let table = sandbox.describe(TABLE).unwrap();
    assert_keys_and_index(&table);
    assert_eq!(billing(&table), Some(&BillingMode::PayPerRequest));
    assert_eq!(units(table.provisioned_throughput()).unwrap_or((0, 0)), (0, 0));
    page.add(sandbox.cruddur(["ddb", "schema-load", "--billing", "on-demand"]).succeeds());
    assert_eq!(sandbox.describe(TABLE), Some(table));
    page.matches("runs/ddb/schema/load/on_demand_has_no_units");
}

#[test]
fn the_stream_is_of_new_images() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load", "--stream"]).succeeds();
    let table = sandbox.describe(TABLE).unwrap();
    assert_keys_and_index(&table);
    let stream = table.stream_specification().unwrap();
    assert!(stream.stream_enabled());
    assert_eq!(stream.stream_view_type(), Some(&StreamViewType::NewImage));
    page.add(sandbox.cruddur(["ddb", "schema-load", "--stream"]).succeeds());
    assert_eq!(sandbox.describe(TABLE), Some(table));
    page.matches("runs/ddb/schema/load/the_stream_is_of_new_images");
}

#[test]
fn loading_again_says_so_and_changes_nothing() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    let before = sandbox.describe(TABLE);
    let run = page.add(sandbox.cruddur(["ddb", "schema-load"]).succeeds());
    assert_eq!(run.stdout, "");
    assert_eq!(sandbox.describe(TABLE), before);
    page.matches("runs/ddb/schema/load/loading_again_says_so_and_changes_nothing");
}

#[test]
fn a_table_that_others_made_equal_is_equal() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    page.add(sandbox.cruddur(["ddb", "schema-load"]).succeeds());
    page.matches("runs/ddb/schema/load/a_table_that_others_made_equal_is_equal");
}

#[test]
fn a_stream_that_nobody_asked_for_is_no_difference() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { stream: Some(StreamViewType::NewImage), ..Shape::default() });
    page.add(sandbox.cruddur(["ddb", "schema-load"]).succeeds());
    page.matches("runs/ddb/schema/load/a_stream_that_nobody_asked_for_is_no_difference");
}

/// Loads the schema onto a table of `shape`: refused, and the table as it was.
#[track_caller]
fn differs(shape: &Shape, flags: &[&str]) -> Run {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(shape);
    let before = sandbox.describe(TABLE).unwrap();
    let run = sandbox.cruddur(["ddb", "schema-load"].iter().chain(flags)).exits_with(1);
    assert_eq!(sandbox.describe(TABLE).unwrap(), before);
    run.says("differs from its definition; nothing was changed")
}

#[test]
fn a_sort_key_of_another_type_is_shown_and_left_alone() {
    let mut page = Page::default();
    // The index has the same sort key.
    let shape = Shape { sort_type: ScalarAttributeType::N, ..Shape::default() };
    let run = page.add(differs(&shape, &[]));
    assert!(!run.stderr.contains("units:"), "{}", run.stderr);
    page.matches("runs/ddb/schema/load/a_sort_key_of_another_type_is_shown_and_left_alone");
}

#[test]
fn a_sort_key_of_another_name_is_shown_and_left_alone() {
    let mut page = Page::default();
    page.add(differs(&Shape { sort_key: "sent_at", ..Shape::default() }, &[]));
    page.matches("runs/ddb/schema/load/a_sort_key_of_another_name_is_shown_and_left_alone");
}

#[test]
fn a_missing_index_is_shown_and_left_alone() {
    let mut page = Page::default();
    page.add(differs(&Shape { index: None, ..Shape::default() }, &[]));
    page.matches("runs/ddb/schema/load/a_missing_index_is_shown_and_left_alone");
}

#[test]
fn an_index_with_another_key_is_shown_and_left_alone() {
    let mut page = Page::default();
    let index = Some(("group", ProjectionType::All));
    page.add(differs(&Shape { index, ..Shape::default() }, &[]));
    page.matches("runs/ddb/schema/load/an_index_with_another_key_is_shown_and_left_alone");
}

#[test]
fn a_narrower_projection_is_shown_and_left_alone() {
    let mut page = Page::default();
    let index = Some(("message_group_uuid", ProjectionType::KeysOnly));
    page.add(differs(&Shape { index, ..Shape::default() }, &[]));
    page.matches("runs/ddb/schema/load/a_narrower_projection_is_shown_and_left_alone");
}

#[test]
fn other_units_of_the_table_are_shown_and_left_alone() {
    let mut page = Page::default();
    let run = page.add(differs(&Shape { units: Some([1, 2, 5, 5]), ..Shape::default() }, &[]));
    assert!(!run.stderr.contains("index"), "the index is as it should be:\n{}", run.stderr);
    page.matches("runs/ddb/schema/load/other_units_of_the_table_are_shown_and_left_alone");
}

#[test]
fn other_units_of_the_index_are_shown_and_left_alone() {
    let mut page = Page::default();
    page.add(differs(&Shape { units: Some([5, 5, 5, 7]), ..Shape::default() }, &[]));
    page.matches("runs/ddb/schema/load/other_units_of_the_index_are_shown_and_left_alone");
}

#[test]
fn an_on_demand_table_is_not_a_provisioned_one() {
    let mut page = Page::default();
    page.add(differs(&Shape { units: None, ..Shape::default() }, &[]));
    page.matches("runs/ddb/schema/load/an_on_demand_table_is_not_a_provisioned_one");
}

#[test]
fn a_provisioned_table_is_not_an_on_demand_one() {
    let mut page = Page::default();
    page.add(differs(&Shape::default(), &["--billing", "on-demand"]));
    page.matches("runs/ddb/schema/load/a_provisioned_table_is_not_an_on_demand_one");
}

#[test]
fn a_missing_stream_is_a_difference_when_asked_for() {
    let mut page = Page::default();
    page.add(differs(&Shape::default(), &["--stream"]));
    page.matches("runs/ddb/schema/load/a_missing_stream_is_a_difference_when_asked_for");
}

#[test]
fn a_stream_of_something_else_is_a_difference_when_asked_for() {
    let mut page = Page::default();
    page.add(differs(&Shape { stream: Some(StreamViewType::KeysOnly), ..Shape::default() }, &["--stream"]));
    page.matches("runs/ddb/schema/load/a_stream_of_something_else_is_a_difference_when_asked_for");
}

#[test]
fn the_table_is_named_by_the_flag_then_by_the_variable() {
    let sandbox = Sandbox::new();
    let load = |flags: &[&str]| {
        let mut command = sandbox.command(["ddb", "schema-load"].iter().chain(flags));
        Run::of(command.env("DDB_MESSAGE_TABLE", "from-variable")).succeeds();
    };
    load(&["--table", "from-flag"]);
    assert!(sandbox.describe("from-flag").is_some());
    assert!(sandbox.describe("from-variable").is_none());
    load(&[]);
    assert_keys_and_index(&sandbox.describe("from-variable").unwrap());
    assert!(sandbox.describe(TABLE).is_none());
}

#[test]
fn the_env_file_may_name_the_table() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "DDB_MESSAGE_TABLE=from-file\n");
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    assert!(sandbox.describe("from-file").is_some());
    assert!(sandbox.describe(TABLE).is_none());
}

#[test]
fn unknown_billing_is_a_usage_error() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load", "--billing", "free"]).exits_with(2);
    assert!(sandbox.describe(TABLE).is_none());
}
