//! The stack's own DynamoDB, by boto3.

mod answers;
mod expiry;
mod left_over;
mod parity;
mod records;
mod stream_names;
mod throttle;

use serde_json::{Value, json};

use crate::support::boto3;

#[track_caller]
fn call(endpoint: &str, operation: &str, arguments: &Value) -> Value {
    boto3(endpoint, "dynamodb", operation, arguments)
}

#[track_caller]
fn streams(endpoint: &str, operation: &str, arguments: &Value) -> Value {
    boto3(endpoint, "dynamodbstreams", operation, arguments)
}

/// Creates a table with the key `pk`, and a stream of this view. Gives its description.
#[track_caller]
fn create(endpoint: &str, table: &str, view: &str) -> Value {
    let arguments = json!({
        "TableName": table, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": view},
    });
    call(endpoint, "create_table", &arguments)["TableDescription"].take()
}

#[track_caller]
fn describe(endpoint: &str, table: &str) -> Value {
    call(endpoint, "describe_table", &json!({"TableName": table}))["Table"].take()
}

#[track_caller]
fn put(endpoint: &str, table: &str, item: &Value) {
    call(endpoint, "put_item", &json!({"TableName": table, "Item": item}));
}

/// The table's stream.
#[track_caller]
fn describe_stream(endpoint: &str, table: &str) -> Value {
    let arn = describe(endpoint, table)["LatestStreamArn"].take();
    streams(endpoint, "describe_stream", &json!({"StreamArn": arn}))["StreamDescription"].take()
}

/// An iterator at the oldest record of the table's stream.
#[track_caller]
fn oldest(endpoint: &str, table: &str) -> Value {
    let stream = describe_stream(endpoint, table);
    let arguments = json!({
        "StreamArn": stream["StreamArn"], "ShardId": stream["Shards"][0]["ShardId"],
        "ShardIteratorType": "TRIM_HORIZON",
    });
    streams(endpoint, "get_shard_iterator", &arguments)["ShardIterator"].take()
}

/// All records of the table's stream.
#[track_caller]
fn records(endpoint: &str, table: &str) -> Vec<Value> {
    let arguments = json!({"ShardIterator": oldest(endpoint, table)});
    streams(endpoint, "get_records", &arguments)["Records"].as_array().unwrap().clone()
}

/// What happened to the items, by the records.
fn events(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["eventName"].as_str().unwrap()).collect()
}
