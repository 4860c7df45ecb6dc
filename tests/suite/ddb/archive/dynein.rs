//! Plain JSON, as dynein's export writes it.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use super::{by_key, joined, with_table};
use crate::support::{Item, Sandbox};

/// An item of each plain type, as `dy export` writes it: sets have become arrays.
const ITEMS: &str = r#"[
  {
    "message": "Kaffe klockan fyra? ☕",
    "pk": "MSG#1",
    "sk": "2023-03-29T09:45:13.050615+00:00",
    "likes": 3,
    "ratio": -0.25,
    "seen": true,
    "reply_to": null,
    "tags": ["coffee", "fika"],
    "counts": [1, 2],
    "meta": { "device": { "os": "linux" }, "path": [] }
  },
  {
    "pk": "MSG#1",
    "sk": "2023-03-29T09:46:13.050615+00:00",
    "message": "Ja! {[\"}]",
    "big": 12345678901234567890123456789012345678
  }
]
"#;

fn imported(sandbox: &Sandbox, name: &str, text: &str, flags: &[&str]) -> Vec<Item> {
    let file = sandbox.write(name, text);
    let arguments = ["ddb", "import", file.to_str().unwrap(), "--replace"];
    sandbox
        .cruddur(arguments.iter().chain(flags))
        .succeeds()
        .says("is plain JSON: 2 items")
        .says("imported 2 items");
    by_key(sandbox).into_values().collect()
}

fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

#[test]
fn arrays_and_lines_are_the_same_items() {
    let sandbox = with_table();
    let from_array = imported(&sandbox, "items.json", ITEMS, &[]);
    let compact: serde_json::Value =
        serde_json::from_str(&ITEMS.replace("12345678901234567890123456789012345678", "\"N\"")).unwrap();
    let restored = |text: String| text.replace("\"N\"", "12345678901234567890123456789012345678");
    assert_eq!(imported(&sandbox, "compact.json", &restored(compact.to_string()), &[]), from_array);
    let lines = restored(joined(compact.as_array().unwrap()));
    assert_eq!(imported(&sandbox, "items.jsonl", &lines, &[]), from_array);
    let first = &from_array[0];
    assert_eq!(first["message"], string("Kaffe klockan fyra? ☕"));
    assert_eq!((&first["likes"], &first["ratio"]), (&number("3"), &number("-0.25")));
    assert_eq!(
        (&first["seen"], &first["reply_to"]),
        (&AttributeValue::Bool(true), &AttributeValue::Null(true))
    );
    assert_eq!(first["tags"], AttributeValue::L(vec![string("coffee"), string("fika")]));
    assert!(first["meta"].as_m().unwrap()["device"].is_m());
    assert_eq!(from_array[1]["big"], number("12345678901234567890123456789012345678"));
}

#[test]
fn sets_are_inferred_when_asked_for() {
    let sandbox = with_table();
    let items = imported(&sandbox, "items.json", ITEMS, &["--infer-sets"]);
    assert_eq!(items[0]["tags"], AttributeValue::Ss(vec!["coffee".to_owned(), "fika".to_owned()]));
    assert_eq!(items[0]["counts"], AttributeValue::Ns(vec!["1".to_owned(), "2".to_owned()]));
    assert!(items[0]["meta"].as_m().unwrap()["path"].is_l());
}

#[test]
fn binary_data_that_dynein_has_lost_is_told() {
    let sandbox = with_table();
    let text = "<<<JSON output doesn't support this type attributes>>>";
    let file = sandbox.write("items.json", json!([{ "pk": "1", "sk": "1", "photo": text }]).to_string());
    sandbox
        .cruddur(["ddb", "import", file.to_str().unwrap()])
        .succeeds()
        .says("1 attribute had binary data that dynein did not export");
}

#[test]
fn a_plain_item_that_looks_typed_is_told_by_its_key() {
    let sandbox = with_table();
    // Every attribute but the key is a map with the name of a type.
    let file = sandbox.write("items.jsonl", r#"{"a":{"S":"x"},"b":{"M":{}},"sk":"1","pk":"1"}"#);
    sandbox.cruddur(["ddb", "import", file.to_str().unwrap()]).succeeds().says("is plain JSON");
    assert!(sandbox.items()[0]["a"].is_m());
    // And the other way, which is a mistake in a typed item.
    let file = sandbox.write("items.jsonl", r#"{"pk":{"S":"2"},"sk":{"S":"2"},"a":"x"}"#);
    sandbox
        .cruddur(["ddb", "import", file.to_str().unwrap(), "--replace"])
        .exits_with(1)
        .says("items.jsonl:1: attribute \"a\": ");
    // Said, it need not be guessed.
    let file = sandbox.write("items.jsonl", r#"{"pk":"3","sk":"3"}"#);
    let forced = ["ddb", "import", file.to_str().unwrap(), "--replace", "--format", "typed"];
    sandbox.cruddur(forced).exits_with(1).says("items.jsonl:1: attribute \"pk\": ");
    assert_eq!(sandbox.items().len(), 1);
}
