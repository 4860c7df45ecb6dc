//! Conditions and paths as people write them.

use std::collections::BTreeMap;

use cruddur::dynamodb::item::expression::{Condition, Placeholders, Projection};
use proptest::prelude::*;

use crate::support::cases;

fn written(source: &str) -> String {
    let condition: Condition = source.parse().unwrap_or_else(|error| panic!("{source}: {error}"));
    let mut placeholders = Placeholders::default();
    let text = condition.write(&mut placeholders);
    let names = placeholders.names().unwrap_or_default();
    // In one go, because a name may look like another one's placeholder.
    let mut parts = text.split("#n");
    let mut written = parts.next().unwrap().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        written += &names[&format!("#n{}", &part[..end])];
        written += &part[end..];
    }
    written
}

#[track_caller]
fn refused(source: &str, why: &str, at: usize) {
    let error = source.parse::<Condition>().unwrap_err().to_string();
    let mut lines = error.lines();
    let said = lines.next().unwrap();
    assert!(said.contains(why), "{source}: {said}");
    let caret = error.lines().last().unwrap();
    assert_eq!(caret.chars().count() - 1, at + 2, "{error}");
}

#[test]
fn every_form_is_written_as_the_service_takes_it() {
    for (source, expected) in [
        ("a = 1", "a = :v0"),
        ("a != 1 and b == 'x'", "a <> :v0 AND b = :v1"),
        ("a <= 1 OR b >= 2 AND c < 3", "a <= :v0 OR (b >= :v1 AND c < :v2)"),
        ("(a = 1 OR b = 1) AND NOT c = 1", "(a = :v0 OR b = :v0) AND (NOT c = :v0)"),
        ("((a = 1))", "a = :v0"),
        ("NOT NOT a = 1", "a = :v0"),
        ("not (a = 1 or b = 2)", "NOT (a = :v0 OR b = :v1)"),
        ("a BETWEEN 1 AND 2 AND b IN ('x', \"y\")", "a BETWEEN :v0 AND :v1 AND b IN (:v2, :v3)"),
        ("attribute_exists(a.b[0].c)", "attribute_exists(a.b[0].c)"),
        ("Attribute_Not_Exists(a)", "attribute_not_exists(a)"),
        ("attribute_type(a, 'S')", "attribute_type(a, :v0)"),
        (
            "contains(a, 'x') AND begins_with(`odd name`, 'y')",
            "contains(a, :v0) AND begins_with(odd name, :v1)",
        ),
        ("size(a) > 100", "size(a) > :v0"),
        ("3 < size(a)", ":v0 < size(a)"),
        ("'x' = a", ":v0 = a"),
        ("a = `b`", "a = b"),
        ("`#n1` = 1 AND `#n2` = 2 AND `#n0` = 3", "#n1 = :v0 AND #n2 = :v1 AND #n0 = :v2"),
        ("a-b = -1.5e3", "a-b = :v0"),
        ("size = 1 and contains = 2", "size = :v0 AND contains = :v1"),
        ("a = b'AQI='", "a = :v0"),
        ("a = {'x','y'} and b = [1,[true,null]] and c = {'k': 1, k2: {}}", "a = :v0 AND b = :v1 AND c = :v2"),
    ] {
        assert_eq!(written(source), expected, "{source}");
    }
}

#[test]
fn what_cannot_be_read_is_pointed_at() {
    refused("", "expected an attribute, a value, NOT or (", 0);
    refused("a", "expected =, <>", 1);
    refused("a = ", "expected a value", 4);
    refused("a = nina", "text goes in quotes: 'nina'", 4);
    refused("pk = MSG#1", "text goes in quotes: 'MSG#1'", 5);
    refused("pk =\u{a0}MSG#1", "text goes in quotes: 'MSG#1'", 5);
    refused("a = 'nina", "never closed", 4);
    refused("a = 12x", "12x is not a number; text goes in quotes", 4);
    refused("a = 1 b = 2", "expected AND, OR or the end", 6);
    refused("(a = 1", "expected )", 6);
    refused("a BETWEEN 1", "expected AND", 11);
    refused("a IN 1", "expected (", 5);
    refused("a = :v", "write the value itself", 4);
    refused("#a = 1", "write the attribute's own name", 0);
    refused("a = {1, 'x'}", "a set holds text", 5);
    refused("a[x] = 1", "an element's index", 2);
    refused("not = 1", "expected an attribute", 4);
    refused("a.or = 1", "in backquotes: `or`", 2);
    refused("å = ; 1", "unexpected ';'", 4);
    refused(&format!("{}= = 1", " ".repeat(100_000)), "expected an attribute", 100_000);
    refused(&format!("{}a = 1", "(".repeat(5000)), "nested too deeply", 100);
    refused(&format!("a = {}", "[".repeat(5000)), "nested too deeply", 103);
}

#[test]
fn names_and_values_have_one_placeholder_each() {
    let mut placeholders = Placeholders::default();
    let filter: Condition = "a = 'x' AND b = 'x' AND a <> 'y'".parse().unwrap();
    assert_eq!(filter.write(&mut placeholders), "#n0 = :v0 AND #n1 = :v0 AND #n0 <> :v1");
    let paths: Projection = "b, c.a[2]".parse().unwrap();
    assert_eq!(paths.write(&mut placeholders), "#n1, #n2.#n0[2]");
    assert_eq!(placeholders.names().unwrap().len(), 3);
    assert_eq!(placeholders.values().unwrap().len(), 2);
    assert_eq!(Placeholders::default().names(), None, "the service takes no empty map");
}

/// A condition in words, of every kind and a few levels deep. No word of the language ends with `_`.
fn condition() -> impl Strategy<Value = String> {
    let name = prop_oneof!["[a-z][a-z0-9_-]{0,5}_", "`[^`\\p{Cc}]{1,8}`"];
    let path = (name, prop::option::of("\\.x|\\[[0-9]{1,3}\\]"))
        .prop_map(|(name, more)| name + &more.unwrap_or_default());
    let value = prop_oneof![
        "'[^'\\\\\\p{Cc}]{0,8}'",
        "-?[0-9]{1,9}(\\.[0-9]{1,3})?",
        prop::sample::select(vec!["true", "null", "b'AQI='", "{1, 2}", "['a', [null]]", "{'k': {}}"])
            .prop_map(str::to_owned),
    ];
    let operand =
        prop_oneof![path.clone(), path.clone().prop_map(|path| format!("size({path})")), value.clone()];
    let compared = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        (operand, compared, value.clone()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
        (path.clone(), value.clone(), value.clone())
            .prop_map(|(path, low, high)| format!("{path} BETWEEN {low} AND {high}")),
        (path.clone(), value.clone(), value)
            .prop_map(|(path, one, other)| format!("{path} IN ({one}, {other})")),
        path.clone().prop_map(|path| format!("attribute_not_exists({path})")),
        path.prop_map(|path| format!("begins_with({path}, 'x')")),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        let joined = |word: &'static str| move |all: Vec<String>| format!("({})", all.join(word));
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(joined(" AND ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(joined(" or ")),
            inner.prop_map(|inner| format!("NOT {inner}")),
        ]
    })
}

/// What is sent to the service: the text, the names and the values.
fn sent(condition: &Condition) -> String {
    let mut placeholders = Placeholders::default();
    let text = condition.write(&mut placeholders);
    let names: BTreeMap<_, _> = placeholders.names().unwrap_or_default().into_iter().collect();
    let values: BTreeMap<_, _> = placeholders.values().unwrap_or_default().into_iter().collect();
    format!("{text} {names:?} {values:?}")
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn white_space_and_parentheses_that_change_nothing_change_nothing(source in condition(), space in "[ \\n\\t]{1,3}") {
        let plain: Condition = source.parse().unwrap();
        let inside: Condition = format!("{space}(({source}){space})").parse().unwrap();
        prop_assert_eq!(sent(&inside), sent(&plain));
    }

    #[test]
    fn each_part_of_a_condition_is_sent_as_it_is_alone(left in condition(), right in condition()) {
        let words = |source: &str| written(source);
        let both = words(&format!("({left}) AND NOT ({right})"));
        // The numbers of placeholders differ; the rest does not.
        let shape = |text: &str| text.split(|c: char| c.is_ascii_digit()).collect::<String>().replace(['(', ')'], "");
        let apart = format!("{} AND NOT {}", words(&left), words(&right));
        prop_assert_eq!(shape(&both), shape(&apart));
    }

    #[test]
    fn any_text_is_read_or_refused(source in "\\PC{0,40}") {
        let _ = source.parse::<Condition>();
        let _ = source.parse::<Projection>();
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "a", "b.c", "=", "<", "(", ")", "AND", "OR", "NOT", "IN", "BETWEEN", "'x'", "1", "size", ",", "[",
                "]", "{", "}", "contains", "null", "#", "`q`", ".", ":", "é",
            ]),
            0..20,
        )
    ) {
        if let Ok(condition) = words.join(" ").parse::<Condition>() {
            prop_assert!(!condition.write(&mut Placeholders::default()).is_empty());
        }
    }
}
