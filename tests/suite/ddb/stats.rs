//! `ddb stats`

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Item, Sandbox, TABLE, cases, runtime, text};
use aws_sdk_dynamodb::types::AttributeValue;

fn item(pk: &str, sk: &str, message: &str) -> Item {
    [("pk", pk), ("sk", sk), ("message", message)]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
        .into()
}

fn with(items: impl IntoIterator<Item = Item>) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox.put_all(items);
    sandbox
}

fn stats(sandbox: &Sandbox, flags: &[&str]) -> Value {
    let run = sandbox.cruddur(["ddb", "stats", "-o", "json"].iter().chain(flags)).succeeds();
    run.json()
}

#[test]
fn everything_is_counted() {
    // pk 5 + 2, sk 32 + 2, message n + 7.
    let sandbox = with([
        item("MSG#a", "2023-03-29T09:45:13.050615+00:00", ""),
        item("MSG#a", "2023-03-29T01:00:00.000000-09:00", "xxxx"),
        item("MSG#b", "yesterday-yesterday-yesterday-ye", &"x".repeat(952)),
        item("GRP#n", "2023-03-29T09:45:13.050615+00:00", "xx"),
        item("OTHER", "2020-01-01T00:00:00.000000+00:00", "xx"),
    ]);
    for flags in [&[][..], &["--segments", "3"]] {
        let mut report = stats(&sandbox, flags);
        let consumed = report.as_object_mut().unwrap().remove("consumed_capacity").unwrap();
        assert_eq!(consumed["scanned"], 5);
        let partition =
            |name: &str, items: u64, bytes: u64| json!({ "partition": name, "items": items, "bytes": bytes });
        assert_eq!(
            report,
            json!({
                "total": { "items": 5, "bytes": 1200 },
                "kinds": {
                    "messages": { "items": 3, "bytes": 1100 },
                    "group_rows": { "items": 1, "bytes": 50 },
                    "other": { "items": 1, "bytes": 50 },
                },
                "largest": { "key": { "pk": "MSG#b", "sk": "yesterday-yesterday-yesterday-ye" }, "bytes": 1000 },
                "partitions": 4,
                "hottest_by_items": [
                    partition("MSG#a", 2, 100), partition("GRP#n", 1, 50), partition("MSG#b", 1, 1000),
                    partition("OTHER", 1, 50),
                ],
                "hottest_by_bytes": [
                    partition("MSG#b", 1, 1000), partition("MSG#a", 2, 100), partition("GRP#n", 1, 50),
                    partition("OTHER", 1, 50),
                ],
                // By the instant, and not by the text.
                "oldest": "2023-03-29T09:45:13.050615+00:00",
                "newest": "2023-03-29T01:00:00.000000-09:00",
                "unparsed_times": 1,
            })
        );
    }
    let table =
        sandbox.cruddur(["ddb", "stats", "--top", "1"]).succeeds().says("1 sort key without a date and time");
    let words: Vec<Vec<&str>> = table.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(words.contains(&vec!["messages", "3", "1100"]), "{}", table.stdout);
    assert!(words.contains(&vec!["most", "items", "2", "100", "MSG#a"]), "{}", table.stdout);
    assert!(!table.stdout.contains("OTHER"), "{}", table.stdout);
}

#[test]
fn an_empty_table_is_all_zeros() {
    let sandbox = with([]);
    let report = stats(&sandbox, &[]);
    assert_eq!((&report["total"]["items"], &report["partitions"]), (&json!(0), &json!(0)));
    assert_eq!((&report["largest"], &report["oldest"]), (&Value::Null, &Value::Null));
    sandbox.cruddur(["ddb", "stats"]).succeeds();
    sandbox.cruddur(["ddb", "stats", "--top", "0"]).exits_with(2);
}

#[test]
fn a_partition_of_many_pages_is_one() {
    let sandbox = with(
        (0..50)
            .map(|n| item(if n < 40 { "MSG#a" } else { "MSG#b" }, &format!("{n:02}"), &"x".repeat(60_000))),
    );
    for flags in [&[][..], &["--segments", "2"]] {
        let report = stats(&sandbox, flags);
        assert!(report["consumed_capacity"]["pages"].as_u64().unwrap() >= 3);
        assert_eq!(report["partitions"], 2);
        assert_eq!(report["hottest_by_items"][0]["items"], 40);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn the_hottest_are_those_of_a_plain_count(
        keys in proptest::collection::vec((0..12_u8, 0..40_usize), 1..120),
        segments in 1..5_u8,
        top in 1..6_usize,
    ) {
        let sandbox = with(keys.iter().enumerate().map(|(n, (key, length))| {
            item(&format!("MSG#{key}"), &format!("{n:03}"), &"x".repeat(*length))
        }));
        let mut counts: HashMap<String, u64> = HashMap::new();
        for item in runtime().block_on(sandbox.dynamodb().scan().table_name(TABLE).send()).unwrap().items() {
            *counts.entry(text(item, "pk")).or_default() += 1;
        }
        let mut expected: Vec<(u64, String)> = counts.iter().map(|(key, count)| (*count, key.clone())).collect();
        expected.sort_by(|(a, left), (b, right)| b.cmp(a).then_with(|| left.cmp(right)));
        expected.truncate(top);
        let report = stats(&sandbox, &["--segments", &segments.to_string(), "--top", &top.to_string()]);
        let found: Vec<(u64, String)> = report["hottest_by_items"].as_array().unwrap().iter().map(|partition| {
            (partition["items"].as_u64().unwrap(), partition["partition"].as_str().unwrap().to_owned())
        }).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(report["partitions"].as_u64().unwrap(), u64::try_from(counts.len()).unwrap());
    }
}
