//! What boto3 is told about a stream: its names, and its shard.

use axum::body::Body;
use cruddur::local::{Access, dynamodb};
use serde_json::{Value, json};

use super::{call, create, describe, describe_stream, put, records, streams};
use crate::support::{Sandbox, dynamodb_request, runtime, scratch, send_http};

/// boto3 itself refuses a shard's id of less than 28 or more than 65 characters.
#[test]
fn a_shard_has_an_id_of_a_length_that_sdks_accept() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    for table in ["abc", "users", &"long".repeat(50)] {
        create(endpoint, table, "NEW_IMAGE");
        put(endpoint, table, &json!({"pk": {"S": "a"}}));
        let [record] = &records(endpoint, table)[..] else { panic!("not one record of {table}") };
        let stream = describe_stream(endpoint, table);
        for (kind, count) in [("LATEST", 0), ("AT_SEQUENCE_NUMBER", 1), ("AFTER_SEQUENCE_NUMBER", 0)] {
            let mut arguments = json!({
                "StreamArn": stream["StreamArn"], "ShardId": stream["Shards"][0]["ShardId"],
                "ShardIteratorType": kind,
            });
            if kind != "LATEST" {
                arguments["SequenceNumber"] = record["dynamodb"]["SequenceNumber"].clone();
            }
            let iterator = streams(endpoint, "get_shard_iterator", &arguments)["ShardIterator"].take();
            let read = streams(endpoint, "get_records", &json!({"ShardIterator": iterator}));
            assert_eq!(read["Records"].as_array().unwrap().len(), count, "{table} {kind}");
        }
    }
}

#[test]
fn an_open_shard_has_no_end() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    put(endpoint, "users", &json!({"pk": {"S": "a"}}));
    let first = records(endpoint, "users")[0]["dynamodb"]["SequenceNumber"].take();
    let stream = describe_stream(endpoint, "users");
    assert_eq!(stream["Shards"][0]["SequenceNumberRange"], json!({"StartingSequenceNumber": first}));
}

#[test]
fn a_streams_label_is_the_time_it_was_made() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    let before = jiff::Timestamp::now();
    let created = create(endpoint, "users", "NEW_IMAGE");
    let label = created["LatestStreamLabel"].as_str().unwrap();
    assert_eq!(label.len(), "2026-11-22T13:56:47.123".len(), "{label}");
    let time: jiff::Timestamp = format!("{label}Z").parse().unwrap();
    // To the millisecond, and a millisecond for the rounding.
    assert!(
        time.as_millisecond() + 1 >= before.as_millisecond() && time <= jiff::Timestamp::now(),
        "{label}"
    );
    let arn = format!("arn:aws:dynamodb:us-east-1:000000000000:table/users/stream/{label}");
    assert_eq!(created["LatestStreamArn"], arn.as_str());
}

#[test]
fn all_calls_have_the_same_names_for_a_stream() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    let mut expected = Vec::new();
    for table in ["one", "two", "three"] {
        let created = create(endpoint, table, "NEW_IMAGE");
        let (arn, label) = (&created["LatestStreamArn"], &created["LatestStreamLabel"]);
        let described = describe(endpoint, table);
        assert_eq!((&described["LatestStreamArn"], &described["LatestStreamLabel"]), (arn, label));
        let stream = describe_stream(endpoint, table);
        assert_eq!((&stream["StreamArn"], &stream["StreamLabel"]), (arn, label));
        expected.push(json!({"StreamArn": arn, "StreamLabel": label, "TableName": table}));
    }
    let mut listed: Vec<Value> = Vec::new();
    let mut page = streams(endpoint, "list_streams", &json!({"Limit": 1}));
    loop {
        listed.extend(page["Streams"].as_array().unwrap().clone());
        let Some(last) = page.get("LastEvaluatedStreamArn") else { break };
        page = streams(endpoint, "list_streams", &json!({"Limit": 1, "ExclusiveStartStreamArn": last}));
    }
    let by_name = |stream: &Value| stream["TableName"].as_str().unwrap().to_owned();
    listed.sort_by_key(by_name);
    expected.sort_by_key(by_name);
    assert_eq!(listed, expected);
}

#[test]
fn a_restart_changes_no_name_and_no_view() {
    let folder = scratch();
    let file = folder.path().join("dynamodb.sqlite");
    let start = || runtime().block_on(dynamodb::start(0, Some(&file), Access::default())).unwrap();
    let server = start();
    create(&server.url(), "users", "KEYS_ONLY");
    put(&server.url(), "users", &json!({"pk": {"S": "a"}}));
    let state = |endpoint: &str| {
        (describe(endpoint, "users"), describe_stream(endpoint, "users"), records(endpoint, "users"))
    };
    let before = state(&server.url());
    runtime().block_on(server.stop());
    let server = start();
    assert_eq!(state(&server.url()), before);
    runtime().block_on(server.stop());
}

#[test]
fn everything_is_in_the_region_that_the_request_is_signed_for() {
    let sandbox = Sandbox::new();
    create(&sandbox.endpoint(), "users", "NEW_IMAGE");
    put(&sandbox.endpoint(), "users", &json!({"pk": {"S": "a"}}));
    let signed = |operation: &str, body: &Value| -> Value {
        let mut request =
            dynamodb_request(&sandbox.endpoint(), operation).body(Body::from(body.to_string())).unwrap();
        let authorization = request.headers_mut().get_mut("authorization").unwrap();
        *authorization = authorization.to_str().unwrap().replace("us-east-1", "eu-west-3").parse().unwrap();
        serde_json::from_str(&send_http(request).body).unwrap()
    };
    let table = signed("DescribeTable", &json!({"TableName": "users"}))["Table"].take();
    assert_eq!(table["TableArn"], "arn:aws:dynamodb:eu-west-3:000000000000:table/users");
    let arn = table["LatestStreamArn"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:dynamodb:eu-west-3:000000000000:table/users/stream/2"), "{arn}");
    let iterator = super::oldest(&sandbox.endpoint(), "users");
    let read = signed("GetRecords", &json!({"ShardIterator": iterator}));
    assert_eq!(read["Records"][0]["awsRegion"], "eu-west-3");
    // A name from there is good elsewhere: there is one set of tables.
    let tags = call(&sandbox.endpoint(), "list_tags_of_resource", &json!({"ResourceArn": table["TableArn"]}));
    assert_eq!(tags["Tags"], json!([]));
}
