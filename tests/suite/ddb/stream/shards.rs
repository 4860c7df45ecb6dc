//! `ddb stream run` on streams with many shards.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{CHECKPOINT, assert_rows, checkpoint, followed, message, places};
use crate::support::{
    FakeShard, FakeStream, Fault, Item, Proxy, Run, Sandbox, Spawned, eventually, sequence_number,
};

/// Puts these messages, and gives them as records.
fn records(sandbox: &Sandbox, numbers: std::ops::RangeInclusive<usize>) -> Vec<(usize, Item)> {
    let records: Vec<(usize, Item)> = numbers.map(|number| (number, message(sandbox, number))).collect();
    sandbox.put_all(records.iter().map(|(_, item)| item.clone()));
    records
}

/// A sandbox with a stream whose place is not kept yet.
fn fresh() -> Sandbox {
    let sandbox = followed();
    std::fs::remove_file(checkpoint(&sandbox)).unwrap();
    sandbox
}

fn run(sandbox: &Sandbox, streams: &str, arguments: &[&str]) -> std::process::Command {
    let mut command = sandbox.command(["ddb", "stream", "run", "--checkpoint", CHECKPOINT, "-o", "ndjson"]);
    command.args(arguments).env("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", streams);
    command
}

fn once(sandbox: &Sandbox, stream: &FakeStream) -> Run {
    Run::of(&mut run(sandbox, stream.url(), &["--once"]))
}

fn shard(id: &'static str, parent: Option<&'static str>, records: Vec<(usize, Item)>) -> FakeShard {
    FakeShard { id, parent, records, closed: true, ..FakeShard::default() }
}

/// The numbers that the stream gave, in order.
fn given(stream: &FakeStream) -> Vec<usize> {
    let log = stream.log();
    let gave = log.iter().filter_map(|line| line.split_once(" gave ").map(|(_, numbers)| numbers));
    gave.flat_map(|numbers| numbers.split(' ')).map(|number| number.parse().unwrap()).collect()
}

fn done(number: usize) -> serde_json::Value {
    serde_json::json!({ "after": sequence_number(number) })
}

#[test]
fn parents_are_read_to_their_end_before_their_children() {
    let sandbox = fresh();
    // Listed over three pages, the children first.
    let stream = FakeStream::new(
        vec![
            FakeShard { closed: false, ..shard("left-left", Some("left"), records(&sandbox, 9..=10)) },
            shard("left", Some("root"), records(&sandbox, 4..=6)),
            FakeShard { closed: false, ..shard("right", Some("root"), records(&sandbox, 7..=8)) },
            shard("root", Some("forgotten"), records(&sandbox, 1..=3)),
            FakeShard { closed: false, ..shard("left-right", Some("left"), Vec::new()) },
        ],
        2,
    );
    once(&sandbox, &stream).succeeds().says("handled 10 records");
    let given = given(&stream);
    let place = |number: usize| given.iter().position(|given| *given == number).unwrap();
    assert_eq!(given.len(), 10, "{given:?}");
    for (earlier, later) in [(3, 4), (3, 7), (6, 9)] {
        assert!(place(earlier) < place(later), "{given:?}");
    }
    assert_rows(&sandbox, 10);
    assert_eq!(
        places(&sandbox),
        serde_json::json!({
            "root": "done", "left": "done", "right": done(8), "left-left": done(10), "left-right": "trim_horizon",
        })
    );
}

#[test]
fn a_restart_begins_behind_the_last_record_of_each_shard() {
    let sandbox = fresh();
    let stream = FakeStream::new(
        vec![
            shard("root", None, records(&sandbox, 1..=3)),
            FakeShard { closed: false, ..shard("child", Some("root"), records(&sandbox, 4..=5)) },
        ],
        2,
    );
    once(&sandbox, &stream).succeeds();
    let asked = stream.log().len();
    let more = records(&sandbox, 6..=7);
    stream.change(|shards| shards[1].records.extend(more));
    once(&sandbox, &stream).succeeds();
    assert_eq!(stream.log()[asked..], ["child after 5", "child gave 6 7"]);
    assert_rows(&sandbox, 7);
}

#[test]
fn shards_that_split_while_it_runs_are_followed() {
    let sandbox = fresh();
    let stream = FakeStream::new(
        vec![FakeShard { closed: false, ..shard("root", None, records(&sandbox, 1..=1)) }],
        10,
    );
    let mut running = Spawned::new(&mut run(&sandbox, stream.url(), &[]));
    let reached = |shard: &'static str, place: serde_json::Value| {
        eventually("the place in a shard", || {
            (checkpoint(&sandbox).exists() && places(&sandbox)[shard] == place).then_some(())
        });
    };
    reached("root", done(1));
    let (left, right) = (records(&sandbox, 2..=2), records(&sandbox, 3..=3));
    stream.change(|shards| {
        shards[0].closed = true;
        shards.push(FakeShard { closed: false, ..shard("left", Some("root"), left) });
        shards.push(FakeShard { closed: false, ..shard("right", Some("root"), right) });
    });
    reached("left", done(2));
    reached("right", done(3));
    assert_eq!(places(&sandbox)["root"], "done");
    running.signal("INT");
    assert_eq!(running.code(), 0);
    assert_rows(&sandbox, 3);
}

#[test]
fn killed_at_any_time_it_neither_loses_nor_repeats() {
    let sandbox = fresh();
    let stream = FakeStream::new(
        vec![FakeShard {
            closed: false,
            hangs_after: Some(4),
            ..shard("root", None, records(&sandbox, 1..=7))
        }],
        2,
    );
    let mut running = Spawned::new(&mut run(&sandbox, stream.url(), &[]));
    // It has saved four records, and its next request has arrived.
    eventually("the fifth record asked for", || {
        stream.log().contains(&"root hangs after 4".to_owned()).then_some(())
    });
    assert_eq!(places(&sandbox)["root"], done(4));
    running.signal("KILL");
    assert_eq!(running.code(), 128 + 9);
    stream.change(|shards| shards[0].hangs_after = None);
    once(&sandbox, &stream).succeeds().says("handled 3 records");
    assert_eq!(given(&stream), [1, 2, 3, 4, 5, 6, 7]);
    assert!(stream.log().contains(&"root after 4".to_owned()), "{:?}", stream.log());
    assert_rows(&sandbox, 7);
}

#[test]
fn records_that_were_deleted_meanwhile_are_warned_about() {
    let sandbox = fresh();
    let stream = FakeStream::new(
        vec![FakeShard { closed: false, ..shard("root", None, records(&sandbox, 1..=2)) }],
        10,
    );
    once(&sandbox, &stream).succeeds();
    let more = records(&sandbox, 3..=6);
    stream.change(|shards| {
        shards[0].records.extend(more);
        shards[0].trimmed = 4;
    });
    once(&sandbox, &stream).succeeds().says("records of root are gone").says("cruddur ddb check --repair");
    assert_eq!(given(&stream), [1, 2, 5, 6]);
    assert_rows(&sandbox, 6);
}

#[test]
fn a_shard_that_vanished_unread_is_warned_about_and_forgotten() {
    let sandbox = fresh();
    let stream = FakeStream::new(
        vec![FakeShard { closed: false, ..shard("old", None, records(&sandbox, 1..=2)) }],
        10,
    );
    once(&sandbox, &stream).succeeds();
    let more = records(&sandbox, 3..=3);
    stream.change(|shards| *shards = vec![FakeShard { closed: false, ..shard("new", Some("old"), more) }]);
    once(&sandbox, &stream).succeeds().says("records of old are gone");
    assert_eq!(places(&sandbox), serde_json::json!({ "new": done(3) }));
    assert_rows(&sandbox, 3);
}

#[test]
fn an_expired_iterator_after_a_shards_beginning_repeats_nothing() {
    let sandbox = fresh();
    let stream = FakeStream::new(
        vec![FakeShard { closed: false, ..shard("root", None, records(&sandbox, 1..=5)) }],
        2,
    );
    let proxy = Proxy::new(stream.url().to_owned(), "GetRecords", |call| {
        (call == 1).then_some(Fault::Error(400, "ExpiredIteratorException"))
    });
    Run::of(&mut run(&sandbox, proxy.url(), &["--once"])).succeeds();
    assert_eq!(given(&stream), [1, 2, 3, 4, 5]);
    assert!(stream.log().contains(&"root after 2".to_owned()), "{:?}", stream.log());
}

#[test]
fn the_latest_of_a_shard_without_an_end_is_begun_again_from_its_first_record() {
    let sandbox = fresh();
    let stream = FakeStream::new(
        vec![FakeShard { closed: false, ..shard("root", None, records(&sandbox, 1..=2)) }],
        10,
    );
    Run::of(&mut run(&sandbox, stream.url(), &["--once", "--from", "latest"])).succeeds();
    assert_eq!((given(&stream), places(&sandbox)), (vec![], serde_json::json!({ "root": "latest" })));
    let more = records(&sandbox, 3..=3);
    stream.change(|shards| shards[0].records.extend(more));
    once(&sandbox, &stream).succeeds();
    assert_eq!(given(&stream), [1, 2, 3]);
    assert_rows(&sandbox, 3);
}

#[test]
fn a_record_without_a_key_is_told_and_passed_over() {
    let sandbox = fresh();
    let mut all = records(&sandbox, 1..=3);
    all[1].1.remove("pk");
    let stream = FakeStream::new(vec![shard("root", None, all)], 10);
    once(&sandbox, &stream)
        .succeeds()
        .says(&format!("skipped the record {} of root", sequence_number(2)))
        .says("handled 3 records");
    assert_rows(&sandbox, 3);
}

#[test]
fn what_is_before_the_record_that_fails_is_done_and_kept() {
    let sandbox = fresh();
    let good = records(&sandbox, 1..=2);
    // A message as large as an item may be: with the other user's name, its row is larger.
    let mut long = message(&sandbox, 3);
    long.insert("pk".to_owned(), AttributeValue::S("MSG#long".to_owned()));
    let mut row = sandbox.items_of("GRP#").remove(0);
    row.insert("message_group_uuid".to_owned(), AttributeValue::S("long".to_owned()));
    row.insert("sk".to_owned(), AttributeValue::S("2030-01-01T00:00:00.000000+00:00".to_owned()));
    row.insert("user_display_name".to_owned(), AttributeValue::S("n".repeat(20_000)));
    long.insert("message".to_owned(), AttributeValue::S("m".repeat(400_000)));
    sandbox.put_item(row);
    sandbox.put_item(long.clone());
    let mut all = good;
    all.push((3, long));
    all.extend(records(&sandbox, 4..=4));
    let stream = FakeStream::new(vec![FakeShard { closed: false, ..shard("root", None, all) }], 10);
    once(&sandbox, &stream)
        .exits_with(1)
        .says(&format!("stopped before the record {}", sequence_number(3)))
        .says("too long")
        .says("(the group long)");
    assert_eq!(places(&sandbox)["root"], done(2));
}
