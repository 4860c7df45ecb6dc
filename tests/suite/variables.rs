//! psql's variables, without a server.

use std::collections::BTreeMap;

use cruddur::postgres::{Expanded, expand, is_variable_name, quote_identifier, quote_literal};
use proptest::prelude::*;

use crate::support::cases;

/// Expands `text` where the variables have these values.
fn with(text: &str, values: &[(&str, &str)]) -> Expanded {
    let values: BTreeMap<&str, &str> = values.iter().copied().collect();
    expand(text.to_owned(), &|name| values.get(name).map(|value| (*value).to_owned()))
}

#[track_caller]
fn assert_expands(text: &str, values: &[(&str, &str)], sql: &str) {
    let expanded = with(text, values);
    assert_eq!(expanded.sql(), sql);
    assert_eq!(expanded.original(), text);
    assert_eq!((expanded.unset(), expanded.error()), (&[][..], None), "{text}");
}

fn unset(text: &str, values: &[(&str, &str)]) -> Vec<String> {
    with(text, values).unset().iter().map(|unset| format!("{}@{}", unset.name, unset.at)).collect()
}

#[test]
fn each_form_is_quoted_in_its_own_way() {
    let values = [("x", "it's \"so\""), ("path", "C:\\it's"), ("n", "1 + 2"), ("empty", ""), ("größe", "5")];
    assert_expands("SELECT :'x'", &values, "SELECT 'it''s \"so\"'");
    assert_expands("SELECT 1 AS :\"x\"", &values, "SELECT 1 AS \"it's \"\"so\"\"\"");
    assert_expands("SELECT :n * 2", &values, "SELECT 1 + 2 * 2");
    assert_expands("SELECT(:'path')", &values, "SELECT( E'C:\\\\it''s')");
    assert_expands("SELECT:'path'", &values, "SELECT E'C:\\\\it''s'");
    assert_expands(":'empty',:empty;", &values, "'',;");
    assert_expands("SELECT :{?n}, :{?other}", &values, "SELECT TRUE, FALSE");
    assert_expands(":größe :'größe'", &values, "5 '5'");
    assert_expands("LIMIT :n::int", &values, "LIMIT 1 + 2::int");
    assert_expands("a:n;b:n.c:n$", &values, "a1 + 2;b1 + 2.c1 + 2$");
}

#[test]
fn colons_that_are_sqls_own_are_left_alone() {
    let values = [("x", "VALUE"), ("n", "VALUE"), ("int", "VALUE"), ("2", "VALUE"), ("b", "VALUE")];
    for text in [
        "SELECT 1::int, '1'::int, (1)::int, x::int::x",
        "SELECT ':x', E'\\':x', U&':x', $$:x$$, $a$ :x $$ :'x' $a$, \":x\"",
        "SELECT ':''x'':x'",
        "-- :x\n/* :x /* :x */ :'x' */",
        "DO $$ BEGIN y := x; y:=x; END $$",
        "f(a := 1, b :=x)",
        "a : x, a: 'x', a :\"x y\", a :{x}, a :{?x y}, a:, :'x y', :' x'",
        "SELECT a[1:2], a[1 :n], a[b:n], a[(1):n], a[a[1]:n], a[f(1):x], \"a\"[1:n], $1[1:n], a[1:n][1:n]",
        "SELECT a[1:2:b], (a)[1:n], a[1:\"n\"], a['1':'2'], a['1':'n'], a[b.c:n]",
        "SELECT '12:30'::time, 1:1",
    ] {
        assert_expands(text, &values, text);
        assert_expands(text, &[], text);
    }
    // The lower bound left out: a slice, unless there is such a variable.
    assert_expands("SELECT a[:n], a[:\"n\"], a[:2], a[:]", &[], "SELECT a[:n], a[:\"n\"], a[:2], a[:]");
}

#[test]
fn a_variable_in_brackets_is_one_where_no_slice_can_be() {
    let values = [("n", "7"), ("lo", "1"), ("hi", "2"), ("key", "k"), ("bounds", "lo:hi")];
    assert_expands("a[:n]", &values, "a[7]");
    assert_expands("a[:lo:5]", &values, "a[1:5]");
    assert_expands("a[:lo : :hi]", &values, "a[1 : 2]");
    assert_expands("a[1 + :n]", &values, "a[1 + 7]");
    assert_expands("a[f(1, :n):n]", &values, "a[f(1, 7):n]");
    assert_expands("d[:'key']", &values, "d['k']");
    assert_expands("ARRAY[:n, :'n', [:n]]", &values, "ARRAY[7, '7', [7]]");
    assert_expands("array [:n]", &values, "array [7]");
    assert_expands("a[:bounds]", &values, "a[lo:hi]");
    assert_expands("a[1:hi] = :hi", &values, "a[1:hi] = 2");
    assert_eq!(unset("ARRAY[:a, :b] || x[:'c'] || x[1 + :d]", &[]), ["a@6", "b@10", "c@19", "d@34"]);
}

#[test]
fn a_backslash_keeps_a_colon() {
    assert_expands("SELECT a[:n\\:5], \\:n, \\::'n'", &[("n", "1")], "SELECT a[1:5], :n, :'1'");
    // A command of psql's is not read for variables.
    assert_expands("SELECT :n;\n\\echo it's :n\n", &[("n", "1")], "SELECT 1;\n\\echo it's :n\n");
}

#[test]
fn a_plain_value_is_sql_and_may_name_variables() {
    let values = [
        ("where", "WHERE handle = :'handle' AND note <> ':handle'"),
        ("handle", "nina; :x"),
        ("a", ":b"),
        ("b", ":c + :c"),
        ("c", "1"),
    ];
    assert_expands("DELETE :where;", &values, "DELETE WHERE handle = 'nina; :x' AND note <> ':handle';");
    assert_expands("SELECT :a, :c", &values, "SELECT 1 + 1, 1");
    let expanded = with("SELECT :c;\nSELECT :a", &[("a", "1, :nope"), ("c", "1")]);
    assert_eq!(expanded.unset()[0].name, "nope");
    assert_eq!(expanded.unset()[0].at, 18, "the place of the variable whose value it is in");
}

#[test]
fn a_value_that_opens_what_it_does_not_close_is_an_error() {
    for value in ["'open", "\"open", "$$ open", "/* open", "E'\\'"] {
        let expanded = with("SELECT 1;\nSELECT :x 'it;'", &[("x", value)]);
        let error = expanded.error().expect("an error");
        assert_eq!(error.at, 17);
        assert!(error.message.contains("never closed") && !error.message.contains("open"), "{error:?}");
    }
    for values in [&[("a", ":a")][..], &[("a", "1 + :b"), ("b", ":a")]] {
        let error = with("SELECT :a", values).error().cloned().expect("an error");
        assert!(error.at == 7 && error.message.contains("refers back"), "{error:?}");
    }
}

#[test]
fn what_is_not_set_is_told_with_its_place() {
    assert_eq!(
        unset("SELECT :'a', :b, :\"c\", :{?d}, :'a', :e", &[("e", "")]),
        ["a@7", "b@13", "c@17", "a@30"]
    );
    let expanded = with("SELECT :'a', :{?b}, :c[1:d]", &[("c", "x")]);
    assert_eq!(expanded.names().iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn names_are_those_of_psql() {
    for name in ["a", "A_1", "1", "_", "größe", "変数"] {
        assert!(is_variable_name(name), "{name}");
    }
    for name in ["", "a b", "a-b", "a.b", "'a'", "a$", ":a"] {
        assert!(!is_variable_name(name), "{name}");
    }
}

/// Text that holds no variable wherever it stands, and is closed.
fn inert() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[0-9]{1,4}",
        "[^'\\\\\\x00]{0,8}".prop_map(|text| format!("'{text}'")),
        "[^\"\\x00]{1,8}".prop_map(|text| format!("\"{text}\"")),
        "([a-z:;\"$(]|''|\\\\[a-z'\\\\]){0,8}".prop_map(|text| format!("E'{text}'")),
        "[^$\\x00]{0,8}".prop_map(|text| format!("$${text}$$")),
        "[^\\r\\n\\x00]{0,8}".prop_map(|text| format!("--{text}\n,")),
        "[^*/\\x00]{0,8}".prop_map(|text| format!("/*{text}/*:x*/{text}*/")),
        "[a-z]{1,5}".prop_map(|name| format!("a[1:{name}]")),
        "[a-z]{1,5}".prop_map(|name| format!("::{name}")),
        Just("x := y".to_owned()),
    ]
}

/// A value of a variable: anything that a command line or an environment can hold.
fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[^\\x00]{0,12}", "['\"\\\\:;$a ]{0,12}"]
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn text_without_variables_stays_as_it_is(pieces in prop::collection::vec(inert(), 0..10)) {
        let text = pieces.join(" ");
        // Every name is set, so that whatever is taken for a variable shows.
        let expanded = expand(text.clone(), &|_| Some("REPLACED".to_owned()));
        prop_assert_eq!(expanded.sql(), &text);
        prop_assert_eq!(expanded.names().len(), 0);
    }

    #[test]
    fn arbitrary_text_never_panics_and_maps_back_into_itself(
        text in prop_oneof![any::<String>(), "[:'\"\\[\\]{}?a1é\\\\; $E]{0,24}"],
        value in value(),
    ) {
        let expanded = expand(text.clone(), &|name| (name != "a1").then(|| value.clone()));
        prop_assert_eq!(expanded.original(), &text);
        let mut last = 0;
        for (at, _) in expanded.sql().char_indices() {
            let origin = expanded.origin(at);
            prop_assert!(text.is_char_boundary(origin) && origin <= text.len());
            prop_assert!(origin >= last, "it goes back");
            last = origin;
        }
        prop_assert_eq!(expanded.origin(expanded.sql().len()), text.len());
        for unset in expanded.unset() {
            prop_assert!(text[unset.at..].starts_with(':'));
        }
    }

    #[test]
    fn what_was_not_replaced_stands_where_it_says(
        pieces in prop::collection::vec(("[a-z(), \\n]{0,8}", prop::sample::select(vec![":x", ":'x'", ":\"x\""])), 0..8),
        value in "[a-z0-9 ]{0,8}",
    ) {
        let spaced = |(before, variable): &(String, &str)| format!("{before} {variable} ");
        let text = pieces.iter().map(spaced).collect::<Vec<_>>().concat();
        let expanded = expand(text.clone(), &|_| Some(value.clone()));
        let mut sql = String::new();
        for (before, variable) in &pieces {
            let start = sql.len();
            sql += before;
            sql += " ";
            for at in start..sql.len() {
                prop_assert_eq!(&expanded.sql()[at..=at], &text[expanded.origin(at)..=expanded.origin(at)]);
            }
            let at_value = sql.len();
            sql += &match *variable {
                ":x" => value.clone(),
                ":'x'" => quote_literal(&value),
                _ => quote_identifier(&value),
            };
            for at in at_value..sql.len() {
                prop_assert!(text[expanded.origin(at)..].starts_with(variable));
            }
            sql += " ";
        }
        prop_assert_eq!(expanded.sql(), &sql);
    }

    #[test]
    fn a_quoted_value_is_one_token_whatever_it_holds(value in value()) {
        for text in ["SELECT :'x', :'y'", "SELECT :\"x\", :'y'"] {
            let expanded = expand(text.to_owned(), &|name| (name == "x").then(|| value.clone()));
            // What follows is still read: a value that broke out would hide it, or add to it.
            prop_assert_eq!(expanded.unset().len(), 1);
            let again = expand(expanded.sql().to_owned(), &|_| None);
            prop_assert_eq!(again.unset().len(), 1);
            prop_assert_eq!(cruddur::postgres::split(expanded.sql()).unwrap().len(), 1);
        }
    }
}
