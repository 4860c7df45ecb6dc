//! Items as JSON, both ways.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use cruddur::dynamodb::item::json::{Plain, Typed, canonical, plain_item, plain_value, typed_item};
use proptest::prelude::*;
use serde::Serialize;

use crate::support::{Item, any_item, any_number, boto3_item, cases};

fn text(item: impl Serialize) -> String {
    serde_json::to_string(&item).unwrap()
}

/// Without the order of sets, and numbers by their values.
fn canonical_of(item: &Item) -> Vec<u8> {
    let mut bytes = Vec::new();
    canonical(item, &mut bytes);
    bytes
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn every_item_comes_back_from_typed_json(item in any_item("MSG#1".to_owned(), "é".to_owned())) {
        let text = text(Typed(&item));
        prop_assert_eq!(typed_item(text.as_bytes()).unwrap(), item.clone());
        // Also with the white space of other tools.
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(typed_item(pretty.as_bytes()).unwrap(), item);
    }

    #[test]
    fn every_item_is_the_same_to_boto3(item in any_item("MSG#1".to_owned(), "é".to_owned())) {
        let (typed, plain) = (text(Typed(&item)), text(Plain(&item)));
        let read = text(Typed(&plain_item(plain.as_bytes(), false).unwrap()));
        let sent = typed_item(boto3_item(&typed, &plain, &read).as_bytes()).unwrap();
        prop_assert!(canonical_of(&sent) == canonical_of(&item), "{:?}", sent);
    }

    #[test]
    fn a_plain_number_keeps_its_text(number in any_number()) {
        prop_assert_eq!(plain_value(&number).unwrap(), AttributeValue::N(number));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _ = (typed_item(text.as_bytes()), plain_item(text.as_bytes(), true), plain_value(&text));
    }
}

/// Why `value`, as an attribute `a`, is no typed value.
#[track_caller]
fn refusal(value: &str) -> String {
    let problem = typed_item(format!("{{\"pk\":{{\"S\":\"1\"}},\n\"a\":{value}}}").as_bytes()).unwrap_err();
    assert_eq!(problem.line, 2, "{value}");
    problem.message
}

#[test]
fn what_is_no_typed_value_is_refused_with_its_name() {
    for (value, why) in [
        (
            r#"{"T":"x"}"#,
            "attribute \"a\": there is no type \"T\"; the types are S, N, B, BOOL, NULL, L, M, SS, NS, BS",
        ),
        (r#"{"s":"x"}"#, "there is no type \"s\""),
        (r#"{"S":"x","N":"1"}"#, "two types for one value, S and N"),
        (r#"{"S":"x","S":"y"}"#, "two types for one value, S and S"),
        ("{}", "a value without a type"),
        ("\"x\"", "expected a typed value such as {\"S\": \"…\"}"),
        ("1", "expected a typed value"),
        (r#"{"S":1}"#, "invalid type: integer `1`, expected a string"),
        (r#"{"S":null}"#, "expected a string"),
        (r#"{"N":1}"#, "expected a string"),
        (r#"{"N":"one"}"#, "\"one\" is not a number"),
        (r#"{"N":""}"#, "\"\" is not a number"),
        (r#"{"N":"1 "}"#, "is not a number"),
        (r#"{"N":"1e"}"#, "is not a number"),
        (r#"{"N":"0x1f"}"#, "is not a number"),
        (r#"{"N":"NaN"}"#, "is not a number"),
        (r#"{"N":"1.2.3"}"#, "is not a number"),
        (r#"{"N":"123456789012345678901234567890123456789"}"#, "has 39 digits, but DynamoDB keeps 38"),
        (r#"{"N":"1e126"}"#, "is too large: DynamoDB's numbers"),
        (r#"{"N":"-10e125"}"#, "is too large"),
        (r#"{"N":"1e-131"}"#, "is too close to zero"),
        (r#"{"N":"1e99999999999"}"#, "is not a number"),
        (r#"{"B":"AQI"}"#, "not base64"),
        (r#"{"B":"A-_="}"#, "not base64"),
        (r#"{"B":"AQI=\n"}"#, "not base64"),
        (r#"{"BOOL":"true"}"#, "expected a boolean"),
        (r#"{"NULL":false}"#, "NULL must be true"),
        (r#"{"SS":[]}"#, "an empty set"),
        (r#"{"NS":[]}"#, "an empty set"),
        (r#"{"BS":[]}"#, "an empty set"),
        (r#"{"SS":["x","x"]}"#, "a set with a duplicate value"),
        (r#"{"NS":["1","1.0"]}"#, "a set with a duplicate value"),
        (r#"{"NS":["100","1e2"]}"#, "a set with a duplicate value"),
        (r#"{"BS":["AQI=","AQI="]}"#, "a set with a duplicate value"),
        (r#"{"NS":["1","x"]}"#, "\"x\" is not a number"),
        (r#"{"L":{"S":"x"}}"#, "expected an array of typed values"),
        (r#"{"L":[{"S":"x"},{"M":{"deep":{"N":"x"}}}]}"#, "attribute \"a[1].deep\": \"x\" is not a number"),
        (r#"{"M":{"b":{"S":"x"},"b":{"S":"x"}}}"#, "attribute \"a.b\": it appears twice"),
        (r#"{"S":"\ud800"}"#, "attribute \"a\": "),
        (r#"{"S":"x"},"a":{"S":"x"}"#, "attribute \"a\": it appears twice"),
    ] {
        let said = refusal(value);
        assert!(said.contains(why), "{value}: {said}");
    }
}

#[test]
fn the_ends_of_numbers_are_taken() {
    for number in [
        "1e125",
        "9.9999999999999999999999999999999999999e125",
        "-1E-130",
        "+5",
        ".5",
        "5.",
        "0e999",
        "000123",
    ] {
        let text = format!("{{\"a\":{{\"N\":\"{number}\"}}}}");
        assert_eq!(typed_item(text.as_bytes()).unwrap()["a"], AttributeValue::N(number.to_owned()));
    }
}

#[test]
fn thirty_two_levels_are_taken_and_no_more() {
    let nested = |levels: usize| {
        let lists = levels - 1;
        format!("{{\"a\":{}{{\"S\":\"\"}}{}}}", r#"{"L":["#.repeat(lists), "]}".repeat(lists))
    };
    assert!(typed_item(nested(32).as_bytes()).is_ok());
    let problem = typed_item(nested(33).as_bytes()).unwrap_err();
    assert!(problem.message.ends_with("nested deeper than DynamoDB's 32 levels"), "{problem:?}");
    assert!(typed_item(nested(60).as_bytes()).is_err());
    assert!(typed_item(nested(100_000).as_bytes()).is_err());
    let plain = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert!(plain_item(plain(32).as_bytes(), false).is_ok());
    assert!(plain_item(plain(33).as_bytes(), false).unwrap_err().message.contains("32 levels"));
    assert!(plain_item(plain(100_000).as_bytes(), false).is_err());
}

#[test]
fn what_is_no_item_at_all_is_refused() {
    for text in ["", "[]", "1", "{\"a\":{\"S\":\"x\"}", "{\"a\":{\"S\":\"x\"}} {}", "{\"\":{\"S\":\"x\"}}"] {
        assert!(typed_item(text.as_bytes()).is_err(), "{text}");
        assert!(plain_item(text.as_bytes(), false).is_err(), "{text}");
    }
    assert!(typed_item(b"{\"a\":{\"S\":\"\xff\"}}").is_err(), "not UTF-8");
    assert!(plain_item(b"{\"a\":\"\xff\"}", false).is_err(), "not UTF-8");
}

#[test]
fn plain_values_become_what_they_are() {
    let text = r#"{"s":"x","n":-1.50,"t":true,"f":false,"z":null,"m":{"l":[1,"a",[]]},"o":{}}"#;
    let item = plain_item(text.as_bytes(), false).unwrap();
    let string = |text: &str| AttributeValue::S(text.to_owned());
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let list = AttributeValue::L(vec![number("1"), string("a"), AttributeValue::L(Vec::new())]);
    for (name, value) in [
        ("s", string("x")),
        ("n", number("-1.50")),
        ("t", AttributeValue::Bool(true)),
        ("f", AttributeValue::Bool(false)),
        ("z", AttributeValue::Null(true)),
        ("m", AttributeValue::M([("l".to_owned(), list)].into())),
        ("o", AttributeValue::M([].into())),
    ] {
        assert_eq!(item[name], value, "{name}");
    }
    assert_eq!(item.len(), 7);
}

#[test]
fn plain_json_that_dynamodb_would_not_take_is_refused_with_its_name() {
    for (text, why) in [
        (r#"{"a":1e400}"#, "attribute \"a\": \"1e400\" is too large"),
        (r#"{"a":{"b":[0,123456789012345678901234567890123456789]}}"#, "attribute \"a.b[1]\": "),
        (r#"{"a":1,"a":2}"#, "attribute \"a\": it appears twice"),
        (r#"{"a":{"b":1,"b":2}}"#, "attribute \"a.b\": it appears twice"),
        (r#"{"a":01}"#, "invalid number"),
    ] {
        let problem = plain_item(text.as_bytes(), false).unwrap_err();
        assert!(problem.message.contains(why), "{text}: {problem:?}");
    }
}

#[test]
fn sets_are_inferred_only_where_a_set_can_have_been() {
    let text =
        r#"{"ss":["x","y"],"ns":[1,2.5],"empty":[],"twice":["x","x"],"equal":[1,1.0],"mixed":["x",1]}"#;
    let item = plain_item(text.as_bytes(), true).unwrap();
    assert_eq!(item["ss"], AttributeValue::Ss(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(item["ns"], AttributeValue::Ns(vec!["1".to_owned(), "2.5".to_owned()]));
    for name in ["empty", "twice", "equal", "mixed"] {
        assert!(item[name].is_l(), "{name}");
    }
    assert!(plain_item(text.as_bytes(), false).unwrap().values().all(AttributeValue::is_l));
}

#[test]
fn empty_strings_and_binaries_are_values() {
    let item = typed_item(br#"{"s":{"S":""},"b":{"B":""},"bs":{"BS":["","AA=="]}}"#).unwrap();
    assert_eq!(item["s"], AttributeValue::S(String::new()));
    assert_eq!(item["b"], AttributeValue::B(Blob::new([])));
    assert_eq!(item["bs"], AttributeValue::Bs(vec![Blob::new([]), Blob::new([0])]));
}
