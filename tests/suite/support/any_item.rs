//! Items with attributes of every type, at random.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;

use super::Item;

/// An item of the messages table with this key, and anything besides.
pub fn any_item(pk: String, sk: String) -> impl Strategy<Value = Item> {
    prop::collection::hash_map(any_name(), any_value(), 0..6).prop_map(move |mut item| {
        item.insert("pk".to_owned(), AttributeValue::S(pk.clone()));
        item.insert("sk".to_owned(), AttributeValue::S(sk.clone()));
        // An attribute that the index has as a key is a string.
        item.remove("message_group_uuid");
        item
    })
}

/// A value of any type, nested a few levels deep.
pub fn any_value() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        any_text().prop_map(AttributeValue::S),
        any_number().prop_map(AttributeValue::N),
        any_bytes().prop_map(|bytes| AttributeValue::B(Blob::new(bytes))),
        any::<bool>().prop_map(AttributeValue::Bool),
        Just(AttributeValue::Null(true)),
        prop::collection::btree_set(any_text(), 1..5)
            .prop_map(|set| AttributeValue::Ss(set.into_iter().collect())),
        prop::collection::btree_set(any::<i64>(), 1..5)
            .prop_map(|set| AttributeValue::Ns(set.iter().map(ToString::to_string).collect())),
        prop::collection::btree_set(any_bytes(), 1..5)
            .prop_map(|set| AttributeValue::Bs(set.into_iter().map(Blob::new).collect())),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
            prop::collection::hash_map(any_name(), inner, 0..4).prop_map(AttributeValue::M),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_#. \"\\\\]{1,12}", "\\PC{1,8}"]
}

/// Also empty, and with every character that JSON or a terminal minds.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,20}", "[\\x00-\\x1f\"\\\\/\u{2028}\u{fffd}\u{10ffff}é😀]{0,12}"]
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..12)
}

/// As the service gives numbers back: up to 38 digits, no zeros that mean nothing.
pub fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[1-9][0-9]{0,37}",
        "-?0\\.[0-9]{0,30}[1-9]",
        "-?[1-9][0-9]{0,18}\\.[0-9]{0,17}[1-9]",
    ]
}
/// The same item, comparable: a set has no order.
pub fn normal(item: &Item) -> HashMap<String, AttributeValue> {
    item.iter().map(|(name, value)| (name.clone(), normal_value(value))).collect()
}

fn normal_value(value: &AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::Ss(set) => {
            AttributeValue::Ss(set.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect())
        }
        AttributeValue::Ns(set) => {
            AttributeValue::Ns(set.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect())
        }
        AttributeValue::Bs(set) => {
            let set: BTreeSet<&[u8]> = set.iter().map(AsRef::as_ref).collect();
            AttributeValue::Bs(set.into_iter().map(Blob::new).collect())
        }
        AttributeValue::L(values) => AttributeValue::L(values.iter().map(normal_value).collect()),
        AttributeValue::M(map) => AttributeValue::M(normal(map)),
        other => other.clone(),
    }
}
