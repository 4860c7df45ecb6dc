//! Items go away when their time to live has passed.

use cruddur::local::{Access, dynamodb};
use serde_json::{Value, json};

use super::{call, create, events, put, records};
use crate::support::{Sandbox, runtime, scratch};

fn expiring(pk: &str, in_seconds: i64) -> Value {
    let time = jiff::Timestamp::now().as_second() + in_seconds;
    json!({"pk": {"S": pk}, "expires": {"N": time.to_string()}})
}

#[track_caller]
fn switch(endpoint: &str, on: bool) {
    let specification = json!({"AttributeName": "expires", "Enabled": on});
    let arguments = json!({"TableName": "users", "TimeToLiveSpecification": specification});
    call(endpoint, "update_time_to_live", &arguments);
}

#[track_caller]
fn keys(endpoint: &str) -> Vec<String> {
    let scan = call(endpoint, "scan", &json!({"TableName": "users"}));
    let mut keys: Vec<String> = scan["Items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["pk"]["S"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys
}

#[test]
fn switching_it_on_deletes_what_has_expired_as_the_service_does() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_AND_OLD_IMAGES");
    let expired = expiring("expired", -60);
    put(endpoint, "users", &expired);
    put(endpoint, "users", &expiring("later", 3600));
    put(endpoint, "users", &json!({"pk": {"S": "never"}}));
    put(endpoint, "users", &json!({"pk": {"S": "text"}, "expires": {"S": "1"}}));
    assert_eq!(keys(endpoint), ["expired", "later", "never", "text"]);
    switch(endpoint, true);
    assert_eq!(keys(endpoint), ["later", "never", "text"]);
    let records = records(endpoint, "users");
    assert_eq!(events(&records), ["INSERT", "INSERT", "INSERT", "INSERT", "REMOVE"]);
    let removed = &records[4];
    assert_eq!(removed["dynamodb"]["OldImage"], expired);
    let service = json!({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"});
    assert_eq!(removed["userIdentity"], service);
    assert_eq!(records[0].get("userIdentity"), None);
}

#[test]
fn what_expired_while_the_stack_was_down_is_gone_when_it_is_back() {
    let folder = scratch();
    let file = folder.path().join("dynamodb.sqlite");
    let start = || runtime().block_on(dynamodb::start(0, Some(&file), Access::default())).unwrap();
    let server = start();
    create(&server.url(), "users", "NEW_IMAGE");
    switch(&server.url(), true);
    // Already expired, so that the test need not wait.
    put(&server.url(), "users", &expiring("expired", -60));
    put(&server.url(), "users", &expiring("later", 3600));
    runtime().block_on(server.stop());
    let server = start();
    assert_eq!(keys(&server.url()), ["later"]);
    runtime().block_on(server.stop());
}

#[test]
fn nothing_expires_when_it_is_off() {
    let sandbox = Sandbox::new();
    let endpoint = &sandbox.endpoint();
    create(endpoint, "users", "NEW_IMAGE");
    put(endpoint, "users", &expiring("kept", -60));
    switch(endpoint, false);
    assert_eq!(keys(endpoint), ["kept"]);
}
