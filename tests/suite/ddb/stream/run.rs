//! `ddb stream run`: what it does with the records.

use aws_sdk_dynamodb::types::{AttributeValue, StreamViewType};

use super::{assert_rows, followed, message, once, places};
use crate::support::{GROUP, Sandbox, Shape, TABLE, runtime, text};

#[test]
fn messages_that_the_app_put_show_up_in_both_inboxes() {
    let sandbox = followed();
    let before = sandbox.items().len();
    sandbox.put_all((1..=40).map(|number| message(&sandbox, number)));
    let report = once(&sandbox).succeeds().json();
    assert_rows(&sandbox, 40);
    assert_eq!(sandbox.items().len(), before + 40);
    assert_eq!(report["messages"], 40);
    assert_eq!(report["groups"][0]["message_group_uuid"], GROUP);
    assert_eq!((&report["groups"][0]["messages"], &report["groups"][0]["rows"]), (&40.into(), &2.into()));
    // One refresh: two rows deleted and put, and the message checked, at two units each.
    assert_eq!(report["consumed_capacity"]["write"]["table"], 10.0);
}

#[test]
fn every_group_of_a_batch_is_refreshed() {
    let sandbox = followed();
    let (message, rows) = (message(&sandbox, 1), sandbox.items_of("GRP#"));
    let set = |item: &crate::support::Item, name: &str, value: String| {
        let mut item = item.clone();
        item.insert(name.to_owned(), AttributeValue::S(value));
        item
    };
    let groups: Vec<String> = (0..9).map(|number| format!("{number}{}", &GROUP[1..])).collect();
    for (number, group) in groups.iter().enumerate() {
        for row in &rows {
            let row = set(row, "message_group_uuid", group.clone());
            sandbox.put_item(set(&row, "sk", format!("2030-01-01T00:00:00.{number:06}+00:00")));
        }
    }
    sandbox.put_all(groups.iter().enumerate().map(|(number, group)| {
        let message = set(&message, "pk", format!("MSG#{group}"));
        set(&message, "sk", format!("2031-01-01T00:00:00.{number:06}+00:00"))
    }));
    let report = once(&sandbox).succeeds().json();
    assert_eq!((&report["count"], &report["rows"]), (&9.into(), &18.into()));
    for group in &groups {
        let mut rows = sandbox.items_of("GRP#");
        rows.retain(|row| text(row, "message_group_uuid") == *group);
        let shown: Vec<String> = rows.iter().map(|row| text(row, "message")).collect();
        assert_eq!(shown, ["message 1", "message 1"], "{group}");
    }
}

#[test]
fn deleted_items_and_group_rows_call_for_nothing() {
    let sandbox = followed();
    let rows = sandbox.items_of("GRP#");
    let oldest = sandbox.items_of("MSG#").remove(0);
    for item in [&oldest, &rows[0]] {
        let request = sandbox.dynamodb().delete_item().table_name(TABLE);
        let request = request.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
        runtime().block_on(request.send()).unwrap();
    }
    sandbox.put_item(rows[0].clone());
    let report = once(&sandbox).succeeds().json();
    assert_eq!(
        (&report["records"], &report["messages"], &report["count"]),
        (&3.into(), &0.into(), &0.into())
    );
    assert_eq!(sandbox.items_of("GRP#"), rows);
}

#[test]
fn a_second_run_finds_nothing_left_to_do() {
    let sandbox = followed();
    sandbox.put_item(message(&sandbox, 1));
    once(&sandbox).succeeds();
    let place = places(&sandbox);
    let report = once(&sandbox).succeeds().says("resuming from").json();
    assert_eq!(report["records"], 0);
    assert_eq!(places(&sandbox), place);
}

#[test]
fn the_same_records_again_change_nothing() {
    let sandbox = followed();
    sandbox.put_all([3, 1, 2].map(|number| message(&sandbox, number)));
    once(&sandbox).succeeds();
    let items = sandbox.items_of("");
    std::fs::remove_file(super::checkpoint(&sandbox)).unwrap();
    let report = once(&sandbox).succeeds().says("starting with its oldest record").json();
    assert_eq!((&report["messages"], &report["rows"]), (&3.into(), &0.into()));
    assert_eq!(sandbox.items_of(""), items);
}

#[test]
fn from_the_latest_on_what_came_before_is_skipped_in_that_run() {
    let sandbox = Sandbox::seeded();
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
    sandbox.put_item(message(&sandbox, 1));
    let run = ["ddb", "stream", "run", "--once", "--checkpoint", super::CHECKPOINT, "--from", "latest"];
    sandbox.cruddur(run).succeeds().says("handled 0 records");
    sandbox.put_item(message(&sandbox, 2));
    // That run has seen no record, so there is no place to resume from.
    let report = once(&sandbox).succeeds().json();
    assert_eq!(report["messages"], 2);
    assert_rows(&sandbox, 2);
    sandbox.cruddur(run).succeeds().says("--from has no effect");
}

#[test]
fn keys_are_enough() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.create_messages_table(&Shape { stream: Some(StreamViewType::KeysOnly), ..Shape::default() });
    sandbox.cruddur(["ddb", "seed"]).succeeds();
    sandbox.put_item(message(&sandbox, 1));
    once(&sandbox).succeeds();
    assert_rows(&sandbox, 1);
}

#[test]
fn a_message_whose_offset_sorts_it_low_is_still_the_newest() {
    let sandbox = followed();
    sandbox.put_item(message(&sandbox, 1));
    let mut late = message(&sandbox, 2);
    let at = "2031-05-06T02:30:00.000000-05:00";
    late.insert("sk".to_owned(), AttributeValue::S(at.to_owned()));
    sandbox.put_item(late);
    once(&sandbox).succeeds();
    let shown: Vec<_> =
        sandbox.items_of("GRP#").iter().map(|row| (text(row, "sk"), text(row, "message"))).collect();
    assert_eq!(shown, vec![(at.to_owned(), "message 2".to_owned()); 2]);
}

#[test]
fn a_message_of_a_group_that_has_no_rows_is_passed_over() {
    let sandbox = followed();
    let rows = sandbox.items_of("GRP#");
    sandbox.put(&[("pk", "MSG#nobody"), ("sk", "2031-01-01T00:00:00.000000+00:00"), ("message", "hello?")]);
    let report = once(&sandbox).succeeds().json();
    assert_eq!((&report["groups"][0]["message_group_uuid"], &report["rows"]), (&"nobody".into(), &0.into()));
    assert_eq!(sandbox.items_of("GRP#"), rows);
}
