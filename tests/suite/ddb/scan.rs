//! `ddb scan`

use std::io::{BufRead, BufReader};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{Item, Run, Sandbox, Spawned, TABLE, runtime, text};

fn item(pk: &str, sk: &str) -> Item {
    let string = |value: &str| AttributeValue::S(value.to_owned());
    Item::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

/// A table and nothing in it.
fn with_table() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox
}

/// 40 items of 60 KB: more than the 1 MB of a page, twice over.
fn with_pages() -> Sandbox {
    let sandbox = with_table();
    let text = "x".repeat(60 * 1024);
    sandbox.put_all((0..40).map(|number| {
        let mut item = item(&format!("MSG#{number:02}"), "2023-03-29T09:45:13.050615+00:00");
        item.insert("message".to_owned(), AttributeValue::S(text.clone()));
        item
    }));
    let page = runtime().block_on(sandbox.dynamodb().scan().table_name(TABLE).send()).unwrap();
    assert!(page.last_evaluated_key.is_some(), "the service gives 2.4 MB in one page");
    assert!(page.count < 20, "{} items of 60 KB in a page of 1 MB", page.count);
    sandbox
}

fn keys(items: &[Value]) -> Vec<String> {
    let mut keys: Vec<String> = items.iter().map(|item| item["pk"].as_str().unwrap().to_owned()).collect();
    keys.sort();
    keys
}

fn all_keys(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("MSG#{number:02}")).collect()
}

#[test]
fn every_page_is_read() {
    let sandbox = with_pages();
    let document = sandbox.cruddur(["ddb", "scan", "-o", "json"]).succeeds().says("40 items").json();
    assert_eq!(keys(document["items"].as_array().unwrap()), all_keys(40));
    assert_eq!(document["count"], 40);
    assert!(document["consumed_capacity"]["pages"].as_u64().unwrap() >= 3);
    // 2,400 KB at half a unit for each 4 KB; keys and names add a little, and each page rounds up.
    let units = document["consumed_capacity"]["total"].as_f64().unwrap();
    assert!((300.0..310.0).contains(&units), "{units}");
}

#[test]
fn every_format_holds_every_item() {
    let sandbox = with_pages();
    let lines = sandbox.cruddur(["ddb", "scan", "-o", "ndjson"]).succeeds().ndjson();
    assert_eq!(keys(&lines), all_keys(40));
    let table = sandbox.cruddur(["ddb", "scan"]).succeeds();
    let mut rows: Vec<&str> =
        table.stdout.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    rows.sort_unstable();
    assert_eq!(rows, all_keys(40));
}

#[test]
fn a_limit_holds_across_pages() {
    let sandbox = with_pages();
    for limit in [1, 18, 25, 40, 41] {
        let scan = ["ddb", "scan", "-o", "json", "--limit", &limit.to_string()];
        let document = sandbox.cruddur(scan).succeeds().json();
        let mut found = keys(document["items"].as_array().unwrap());
        assert_eq!(document["count"], limit.min(40));
        assert_eq!(found.len(), limit.min(40));
        found.dedup();
        assert_eq!(found.len(), limit.min(40), "an item came twice");
    }
}

#[test]
fn a_limit_of_nothing_is_nothing() {
    let sandbox = with_pages();
    let document = sandbox.cruddur(["ddb", "scan", "-o", "json", "--limit", "0"]).succeeds().json();
    assert_eq!((&document["items"], &document["count"]), (&json!([]), &json!(0)));
    sandbox.cruddur(["ddb", "scan", "--limit", "-1"]).exits_with(2);
    sandbox.cruddur(["ddb", "scan", "--limit", "many"]).exits_with(2);
}

#[test]
fn an_empty_table_is_a_document_without_items() {
    let sandbox = with_table();
    let scan = |format| sandbox.cruddur(["ddb", "scan", "-o", format]).succeeds().says("0 items");
    let document = scan("json").json();
    assert_eq!((&document["items"], &document["count"]), (&json!([]), &json!(0)));
    assert_eq!(scan("ndjson").stdout, "");
    assert_eq!(scan("table").stdout, "");
}

#[test]
fn a_seeded_table_reads_back_as_it_is() {
    let sandbox = Sandbox::seeded();
    let document = sandbox.cruddur(["ddb", "scan", "-o", "json"]).succeeds().json();
    let mut shown: Vec<Value> = document["items"].as_array().unwrap().clone();
    let mut stored: Vec<Value> = sandbox
        .items()
        .iter()
        .map(|item| item.keys().map(|name| (name.clone(), Value::from(text(item, name)))).collect())
        .collect();
    for items in [&mut shown, &mut stored] {
        items.sort_by_key(ToString::to_string);
    }
    assert_eq!(shown, stored);
    assert_eq!(document["consumed_capacity"]["estimated"], true);
}

/// An item with an attribute of every type.
fn every_type() -> Item {
    let mut item = item("TYPES", "1");
    let string = |value: &str| AttributeValue::S(value.to_owned());
    let number = |value: &str| AttributeValue::N(value.to_owned());
    let blob = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
    let map = [("deep".to_owned(), AttributeValue::L(vec![number("1.5"), AttributeValue::Null(true)]))];
    for (name, value) in [
        ("s", string("“text”")),
        ("n", number("12345678901234567890123456789012345678")),
        ("b", blob(&[0, 255, 16])),
        ("bool", AttributeValue::Bool(true)),
        ("null", AttributeValue::Null(true)),
        ("ss", AttributeValue::Ss(vec!["x".to_owned()])),
        ("ns", AttributeValue::Ns(vec!["-0.5".to_owned()])),
        ("bs", AttributeValue::Bs(vec![Blob::new([1, 2])])),
        ("l", AttributeValue::L(vec![string("a"), blob(&[7]), AttributeValue::Bool(false)])),
        ("m", AttributeValue::M(map.into())),
    ] {
        item.insert(name.to_owned(), value);
    }
    item
}

#[test]
fn every_type_has_a_plain_value() {
    let sandbox = with_table();
    sandbox.put_item(every_type());
    let run = sandbox.cruddur(["ddb", "scan", "-o", "ndjson"]).succeeds();
    assert!(run.stdout.contains("\"n\":12345678901234567890123456789012345678,"), "{}", run.stdout);
    let mut shown = run.ndjson().remove(0);
    shown.as_object_mut().unwrap().remove("n");
    let expected = json!({
        "pk": "TYPES", "sk": "1",
        "s": "“text”", "b": "AP8Q", "bool": true, "null": null,
        "ss": ["x"], "ns": [-0.5], "bs": ["AQI="],
        "l": ["a", "Bw==", false], "m": { "deep": [1.5, null] },
    });
    assert_eq!(shown, expected);
}

#[test]
fn typed_values_are_dynamodbs_own() {
    let sandbox = with_table();
    sandbox.put_item(every_type());
    let expected = json!({
        "pk": { "S": "TYPES" }, "sk": { "S": "1" },
        "s": { "S": "“text”" }, "n": { "N": "12345678901234567890123456789012345678" },
        "b": { "B": "AP8Q" }, "bool": { "BOOL": true }, "null": { "NULL": true },
        "ss": { "SS": ["x"] }, "ns": { "NS": ["-0.5"] }, "bs": { "BS": ["AQI="] },
        "l": { "L": [{ "S": "a" }, { "B": "Bw==" }, { "BOOL": false }] },
        "m": { "M": { "deep": { "L": [{ "N": "1.5" }, { "NULL": true }] } } },
    });
    let lines = sandbox.cruddur(["ddb", "scan", "--typed", "-o", "ndjson"]).succeeds().ndjson();
    assert_eq!(lines, std::slice::from_ref(&expected));
    let document = sandbox.cruddur(["ddb", "scan", "--typed", "-o", "json"]).succeeds().json();
    assert_eq!(document["items"], json!([expected]));
}

#[test]
fn a_table_names_the_attributes_it_has_no_room_for() {
    let sandbox = with_table();
    sandbox.put_item(every_type());
    let run = sandbox.cruddur(["ddb", "scan"]).succeeds();
    assert!(run.stdout.lines().nth(1).unwrap().ends_with("b bool bs l m n ns null s ss"), "{}", run.stdout);
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let sandbox = with_table();
    let mut item = item("MSG#1", "\u{9b}2J");
    for name in ["message", "user_handle", "\u{1b}[5m"] {
        item.insert(name.to_owned(), AttributeValue::S("\u{1b}[31mred\u{7}\r\u{7f}".to_owned()));
    }
    sandbox.put_item(item);
    let run = sandbox.cruddur(["ddb", "scan"]).succeeds();
    assert!(!run.stdout.contains(|c: char| c.is_control() && c != '\n'), "{:?}", run.stdout);
    assert!(run.stdout.contains("red"), "{}", run.stdout);
    let line = &sandbox.cruddur(["ddb", "scan", "-o", "ndjson"]).succeeds().ndjson()[0];
    assert_eq!(line["message"], "\u{1b}[31mred\u{7}\r\u{7f}", "programs get the same data");
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let sandbox = with_pages();
    for format in ["table", "json", "ndjson"] {
        let mut command = sandbox.command(["ddb", "scan", "-o", format]);
        let mut scan = Spawned::piped(&mut command);
        let mut reader = BufReader::new(scan.child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        // 2.4 MB are more than a pipe holds: the rest has no reader.
        drop(reader);
        assert_eq!(scan.ends().succeeds().stderr, "", "{format}");
    }
}

#[test]
fn the_table_is_named_by_the_flag_then_by_the_variable() {
    let sandbox = with_table();
    sandbox.put_item(item("HERE", "1"));
    sandbox.create_table("empty");
    let scan = |flags: &[&str]| {
        let mut command = sandbox.command(["ddb", "scan", "-o", "json"].iter().chain(flags));
        Run::of(command.env("DDB_MESSAGE_TABLE", "empty")).succeeds().json()["count"].clone()
    };
    assert_eq!(scan(&[]), 0);
    assert_eq!(scan(&["--table", TABLE]), 1);
}

#[test]
fn a_missing_table_leads_to_schema_load() {
    let run = Sandbox::new()
        .cruddur(["ddb", "scan", "-o", "json"])
        .exits_with(1)
        .says("there is no table \"cruddur-messages\"")
        .says("run: cruddur ddb schema-load");
    assert_eq!(run.stdout, "");
}
