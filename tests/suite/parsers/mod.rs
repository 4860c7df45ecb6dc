//! What has failed once, by parser, and what is like it.
//!
//! An input is a file `tests/corpus/PARSER/NAME`, and what comes of it is kept in
//! `tests/suite/snapshots/corpus/PARSER/NAME.snap`.

mod archive;
mod checkpoint;
mod env_file;
mod read;

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use self::read::Outcome;
use crate::support::{Book, cases, names};

/// What reads an input, and which of its errors name no place in it.
struct Parser {
    name: &'static str,
    read: fn(&[u8]) -> Outcome,
    /// What is in an error that has a place.
    place: &'static str,
    /// What is in one that has none.
    whole: &'static [&'static str],
}

const PARSERS: [Parser; 11] = [
    Parser { name: "transcript", read: read::transcript, place: "line ", whole: &["has no messages"] },
    Parser { name: "sql", read: read::sql, place: "input:", whole: &["no SQL statement"] },
    Parser { name: "variables", read: read::variables, place: "at byte ", whole: &[] },
    Parser { name: "url", read: read::url, place: "CONNECTION_URL", whole: &[] },
    Parser { name: "env", read: read::env, place: "input:", whole: &["cannot read"] },
    Parser { name: "timestamp", read: read::timestamp, place: "", whole: &[] },
    Parser { name: "cursor", read: read::cursor, place: "cursor", whole: &[] },
    Parser { name: "checkpoint", read: read::checkpoint, place: "input", whole: &[] },
    Parser { name: "item", read: read::item, place: "line ", whole: &[] },
    Parser { name: "expression", read: read::expression, place: "^", whole: &[] },
    Parser { name: "archive", read: read::archive, place: "input:", whole: &["cannot read"] },
];

/// The inputs of a parser that are kept, by name.
fn corpus(parser: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(parser);
    names(&folder).into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn what_has_failed_once_is_read_or_refused_as_it_should_be() {
    for parser in &PARSERS {
        let mut book = Book::open(&format!("corpus/{}", parser.name));
        for (name, input) in corpus(parser.name) {
            let text = match (parser.read)(&input) {
                Ok(text) => text,
                Err(error) => format!("Error: {error}"),
            };
            book.text(&name, &text);
        }
        book.close();
    }
}

/// Something done to an input.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Cut(Index, Index),
    Repeat(Index, Index, u8),
    /// A part of another input.
    Insert(Index, Index, Index, Index),
    Write(Index, &'static str),
}

/// What parsers mind.
const WORDS: &[&str] = &[
    "'",
    "\"",
    "\\",
    "$",
    "$$",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":",
    ",",
    "=",
    "-",
    "--",
    "/*",
    "%",
    "@",
    "#",
    "\n",
    "\r\n",
    "\0",
    "\u{feff}",
    "é",
    "0",
    "9999999999",
    "null",
    "\\u0000",
    "export ",
    "NOT ",
    "\\.\n",
    "\x1f\u{8b}",
];

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (index(), index()).prop_map(|(from, to)| Change::Cut(from, to)),
        (index(), index(), 1..40_u8).prop_map(|(from, to, times)| Change::Repeat(from, to, times)),
        (index(), index(), index(), index()).prop_map(|(at, of, from, to)| Change::Insert(at, of, from, to)),
        (index(), prop::sample::select(WORDS)).prop_map(|(at, word)| Change::Write(at, word)),
    ]
}

fn changed(corpus: &[(String, Vec<u8>)], first: Index, changes: &[Change]) -> Vec<u8> {
    let range = |text: &[u8], from: &Index, to: &Index| {
        let (from, to) = (from.index(text.len() + 1), to.index(text.len() + 1));
        from.min(to)..from.max(to)
    };
    let mut text = first.get(corpus).1.clone();
    for change in changes {
        match change {
            Change::Set(at, byte) if !text.is_empty() => *at.get_mut(&mut text) = *byte,
            Change::Set(_, byte) => text.push(*byte),
            Change::Cut(from, to) => _ = text.drain(range(&text, from, to)),
            Change::Repeat(from, to, times) => {
                let part = range(&text, from, to);
                let repeated = text[part.clone()].repeat(usize::from(*times));
                _ = text.splice(part, repeated);
                text.truncate(1 << 14);
            }
            Change::Insert(at, of, from, to) => {
                let (at, other) = (at.index(text.len() + 1), &of.get(corpus).1);
                text.splice(at..at, other[range(other, from, to)].iter().copied());
            }
            Change::Write(at, word) => {
                let at = at.index(text.len() + 1);
                text.splice(at..at, word.bytes());
            }
        }
    }
    text
}

/// What the corpus of a parser has, changed; and bytes that have nothing to do with it.
fn like(parser: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let corpus = corpus(parser);
    prop_oneof![
        9 => (any::<Index>(), prop::collection::vec(change(), 0..5))
            .prop_map(move |(first, changes)| changed(&corpus, first, &changes)),
        1 => prop::collection::vec(any::<u8>(), 0..80),
    ]
}

/// The parser does not panic, and says where an input is wrong.
fn is_judged(parser: &str, input: &[u8]) -> Result<(), TestCaseError> {
    let parser = PARSERS.iter().find(|one| one.name == parser).unwrap();
    if let Err(error) = (parser.read)(input) {
        let has_place =
            error.contains(parser.place) || parser.whole.iter().any(|whole| error.contains(whole));
        prop_assert!(has_place, "no place in: {}\n{}", error, String::from_utf8_lossy(input));
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_transcript_is_read_or_refused_with_its_place(input in like("transcript")) {
        is_judged("transcript", &input)?;
    }

    #[test]
    fn any_sql_is_read_or_refused_with_its_place(input in like("sql")) {
        is_judged("sql", &input)?;
    }

    #[test]
    fn any_text_with_variables_is_read_or_refused_with_its_place(input in like("variables")) {
        is_judged("variables", &input)?;
    }

    #[test]
    fn any_url_is_read_or_refused_with_its_place(input in like("url")) {
        is_judged("url", &input)?;
    }

    #[test]
    fn any_env_file_is_read_or_refused_with_its_place(input in like("env")) {
        is_judged("env", &input)?;
    }

    #[test]
    fn any_timestamp_is_read_or_refused_with_its_place(input in like("timestamp")) {
        is_judged("timestamp", &input)?;
    }

    #[test]
    fn any_cursor_is_read_or_refused_with_its_place(input in like("cursor")) {
        is_judged("cursor", &input)?;
    }

    #[test]
    fn any_checkpoint_is_read_or_refused_with_its_place(input in like("checkpoint")) {
        is_judged("checkpoint", &input)?;
    }

    #[test]
    fn any_item_is_read_or_refused_with_its_place(input in like("item")) {
        is_judged("item", &input)?;
    }

    #[test]
    fn any_expression_is_read_or_refused_with_its_place(input in like("expression")) {
        is_judged("expression", &input)?;
    }

    #[test]
    fn any_archive_is_read_or_refused_with_its_place(input in like("archive")) {
        is_judged("archive", &input)?;
    }
}
