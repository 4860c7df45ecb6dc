//! The form of answers.

use axum::body::Body;
use flate2::Crc;
use serde_json::json;

use super::{create, put};
use crate::support::{Sandbox, boto3_error, dynamodb_request, send_http};

#[test]
fn the_attributes_of_an_item_are_in_one_order() {
    let sandbox = Sandbox::new();
    create(&sandbox.endpoint(), "users", "NEW_IMAGE");
    let mut item = json!({"pk": {"S": "a"}, "map": {"M": {}}});
    for name in 'a'..='o' {
        item[name.to_string()] = json!({"S": "x"});
        item["map"]["M"][name.to_string()] = json!({"N": "1"});
    }
    put(&sandbox.endpoint(), "users", &item);
    let body = json!({"TableName": "users", "Key": {"pk": {"S": "a"}}}).to_string();
    let answer = send_http(dynamodb_request(&sandbox.endpoint(), "GetItem").body(Body::from(body)).unwrap());
    // serde_json sorts the members of an object.
    assert_eq!(answer.body, json!({"Item": item}).to_string());
    let mut crc = Crc::new();
    crc.update(answer.body.as_bytes());
    assert_eq!(answer.header("x-amz-crc32"), crc.sum().to_string());
}

#[test]
fn an_operation_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    let table = json!({"TableName": "users"});
    for (operation, name, arguments) in [
        ("describe_continuous_backups", "DescribeContinuousBackups", &table),
        ("list_backups", "ListBackups", &json!({})),
    ] {
        let error = boto3_error(endpoint, "dynamodb", operation, arguments);
        assert!(error.contains("UnknownOperationException"), "{error}");
        assert!(error.contains(&format!("the local DynamoDB has no operation {name}")), "{error}");
    }
}
