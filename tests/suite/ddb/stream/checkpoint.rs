//! The file in which a run keeps its place.

use super::{CHECKPOINT, checkpoint, followed, message, once, places};
use crate::support::{Run, Sandbox, Shape, TABLE};

fn content(sandbox: &Sandbox) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(checkpoint(sandbox)).unwrap()).unwrap()
}

/// The checkpoint with one field changed.
fn tampered(sandbox: &Sandbox, field: &str, value: serde_json::Value) {
    let mut content = content(sandbox);
    content[field] = value;
    sandbox.write(CHECKPOINT, content.to_string());
}

#[test]
fn it_names_the_stream_and_the_last_record_of_each_shard() {
    let sandbox = followed();
    sandbox.put_item(message(&sandbox, 1));
    once(&sandbox).succeeds();
    let records =
        sandbox.cruddur(["ddb", "stream", "tail", "--once", "--from", "trim-horizon", "-o", "ndjson"]);
    let last = records.succeeds().ndjson().pop().unwrap();
    let shard = last["shard_id"].as_str().unwrap();
    assert_eq!(places(&sandbox), serde_json::json!({ shard: { "after": last["sequence_number"] } }));
    assert_eq!(
        content(&sandbox)["stream_arn"].as_str(),
        sandbox.describe(TABLE).unwrap().latest_stream_arn.as_deref()
    );
}

#[test]
fn by_default_each_endpoint_account_and_table_has_its_own() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
    let run = |variable: &str, folder: &str| {
        let mut command = sandbox.command(["ddb", "stream", "run", "--once"]);
        Run::of(command.env(variable, sandbox.path().join(folder))).succeeds();
    };
    let place = format!("streams/local/127.0.0.1-{}/000000000000/{TABLE}/checkpoint.json", sandbox.port());
    run("CRUDDUR_STATE_DIR", "one");
    assert!(sandbox.path().join("one").join(&place).is_file());
    run("XDG_STATE_HOME", "two");
    assert!(sandbox.path().join("two/cruddur").join(&place).is_file());
    run("HOME", "three");
    assert!(sandbox.path().join("three/.local/state/cruddur").join(&place).is_file());
}

#[test]
fn another_tables_checkpoint_is_refused() {
    let sandbox = followed();
    let former = content(&sandbox)["stream_arn"].as_str().unwrap().replace(TABLE, "others");
    tampered(&sandbox, "stream_arn", former.clone().into());
    sandbox.put_item(message(&sandbox, 1));
    let rows = sandbox.items_of("GRP#");
    once(&sandbox).exits_with(3).says("belongs to another table's stream").says("--checkpoint");
    assert_eq!(content(&sandbox)["stream_arn"], former.as_str());
    assert_eq!(sandbox.items_of("GRP#"), rows);
}

#[test]
fn a_stream_that_took_the_place_of_another_is_begun_anew() {
    let sandbox = followed();
    sandbox.cruddur(["ddb", "stream", "disable"]).succeeds();
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
    sandbox.put_item(message(&sandbox, 1));
    once(&sandbox).succeeds().says("is for a former stream of this table").says("cruddur ddb check --repair");
    super::assert_rows(&sandbox, 1);
    let arn = sandbox.describe(TABLE).unwrap().latest_stream_arn;
    assert_eq!(content(&sandbox)["stream_arn"].as_str(), arn.as_deref());
    let quiet = once(&sandbox).succeeds();
    assert!(!quiet.stderr.contains("Warning"), "{}", quiet.stderr);
}

#[test]
fn a_place_older_than_the_streams_memory_is_warned_about() {
    let sandbox = followed();
    tampered(&sandbox, "saved_at", "2026-01-01T00:00:00.000000+00:00".into());
    once(&sandbox).succeeds().says("more than 24 hours old").says("cruddur ddb check --repair");
}

#[test]
fn what_is_no_checkpoint_is_left_alone() {
    let sandbox = followed();
    for (text, said) in [
        ("{\n  \"version\": 1,\n  oops", "place.json:3: not a valid stream checkpoint"),
        ("dear diary", "place.json:1: not a valid stream checkpoint"),
        ("", "not a valid stream checkpoint"),
    ] {
        sandbox.write(CHECKPOINT, text);
        once(&sandbox).exits_with(1).says(said).says("to start over, delete it");
        assert_eq!(std::fs::read_to_string(checkpoint(&sandbox)).unwrap(), text);
    }
    std::fs::remove_file(checkpoint(&sandbox)).unwrap();
    once(&sandbox).succeeds();
    tampered(&sandbox, "version", 2.into());
    once(&sandbox).exits_with(1).says("has version 2");
}

#[test]
fn a_place_where_nothing_can_be_kept_is_said_before_anything_is_done() {
    let sandbox = followed();
    sandbox.put_item(message(&sandbox, 1));
    let rows = sandbox.items_of("GRP#");
    let run = |file: &str| sandbox.cruddur(["ddb", "stream", "run", "--once", "--checkpoint", file]);
    run("nowhere/place.json").exits_with(1).says("cannot use nowhere/place.json");
    run(".").exits_with(1).says("it is a folder");
    assert_eq!(sandbox.items_of("GRP#"), rows);
}
