//! How `ddb stream run` and `tail` end.

use std::io::{BufRead as _, BufReader};

use super::{CHECKPOINT, assert_rows, followed, message, once};
use crate::support::{FakeShard, FakeStream, Sandbox, Spawned, eventually};

/// A run in the background, and the lines of its stdout.
fn follow(
    sandbox: &Sandbox,
    verb: &str,
    arguments: &[&str],
) -> (Spawned, impl Iterator<Item = String> + use<>) {
    let mut command = sandbox.command(["ddb", "stream", verb, "-o", "ndjson"]);
    let mut running = Spawned::piped(command.args(arguments));
    let lines = BufReader::new(running.child.stdout.take().unwrap()).lines();
    (running, lines.map(Result::unwrap))
}

#[test]
fn it_follows_until_it_is_told_to_stop() {
    for signal in ["INT", "TERM"] {
        let sandbox = followed();
        let (mut running, mut lines) = follow(&sandbox, "run", &["--checkpoint", CHECKPOINT]);
        for number in 1..=3 {
            sandbox.put_item(message(&sandbox, number));
            assert!(lines.next().unwrap().contains("\"rows\":2"));
            assert_rows(&sandbox, number);
        }
        running.signal(signal);
        assert_eq!(running.code(), 0, "{signal}");
        let report = once(&sandbox).succeeds().json();
        assert_eq!(report["messages"], 0);
    }
}

#[test]
fn draining_that_is_broken_off_is_no_success() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let sandbox = followed();
        std::fs::remove_file(super::checkpoint(&sandbox)).unwrap();
        let hangs = FakeShard { id: "root", hangs_after: Some(0), ..FakeShard::default() };
        let stream = FakeStream::new(vec![hangs], 10);
        let mut command = sandbox.command(["ddb", "stream", "run", "--once", "--checkpoint", CHECKPOINT]);
        let mut running = Spawned::new(command.env("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", stream.url()));
        eventually("a shard is read", || (!stream.log().is_empty()).then_some(()));
        running.signal(signal);
        assert_eq!(running.code(), code);
    }
}

#[test]
fn tail_shows_records_as_they_come_and_ends_quietly_with_its_reader() {
    let sandbox = followed();
    sandbox.put_item(message(&sandbox, 1));
    let (mut running, mut lines) = follow(&sandbox, "tail", &["--from", "trim-horizon"]);
    assert!(lines.next().unwrap().contains("MSG#"));
    drop(lines);
    sandbox.put_item(message(&sandbox, 2));
    assert_eq!(running.code(), 0);
}

#[test]
fn a_tail_that_is_interrupted_ends_its_document() {
    let sandbox = followed();
    sandbox.put_item(message(&sandbox, 1));
    let mut command = sandbox.command(["ddb", "stream", "tail", "--from", "trim-horizon", "-o", "json"]);
    let mut running = Spawned::piped(&mut command);
    let mut stdout = BufReader::new(running.child.stdout.take().unwrap());
    let mut text = String::new();
    stdout.read_line(&mut text).unwrap();
    running.signal("INT");
    assert_eq!(running.code(), 0);
    std::io::Read::read_to_string(&mut stdout, &mut text).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["count"], document["records"].as_array().unwrap().len());
}
