//! Files that are not what they should be: nothing of them is written.

use std::io::Write as _;
use std::path::Path;

use cruddur::archive::{FileSurvey, KeyPart, Reading, Source, survey};
use cruddur::dynamodb::TableSchema;
use cruddur::error::Error;

use super::{lines, with_items, with_table};
use crate::support::{Fault, Proxy, Run, Sandbox, Spawned, TABLE, runtime, text};

const ENDINGS: [&str; 3] = ["", ".gz", ".zst"];

fn schema(sandbox: &Sandbox) -> TableSchema {
    runtime().block_on(sandbox.store().table_schema(TABLE)).unwrap()
}

/// What an import looks at first.
fn read(path: &Path, schema: &TableSchema) -> Result<FileSurvey, Error> {
    let key = KeyPart::of(schema);
    survey(&Source::open(path)?, &Reading { key, ..Reading::default() }, schema, |_| {})
}

/// A small export, its bytes, and what it holds.
fn exported(sandbox: &Sandbox, ending: &str) -> (std::path::PathBuf, Vec<u8>) {
    let path = sandbox.path().join(format!("all.ndjson{ending}"));
    sandbox.cruddur(["ddb", "export", path.to_str().unwrap()]).succeeds();
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

#[test]
fn no_flipped_bit_goes_unseen() {
    let sandbox = with_items(2);
    let schema = schema(&sandbox);
    for ending in ENDINGS {
        let (path, bytes) = exported(&sandbox, ending);
        let whole = read(&path, &schema).unwrap();
        assert_eq!(whole.puts, 2);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&path, &damaged).unwrap();
            match read(&path, &schema) {
                Err(error) => assert!(error.message().contains("all.ndjson"), "{error}"),
                // gzip's own header has a byte or two that mean nothing.
                Ok(found) => {
                    assert_ne!(ending, "", "byte {at} of {}", bytes.len());
                    assert_eq!((&found.content, found.puts), (&whole.content, 2), "{ending}, byte {at}");
                }
            }
        }
    }
}

#[test]
fn no_missing_end_goes_unseen() {
    let sandbox = with_items(2);
    let schema = schema(&sandbox);
    for ending in ENDINGS {
        let (path, bytes) = exported(&sandbox, ending);
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error =
                read(&path, &schema).expect_err(&format!("{ending}: {length} of {} bytes", bytes.len()));
            assert!(error.message().contains("all.ndjson"), "{error}");
        }
    }
}

#[test]
fn a_damaged_file_is_told_and_nothing_written() {
    let (from, to) = (with_items(20), with_table());
    for ending in ENDINGS {
        let (path, bytes) = exported(&from, ending);
        for (damaged, why) in [
            (bytes[..bytes.len() / 2].to_vec(), "cut off"),
            (bytes[..bytes.len() - 1].to_vec(), "cut off"),
            ([&bytes[..], b"more"].concat(), ":"),
        ] {
            std::fs::write(&path, damaged).unwrap();
            to.cruddur(["ddb", "import", path.to_str().unwrap()]).exits_with(1).says(why);
            assert!(to.items().is_empty());
        }
    }
    let (path, _) = {
        std::fs::remove_file(from.path().join("all.ndjson")).unwrap();
        exported(&from, "")
    };
    let lines = lines(&path);
    let check = |change: &dyn Fn(&mut Vec<String>), why: &str| {
        let mut lines = lines.clone();
        change(&mut lines);
        let file = to.write("changed.ndjson", lines.join("\n") + "\n");
        to.cruddur(["ddb", "import", file.to_str().unwrap()]).exits_with(1).says(why);
        assert!(to.items().is_empty(), "{why}");
    };
    check(
        &|lines| drop(lines.remove(5)),
        "changed.ndjson:21: the file is damaged: its number of items should be 20, but is 19",
    );
    check(&|lines| lines.swap(5, 6), "changed.ndjson:22: the file is damaged: its checksum should be");
    check(&|lines| drop(lines.pop()), "changed.ndjson:21: the export is cut off: its last line is missing");
    check(&|lines| lines.extend(lines.clone()), "changed.ndjson:23: data after the export's last line");
    check(&|lines| lines[0] = lines[0].replace("export\":1", "export\":2"), "an export of version 2");
    check(&|lines| lines[3] = "{\"pk\":{\"S\":\"1\"}}".to_owned(), "changed.ndjson:4: ");
}

#[test]
fn what_breaks_off_in_a_pipe_is_not_taken_for_whole() {
    let (from, to) = (with_items(60), with_table());
    let (_, bytes) = exported(&from, "");
    let import = |bytes: &[u8]| Run::with_input(&mut to.command(["ddb", "import", "-", "--replace"]), bytes);
    import(b"").exits_with(1).says("stdin:1: it is empty");
    assert!(to.items().is_empty());
    // The lines that did come are written, and that is said.
    let whole_lines = bytes.iter().take(bytes.len() - 300).rposition(|byte| *byte == b'\n').unwrap() + 1;
    import(&bytes[..whole_lines])
        .exits_with(5)
        .says("the export is cut off: its last line is missing")
        .says(" items written");
    assert!(!to.items().is_empty());
    import(&bytes).succeeds();
    assert_eq!(to.items().len(), 60);
}

#[test]
fn a_line_that_the_table_would_refuse_is_named_before_anything_is_written() {
    let sandbox = with_table();
    let long = "x".repeat(400 * 1024);
    let long_key = "x".repeat(2049);
    for (line, why) in [
        (r#"{"pk":{"S":"1"}}"#.to_owned(), "the key attribute \"sk\" is missing"),
        (r#"{"pk":{"N":"1"},"sk":{"S":"1"}}"#.to_owned(), "the key attribute \"pk\" is not a text"),
        (r#"{"pk":{"S":""},"sk":{"S":"1"}}"#.to_owned(), "the key attribute \"pk\" is empty"),
        (
            format!(r#"{{"pk":{{"S":"{long_key}"}},"sk":{{"S":"1"}}}}"#),
            "has 2049 bytes, but DynamoDB allows 2048",
        ),
        (
            format!(r#"{{"pk":{{"S":"1"}},"sk":{{"S":"1"}},"a":{{"S":"{long}"}}}}"#),
            "DynamoDB allows 409600 (400 KB)",
        ),
        (
            r#"{"pk":{"S":"1"},"sk":{"S":"1"},"message_group_uuid":{"N":"1"}}"#.to_owned(),
            "the index message-group-sk-index needs it",
        ),
        (
            r#"{"pk":{"S":"1"},"sk":{"S":"1"},"a":{"T":"1"}}"#.to_owned(),
            "attribute \"a\": there is no type \"T\"",
        ),
        (r#"{"pk":{"S":"1"},"sk":{"S":"1"},"a":{"N":"1e999"}}"#.to_owned(), "attribute \"a\": "),
        (r#"{"pk":{"S":"1"},"sk":{"S":"1""#.to_owned(), "EOF while parsing"),
        ("nonsense".to_owned(), "expected"),
    ] {
        let good = r#"{"pk":{"S":"0"},"sk":{"S":"0"}}"#;
        let file = sandbox.write("items.ndjson", format!("{good}\n\n{line}\n{good}\n"));
        sandbox
            .cruddur(["ddb", "import", file.to_str().unwrap()])
            .exits_with(1)
            .says("items.ndjson:3: ")
            .says(why);
        assert!(sandbox.items().is_empty(), "{why}");
    }
    let mut not_text = b"{\"pk\":{\"S\":\"0\"},\"sk\":{\"S\":\"0\"}}\n{\"pk\":{\"S\":\"".to_vec();
    not_text.write_all(b"\xff\"},\"sk\":{\"S\":\"0\"}}\n").unwrap();
    let file = sandbox.write("items.ndjson", not_text);
    sandbox.cruddur(["ddb", "import", file.to_str().unwrap()]).exits_with(1).says("items.ndjson:2: ");
    assert!(sandbox.items().is_empty());
}

#[test]
fn what_is_no_file_of_items_is_said_to_be_none() {
    let sandbox = with_table();
    for (text, why) in [
        ("", ":1: it is empty"),
        ("pk,sk\n1,2\n", ":1: neither a JSON object nor an array"),
        ("$ion_1_0 {Item:{pk:\"1\"}}\n", ":1: this looks like Amazon Ion"),
        (
            "{\"others\":[{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"1\"}}}}]}",
            "write requests for BatchWriteItem",
        ),
        ("{\n  \"pk\": \"1\"\n}\n", ":1: the key attribute \"sk\" is missing"),
        ("{\n  \"pk\": \"1\"\n", ":3: it is cut off: EOF while parsing an object"),
        ("[{\"pk\":\"1\",\"sk\":\"1\"}", ":1: it is cut off: EOF while parsing a list"),
        ("[{\"pk\":\"1\",\"sk\":\"1\"}\n{\"pk\":\"2\",\"sk\":\"1\"}]", ":2: not JSON: expected `,` or `]`"),
        ("[{\"pk\":\"1\",\"sk\":\"1\"}] []", "data after the array"),
        ("[{\"pk\":\"1\",\"sk\":\"1\"},\n\n 3]", ":3: an item must be an object"),
    ] {
        let file = sandbox.write("some.json", text);
        sandbox.cruddur(["ddb", "import", file.to_str().unwrap()]).exits_with(1).says("some.json").says(why);
        assert!(sandbox.items().is_empty(), "{why}");
    }
    sandbox.cruddur(["ddb", "import", "nowhere.json"]).exits_with(1).says("cannot read nowhere.json");
    let empty = sandbox.write("empty.json", "[]\n");
    sandbox.cruddur(["ddb", "import", empty.to_str().unwrap()]).succeeds().says("imported 0 items");
}

#[test]
fn a_file_that_changes_after_it_was_checked_is_told() {
    let sandbox = with_table();
    let line = |message: &str| {
        format!(r#"{{"pk":{{"S":"MSG#1"}},"sk":{{"S":"1"}},"message":{{"S":"{message}"}}}}"#) + "\n"
    };
    let file = sandbox.write("items.ndjson", line("one"));
    // It has been checked once the table is asked whether it is empty.
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |call| (call == 0).then_some(Fault::Hold));
    let arguments = ["ddb", "import", file.to_str().unwrap(), "--endpoint-url", proxy.url()];
    let run = Spawned::new(&mut sandbox.command(arguments));
    proxy.holds(1);
    sandbox.write("items.ndjson", line("two"));
    proxy.release();
    run.ends().exits_with(5).says("items.ndjson changed during the import");
    let [item] = sandbox.items().try_into().unwrap();
    assert_eq!(text(&item, "message"), "two");
}
