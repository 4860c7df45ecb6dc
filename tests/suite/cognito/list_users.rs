//! `cognito list-users`

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::support::{BIG, COGNITO_ENDPOINT, Fault, Pool, Proxy, Run, Sandbox, big_pool, moto};

const LIST: [&str; 2] = ["cognito", "list-users"];

/// cruddur on the big pool through `proxy`.
fn through(proxy: &Proxy, arguments: &[&str]) -> Run {
    let sandbox = Sandbox::new();
    let mut command = sandbox.with_pool(big_pool(), &LIST);
    Run::of(command.args(arguments).env(COGNITO_ENDPOINT, proxy.url()))
}

/// The user of a document whose email begins with `name`.
#[track_caller]
fn user<'a>(document: &'a Value, name: &str) -> &'a Value {
    let email = format!("{name}@example.com");
    document["users"].as_array().unwrap().iter().find(|user| user["email"] == email.as_str()).unwrap()
}

#[test]
fn every_page_is_listed() {
    let run =
        Sandbox::new().cruddur_with_pool(big_pool(), &["cognito", "list-users", "-o", "json"]).succeeds();
    let document = run.json();
    assert_eq!(document["count"], BIG);
    let users = document["users"].as_array().unwrap();
    let subs: BTreeSet<&str> = users.iter().map(|user| user["sub"].as_str().unwrap()).collect();
    assert_eq!((users.len(), subs.len()), (BIG, BIG), "nobody is missing, nobody is there twice");
    for name in ["walker-000", "walker-059", "walker-060", "walker-124", "twin-b", "nameless-3", "fresh"] {
        assert_eq!(user(&document, name)["sub"], big_pool().sub(name).as_str());
    }
    assert!(run.stderr.contains(&format!("134 users in {}", big_pool().id)), "{}", run.stderr);
}

#[test]
fn a_user_has_these_fields() {
    let document = Sandbox::new()
        .cruddur_with_pool(big_pool(), &["cognito", "list-users", "-o", "json"])
        .succeeds()
        .json();
    let names: Vec<&String> = user(&document, "nina").as_object().unwrap().keys().collect();
    assert_eq!(
        names.iter().copied().collect::<BTreeSet<_>>(),
        ["created", "email", "enabled", "handle", "name", "status", "sub"].map(String::from).iter().collect()
    );
    let summary = |name| {
        let user = user(&document, name);
        (user["handle"].clone(), user["status"].clone(), user["enabled"].clone())
    };
    assert_eq!(summary("nina"), (json!("nina"), json!("FORCE_CHANGE_PASSWORD"), json!(true)));
    assert_eq!(summary("fresh"), (json!("fresh"), json!("UNCONFIRMED"), json!(true)));
    assert_eq!(summary("gone"), (json!("gone"), json!("FORCE_CHANGE_PASSWORD"), json!(false)));
    assert_eq!(summary("nameless-0").0, Value::Null);
    let time = Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$").unwrap();
    for user in document["users"].as_array().unwrap() {
        assert!(time.is_match(user["created"].as_str().unwrap()), "{user}");
    }
}

#[test]
fn a_table_leaves_a_missing_handle_blank() {
    let run = Sandbox::new().cruddur_with_pool(big_pool(), &LIST).succeeds();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), BIG + 1);
    let header: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(header, ["HANDLE", "SUB", "EMAIL", "STATUS", "ENABLED", "CREATED"]);
    let words = |name: &str| -> Vec<&str> {
        let email = format!("{name}@example.com");
        lines.iter().find(|line| line.contains(&email)).unwrap().split_whitespace().collect()
    };
    let sub = big_pool().sub("nameless-2");
    assert_eq!(words("nameless-2")[..4], [&sub, "nameless-2@example.com", "FORCE_CHANGE_PASSWORD", "yes"]);
    let sub = big_pool().sub("gone");
    assert_eq!(words("gone")[..5], ["gone", &sub, "gone@example.com", "FORCE_CHANGE_PASSWORD", "no"]);
}

#[test]
fn ndjson_is_a_user_a_line() {
    let users = Sandbox::new()
        .cruddur_with_pool(big_pool(), &["cognito", "list-users", "-o", "ndjson"])
        .succeeds()
        .ndjson();
    assert_eq!(users.len(), BIG);
    assert!(users.iter().all(|user| user["sub"].is_string()));
}

#[test]
fn an_empty_pool_is_no_error() {
    let (sandbox, pool) = (Sandbox::new(), Pool::new());
    let document =
        sandbox.cruddur_with_pool(&pool, &["cognito", "list-users", "-o", "json"]).succeeds().json();
    assert_eq!(document, json!({ "users": [], "count": 0 }));
    assert_eq!(
        sandbox.cruddur_with_pool(&pool, &["cognito", "list-users", "--map"]).succeeds().json(),
        json!({})
    );
}

#[test]
fn pages_are_of_60_and_differ_in_their_token_only() {
    let proxy = Proxy::new(moto().url(), "ListUsers", |_| None);
    let filter = r#"cognito:user_status = "FORCE_CHANGE_PASSWORD""#;
    through(&proxy, &["--filter", filter, "-o", "json"]).succeeds();
    let bodies = proxy.bodies();
    assert_eq!(bodies.len(), 3);
    for (index, mut body) in bodies.into_iter().enumerate() {
        let token = body.as_object_mut().unwrap().remove("PaginationToken");
        assert_eq!(token.is_some(), index > 0);
        assert_eq!(body, json!({ "UserPoolId": big_pool().id, "Limit": 60, "Filter": filter }));
    }
}

#[test]
fn without_a_filter_none_is_sent() {
    let proxy = Proxy::new(moto().url(), "ListUsers", |_| None);
    through(&proxy, &[]).succeeds();
    assert_eq!(proxy.bodies()[0], json!({ "UserPoolId": big_pool().id, "Limit": 60 }));
}

#[test]
fn a_filter_lets_through_what_the_service_says() {
    let sandbox = Sandbox::new();
    let handles = |filter: &str| -> Vec<Value> {
        let run = sandbox
            .cruddur_with_pool(big_pool(), &["cognito", "list-users", "-o", "json", "--filter", filter]);
        run.succeeds().json()["users"].as_array().unwrap().iter().map(|user| user["handle"].clone()).collect()
    };
    assert_eq!(handles(r#"preferred_username = "nina""#), ["nina"]);
    assert_eq!(handles(r#"email ^= "nameless""#), [Value::Null, Value::Null, Value::Null, Value::Null]);
    assert_eq!(handles(r#"preferred_username = "nobody""#), [""; 0]);
}

#[test]
fn the_map_is_of_handles_that_name_one_user() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .cruddur_with_pool(big_pool(), &["cognito", "list-users", "--map"])
        .succeeds()
        .says("left out: 4 users without a handle")
        .says("left out, shared by several users: twin\n");
    let map = run.json();
    let map = map.as_object().unwrap();
    assert_eq!(map.len(), BIG - 4 - 2);
    assert_eq!(map["nina"], big_pool().sub("nina").as_str());
    assert_eq!(map["walker-124"], big_pool().sub("walker-124").as_str());
    let handles: Vec<&str> = run.stdout.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert!(handles.is_sorted(), "{handles:?}");
    sandbox.cruddur_with_pool(big_pool(), &["cognito", "list-users", "--map", "-o", "json"]).exits_with(2);
}

#[test]
fn throttling_is_waited_out() {
    let plan = |call| (1..4).contains(&call).then_some(Fault::Error(400, "TooManyRequestsException"));
    let proxy = Proxy::new(moto().url(), "ListUsers", plan);
    let document = through(&proxy, &["-o", "json"]).succeeds().json();
    assert_eq!(document["count"], BIG);
    assert_eq!(proxy.calls(), 6);
}

#[test]
fn a_page_that_never_comes_is_an_error() {
    let plan = |call| (call > 1).then_some(Fault::Error(500, "InternalErrorException"));
    let proxy = Proxy::new(moto().url(), "ListUsers", plan);
    let run = through(&proxy, &["-o", "json"]).exits_with(1).says("cannot list the users of us-east-1_");
    assert!(serde_json::from_str::<Value>(&run.stdout).is_err(), "half a list is no document");
    let run = through(&proxy, &["--map"]).exits_with(1);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_token_that_comes_again_is_no_endless_list() {
    let pages =
        [r#"{"Users":[],"PaginationToken":"round"}"#, r#"{"Users":[],"PaginationToken":"and round"}"#];
    let proxy = Proxy::new(moto().url(), "ListUsers", move |call| Some(Fault::Answer(pages[call % 2])));
    through(&proxy, &[]).exits_with(1).says("repeats a page key, so the pages would never end");
    assert_eq!(proxy.calls(), 3);
}

#[test]
fn an_empty_page_is_not_the_last_one() {
    let page = r#"{"Users":[],"PaginationToken":"eyJ1bmlxdWVBdHRyaWJ1dGVzIjogIm5vIn0="}"#;
    let proxy = Proxy::new(moto().url(), "ListUsers", move |call| match call {
        0 => Some(Fault::Answer(page)),
        _ => Some(Fault::Answer(
            r#"{"Users":[{"Username":"ida","Enabled":true,"Attributes":[{"Name":"sub","Value":"s-1"}]}]}"#,
        )),
    });
    let document = through(&proxy, &["-o", "json"]).succeeds().json();
    assert_eq!(
        document["users"],
        json!([{ "handle": null, "sub": "s-1", "email": null, "name": null, "status": null, "enabled": true, "created": null }])
    );
}
