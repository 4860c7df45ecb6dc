//! Where statements end: the server is the judge.

use std::cell::Cell;

use cruddur::postgres::split;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::support::{runtime, stack};

/// The rows of one statement.
type Rows = Vec<Vec<Option<String>>>;

struct Judge(Client);

impl Judge {
    fn new() -> Self {
        runtime().block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&stack().url("postgres"), NoTls).await.unwrap();
            tokio::spawn(connection);
            Self(client)
        })
    }

    /// What the statements of `text` give, one by one; `None` when the server refuses it.
    fn run(&self, text: &str) -> Option<Vec<Rows>> {
        let messages = runtime().block_on(self.0.simple_query(text)).ok()?;
        let (mut statements, mut rows) = (Vec::new(), None);
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(_) => rows = Some(Rows::new()),
                SimpleQueryMessage::Row(row) => {
                    let cells = (0..row.len()).map(|column| row.get(column).map(ToOwned::to_owned)).collect();
                    rows.as_mut().expect("a description comes first").push(cells);
                }
                // There is none of rows where the text has no statement.
                SimpleQueryMessage::CommandComplete(_) => statements.extend(rows.take()),
                _ => {}
            }
        }
        Some(statements)
    }

    /// Whether the server takes `text`; then it must be cut where the server cuts it.
    fn takes(&self, text: &str) -> Result<bool, TestCaseError> {
        let Some(whole) = self.run(text) else { return Ok(false) };
        let cut = split(text).map_err(|error| TestCaseError::fail(format!("{error:?} in {text:?}")))?;
        let pieces: Vec<Option<Vec<Rows>>> = cut.iter().map(|statement| self.run(statement.text)).collect();
        let whole: Vec<Option<Vec<Rows>>> = whole.into_iter().map(|rows| Some(vec![rows])).collect();
        prop_assert_eq!(pieces, whole, "{:?}", text);
        Ok(true)
    }
}

/// What opens and closes, and what white space may or may not be.
fn soup() -> impl Strategy<Value = String> {
    let tokens = vec![
        "'",
        "''",
        "\\",
        "\\'",
        "\"",
        "\"\"",
        "$",
        "$$",
        "$a$",
        "$é$",
        "$1",
        "E'",
        "U&'",
        ";",
        "; SELECT 1",
        "--",
        "\n",
        "\r",
        "/*",
        "*/",
        "\t",
        "\x0b",
        "\x0c",
        " ",
        "\u{a0}",
        "\u{85}",
        "\u{2028}",
        "\u{3000}",
        "\u{feff}",
        "x",
        "é",
        "1",
        "1e",
        "0x",
        "_",
        ",",
        "+",
        "-",
        "/",
        "*",
        "(",
        ")",
    ];
    prop::collection::vec(prop::sample::select(tokens), 0..5).prop_map(|tokens| tokens.concat())
}

/// An expression, if the soup inside it does not spoil it.
fn expression() -> impl Strategy<Value = String> {
    let quotes = prop::sample::select(vec![
        ("'", "'"),
        ("E'", "'"),
        ("e'", "'"),
        ("U&'", "'"),
        ("N'", "'"),
        ("$$", "$$"),
        ("$a$", "$a$"),
        ("$é$", "$é$"),
        ("1 AS \"", "\""),
        ("1 AS ", ""),
        ("1 AS x", ""),
        ("1 /*", "*/"),
        ("1 --", "\n"),
        ("1", ""),
        ("(1", ")"),
        ("'a'\n'", "'"),
        ("E'a' -- b\n '", "'"),
        ("E'a'\u{a0}\n'", "'"),
    ]);
    (quotes, soup()).prop_map(|((open, close), soup)| format!("{open}{soup}{close}"))
}

#[test]
fn statements_end_where_the_server_ends_them() {
    let judge = Judge::new();
    let statement =
        prop::collection::vec(expression(), 1..4).prop_map(|list| format!("SELECT {}", list.join(", ")));
    let text = (prop::collection::vec(statement, 1..4), soup()).prop_map(|(all, tail)| all.join(";") + &tail);
    let taken = Cell::new(0);
    let cases = 6000;
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
        .run(&text, |text| {
            taken.set(taken.get() + u32::from(judge.takes(&text)?));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    // Where the server takes next to nothing, nothing is shown.
    assert!(taken.get() > cases / 20, "the server took {} of {cases}", taken.get());
}

#[test]
fn statements_that_used_to_hide_others_are_cut() {
    let judge = Judge::new();
    for (text, count) in [
        // Only ASCII is white space; any other character is a name's.
        ("SELECT 1 AS \u{a0}$$; SELECT 2 AS \u{a0}$$", 2),
        ("SELECT 1 AS \u{3000}$a$; SELECT 2 AS \u{feff}$a$", 2),
        ("SELECT 1 AS x\u{85}$$; SELECT 2 AS \u{2028}$$", 2),
        ("SELECT E'a'\u{a0}\n, '\\'; SELECT 2 -- '", 2),
        ("SELECT '\\'; SELECT 2 AS \"'\"", 2),
        ("SELECT E'\\''; SELECT 2 AS \"'\"", 2),
        ("SELECT 1 /* /* */ ; SELECT 2 */; SELECT 3", 2),
    ] {
        assert!(judge.takes(text).unwrap(), "{text:?}");
        assert_eq!(split(text).unwrap().len(), count, "{text:?}");
    }
}
