//! Archives: what is written is read back, in every arrangement and compression.

use cruddur::archive::{Change, Compression, Header, Reading, Source, Writer};
use cruddur::dynamodb::item::json::Typed;
use proptest::prelude::*;

use super::read::{Written, key};
use crate::support::{Item, any_item, cases, normal};

fn items() -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(any_item("MSG#1".to_owned(), "é".to_owned()), 1..3)
}

/// As cruddur exports them.
fn exported(items: &[Item], compression: Compression) -> Vec<u8> {
    let mut bytes = Vec::new();
    let header = Header::new("t", "here".to_owned(), key(), "id".to_owned());
    let mut writer = Writer::begin(&mut bytes, compression, &header).unwrap();
    for item in items {
        writer.push(item).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// As other tools write them.
fn arranged(items: &[Item], arrangement: usize) -> String {
    let all: Vec<String> = items.iter().map(|item| serde_json::to_string(&Typed(item)).unwrap()).collect();
    match arrangement {
        0 => all.join("\n"),
        1 => format!("[{}]\n", all.join(" ,\n")),
        2 => format!("{{\"Count\":{},\"Items\":[{}],\"LastEvaluatedKey\":null}}", all.len(), all.join(",")),
        3 => format!("\n{{\"Item\":{}}}", all.join("}\n\n{\"Item\":")),
        _ => format!("{{\"Responses\":{{\"t\":[{}]}},\"UnprocessedKeys\":{{}}}}", all.join("\n,")),
    }
}

/// What is read, or what is wrong.
fn read(bytes: &[u8]) -> Result<Vec<Item>, String> {
    let (file, mut read) = (Written::new(bytes), Vec::new());
    let source = Source::open(&file.path()).unwrap();
    let reading = Reading { key: key(), ..Reading::default() };
    let all = source.read(&reading, |entry| match entry.change {
        Change::Put(item) => {
            read.push(normal(&item));
            Ok(true)
        }
        Change::Delete(key) => panic!("a delete of {key:?}"),
    });
    all.map(|_| read).map_err(|error| file.error(&error))
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn what_is_written_is_read_back(items in items(), arrangement in 0..8_usize, cut in any::<prop::sample::Index>()) {
        let wanted: Vec<Item> = items.iter().map(normal).collect();
        let compression = [Compression::None, Compression::Gzip, Compression::Zstd].get(arrangement);
        let Some(compression) = compression else {
            prop_assert_eq!(read(arranged(&items, arrangement - 3).as_bytes()), Ok(wanted));
            return Ok(());
        };
        let mut bytes = exported(&items, *compression);
        prop_assert_eq!(read(&bytes), Ok(wanted));
        // Cut off anywhere, it is known to be.
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(read(&bytes).is_err());
    }
}

#[test]
fn what_is_between_two_items_has_a_limit_too() {
    let long = 17 << 20;
    for (text, line) in [
        (" ".repeat(long), 1),
        (format!("\n{{\"Items\":[],\"a{}\":1}}", "a".repeat(long)), 2),
        (format!("{}{{", "[".repeat(long)), 1),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        assert!(error.contains(&format!("input:{line}: longer than 16 MiB")), "{error}");
    }
    // White space is also read in a line of its own, and counts as lines.
    assert_eq!(read(" \n".repeat(100).as_bytes()), Err("input:1: it is empty".to_owned()));
}
