//! `ddb seed`: what it writes, attribute by attribute.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp, tz::Offset};

use crate::support::{GROUP, INDEX, Item, Sandbox, TABLE, runtime, text};

const TRANSCRIPT: &str = "Person 1: Hello?\nPerson 2: Hi: it's “me”. 🐐\nPerson 2: Still here\n";

/// A transcript of messages `number 0`, `number 1` and so on, each with `more` behind it.
pub fn numbered(messages: usize, more: &str) -> String {
    let mut lines = String::new();
    for number in 0..messages {
        writeln!(lines, "Person {}: number {number}{more}", number % 2 + 1).unwrap();
    }
    lines
}

/// An item of strings, and nothing but strings.
pub fn strings(item: &Item) -> BTreeMap<&str, String> {
    item.keys().map(|name| (name.as_str(), text(item, name))).collect()
}

pub fn messages_of(sandbox: &Sandbox, group: &str) -> Vec<Item> {
    let partition = format!("MSG#{group}");
    let mut items = sandbox.items_of(&partition);
    items.retain(|item| text(item, "pk") == partition);
    items
}

pub fn group_rows(sandbox: &Sandbox) -> Vec<Item> {
    sandbox.items_of("GRP#")
}

/// A user's uuid and display name, from PostgreSQL.
fn user(sandbox: &Sandbox, handle: &str) -> (String, String) {
    let query = format!("SELECT uuid, display_name FROM public.users WHERE handle = '{handle}'");
    let rows = sandbox.sql(&query);
    let [row] = rows.as_slice() else { panic!("{} users {handle}", rows.len()) };
    (row[0].clone(), row[1].clone())
}

/// Takes `digits` decimal digits off the front.
fn number(text: &mut &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count().min(*digits.end());
    let (number, rest) = text.split_at(length);
    *text = rest;
    digits.contains(&length).then(|| number.parse().ok())?
}

fn literal(text: &mut &str, literal: &str) -> Option<()> {
    *text = text.strip_prefix(literal)?;
    Some(())
}

/// Reads what the app's backend reads: `%Y-%m-%dT%H:%M:%S.%f%z`, and no more.
fn as_the_app_reads(mut text: &str) -> Option<Timestamp> {
    let text = &mut text;
    let narrow = |number: u32| i8::try_from(number).ok();
    let year = i16::try_from(number(text, 4..=4)?).ok()?;
    literal(text, "-")?;
    let month = narrow(number(text, 2..=2)?)?;
    literal(text, "-")?;
    let day = narrow(number(text, 2..=2)?)?;
    literal(text, "T")?;
    let hour = narrow(number(text, 2..=2)?)?;
    literal(text, ":")?;
    let minute = narrow(number(text, 2..=2)?)?;
    literal(text, ":")?;
    let second = narrow(number(text, 2..=2)?)?;
    literal(text, ".")?;
    let length = text.len();
    let fraction = number(text, 1..=6)?;
    let scale = 10_u32.pow(9 - u32::try_from(length - text.len()).ok()?);
    let offset = if *text == "Z" {
        0
    } else {
        let sign = if literal(text, "-").is_some() { -1 } else { literal(text, "+").map(|()| 1)? };
        let hours = i32::try_from(number(text, 2..=2)?).ok()?;
        let _ = literal(text, ":");
        let minutes = i32::try_from(number(text, 2..=2)?).ok()?;
        literal(text, "").filter(|()| text.is_empty())?;
        sign * (hours * 3600 + minutes * 60)
    };
    let nanosecond = i32::try_from(fraction * scale).ok()?;
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    Offset::from_seconds(offset).ok()?.to_timestamp(civil).ok()
}

#[test]
fn the_reader_of_the_apps_format_is_strict() {
    let instant = "2023-03-29T09:45:13.050615Z".parse().unwrap();
    for good in ["2023-03-29T09:45:13.050615+00:00", "2023-03-29T04:45:13.050615-0500"] {
        assert_eq!(as_the_app_reads(good), Some(instant), "{good}");
    }
    for bad in [
        "2023-03-29T09:45:13+00:00",
        "2023-03-29T09:45:13.050615",
        "2023-03-29 09:45:13.050615+00:00",
        "2023-03-29T09:45:13.0506150+00:00",
        "2023-13-29T09:45:13.050615+00:00",
        "2023-03-29T09:45:13.050615+00:00 ",
    ] {
        assert_eq!(as_the_app_reads(bad), None, "{bad}");
    }
}

#[test]
fn messages_hold_their_sender_and_their_text() {
    let sandbox = Sandbox::set_up();
    let file = sandbox.write("talk.txt", TRANSCRIPT);
    sandbox.cruddur(["ddb", "seed", file.to_str().unwrap()]).succeeds();
    let messages = messages_of(&sandbox, GROUP);
    let said = [("nina", "Hello?"), ("oscar", "Hi: it's “me”. 🐐"), ("oscar", "Still here")];
    assert_eq!(messages.len(), said.len());
    for (item, (handle, message)) in messages.iter().zip(said) {
        let (uuid, name) = user(&sandbox, handle);
        let expected = [
            ("message", message.to_owned()),
            ("message_uuid", text(item, "message_uuid")),
            ("pk", format!("MSG#{GROUP}")),
            ("sk", text(item, "sk")),
            ("user_display_name", name),
            ("user_handle", handle.to_owned()),
            ("user_uuid", uuid),
        ];
        assert_eq!(strings(item), BTreeMap::from(expected));
    }
    let uuids: HashSet<uuid::Uuid> =
        messages.iter().map(|item| text(item, "message_uuid").parse().unwrap()).collect();
    assert_eq!(uuids.len(), messages.len(), "every message has a uuid of its own");
}

#[test]
fn each_participants_row_shows_the_other_and_the_last_message() {
    let sandbox = Sandbox::set_up();
    let file = sandbox.write("talk.txt", TRANSCRIPT);
    sandbox.cruddur(["ddb", "seed", file.to_str().unwrap()]).succeeds();
    let last = text(messages_of(&sandbox, GROUP).last().unwrap(), "sk");
    let rows = group_rows(&sandbox);
    assert_eq!(rows.len(), 2);
    assert_eq!(sandbox.items().len(), 3 + 2, "and nothing else was written");
    for (owner, other) in [("nina", "oscar"), ("oscar", "nina")] {
        let partition = format!("GRP#{}", user(&sandbox, owner).0);
        let row = rows.iter().find(|row| text(row, "pk") == partition).unwrap();
        let (uuid, name) = user(&sandbox, other);
        let expected = [
            ("message", "Still here".to_owned()),
            ("message_group_uuid", GROUP.to_owned()),
            ("pk", partition),
            ("sk", last.clone()),
            ("user_display_name", name),
            ("user_handle", other.to_owned()),
            ("user_uuid", uuid),
        ];
        assert_eq!(strings(row), BTreeMap::from(expected));
    }
}

#[test]
fn the_default_transcript_is_a_minute_apart_and_ends_now() {
    let sandbox = Sandbox::set_up();
    // A time is kept in whole microseconds, rounded to the nearest.
    let rounding = SignedDuration::from_micros(1);
    let before = Timestamp::now() - rounding;
    sandbox.cruddur(["ddb", "seed"]).succeeds();
    let after = Timestamp::now() + rounding;
    let messages = messages_of(&sandbox, GROUP);
    assert!(messages.len() >= 60, "{}", messages.len());
    let times: Vec<Timestamp> = messages
        .iter()
        .map(|item| {
            let sk = text(item, "sk");
            as_the_app_reads(&sk).unwrap_or_else(|| panic!("the app cannot read {sk}"))
        })
        .collect();
    for pair in times.windows(2) {
        assert_eq!(pair[1].duration_since(pair[0]), SignedDuration::from_mins(1));
    }
    let last = *times.last().unwrap();
    assert!(before <= last && last <= after, "{before} <= {last} <= {after}");
}

#[test]
fn every_time_has_six_digits_and_utc() {
    let sandbox = Sandbox::seeded();
    let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "9");
    let items = sandbox.items();
    for item in &items {
        let sk = text(item, "sk");
        assert_eq!(shape(&sk), "9999-99-99T99:99:99.999999+99:99", "{sk}");
        assert!(sk.ends_with("+00:00"), "{sk}");
        assert!(as_the_app_reads(&sk).is_some(), "{sk}");
    }
    assert_eq!(items.len(), messages_of(&sandbox, GROUP).len() + 2);
}

#[test]
fn only_group_rows_are_in_the_index() {
    let sandbox = Sandbox::seeded();
    let request = sandbox.dynamodb().scan().table_name(TABLE).index_name(INDEX).send();
    let answer = runtime().block_on(request).unwrap();
    let mut found: Vec<String> = answer.items().iter().map(|item| text(item, "pk")).collect();
    found.sort();
    let mut expected: Vec<String> = group_rows(&sandbox).iter().map(|item| text(item, "pk")).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn blank_lines_crlf_and_a_byte_order_mark_are_no_messages() {
    let sandbox = Sandbox::set_up();
    let file = sandbox.write(
        "talk.txt",
        "\u{feff}\r\nPerson 1: one\r\n \t\r\n\r\n  Person 2:two  \r\nPerson 1:   three: 3\r\n\r\nPerson 2: no newline at the end",
    );
    sandbox.cruddur(["ddb", "seed", file.to_str().unwrap()]).succeeds();
    let said: Vec<(String, String)> = messages_of(&sandbox, GROUP)
        .iter()
        .map(|item| (text(item, "user_handle"), text(item, "message")))
        .collect();
    let expected =
        [("nina", "one"), ("oscar", "two"), ("nina", "three: 3"), ("oscar", "no newline at the end")];
    assert_eq!(said, expected.map(|(handle, message)| (handle.to_owned(), message.to_owned())));
}

#[test]
fn handles_group_and_table_can_be_chosen() {
    let sandbox = Sandbox::set_up();
    let group = "0b6f1c52-7a51-4c3b-9d0e-3f2f1a6f8a11";
    sandbox.cruddur(["ddb", "schema-load", "--table", "elsewhere"]).succeeds();
    let file = sandbox.write("talk.txt", TRANSCRIPT);
    let flags = ["--my-handle", "petra", "--other-handle", "nina", "--message-group-uuid", group];
    let seed = ["ddb", "seed", file.to_str().unwrap()].into_iter().chain(flags);
    sandbox.cruddur(seed.clone()).succeeds();
    let senders: Vec<String> =
        messages_of(&sandbox, group).iter().map(|item| text(item, "user_handle")).collect();
    assert_eq!(senders, ["petra", "nina", "nina"]);
    let mut others: Vec<String> = group_rows(&sandbox).iter().map(|row| text(row, "user_handle")).collect();
    others.sort();
    assert_eq!(others, ["nina", "petra"]);

    let before = sandbox.items().len();
    sandbox.cruddur(seed.chain(["--table", "elsewhere"])).succeeds();
    assert_eq!(sandbox.items().len(), before);
    let scan = sandbox.cruddur(["ddb", "scan", "--table", "elsewhere", "-o", "json"]).succeeds();
    assert_eq!(scan.json()["count"], 5);
}

#[test]
fn seeding_says_what_it_did_on_stderr_only() {
    let sandbox = Sandbox::set_up();
    let run = sandbox.cruddur(["ddb", "seed"]).succeeds();
    assert_eq!(run.stdout, "");
    let messages = messages_of(&sandbox, GROUP).len();
    run.says(&format!("wrote {messages} messages between nina and oscar and 2 group rows"))
        .says("LOCAL DynamoDB at http://127.0.0.1:")
        .says("\nestimated 3.5 read + 66 write units, 8 requests, 64 items; <$0.01 this run\n");
}
