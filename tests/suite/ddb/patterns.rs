//! `ddb patterns get-conversation` and `list-conversations`

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::seed::{group_rows, messages_of};
use crate::support::{GROUP, Item, Run, Sandbox, text};

/// A table with these times as messages of the default group, text = time.
fn with_messages<S: AsRef<str>>(times: &[S]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    for time in times {
        put_message(&sandbox, time.as_ref());
    }
    sandbox
}

fn put_message(sandbox: &Sandbox, time: &str) {
    sandbox.put(&[
        ("pk", &format!("MSG#{GROUP}")),
        ("sk", time),
        ("message_uuid", "6f1a6a4e-8a5b-4f55-a1c8-9d4a1f3f0b11"),
        ("message", &format!("sent {time}")),
        ("user_uuid", "0d6f2f57-28f7-4a3a-9a57-0c2f1f1f7a22"),
        ("user_display_name", "Nina Okafor"),
        ("user_handle", "nina"),
    ]);
}

/// A user's uuid in PostgreSQL.
fn uuid_of(sandbox: &Sandbox, handle: &str) -> String {
    sandbox.sql(&format!("SELECT uuid FROM public.users WHERE handle = '{handle}'"))[0][0].clone()
}

fn put_group(sandbox: &Sandbox, owner: &str, group: &str, time: &str) {
    sandbox.put(&[
        ("pk", &format!("GRP#{owner}")),
        ("sk", time),
        ("message_group_uuid", group),
        ("message", "the last one"),
        ("user_uuid", "0d6f2f57-28f7-4a3a-9a57-0c2f1f1f7a22"),
        ("user_display_name", "Petra Novak"),
        ("user_handle", "petra"),
    ]);
}

fn field<'a>(rows: &'a Value, name: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[name].as_str().unwrap()).collect()
}

const GET: [&str; 3] = ["ddb", "patterns", "get-conversation"];
const LIST: [&str; 3] = ["ddb", "patterns", "list-conversations"];
const JSON: [&str; 2] = ["-o", "json"];

#[test]
fn the_twenty_newest_messages_come_oldest_first() {
    let sandbox = Sandbox::seeded();
    let stored: Vec<String> =
        messages_of(&sandbox, GROUP).iter().map(|item| text(item, "message_uuid")).collect();
    let document = sandbox.cruddur(GET.iter().chain(&JSON)).succeeds().json();
    assert_eq!(field(&document["messages"], "message_uuid"), stored[stored.len() - 20..]);
    assert_eq!(document["count"], 20);
    for limit in [1, 7, stored.len(), stored.len() + 5] {
        let limited = ["--limit".to_owned(), limit.to_string()];
        let run = sandbox.cruddur(GET.iter().chain(&JSON).map(|flag| (*flag).to_owned()).chain(limited));
        let document = run.succeeds().json();
        let newest = &stored[stored.len().saturating_sub(limit)..];
        assert_eq!(field(&document["messages"], "message_uuid"), newest, "--limit {limit}");
        assert_eq!(document["count"], newest.len());
    }
}

#[test]
fn a_message_in_json_has_all_that_is_stored() {
    let sandbox = with_messages(&["2023-03-29T09:45:13.050615+00:00"]);
    let expected = json!({
        "message_group_uuid": GROUP,
        "sent_at": "2023-03-29T09:45:13.050615+00:00",
        "message_uuid": "6f1a6a4e-8a5b-4f55-a1c8-9d4a1f3f0b11",
        "message": "sent 2023-03-29T09:45:13.050615+00:00",
        "user_uuid": "0d6f2f57-28f7-4a3a-9a57-0c2f1f1f7a22",
        "user_display_name": "Nina Okafor",
        "user_handle": "nina",
    });
    let document = sandbox.cruddur(GET.iter().chain(&JSON)).succeeds().json();
    assert_eq!(document["messages"], json!([expected]));
    assert_eq!(sandbox.cruddur(GET.iter().chain(&["-o", "ndjson"])).succeeds().ndjson(), [expected]);
}

#[test]
fn messages_of_all_years_are_there() {
    let times: Vec<String> = (2015..2031).map(|year| format!("{year}-12-31T23:59:59.999999+00:00")).collect();
    let sandbox = with_messages(&times);
    let document = sandbox.cruddur(GET.iter().chain(&JSON)).succeeds().json();
    assert_eq!(field(&document["messages"], "sent_at"), times);
    let newest = sandbox.cruddur(GET.iter().chain(&["-o", "json", "--limit", "3"])).succeeds().json();
    assert_eq!(field(&newest["messages"], "sent_at"), times[13..]);
}

#[test]
fn every_shape_of_time_is_shown_in_local_time() {
    let shapes = [
        ("2023-03-01T09:45:13.050615+00:00", "2023-03-01 10:45"),
        ("2023-03-02T09:45:13.050615-05:00", "2023-03-02 15:45"),
        ("2023-03-03T09:45:13.050615", "2023-03-03 10:45"),
        ("2023-03-04T09:45:13.050615Z", "2023-03-04 10:45"),
        ("2023-03-05T09:45:13+00:00", "2023-03-05 10:45"),
        ("2023-03-06T09:45:13", "2023-03-06 10:45"),
        ("2023-03-07T23:30:00Z", "2023-03-08 00:30"),
        ("2023-07-08T09:45:13.050615+00:00", "2023-07-08 11:45"),
        ("yesterday", "yesterday"),
    ];
    let sandbox = with_messages(&shapes.map(|(stored, _)| stored));
    // A zone by rule: no test depends on the machine's time zone files.
    let mut command = sandbox.command(GET);
    let run = Run::of(command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")).succeeds();
    let mut shown = run.stdout.split("\n\n");
    for (stored, time) in shapes {
        let (day, clock) = time.split_once(' ').unwrap_or(("Date unknown", time));
        let lines: Vec<&str> = shown.next().unwrap().lines().collect();
        let [heading, speaker, said] = lines[..] else { panic!("{lines:?}") };
        assert!(heading.ends_with(day), "{stored} is not shown as {time}: {heading}");
        assert_eq!(speaker, "Nina Okafor (nina)");
        assert_eq!(said, format!("  {clock}  sent {stored}"));
    }
    assert_eq!(shown.next(), None);
    run.says("Warning: cannot read the time of 1 message");
}

#[test]
fn an_empty_group_is_no_error() {
    let sandbox = with_messages(&["2023-03-29T09:45:13.050615+00:00"]);
    let other = "11111111-2222-4333-8444-555555555555";
    let get = |format| {
        let flags = ["--message-group-uuid", other, "-o", format];
        sandbox
            .cruddur(GET.iter().chain(&flags))
            .succeeds()
            .says(&format!("no messages in the group {other}"))
    };
    assert_eq!(get("table").stdout, "");
    let document = get("json").json();
    assert_eq!((&document["messages"], &document["count"]), (&json!([]), &json!(0)));
}

#[test]
fn a_group_must_be_a_uuid() {
    Sandbox::new().cruddur(GET.iter().chain(&["--message-group-uuid", "nina"])).exits_with(2);
}

#[test]
fn items_that_lack_attributes_are_shown_as_far_as_they_go() {
    let sandbox = Sandbox::set_up();
    let nina = uuid_of(&sandbox, "nina");
    sandbox.put(&[("pk", &format!("MSG#{GROUP}")), ("sk", "2023-03-29T09:45:13Z")]);
    sandbox.put(&[("pk", &format!("GRP#{nina}")), ("sk", "2023-03-29T09:45:13Z")]);
    sandbox.put_item(Item::from([
        ("pk".to_owned(), AttributeValue::S(format!("MSG#{GROUP}"))),
        ("sk".to_owned(), AttributeValue::S("2024".to_owned())),
        ("message".to_owned(), AttributeValue::N("7".to_owned())),
    ]));

    let document = sandbox.cruddur(GET.iter().chain(&JSON)).succeeds().json();
    assert_eq!(field(&document["messages"], "sent_at"), ["2023-03-29T09:45:13Z", "2024"]);
    assert_eq!(field(&document["messages"], "message"), ["", "7"]);
    let document = sandbox.cruddur(LIST.iter().chain(&JSON)).succeeds().json();
    assert_eq!(field(&document["conversations"], "user_handle"), [""]);
    let shown = sandbox.cruddur(GET).succeeds().stdout;
    assert!(shown.starts_with("Wednesday, 2023-03-29\n(unknown)\n  09:45\n"), "{shown}");
    assert!(sandbox.cruddur(LIST).succeeds().stdout.contains("2023-03-29 09:45"));
}

#[test]
fn conversations_are_listed_from_the_owners_side() {
    let sandbox = Sandbox::seeded();
    for (owner, other) in [("nina", "oscar"), ("oscar", "nina")] {
        let inbox = format!("GRP#{}", uuid_of(&sandbox, owner));
        let row = group_rows(&sandbox).into_iter().find(|row| text(row, "pk") == inbox).unwrap();
        let handle = ["--handle", owner];
        let document = sandbox.cruddur(LIST.iter().chain(&JSON).chain(&handle)).succeeds().json();
        let expected = json!({
            "message_group_uuid": GROUP,
            "last_message_at": text(&row, "sk"),
            "message": text(&row, "message"),
            "user_uuid": uuid_of(&sandbox, other),
            "user_display_name": text(&row, "user_display_name"),
            "user_handle": other,
        });
        assert_eq!(document["conversations"], json!([expected]));
        assert_eq!(document["count"], 1);
        let table = sandbox.cruddur(LIST.iter().chain(&handle)).succeeds().stdout;
        let lines: Vec<&str> = table.lines().collect();
        let [first, said, uuid] = lines[..] else { panic!("{table}") };
        assert!(first.contains(&format!(" ({other})  just now, ")), "{first}");
        assert_eq!((said.trim(), uuid.trim()), (&*text(&row, "message"), GROUP));
    }
}

#[test]
fn the_default_handle_is_the_one_that_seed_uses() {
    let sandbox = Sandbox::seeded();
    let document = sandbox.cruddur(LIST.iter().chain(&JSON)).succeeds().json();
    assert_eq!(field(&document["conversations"], "user_handle"), ["oscar"]);
}

#[test]
fn the_twenty_latest_conversations_of_all_years_come_latest_last() {
    let sandbox = Sandbox::set_up();
    let (nina, oscar) = (uuid_of(&sandbox, "nina"), uuid_of(&sandbox, "oscar"));
    let times: Vec<String> = (2001..2026).map(|year| format!("{year}-01-01T00:00:00.000001+00:00")).collect();
    for time in &times {
        put_group(&sandbox, &nina, &uuid::Uuid::new_v4().to_string(), time);
    }
    put_group(&sandbox, &oscar, GROUP, "2030-01-01T00:00:00Z");
    let list = |flags: &[&str]| {
        let document = sandbox.cruddur(LIST.iter().chain(&JSON).chain(flags)).succeeds().json();
        assert_eq!(document["count"], document["conversations"].as_array().unwrap().len());
        field(&document["conversations"], "last_message_at").join(" ")
    };
    assert_eq!(list(&[]), times[5..].join(" "));
    assert_eq!(list(&["--limit", "2"]), times[23..].join(" "));
    assert_eq!(list(&["--limit", "100"]), times.join(" "));
}

#[test]
fn a_user_without_conversations_is_no_error() {
    let sandbox = Sandbox::seeded();
    let list = LIST.iter().chain(&["--handle", "petra", "-o", "json"]);
    let document = sandbox.cruddur(list).succeeds().says("petra has no conversations").json();
    assert_eq!((&document["conversations"], &document["count"]), (&json!([]), &json!(0)));
}

#[test]
fn an_unknown_handle_is_named_and_who_is_there_is_listed() {
    let sandbox = Sandbox::set_up();
    let run = sandbox
        .cruddur(LIST.iter().chain(&["--handle", "quentin", "-o", "json"]))
        .exits_with(1)
        .says("\"quentin\"")
        .says("nina, oscar, petra");
    assert_eq!(run.stdout, "");
}

#[test]
fn the_consumed_capacity_is_told_and_called_an_estimate() {
    let sandbox = Sandbox::seeded();
    // An inbox with one row is under 4 KB: half a unit, eventually consistent. So are
    // three messages.
    for (pattern, returned, items) in [(LIST, 1, "1 item"), (GET, 3, "3 items")] {
        let read = |format| {
            let flags = ["--limit", "3", "-o", format];
            sandbox
                .cruddur(pattern.iter().chain(&flags))
                .succeeds()
                .says(&format!("estimated 0.5 read units, 1 request, {items}; $0.0625 a million calls\n"))
        };
        for format in ["table", "ndjson"] {
            let run = read(format);
            assert!(!run.stdout.contains("estimated"), "{}", run.stdout);
        }
        let expected = json!({
            "total": 0.5, "table": 0.5, "indexes": {}, "pages": 1, "estimated": true,
            "returned": returned, "scanned": returned, "written": 0,
            "read": { "total": 0.5, "table": 0.5, "indexes": {}, "pages": 1 },
            "write": { "total": 0.0, "table": 0.0, "indexes": {}, "pages": 0 },
            "cost": {
                "usd_per_million_calls": 0.0625,
                "usd_this_run": 0.0625 / 1e6,
                "usd_per_million_read_units": 0.125,
                "usd_per_million_write_units": 0.625,
                "region": "us-east-1",
                "prices_as_of": "2026-09-11",
            },
        });
        assert_eq!(read("json").json()["consumed_capacity"], expected);
    }
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let sandbox = Sandbox::set_up();
    let evil = "\u{1b}]0;title\u{7}\u{9b}2Jred\r";
    let nina = uuid_of(&sandbox, "nina");
    for (pk, sk) in [(format!("MSG#{GROUP}"), "\u{1b}[2J"), (format!("GRP#{nina}"), "2023-01-01T00:00:00Z")] {
        sandbox.put(&[("pk", &pk), ("sk", sk), ("message", evil), ("user_handle", evil)]);
    }
    for pattern in [GET, LIST] {
        let run = sandbox.cruddur(pattern).succeeds();
        assert!(run.stdout.contains("red"), "{}", run.stdout);
        assert!(!run.stdout.contains(|c: char| c.is_control() && c != '\n'), "{:?}", run.stdout);
    }
}

#[test]
fn a_missing_table_leads_to_schema_load() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    for pattern in [GET, LIST] {
        sandbox.cruddur(pattern).exits_with(1).says("run: cruddur ddb schema-load");
    }
}
