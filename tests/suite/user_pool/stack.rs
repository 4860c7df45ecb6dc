//! The pool as a part of the stack: who reaches it, and where it keeps its users.

use std::fs;

use axum::body::Body;
use http::{Request, StatusCode};
use rusqlite::Connection;
use serde_json::json;

use super::{Local, email, person};
use crate::support::{
    COGNITO_ENDPOINT, HttpAnswer, LOCAL_POOL, Run, Sandbox, World, boto3, files_below, send_http,
};

const PASSWORD: &str = "Correct-horse-battery-7";

/// AdminDeleteUser with further headers.
fn delete_nina(pool: &Local, headers: &[(&str, &str)]) -> HttpAnswer {
    let mut request = Request::post(pool.0.url())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityProviderService.AdminDeleteUser");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = json!({ "UserPoolId": LOCAL_POOL, "Username": email("nina") }).to_string();
    send_http(request.body(Body::from(body)).unwrap())
}

#[test]
fn web_pages_are_refused_as_by_dynamodb() {
    let pool = Local::new();
    pool.add("nina");
    for header in [
        ("origin", "https://evil.example.com"),
        ("origin", "null"),
        ("host", "evil.example.com"),
        ("host", "localhost.evil.example.com:9229"),
    ] {
        let answer = delete_nina(&pool, &[header]);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{header:?}: {answer:?}");
        assert!(answer.body.contains("AccessDeniedException"), "{answer:?}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
    }
    pool.call("admin_get_user", &json!({ "Username": email("nina") }));
    assert_eq!(delete_nina(&pool, &[]).status, StatusCode::OK);
    assert_eq!(
        pool.refusal("admin_get_user", &json!({ "Username": email("nina") })),
        "UserNotFoundException"
    );
}

#[test]
fn what_is_no_request_is_answered_with_an_error() {
    let pool = Local::new();
    let send = |target: &str, body: &str| {
        let request = Request::post(pool.0.url()).header("x-amz-target", target);
        send_http(request.body(Body::from(body.to_owned())).unwrap())
    };
    let list = "AWSCognitoIdentityProviderService.ListUsers";
    for (target, body, error) in [
        ("", "{}", "UnknownOperationException"),
        ("DynamoDB_20120810.ListTables", "{}", "UnknownOperationException"),
        (list, "", "SerializationException"),
        (list, "{", "SerializationException"),
        (list, "{}", "InvalidParameterException"),
        (list, r#"{"UserPoolId":7}"#, "InvalidParameterException"),
    ] {
        let answer = send(target, body);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/x-amz-json-1.1");
        let shown: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(shown["__type"], error, "{target} {body}");
    }
    let get = Request::get(pool.0.url()).body(Body::empty()).unwrap();
    assert_eq!(send_http(get).status, StatusCode::BAD_REQUEST);
}

#[test]
fn passwords_are_kept_as_hashes_and_nothing_before_the_first_request() {
    let world = World::new();
    world.up(&[]).succeeds();
    let file = world.data().join("user-pool.sqlite");
    assert!(!file.exists(), "nobody has asked for anything");
    let ask = |operation: &str, mut arguments: serde_json::Value| {
        arguments["UserPoolId"] = LOCAL_POOL.into();
        boto3(&world.cognito(), "cognito-idp", operation, &arguments)
    };
    for handle in ["nina", "oscar"] {
        ask("admin_create_user", person(handle));
        let password = json!({ "Username": email(handle), "Password": PASSWORD, "Permanent": true });
        ask("admin_set_user_password", password);
    }
    world.down().succeeds();
    for path in files_below(&world.data()) {
        let bytes = fs::read(&path).unwrap();
        let found = bytes.windows(PASSWORD.len()).any(|found| found == PASSWORD.as_bytes());
        assert!(!found, "the password is in {}", path.display());
    }
    let kept = Connection::open(file).unwrap();
    let mut kept = kept.prepare("SELECT email, record FROM users ORDER BY email").unwrap();
    let kept = kept.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let (emails, hashes): (Vec<String>, Vec<String>) = kept
        .map(|row: rusqlite::Result<(String, String)>| {
            let (email, record) = row.unwrap();
            let record: serde_json::Value = serde_json::from_str(&record).unwrap();
            (email, record["password"]["derived"].as_str().unwrap().to_owned())
        })
        .unzip();
    assert_eq!(emails, ["nina", "oscar"].map(email));
    assert_ne!(hashes[0], hashes[1], "the same password, and another salt");
}

#[test]
fn an_ephemeral_stack_keeps_no_user() {
    let world = World::new();
    world.up(&["--ephemeral"]).succeeds();
    let mut arguments = person("nina");
    arguments["UserPoolId"] = LOCAL_POOL.into();
    boto3(&world.cognito(), "cognito-idp", "admin_create_user", &arguments);
    world.cruddur(["cognito", "list-users"]).succeeds().says("1 user in");
    assert!(!world.data().join("user-pool.sqlite").exists());
    world.down().succeeds();
    world.up(&["--ephemeral"]).succeeds();
    world.cruddur(["cognito", "list-users"]).succeeds().says("0 users in");
}

/// The value that `config show` gives for a setting.
fn setting(sandbox: &Sandbox, name: &str, pool: Option<&str>) -> serde_json::Value {
    let mut command = sandbox.command(["config", "show", "-o", "json"]);
    command.env_remove("AWS_COGNITO_USER_POOL_ID").env_remove(COGNITO_ENDPOINT);
    command.envs(pool.map(|pool| ("AWS_COGNITO_USER_POOL_ID", pool)));
    let document = Run::of(&mut command).succeeds().json();
    let settings = document["settings"].as_array().unwrap().iter();
    settings.clone().find(|setting| setting["name"] == name).unwrap()["value"].clone()
}

#[test]
fn it_is_the_default_and_other_pools_are_on_aws() {
    let sandbox = Sandbox::new();
    let local = "http://localhost:9229";
    let shown = |pool| ["user pool", "Cognito endpoint"].map(|name| setting(&sandbox, name, pool));
    assert_eq!(shown(None), [json!(LOCAL_POOL), json!(local)]);
    assert_eq!(shown(Some(LOCAL_POOL)), [json!(LOCAL_POOL), json!(local)]);
    assert_eq!(shown(Some("eu-west-3_AbCdEfGhI")), [json!("eu-west-3_AbCdEfGhI"), json!("AWS's own")]);
    assert_eq!(shown(Some("")), [json!(null), json!("AWS's own")]);
    let list = ["cognito", "list-users"];
    sandbox.cruddur(list).exits_with(4).says("no user pool is configured");
    let mut nobody = sandbox.command(list);
    nobody.env_remove("AWS_COGNITO_USER_POOL_ID").env(COGNITO_ENDPOINT, "http://127.0.0.1:1");
    Run::of(&mut nobody).exits_with(1).says("Hint: run: cruddur local up");
    // In production there is no default.
    let mut production = sandbox.command(["cognito", "list-users", "--prod"]);
    Run::of(production.env_remove("AWS_COGNITO_USER_POOL_ID")).exits_with(4).says("no user pool");
}
