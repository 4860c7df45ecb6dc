//! `ddb export` and `ddb import`

mod aws;
mod damaged;
mod documents;
mod dynein;
mod existing;
mod faults;
mod left_over;
mod resume;
mod round_trip;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::Strategy as _;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::support::{Item, Sandbox, any_item, normal, text};

/// A table and nothing in it.
pub fn with_table() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox
}

/// A table with so many items, with attributes of all types at random.
pub fn with_items(count: usize) -> Sandbox {
    let sandbox = with_table();
    sandbox.put_all(items(count));
    sandbox
}

/// So many items, at most 1,000.
pub fn items(count: usize) -> Vec<Item> {
    // Made once, since that takes as long as many a test.
    static ALL: LazyLock<Vec<Item>> = LazyLock::new(|| {
        let mut runner = TestRunner::deterministic();
        let any = |number| any_item(format!("MSG#{:03}", number % 7), format!("{number:06}"));
        (0..1000).map(|number| any(number).new_tree(&mut runner).unwrap().current()).collect()
    });
    ALL[..count].to_vec()
}

/// Many items of some kilobytes each: more than a page, and more than a checkpoint.
pub fn with_pages(count: usize, bytes: usize) -> Sandbox {
    let sandbox = with_table();
    let text = "x".repeat(bytes);
    sandbox.put_all((0..count).map(|number| {
        let string = |value: &str| AttributeValue::S(value.to_owned());
        Item::from([
            ("pk".to_owned(), string(&format!("MSG#{:02}", number % 16))),
            ("sk".to_owned(), string(&format!("{number:06}"))),
            ("message".to_owned(), string(&format!("{number} {text}"))),
        ])
    }));
    sandbox
}

/// Every item of the messages table by its key, comparable.
pub fn by_key(sandbox: &Sandbox) -> BTreeMap<(String, String), Item> {
    sandbox.items().iter().map(|item| ((text(item, "pk"), text(item, "sk")), normal(item))).collect()
}

/// The tables of the two hold the same items, compared one by one.
#[track_caller]
pub fn assert_same(one: &Sandbox, other: &Sandbox) {
    let (one, other) = (by_key(one), by_key(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (key, item) in &one {
        assert_eq!(item, &other[key], "{key:?}");
    }
}

/// The lines of an export, uncompressed.
pub fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(ToOwned::to_owned).collect()
}

/// Each as a line.
pub fn joined(values: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    values.into_iter().flat_map(|value| [value.to_string(), "\n".to_owned()]).collect()
}
