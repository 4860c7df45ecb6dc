//! Several stacks at the same time.

use std::fs;

use serde_json::json;

use super::{Checkouts, url};
use crate::support::{boto3, runtime, sql};

/// The tables at a DynamoDB on this port, by boto3.
fn tables(port: u16) -> Vec<String> {
    let listed = boto3(&format!("http://127.0.0.1:{port}"), "dynamodb", "list_tables", &json!({}));
    serde_json::from_value(listed["TableNames"].clone()).unwrap()
}

/// The users of a user pool on this port, by boto3.
fn users(port: u16) -> usize {
    let pool = json!({ "UserPoolId": crate::support::LOCAL_POOL });
    let listed = boto3(&format!("http://127.0.0.1:{port}"), "cognito-idp", "list_users", &pool);
    listed["Users"].as_array().unwrap().len()
}

/// Whether there is a users table in the PostgreSQL on this port.
fn has_people(port: u16) -> bool {
    sql(&url(port), "SELECT to_regclass('public.users') IS NOT NULL") == [["t"]]
}

#[test]
fn two_clones_and_a_worktree_have_their_own_data_and_keep_their_ports() {
    let checkouts = Checkouts::new();
    let first = checkouts.up("one", &[]).succeeds();
    assert!(!first.stderr.contains("belongs") && !first.stderr.contains("Hint"), "{}", first.stderr);
    // From below, and with another `.env` on the way.
    fs::write(checkouts.folder("two/app/.env"), checkouts.settings()).unwrap();
    let mut second = checkouts.up("two/app/src", &[]).succeeds();
    for (asked, instead) in checkouts.asked().iter().zip(checkouts.instead(0)) {
        let line = format!("port {asked} belongs to {}; this one has {instead}\n", checkouts.named("one"));
        second = second.says(&line);
    }
    assert!(!second.stderr.contains("Hint"), "nothing is left to be set: {}", second.stderr);
    checkouts.up("three", &[]).succeeds();
    let ports = [checkouts.asked(), checkouts.instead(0), checkouts.instead(1)];
    for (name, ports) in ["one", "two", "three"].into_iter().zip(ports) {
        assert_eq!(checkouts.ports(name), ports, "{name}");
        assert_eq!(checkouts.ports(&format!("{name}/app/src")), ports, "{name}");
    }

    checkouts.cruddur("two/app", &["setup"]).succeeds();
    for (ports, is_set_up) in ports.iter().zip([false, true, false]) {
        assert_eq!(tables(ports[0]), if is_set_up { vec!["cruddur-messages"] } else { vec![] });
        assert_eq!(has_people(ports[1]), is_set_up);
        assert_eq!(users(ports[2]), if is_set_up { 3 } else { 0 });
    }
    let listed = |folder: &str| checkouts.cruddur(folder, &["ddb", "list-tables", "-o", "json"]).succeeds();
    assert_eq!(listed("two/app/src").json()["tables"][0]["name"], "cruddur-messages");
    assert_eq!(listed("one").json()["count"], 0);

    // Whoever starts first the next time.
    for name in ["one", "two", "three"] {
        checkouts.down(name);
    }
    for (name, ports) in ["three", "two", "one"].into_iter().zip(ports.iter().rev()) {
        checkouts.up(name, &[]).succeeds();
        assert_eq!(checkouts.ports(name), *ports, "{name}");
    }
    assert_eq!(tables(ports[1][0]), ["cruddur-messages"]);
    assert!(has_people(ports[1][1]));
}

#[test]
fn a_running_stack_is_restored_on_its_ports() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    checkouts.up("two", &[]).succeeds();
    let url = url(checkouts.instead(0)[1]);
    sql(&url, "CREATE TABLE kept (word text)");
    checkouts.cruddur("two/app", &["local", "snapshot", "kept"]).succeeds();
    sql(&url, "DROP TABLE kept");
    checkouts.cruddur("two", &["local", "restore", "kept"]).succeeds().says("the stack runs again");
    assert_eq!(checkouts.ports("two"), checkouts.instead(0));
    assert_eq!(sql(&url, "SELECT count(*) FROM kept"), [["0"]]);
    checkouts.down("two");
    checkouts.up("two", &[]).succeeds();
    assert_eq!(checkouts.ports("two"), checkouts.instead(0));
}

#[test]
fn the_background_goes_by_the_env_file() {
    let checkouts = Checkouts::new();
    let url = format!("postgresql://quinn:horse@localhost:{}/people", checkouts.postgres.asked);
    fs::write(checkouts.folder("one/.env"), format!("CONNECTION_URL={url}\n")).unwrap();
    let flags = [("dynamodb", &checkouts.dynamodb), ("cognito", &checkouts.cognito)]
        .map(|(name, port)| format!("--{name}-port={}", port.asked));
    checkouts.up("one", &flags.each_ref().map(String::as_str)).succeeds();
    assert_eq!(sql(&url, "SELECT current_user, current_database()"), [["quinn", "people"]]);
    // The ports of flags are found, too.
    assert_eq!(checkouts.ports("one"), checkouts.asked());
    checkouts.cruddur("one", &["ddb", "schema-load"]).succeeds();
    assert_eq!(tables(checkouts.dynamodb.asked), ["cruddur-messages"]);
}

#[test]
fn what_another_program_serves_is_used_by_all() {
    let checkouts = Checkouts::new();
    let access = cruddur::local::Access::default();
    let start = cruddur::local::dynamodb::start(checkouts.dynamodb.asked, None, access);
    let server = runtime().block_on(start).unwrap();
    for (name, number) in [("one", None), ("two", Some(0))] {
        let up = checkouts.up(name, &[]).succeeds();
        assert!(up.stderr.starts_with("dynamodb    external"), "{}", up.stderr);
        let mut ports = number.map_or(checkouts.asked(), |number| checkouts.instead(number));
        ports[0] = checkouts.dynamodb.asked;
        assert_eq!(checkouts.ports(name), ports);
    }
    runtime().block_on(server.stop());
}
