//! What differs from AWS, in the order of docs/local-stack.md. If one of these tests fails because
//! the embedded DynamoDB has become better, delete it and its line there.

use serde_json::{Value, json};

use super::{call, create, events, put, records};
use crate::support::{Sandbox, boto3_error};

/// A scan with a filter, and with the numbers 0, 1, 2, … as its values.
fn scan(filter: &str, values: usize) -> Value {
    let values: serde_json::Map<String, Value> =
        (0..values).map(|number| (format!(":v{number}"), json!({"N": number.to_string()}))).collect();
    json!({"TableName": "users", "FilterExpression": filter, "ExpressionAttributeValues": values})
}

#[test]
fn the_old_values_of_a_new_item_are_its_key() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    let update = json!({
        "TableName": "users", "Key": {"pk": {"S": "new"}}, "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": {":a": {"S": "x"}}, "ReturnValues": "ALL_OLD",
    });
    assert_eq!(call(endpoint, "update_item", &update)["Attributes"], json!({"pk": {"S": "new"}}));
}

#[test]
fn an_operand_in_parentheses_is_refused() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    let error = boto3_error(endpoint, "dynamodb", "scan", &scan("(size(a)) = :v0", 1));
    assert!(error.contains("Syntax error"), "{error}");
    call(endpoint, "scan", &scan("size(a) = :v0", 1));
}

#[test]
fn more_than_100_operands_of_in_are_accepted() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    let operands: Vec<String> = (0..101).map(|number| format!(":v{number}")).collect();
    call(endpoint, "scan", &scan(&format!("a IN ({})", operands.join(", ")), 101));
}

#[test]
fn with_a_filter_the_item_that_did_not_fit_is_counted() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    for n in 0..4 {
        put(endpoint, "users", &json!({"pk": {"S": n.to_string()}, "a": {"S": "x".repeat(300 * 1024)}}));
    }
    for without in
        [json!({"TableName": "users"}), json!({"TableName": "users", "ProjectionExpression": "QueryFilter"})]
    {
        let page = call(endpoint, "scan", &without);
        assert_eq!((&page["Count"], &page["ScannedCount"]), (&json!(3), &json!(3)), "as on AWS: {without}");
    }
    let page = call(endpoint, "scan", &scan("size(a) > :v0", 1));
    assert_eq!((&page["Count"], &page["ScannedCount"]), (&json!(3), &json!(4)));
}

#[test]
fn an_empty_key_value_in_a_query_is_accepted() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    let query = json!({
        "TableName": "users", "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": ""}},
    });
    assert_eq!(call(endpoint, "query", &query)["Count"], 0);
}

#[test]
fn more_than_4_mb_of_items_can_be_read_in_a_transaction() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    let text = "x".repeat(390_000);
    let keys: Vec<Value> = (0..11).map(|number| json!({"S": number.to_string()})).collect();
    for key in &keys {
        put(endpoint, "users", &json!({"pk": key, "text": {"S": text}}));
    }
    let gets: Vec<Value> =
        keys.iter().map(|key| json!({"Get": {"TableName": "users", "Key": {"pk": key}}})).collect();
    let answer = call(endpoint, "transact_get_items", &json!({"TransactItems": gets}));
    assert!(answer["Responses"].to_string().len() > 4 * 1024 * 1024);
}

#[test]
fn an_item_that_expired_more_than_five_years_ago_is_deleted() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    put(endpoint, "users", &json!({"pk": {"S": "a"}, "expires": {"N": "1000000000"}}));
    let specification = json!({"AttributeName": "expires", "Enabled": true});
    let arguments = json!({"TableName": "users", "TimeToLiveSpecification": specification});
    call(endpoint, "update_time_to_live", &arguments);
    assert_eq!(call(endpoint, "scan", &json!({"TableName": "users"}))["Count"], 0);
}

#[test]
fn a_stream_that_is_on_again_has_the_records_of_the_former_one() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    let former = create(endpoint, "users", "NEW_IMAGE")["LatestStreamArn"].take();
    put(endpoint, "users", &json!({"pk": {"S": "a"}}));
    for stream in
        [json!({"StreamEnabled": false}), json!({"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"})]
    {
        call(endpoint, "update_table", &json!({"TableName": "users", "StreamSpecification": stream}));
    }
    assert_ne!(super::describe(endpoint, "users")["LatestStreamArn"], former);
    assert_eq!(events(&records(endpoint, "users")), ["INSERT"]);
}

#[test]
fn a_stream_that_is_off_cannot_be_read() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    let stream = create(endpoint, "users", "NEW_IMAGE")["LatestStreamArn"].take();
    let off = json!({"TableName": "users", "StreamSpecification": {"StreamEnabled": false}});
    call(endpoint, "update_table", &off);
    let error = boto3_error(endpoint, "dynamodbstreams", "describe_stream", &json!({"StreamArn": stream}));
    assert!(error.contains("ResourceNotFoundException"), "{error}");
}

#[test]
fn a_table_cannot_be_named_by_its_arn() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    let table = create(endpoint, "users", "NEW_IMAGE");
    let error = boto3_error(endpoint, "dynamodb", "describe_table", &json!({"TableName": table["TableArn"]}));
    assert!(error.contains("ValidationException"), "{error}");
}
