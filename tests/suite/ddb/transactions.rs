//! The transactions under the writing patterns, through the library.

use cruddur::messaging::{DEFAULT_GROUP, Timestamp};

use crate::support::{Fault, Item, Proxy, Sandbox, messages_table_at, runtime, text};

const RIGHT_NOW: &str = "2031-05-06T07:08:09.000001+00:00";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn rows(sandbox: &Sandbox) -> Vec<Item> {
    sandbox.items_of("GRP#")
}

/// Every row shows `message` as of `time`.
#[track_caller]
fn assert_rows(sandbox: &Sandbox, time: &str, message: &str) {
    let shown: Vec<_> = rows(sandbox).iter().map(|row| (text(row, "sk"), text(row, "message"))).collect();
    assert_eq!(shown, vec![(time.to_owned(), message.to_owned()); 2]);
}

#[test]
fn a_message_and_both_rows_are_written_together() {
    let sandbox = Sandbox::seeded();
    let before = sandbox.items().len();
    let nina = sandbox.user("nina");
    let table = sandbox.messages_table();
    let sent =
        runtime().block_on(table.create_message(DEFAULT_GROUP, &nina, "hello", at(RIGHT_NOW))).unwrap();
    assert_eq!((sent.rows, sent.overtaken), (2, 0));
    assert_eq!(sandbox.items().len(), before + 1);
    assert_rows(&sandbox, RIGHT_NOW, "hello");
    let newest = sandbox.items_of("MSG#").pop().unwrap();
    assert_eq!(text(&newest, "message"), "hello");
    assert_eq!(text(&newest, "user_handle"), "nina");
    assert_eq!(text(&newest, "message_uuid"), sent.message.message_uuid);
    // Two units for each of five actions: the message, two rows deleted and two put.
    assert!((sent.written.table - 10.0).abs() < f64::EPSILON, "{:?}", sent.written);
}

#[test]
fn what_else_a_row_holds_goes_along() {
    let sandbox = Sandbox::seeded();
    let mut row = rows(&sandbox).remove(0);
    row.insert("muted".to_owned(), aws_sdk_dynamodb::types::AttributeValue::Bool(true));
    sandbox.put_item(row.clone());
    let nina = sandbox.user("nina");
    runtime()
        .block_on(sandbox.messages_table().create_message(DEFAULT_GROUP, &nina, "hello", at(RIGHT_NOW)))
        .unwrap();
    let moved = rows(&sandbox).into_iter().find(|moved| moved["pk"] == row["pk"]).unwrap();
    assert_eq!(moved["muted"], row["muted"]);
    assert_eq!(text(&moved, "message"), "hello");
}

#[test]
fn a_message_older_than_the_rows_leaves_them() {
    let sandbox = Sandbox::seeded();
    let before = rows(&sandbox);
    let nina = sandbox.user("nina");
    let sent = runtime()
        .block_on(sandbox.messages_table().create_message(
            DEFAULT_GROUP,
            &nina,
            "late",
            at("2020-01-01T00:00:00.000000+00:00"),
        ))
        .unwrap();
    assert_eq!(sent.rows, 0);
    assert_eq!(rows(&sandbox), before);
    assert_eq!(text(&sandbox.items_of("MSG#")[0], "message"), "late");
}

#[test]
fn writers_at_the_same_instant_lose_nothing() {
    let sandbox = Sandbox::seeded();
    let before = sandbox.items_of("MSG#").len();
    let (nina, oscar) = (sandbox.user("nina"), sandbox.user("oscar"));
    let writers = (0..6).map(|number| {
        let table = sandbox.messages_table();
        let sender = if number % 2 == 0 { nina.clone() } else { oscar.clone() };
        runtime().spawn(async move {
            let text = format!("message {number}");
            table.create_message(DEFAULT_GROUP, &sender, &text, at(RIGHT_NOW)).await
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        runtime().block_on(writer).unwrap().unwrap();
    }
    let messages = sandbox.items_of("MSG#");
    assert_eq!(messages.len(), before + 6);
    let newest = messages.last().unwrap();
    assert_rows(&sandbox, &text(newest, "sk"), &text(newest, "message"));
}

#[test]
fn a_refresh_brings_rows_up_to_date_once() {
    let sandbox = Sandbox::seeded();
    put_newest(&sandbox, "by the app");
    let table = sandbox.messages_table();
    let refresh = || runtime().block_on(table.refresh_group(&DEFAULT_GROUP.to_string(), &[])).unwrap().rows;
    assert_eq!(refresh(), 2);
    assert_rows(&sandbox, RIGHT_NOW, "by the app");
    assert_eq!(refresh(), 0);
    assert_rows(&sandbox, RIGHT_NOW, "by the app");
}

#[test]
fn a_microsecond_that_another_group_has_in_the_inbox_moves_the_row_to_the_next() {
    let sandbox = Sandbox::seeded();
    let message = sandbox.items_of("MSG#").pop().unwrap();
    let mut newest = message.clone();
    newest.insert("sk".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(RIGHT_NOW.to_owned()));
    sandbox.put_item(newest);
    let mine = rows(&sandbox).remove(0);
    sandbox.put(&[
        ("pk", &text(&mine, "pk")),
        ("sk", RIGHT_NOW),
        ("message_group_uuid", "0d5f2b1e-8f0e-4f0a-9c53-6a1d0b6d3c11"),
        ("message", "another group's"),
    ]);
    let table = sandbox.messages_table();
    let refreshed = runtime().block_on(table.refresh_group(&DEFAULT_GROUP.to_string(), &[])).unwrap();
    assert_eq!(refreshed.rows, 2);
    let inbox = sandbox.items_of(&text(&mine, "pk"));
    let shown: Vec<_> = inbox.iter().map(|row| text(row, "message")).collect();
    assert_eq!(shown, ["another group's".to_owned(), text(&message, "message")]);
    assert_eq!(text(&inbox[1], "sk"), "2031-05-06T07:08:09.000002+00:00");
}

/// The app puts a message and leaves the rows to whoever refreshes them.
fn put_newest(sandbox: &Sandbox, message: &str) {
    let mut item = sandbox.items_of("MSG#").pop().unwrap();
    for (name, value) in [("sk", RIGHT_NOW), ("message", message)] {
        item.insert(name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned()));
    }
    sandbox.put_item(item);
}

#[test]
fn rows_that_the_index_does_not_show_are_brought_up_to_date_too() {
    let sandbox = Sandbox::seeded();
    put_newest(&sandbox, "by the app");
    // The index is asked first, and is behind.
    let proxy = Proxy::new(sandbox.endpoint(), "Query", |call| {
        (call == 0).then_some(Fault::Answer(r#"{"Items":[],"Count":0,"ScannedCount":0}"#))
    });
    let refreshed = runtime()
        .block_on(messages_table_at(proxy.port()).refresh_group(&DEFAULT_GROUP.to_string(), &[]))
        .unwrap();
    assert_eq!((refreshed.rows, refreshed.overtaken), (2, 0));
    assert_rows(&sandbox, RIGHT_NOW, "by the app");
}

#[test]
fn a_busy_table_does_not_move_rows_away_from_their_message() {
    let sandbox = Sandbox::seeded();
    put_newest(&sandbox, "by the app");
    // The SDK itself tries three times.
    let proxy = Proxy::new(sandbox.endpoint(), "TransactWriteItems", |call| {
        (call < 6).then_some(Fault::Error(400, "TransactionInProgressException"))
    });
    let refreshed = runtime()
        .block_on(messages_table_at(proxy.port()).refresh_group(&DEFAULT_GROUP.to_string(), &[]))
        .unwrap();
    // Nobody was first: the same transaction was sent until it was taken.
    assert_eq!((refreshed.rows, refreshed.overtaken), (2, 0));
    assert_rows(&sandbox, RIGHT_NOW, "by the app");
}

#[test]
fn a_refresh_whose_answer_is_lost_is_carried_out_once() {
    let sandbox = Sandbox::seeded();
    put_newest(&sandbox, "by the app");
    let proxy =
        Proxy::new(sandbox.endpoint(), "TransactWriteItems", |call| (call == 0).then_some(Fault::LoseAnswer));
    runtime()
        .block_on(messages_table_at(proxy.port()).refresh_group(&DEFAULT_GROUP.to_string(), &[]))
        .unwrap();
    assert_rows(&sandbox, RIGHT_NOW, "by the app");
}

#[test]
fn a_message_that_names_its_group_is_no_row() {
    let sandbox = Sandbox::seeded();
    let mut message = sandbox.items_of("MSG#").pop().unwrap();
    let group = aws_sdk_dynamodb::types::AttributeValue::S(DEFAULT_GROUP.to_string());
    message.insert("message_group_uuid".to_owned(), group);
    sandbox.put_item(message);
    put_newest(&sandbox, "by the app");
    let messages = sandbox.items_of("MSG#");
    let refreshed =
        runtime().block_on(sandbox.messages_table().refresh_group(&DEFAULT_GROUP.to_string(), &[])).unwrap();
    assert_eq!(refreshed.rows, 2);
    assert_eq!(sandbox.items_of("MSG#"), messages);
    assert_rows(&sandbox, RIGHT_NOW, "by the app");
}

#[test]
fn a_message_that_names_its_group_is_in_the_index_and_stays_where_it_is() {
    let sandbox = Sandbox::seeded();
    let mut message = sandbox.items_of("MSG#").pop().unwrap();
    for (name, value) in [("message_group_uuid", &*DEFAULT_GROUP.to_string()), ("sk", RIGHT_NOW)] {
        message.insert(name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned()));
    }
    sandbox.put_item(message.clone());
    let later = "2031-05-06T07:08:10.000000+00:00";
    let nina = sandbox.user("nina");
    let table = sandbox.messages_table();
    let sent = runtime().block_on(table.create_message(DEFAULT_GROUP, &nina, "later", at(later))).unwrap();
    assert_eq!(sent.rows, 2);
    assert_rows(&sandbox, later, "later");
    assert!(sandbox.items_of("MSG#").contains(&message));
}

#[test]
fn a_sort_key_that_is_no_time_does_not_hide_the_newest_message() {
    let sandbox = Sandbox::seeded();
    let message = sandbox.items_of("MSG#").pop().unwrap();
    for (sort_key, text) in [("yesterday", "odd"), (RIGHT_NOW, "by the app")] {
        let mut message = message.clone();
        for (name, value) in [("sk", sort_key), ("message", text)] {
            message.insert(name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned()));
        }
        sandbox.put_item(message);
    }
    let table = sandbox.messages_table();
    let refreshed = runtime().block_on(table.refresh_group(&DEFAULT_GROUP.to_string(), &[])).unwrap();
    assert_eq!(refreshed.rows, 2);
    assert_rows(&sandbox, RIGHT_NOW, "by the app");
}
