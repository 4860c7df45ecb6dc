//! What is seeded is seen in the app: its readers show this year only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cruddur::messaging::{Invented, Invention, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Fault, Proxy, Run, Sandbox, TABLE, boto3, cases, text};

/// The backend's own request for an inbox or a conversation.
fn backend_reads(sandbox: &Sandbox, pk: &str, year: &str) -> Vec<Value> {
    let request = json!({
        "TableName": TABLE,
        "ScanIndexForward": false,
        "Limit": 20,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk,:year)",
        "ExpressionAttributeValues": { ":year": { "S": year }, ":pk": { "S": pk } },
    });
    let answer = boto3(&sandbox.endpoint(), "dynamodb", "query", &request);
    answer["Items"].as_array().unwrap().clone()
}

/// Each invented user has an inbox by the backend, whose newest group has messages there.
#[track_caller]
fn assert_everybody_sees_something(sandbox: &Sandbox, year: &str) {
    let users = sandbox.sql("SELECT uuid FROM users WHERE handle ~ '_'");
    assert!(!users.is_empty());
    for user in users {
        let inbox = backend_reads(sandbox, &format!("GRP#{}", user[0]), year);
        assert!(!inbox.is_empty(), "{user:?} sees no conversation of {year}");
        let group = inbox[0]["message_group_uuid"]["S"].as_str().unwrap();
        let messages = backend_reads(sandbox, &format!("MSG#{group}"), year);
        assert_eq!(messages[0]["sk"], inbox[0]["sk"]);
        assert_eq!(messages[0]["message"], inbox[0]["message"]);
    }
}

proptest! {
    #![proptest_config(cases(400))]
    #[test]
    fn whenever_it_ends_everybody_has_a_conversation_of_that_day(
        // From the year 1970 to 2100, and as often in the first ten seconds of a year.
        second in prop_oneof![0..4_102_444_800_i64, (1970..2100_i16, 0..10_i64).prop_map(|(year, second)| {
            let first = jiff::civil::date(year, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
            first.timestamp().as_second() + second
        })],
        microsecond in 2..1_000_000_i64,
        users in 2..60_u64,
        more in 0..60_u64,
        messages in 1..4_u64,
        seed in 0..9_u64,
    ) {
        let until = Timestamp::from_microseconds(second * 1_000_000 + microsecond).unwrap();
        let pairs = u64::try_from(Invention::pairs(users)).unwrap();
        let conversations = (users.div_ceil(2) + more).min(pairs);
        let invention = Invention { seed, users, conversations, messages, until, years: 1 };
        prop_assert_eq!(invention.silent(), 0);
        let day = &until.to_string()[..10];
        let mut seen = BTreeSet::new();
        let (mut rows, mut pairs) = (BTreeSet::new(), BTreeSet::new());
        for item in invention.items_from(0, &HashMap::new()) {
            match item {
                Invented::Message(message) => {
                    prop_assert!(message.sent_at.parse::<Timestamp>().unwrap() < until);
                }
                Invented::Row(row) => {
                    if row.last_message_at.starts_with(day) {
                        seen.insert(row.owner_uuid.clone());
                    }
                    prop_assert!(rows.insert((row.owner_uuid.clone(), row.last_message_at)), "one row took another's place");
                    pairs.insert((row.owner_uuid, row.other.user_uuid));
                }
            }
        }
        prop_assert_eq!(seen.len() as u64, users);
        prop_assert_eq!(pairs.len() as u64, 2 * conversations);
    }
}

#[test]
fn everybody_sees_something_in_the_first_seconds_of_a_year_and_at_its_end() {
    for (until, year) in
        [("2026-01-01T00:00:10Z", "2026"), ("2024-02-29T12:00:00Z", "2024"), ("2026-01-01", "2025")]
    {
        let sandbox = Sandbox::set_up();
        let numbers = ["--conversations", "9", "--messages", "3", "--users", "9"];
        sandbox
            .cruddur(["ddb", "seed"].iter().chain(&numbers).chain(&["--until", until]))
            .succeeds()
            .says("with 27 messages and 18 group rows");
        assert_everybody_sees_something(&sandbox, year);
        sandbox.cruddur(["ddb", "check"]).succeeds();
    }
}

#[test]
fn by_default_the_newest_is_of_today_and_the_same_can_be_had_again() {
    let sandbox = Sandbox::set_up();
    let before = Timestamp::now();
    let run = sandbox.cruddur(["ddb", "seed", "--conversations", "7", "--messages", "4"]).succeeds();
    let after = Timestamp::now();
    let (_, until) = run.stderr.split_once("to repeat the same conversations add: --until ").unwrap();
    let until = until.lines().next().unwrap();
    let ended: Timestamp = until.parse().unwrap();
    assert!(before <= ended && ended <= after, "{until}");
    assert_everybody_sees_something(&sandbox, &until[..4]);
    let newest = sandbox.items().iter().map(|item| text(item, "sk")).max().unwrap();
    assert!(newest.starts_with(&until[..10]) && newest.parse::<Timestamp>().unwrap() < ended, "{newest}");
    let other = Sandbox::set_up();
    let same = ["ddb", "seed", "--conversations", "7", "--messages", "4", "--until", until];
    let run = other.cruddur(same).succeeds();
    assert!(!run.stderr.contains("--until"), "{}", run.stderr);
    let contents = |sandbox: &Sandbox| -> BTreeMap<_, _> {
        let items = sandbox.items().into_iter();
        items.map(|item| ((text(&item, "pk"), text(&item, "sk")), item)).collect()
    };
    assert_eq!(contents(&sandbox), contents(&other));
}

#[test]
fn too_few_conversations_leave_users_out_and_say_so() {
    let sandbox = Sandbox::set_up();
    let seed = ["ddb", "seed", "--messages", "1", "--conversations"];
    sandbox.cruddur(seed.iter().chain(&["3", "--users", "10"])).succeeds().says("4 of 10 users are in no");
    let run =
        sandbox.cruddur(seed.iter().chain(&["1"])).succeeds().says("added 0 users").says("2 there already");
    assert!(!run.stderr.contains("no conversation"), "{}", run.stderr);
}

#[test]
fn a_run_that_is_resumed_ends_when_it_was_to_end_at_first() {
    let sandbox = Sandbox::set_up();
    let state = sandbox.path().join("state");
    let seed = |more: &[&str]| {
        let numbers = ["ddb", "seed", "--conversations", "20", "--messages", "18"];
        Run::of(sandbox.command(numbers.iter().chain(more)).env("CRUDDUR_STATE_DIR", &state))
    };
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |call| {
        (call == 6).then_some(Fault::Error(400, "ValidationException"))
    });
    let endpoint = ["--endpoint-url", proxy.url()];
    let broken = seed(&endpoint).exits_with(5);
    let (_, command) = broken.stderr.split_once("--until ").unwrap();
    let until = command.split_whitespace().next().unwrap();
    assert!(until.parse::<Timestamp>().is_ok(), "{until}");
    // The plan is of what is left of that run.
    let written = sandbox.items().len();
    let plan = seed(&[&endpoint[..], &["--resume", "--dry-run"]].concat()).succeeds();
    let (_, left) = plan.stderr.split_once("), ").unwrap();
    let left: usize = left.split_whitespace().next().unwrap().parse().unwrap();
    assert!(left < 400 && left >= 400 - written, "{left}: {}", plan.stderr);
    seed(&[&endpoint[..], &["--resume"]].concat()).succeeds().says("resuming: ");
    let whole = Sandbox::set_up();
    let numbers = ["--conversations", "20", "--messages", "18", "--until", until];
    whole.cruddur(["ddb", "seed"].iter().chain(&numbers)).succeeds();
    let keys = |sandbox: &Sandbox| -> BTreeSet<_> {
        sandbox.items().iter().map(|item| (text(item, "pk"), text(item, "sk"))).collect()
    };
    assert_eq!(keys(&sandbox), keys(&whole));
    assert_eq!(sandbox.items().len(), 400);
}
