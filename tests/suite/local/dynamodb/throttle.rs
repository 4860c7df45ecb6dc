//! `--throttle`: a table that takes no more units.

use std::num::NonZero;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnConsumedCapacity, WriteRequest};
use cruddur::local::{Access, Server, dynamodb};

use super::{create, describe};
use crate::support::{World, dynamodb_client, runtime};

/// A write of this many bytes consumes what a table with one unit a second gets in five minutes.
const BYTES: usize = 300 * 1024;

fn large() -> AttributeValue {
    AttributeValue::S("x".repeat(BYTES))
}

fn key(pk: &str) -> AttributeValue {
    AttributeValue::S(pk.to_owned())
}

/// A client that tries once.
fn client(endpoint: &str) -> Client {
    let config = dynamodb_client(endpoint).config().to_builder();
    Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
}

/// A DynamoDB in memory with these tables, of so many units a second each.
fn throttled(units: u32, tables: &[&str]) -> (Server, Client) {
    let access = Access { units_per_second: NonZero::new(units), ..Access::default() };
    let server = runtime().block_on(dynamodb::start(0, None, access)).unwrap();
    for table in tables {
        create(&server.url(), table, "NEW_IMAGE");
    }
    let client = client(&server.url());
    (server, client)
}

/// Whether a put was let through. Any other end than AWS's refusal fails.
fn puts(client: &Client, table: &str, pk: &str) -> bool {
    let put = client.put_item().table_name(table).item("pk", key(pk)).item("text", large()).send();
    let Err(error) = runtime().block_on(put) else { return true };
    let error = error.into_service_error();
    assert!(error.is_provisioned_throughput_exceeded_exception(), "{error:?}");
    let message = error.meta().message().unwrap();
    assert!(message.starts_with("The level of configured provisioned throughput for the table"), "{message}");
    false
}

fn gets(client: &Client, table: &str, pk: &str) -> Option<bool> {
    let get = client.get_item().table_name(table).key("pk", key(pk)).consistent_read(true).send();
    match runtime().block_on(get) {
        Ok(answer) => Some(answer.item.is_some()),
        Err(error) => {
            assert!(error.into_service_error().is_provisioned_throughput_exceeded_exception());
            None
        }
    }
}

#[test]
fn a_table_is_refused_what_exceeds_its_units_and_reads_and_writes_are_apart() {
    let (server, client) = throttled(1, &["users", "other"]);
    assert!(puts(&client, "users", "first"));
    assert!(!puts(&client, "users", "second"));
    // The other table has its own, and so do this one's reads.
    assert!(puts(&client, "other", "first"));
    assert_eq!(gets(&client, "users", "first"), Some(true));
    assert_eq!(gets(&client, "users", "first"), None);
    // What was refused has not been written.
    assert_eq!(describe(&server.url(), "users")["ItemCount"], 1);
    runtime().block_on(server.stop());
}

#[test]
fn a_request_for_several_tables_needs_units_of_each() {
    let (server, client) = throttled(1, &["users", "other"]);
    let write = |table: &str| {
        let put = PutRequest::builder().item("pk", key("a")).item("text", large());
        let write = WriteRequest::builder().put_request(put.build().unwrap()).build();
        (table.to_owned(), vec![write])
    };
    let is_written = |tables: &[&str]| {
        let items = tables.iter().map(|table| write(table)).collect();
        let Err(error) = runtime().block_on(client.batch_write_item().set_request_items(Some(items)).send())
        else {
            return true;
        };
        let error = error.into_service_error();
        assert!(error.is_provisioned_throughput_exceeded_exception(), "{error:?}");
        false
    };
    assert!(is_written(&["users"]));
    assert!(!is_written(&["other", "users"]));
    assert!(is_written(&["other"]));
    assert!(!is_written(&["other"]));
    runtime().block_on(server.stop());
}

#[test]
fn what_was_consumed_is_told_only_to_who_asks() {
    let (server, client) = throttled(1000, &["users"]);
    for (asked, told) in [
        (None, None),
        (Some(ReturnConsumedCapacity::None), None),
        (Some(ReturnConsumedCapacity::Total), Some(1.0)),
    ] {
        let put =
            client.put_item().table_name("users").item("pk", key("a")).set_return_consumed_capacity(asked);
        let answer = runtime().block_on(put.send()).unwrap();
        assert_eq!(answer.consumed_capacity.and_then(|capacity| capacity.capacity_units), told);
    }
    runtime().block_on(server.stop());
}

#[test]
fn a_stack_in_the_background_has_the_limit_and_says_so() {
    let world = World::new();
    world.up(&["--ephemeral", "--throttle", "1"]).succeeds();
    create(&world.endpoint(), "users", "NEW_IMAGE");
    let client = client(&world.endpoint());
    assert!(puts(&client, "users", "first"));
    assert!(!puts(&client, "users", "second"));
    world.up(&["--ephemeral", "--throttle", "1"]).succeeds();
    world.up(&["--ephemeral"]).exits_with(1).says("the stack is already running, throttled at 1 a second");
}
