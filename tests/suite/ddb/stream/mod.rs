//! `cruddur ddb stream`

mod checkpoint;
mod event;
mod faults;
mod interleavings;
mod policy;
mod run;
mod shards;
mod stop;
mod switch;
mod tail;

use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::support::{Item, Run, Sandbox, text};

/// The checkpoint that these tests name.
const CHECKPOINT: &str = "place.json";

/// A seeded table with a stream that is handled up to now.
fn followed() -> Sandbox {
    let sandbox = Sandbox::seeded();
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
    once(&sandbox).succeeds();
    sandbox
}

/// Drains the stream.
fn once(sandbox: &Sandbox) -> Run {
    sandbox.cruddur(["ddb", "stream", "run", "--once", "--checkpoint", CHECKPOINT, "-o", "json"])
}

/// A message of the seeded group, as the app puts it, without its rows.
fn message(sandbox: &Sandbox, number: usize) -> Item {
    let mut item = sandbox.items_of("MSG#").remove(0);
    for (name, value) in [("sk", sent_at(number)), ("message", format!("message {number}"))] {
        item.insert(name.to_owned(), AttributeValue::S(value));
    }
    item
}

fn sent_at(number: usize) -> String {
    format!("2031-05-06T07:08:09.{number:06}+00:00")
}

/// Both rows of the seeded group show this message.
#[track_caller]
fn assert_rows(sandbox: &Sandbox, number: usize) {
    let shown: Vec<_> =
        sandbox.items_of("GRP#").iter().map(|row| (text(row, "sk"), text(row, "message"))).collect();
    assert_eq!(shown, vec![(sent_at(number), format!("message {number}")); 2]);
}

fn checkpoint(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join(CHECKPOINT)
}

/// What the checkpoint says of the shards.
fn places(sandbox: &Sandbox) -> serde_json::Value {
    let text = std::fs::read_to_string(checkpoint(sandbox)).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["shards"].clone()
}
