//! Out of a table and into another.

use std::path::Path;

use serde_json::{Value, json};

use super::{assert_same, by_key, items, joined, lines, with_items, with_pages, with_table};
use crate::support::{Run, Sandbox, Spawned, TABLE, boto3, python};

#[test]
fn every_type_comes_back_item_by_item() {
    let (from, to) = (with_items(300), with_table());
    for file in ["all.ndjson", "all.ndjson.gz", "all.ndjson.zst"] {
        from.cruddur(["ddb", "export", file]).succeeds().says("exported 300 items");
        let path = from.path().join(file);
        let import = ["ddb", "import", path.to_str().unwrap(), "--replace"];
        to.cruddur(import).succeeds().says("imported 300 items");
        assert_same(&from, &to);
    }
    // And by the word of another client, which reads the types by itself.
    for number in [3, 40, 123, 299] {
        let key =
            json!({ "pk": { "S": format!("MSG#{:03}", number % 7) }, "sk": { "S": format!("{number:06}") } });
        let arguments = json!({ "TableName": TABLE, "Key": key });
        let get = |sandbox: &Sandbox| {
            boto3(&sandbox.endpoint(), "dynamodb", "get_item", &arguments)["Item"].clone()
        };
        assert!(get(&to).is_object(), "{key}");
        assert_eq!(get(&from), get(&to), "{key}");
    }
}

#[test]
fn through_a_pipe_it_goes_as_well() {
    let (from, to) = (with_items(200), with_table());
    let mut export = Spawned::piped(&mut from.command(["ddb", "export", "-"]));
    let exported = export.child.stdout.take().unwrap();
    let import = Run::reading(&mut to.command(["ddb", "import", "-"]), exported);
    assert_eq!(export.code(), 0);
    import.succeeds().says("imported 200 items of stdin");
    assert_same(&from, &to);
}

#[test]
fn an_export_is_lines_of_items_between_a_header_and_the_totals() {
    let sandbox = with_items(5);
    sandbox.cruddur(["ddb", "export", "all.ndjson"]).succeeds();
    let text = lines(&sandbox.path().join("all.ndjson"));
    let lines: Vec<Value> = text.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 7);
    assert_eq!((&lines[0]["cruddur_export"], &lines[0]["table"]), (&json!(1), &json!(TABLE)));
    assert_eq!(lines[0]["key"], json!([{ "name": "pk", "type": "S" }, { "name": "sk", "type": "S" }]));
    for line in &lines[1..6] {
        assert!(line["Item"]["pk"]["S"].is_string(), "{line}");
        assert_eq!(line.as_object().unwrap().len(), 1, "{line}");
    }
    assert_eq!((&lines[6]["cruddur_export_end"], &lines[6]["items"]), (&json!(1), &json!(5)));
    let bytes: usize = text[..6].iter().map(|line| line.len() + 1).sum();
    assert_eq!(lines[6]["bytes"], bytes);
}

#[test]
fn what_others_unpack_is_the_same_text_and_its_checksum() {
    let sandbox = with_pages(150, 60 * 1024);
    for file in ["all.ndjson.gz", "all.ndjson.zst", "all.ndjson"] {
        let document = sandbox.cruddur(["ddb", "export", file, "-o", "json"]).succeeds().json();
        let unpacked = Run::of(python("unpack.py").arg(file).current_dir(sandbox.path())).succeeds();
        let checksum = document["sha256"].as_str().unwrap();
        assert_eq!(unpacked.stdout, format!("152 {checksum}\n"), "{file}");
    }
}

#[test]
fn the_checksum_of_the_content_knows_no_order() {
    let sandbox = with_items(120);
    let exported = |flags: &[&str]| {
        let arguments = ["ddb", "export", "all.ndjson", "--force", "-o", "json"].iter().chain(flags);
        sandbox.cruddur(arguments).succeeds().json()
    };
    let (one, many) = (exported(&[]), exported(&["--segments", "5"]));
    assert_eq!((&one["items"], &one["content"]), (&many["items"], &many["content"]));
    assert_ne!(one["sha256"], many["sha256"]);
    sandbox.put(&[("pk", "MSG#000"), ("sk", "000000"), ("message", "another")]);
    assert_ne!(exported(&[])["content"], one["content"]);
}

#[test]
fn a_table_of_another_key_goes_the_same_way() {
    let (from, to) = (Sandbox::new(), Sandbox::new());
    for sandbox in [&from, &to] {
        sandbox.create_table("others");
    }
    for id in ["a", "b", "c"] {
        let item = json!({ "id": { "S": id }, "n": { "N": "1.5" } });
        boto3(&from.endpoint(), "dynamodb", "put_item", &json!({ "TableName": "others", "Item": item }));
    }
    from.cruddur(["ddb", "export", "others.ndjson", "--table", "others"]).succeeds();
    let path = from.path().join("others.ndjson");
    to.cruddur(["ddb", "import", path.to_str().unwrap(), "--table", "others"]).succeeds();
    let all = |sandbox: &Sandbox| {
        boto3(&sandbox.endpoint(), "dynamodb", "scan", &json!({ "TableName": "others" }))["Items"].clone()
    };
    assert_eq!(all(&from), all(&to));
    assert_eq!(all(&to).as_array().unwrap().len(), 3);
    // Its items have no place in a table of another key.
    let messages = with_table();
    messages
        .cruddur(["ddb", "import", path.to_str().unwrap()])
        .exits_with(1)
        .says("others.ndjson:1: the key of its items is id (S), but the table's is pk (S), sk (S)");
    assert!(messages.items().is_empty());
}

#[test]
fn an_empty_table_is_an_export_without_items() {
    let (from, to) = (with_table(), with_table());
    for file in ["none.ndjson", "none.ndjson.gz", "none.ndjson.zst"] {
        from.cruddur(["ddb", "export", file]).succeeds().says("exported 0 items");
        to.cruddur(["ddb", "import", from.path().join(file).to_str().unwrap()])
            .succeeds()
            .says("imported 0 items");
    }
    assert!(to.items().is_empty());
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let sandbox = with_items(3);
    sandbox.write("all.ndjson", "mine");
    sandbox
        .cruddur(["ddb", "export", "all.ndjson"])
        .exits_with(3)
        .says("all.ndjson already exists")
        .says("--force");
    assert_eq!(std::fs::read_to_string(sandbox.path().join("all.ndjson")).unwrap(), "mine");
    sandbox.cruddur(["ddb", "export", "all.ndjson", "--force"]).succeeds();
    assert_eq!(lines(&sandbox.path().join("all.ndjson")).len(), 5);
    assert_eq!(names(sandbox.path()), ["all.ndjson"], "nothing else is left");
}

#[test]
fn a_missing_table_writes_no_file() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "export", "all.ndjson"]).exits_with(1).says("run: cruddur ddb schema-load");
    assert!(names(sandbox.path()).is_empty());
    let run = sandbox.cruddur(["ddb", "export", "-"]).exits_with(1);
    assert_eq!(run.stdout, "");
    sandbox.write("all.ndjson", "");
    sandbox.cruddur(["ddb", "import", "all.ndjson"]).exits_with(1).says("run: cruddur ddb schema-load");
}

#[test]
fn typed_lines_of_a_scan_are_items_too() {
    let (from, to) = (with_items(40), with_table());
    let scan = from.cruddur(["ddb", "scan", "--typed", "-o", "ndjson"]).succeeds();
    Run::with_input(&mut to.command(["ddb", "import", "-"]), scan.stdout)
        .succeeds()
        .says("imported 40 items");
    assert_same(&from, &to);
    // And as an array over many lines.
    let scan = from.cruddur(["ddb", "scan", "--typed", "-o", "json"]).succeeds().json();
    let file = to.write("array.json", serde_json::to_string_pretty(&scan["items"]).unwrap());
    to.cruddur(["ddb", "import", file.to_str().unwrap(), "--replace"])
        .succeeds()
        .says("is typed JSON: 40 items")
        .says("it does not say how many items to expect");
    assert_same(&from, &to);
}

#[test]
fn the_last_of_two_items_with_one_key_stays() {
    let sandbox = with_table();
    let line = |number: usize| json!({ "pk": { "S": format!("MSG#{}", number % 3) }, "sk": { "S": "1" }, "n": { "N": number.to_string() } });
    let text = joined((0..200).map(line));
    let file = sandbox.write("twice.ndjson", text);
    sandbox
        .cruddur(["ddb", "import", file.to_str().unwrap()])
        .succeeds()
        .says("3 keys appear more than once")
        .says("imported 200 items");
    let found: Vec<String> =
        by_key(&sandbox).values().map(|item| item["n"].as_n().unwrap().clone()).collect();
    assert_eq!(found, ["198", "199", "197"]);
}

#[test]
fn the_capacity_is_told_by_both() {
    let sandbox = with_items(30);
    let exported = sandbox.cruddur(["ddb", "export", "all.ndjson", "-o", "json"]).succeeds().json();
    assert_eq!(exported["consumed_capacity"]["returned"], 30);
    let imported =
        sandbox.cruddur(["ddb", "import", "all.ndjson", "--replace", "-o", "json"]).succeeds().json();
    assert_eq!((&imported["put"], &imported["content"]), (&json!(30), &exported["content"]));
    let written = imported["consumed_capacity"]["write"]["total"].as_f64().unwrap();
    assert!(written >= 30.0, "{written}");
    assert_eq!(by_key(&sandbox).len(), items(30).len());
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}
