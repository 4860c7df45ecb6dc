//! A stream has a record of each change, and none of a write that changed nothing.

use serde_json::{Value, json};

use super::{call, create, describe, describe_stream, events, oldest, put, records, streams};
use crate::support::Sandbox;

fn item(number: &str) -> Value {
    json!({
        "pk": {"S": "a"}, "number": {"N": number}, "texts": {"SS": ["x", "y"]}, "numbers": {"NS": ["1", "2"]},
        "map": {"M": {"list": {"L": [{"N": "1"}, {"NULL": true}]}}},
    })
}

/// Every way to write an item as it is.
#[track_caller]
fn write_the_same(endpoint: &str) {
    put(endpoint, "users", &item("1"));
    let mut other_order = item("1.0");
    other_order["texts"] = json!({"SS": ["y", "x"]});
    other_order["numbers"] = json!({"NS": ["2", "1"]});
    put(endpoint, "users", &other_order);
    let update = json!({
        "TableName": "users", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET #n = :n",
        "ExpressionAttributeNames": {"#n": "number"}, "ExpressionAttributeValues": {":n": {"N": "1"}},
    });
    call(endpoint, "update_item", &update);
    call(endpoint, "transact_write_items", &json!({"TransactItems": [{"Update": update}]}));
    let batch = json!({"RequestItems": {"users": [{"PutRequest": {"Item": item("1")}}]}});
    call(endpoint, "batch_write_item", &batch);
}

#[test]
fn a_write_that_changes_nothing_leaves_no_record() {
    for (view, has_new, has_old) in [
        ("KEYS_ONLY", false, false),
        ("NEW_IMAGE", true, false),
        ("OLD_IMAGE", false, true),
        ("NEW_AND_OLD_IMAGES", true, true),
    ] {
        let sandbox = Sandbox::new();
        let endpoint = &sandbox.endpoint();
        let created = create(endpoint, "users", view);
        let specification = json!({"StreamEnabled": true, "StreamViewType": view});
        assert_eq!(created["StreamSpecification"], specification);
        assert_eq!(describe(endpoint, "users")["StreamSpecification"], specification);
        assert_eq!(describe_stream(endpoint, "users")["StreamViewType"], view);
        put(endpoint, "users", &item("1"));
        write_the_same(endpoint);
        put(endpoint, "users", &item("2"));
        call(endpoint, "delete_item", &json!({"TableName": "users", "Key": {"pk": {"S": "a"}}}));
        let records = records(endpoint, "users");
        assert_eq!(events(&records), ["INSERT", "MODIFY", "REMOVE"], "{view}");
        for (record, new, old) in [
            (&records[0], Some("1"), None),
            (&records[1], Some("2"), Some("1")),
            (&records[2], None, Some("2")),
        ] {
            let change = &record["dynamodb"];
            assert_eq!(change["StreamViewType"], view);
            assert_eq!(change["Keys"], json!({"pk": {"S": "a"}}));
            let image = |name: &str| change[name]["number"]["N"].as_str();
            assert_eq!(image("NewImage"), new.filter(|_| has_new), "{view}");
            assert_eq!(image("OldImage"), old.filter(|_| has_old), "{view}");
        }
        // An image counts only where it is shown.
        let sizes: Vec<u64> =
            records.iter().map(|record| record["dynamodb"]["SizeBytes"].as_u64().unwrap()).collect();
        let images = [u64::from(has_new), u64::from(has_new) + u64::from(has_old), u64::from(has_old)];
        let keys = json!({"pk": {"S": "a"}}).to_string().len() as u64;
        let image = item("1").to_string().len() as u64;
        assert_eq!(sizes, images.map(|count| keys + count * image), "{view}");
    }
}

/// A client that takes an empty page for the end of what is there.
#[test]
fn a_page_of_writes_that_changed_nothing_is_skipped() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    put(endpoint, "users", &item("1"));
    write_the_same(endpoint);
    put(endpoint, "users", &item("2"));
    let mut iterator = oldest(endpoint, "users");
    let mut numbers = Vec::new();
    loop {
        let mut page = streams(endpoint, "get_records", &json!({"ShardIterator": iterator, "Limit": 1}));
        let [record] = &page["Records"].as_array().unwrap()[..] else { break };
        numbers.push(record["dynamodb"]["NewImage"]["number"]["N"].as_str().unwrap().to_owned());
        iterator = page["NextShardIterator"].take();
    }
    assert_eq!(numbers, ["1", "2"]);
}

#[test]
fn a_stream_can_be_switched_on_with_another_view() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    let switch = |stream: Value| {
        let arguments = json!({"TableName": "users", "StreamSpecification": stream});
        call(endpoint, "update_table", &arguments)["TableDescription"]["StreamSpecification"].take()
    };
    assert_eq!(switch(json!({"StreamEnabled": false})), Value::Null);
    let on = json!({"StreamEnabled": true, "StreamViewType": "OLD_IMAGE"});
    assert_eq!(switch(on.clone()), on);
    assert_eq!(describe(endpoint, "users")["StreamSpecification"], on);
    put(endpoint, "users", &item("1"));
    put(endpoint, "users", &item("2"));
    let records = records(endpoint, "users");
    assert_eq!(events(&records), ["INSERT", "MODIFY"]);
    assert_eq!(records[1]["dynamodb"]["OldImage"]["number"]["N"], "1");
    assert_eq!(records[1]["dynamodb"].get("NewImage"), None);
}

#[test]
fn where_the_view_is_kept_is_not_shown() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    let table = create(endpoint, "users", "NEW_IMAGE");
    let arn = json!({"ResourceArn": table["TableArn"]});
    assert_eq!(call(endpoint, "list_tags_of_resource", &arn)["Tags"], json!([]));
    let tags = json!([{"Key": "team", "Value": "messaging"}]);
    call(endpoint, "tag_resource", &json!({"ResourceArn": table["TableArn"], "Tags": tags}));
    assert_eq!(call(endpoint, "list_tags_of_resource", &arn)["Tags"], tags);
}
