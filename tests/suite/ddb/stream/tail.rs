//! `ddb stream tail`: what it shows.

use super::message;
use crate::support::{Run, Sandbox, TABLE, runtime, text};

fn streaming() -> Sandbox {
    let sandbox = Sandbox::seeded();
    sandbox.cruddur(["ddb", "stream", "enable", "--view", "new-and-old-images"]).succeeds();
    sandbox
}

fn tail(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut command = sandbox.command(["ddb", "stream", "tail", "--once"]);
    Run::of(command.args(arguments)).succeeds()
}

#[test]
fn every_change_is_shown_with_its_images() {
    let sandbox = streaming();
    let item = message(&sandbox, 1);
    sandbox.put_item(item.clone());
    let mut changed = item.clone();
    changed.insert("message".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("changed".to_owned()));
    sandbox.put_item(changed);
    let request = sandbox.dynamodb().delete_item().table_name(TABLE);
    let request = request.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
    runtime().block_on(request.send()).unwrap();
    let shown = tail(&sandbox, &["--from", "trim-horizon", "-o", "ndjson"]).ndjson();
    let events: Vec<&str> = shown.iter().map(|record| record["event_name"].as_str().unwrap()).collect();
    assert_eq!(events, ["INSERT", "MODIFY", "REMOVE"]);
    assert_eq!(shown[0]["new_image"]["message"], "message 1");
    assert_eq!(shown[0].get("old_image"), None);
    assert_eq!(
        (&shown[1]["old_image"]["message"], &shown[1]["new_image"]["message"]),
        (&"message 1".into(), &"changed".into())
    );
    assert_eq!(shown[2]["old_image"]["message"], "changed");
    assert_eq!(shown[2]["keys"], serde_json::json!({ "pk": text(&item, "pk"), "sk": text(&item, "sk") }));
    assert!(shown[0]["sequence_number"].as_str().unwrap() < shown[2]["sequence_number"].as_str().unwrap());
    let at = shown[0]["created_at"].as_str().unwrap();
    assert!(at.parse::<cruddur::messaging::Timestamp>().is_ok(), "{at}");
}

#[test]
fn typed_it_is_dynamodbs_own_json() {
    let sandbox = streaming();
    sandbox.put_item(message(&sandbox, 1));
    let shown = tail(&sandbox, &["--from", "trim-horizon", "-o", "json", "--typed"]).json();
    assert_eq!(shown["count"], 1);
    assert_eq!(shown["records"][0]["new_image"]["message"], serde_json::json!({ "S": "message 1" }));
}

#[test]
fn a_table_has_a_line_for_each_record() {
    let sandbox = streaming();
    sandbox.put_all((1..=3).map(|number| message(&sandbox, number)));
    let shown = tail(&sandbox, &["--from", "trim-horizon"]).stdout;
    assert_eq!(shown.lines().count(), 4, "{shown}");
    assert!(shown.lines().nth(3).unwrap().contains("message 3"), "{shown}");
}

#[test]
fn from_the_latest_on_nothing_old_is_shown() {
    let sandbox = streaming();
    sandbox.put_item(message(&sandbox, 1));
    assert_eq!(tail(&sandbox, &["-o", "ndjson"]).says("0 records").stdout, "");
}

#[test]
fn it_leaves_the_table_and_the_place_of_a_run_alone() {
    let sandbox = streaming();
    sandbox.put_item(message(&sandbox, 1));
    let items = sandbox.items_of("");
    let home = || std::fs::read_dir(sandbox.path()).unwrap().count();
    let before = home();
    tail(&sandbox, &["--from", "trim-horizon"]);
    assert_eq!((sandbox.items_of(""), home()), (items, before));
}
