//! Documents with items in them, as other tools print them.

use std::fs;
use std::io::Write as _;

use cruddur::archive::{KeyPart, Reading, Source, survey};
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{assert_same, by_key, with_items, with_pages, with_table};
use crate::support::{Fault, Proxy, Run, Sandbox, TABLE, boto3, runtime};

/// What `aws dynamodb scan` would print of a table, by boto3.
fn scanned(sandbox: &Sandbox) -> Value {
    boto3(&sandbox.endpoint(), "dynamodb", "scan", &json!({ "TableName": TABLE }))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

#[track_caller]
fn import(sandbox: &Sandbox, name: &str, text: impl AsRef<[u8]>) -> Run {
    let file = sandbox.write(name, text);
    sandbox.cruddur(["ddb", "import", file.to_str().unwrap(), "--replace"])
}

#[test]
fn what_scan_prints_is_imported_however_it_is_written_down() {
    let from = with_items(60);
    let mut document = scanned(&from);
    document["ConsumedCapacity"] = Value::Null;
    let (text, line) = (pretty(&document), document.to_string());
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let counted_last =
        text.replacen("\"Count\"", "\"Counted\"", 1).replacen("\n}\n", ",\n  \"Count\": 60\n}\n", 1);
    let items = document["Items"].as_array().unwrap();
    let with_mark = |text: &str| format!("\u{feff}{text}").into_bytes();
    for (name, bytes) in [
        ("pretty", text.clone().into_bytes()),
        ("one line", line.clone().into_bytes()),
        ("items before their count", counted_last.into_bytes()),
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::encode_all(text.as_bytes(), 0).unwrap()),
        ("with a byte order mark", with_mark(&text)),
        ("blank lines", format!("\n\n{text}\n\n").into_bytes()),
        ("an array with a mark", with_mark(&pretty(&document["Items"]))),
        ("lines with a mark", with_mark(&super::joined(items))),
        ("items one after the other", items.iter().map(pretty).collect::<String>().into_bytes()),
    ] {
        let to = with_table();
        let run = import(&to, "scan.json", bytes).succeeds().says("scan.json is typed JSON: 60 items");
        let is_document = document["Count"] == 60 && !name.contains("mark") && !name.contains("one after");
        if is_document {
            assert!(!run.stderr.contains("how many items to expect"), "{name}: {}", run.stderr);
        }
        assert_same(&from, &to);
    }
}

#[test]
fn pages_that_were_appended_are_read_to_the_last() {
    let from = with_pages(60, 40 * 1024);
    let (mut text, mut start, mut pages) = (String::new(), None, 0);
    loop {
        let mut request = json!({ "TableName": TABLE });
        if let Some(start) = start.take() {
            request["ExclusiveStartKey"] = start;
        }
        let page = boto3(&from.endpoint(), "dynamodb", "scan", &request);
        text += &pretty(&page);
        pages += 1;
        start = page.get("LastEvaluatedKey").cloned();
        if start.is_none() {
            break;
        }
    }
    assert!(pages > 1, "{pages}");
    let to = with_table();
    let run = import(&to, "pages.json", &text).succeeds().says("imported 60 items");
    assert!(!run.stderr.contains("there was more to read"), "{}", run.stderr);
    assert_same(&from, &to);
    // The last page left out.
    let at = text.rfind("\n{\n").unwrap() + 1;
    import(&with_table(), "pages.json", &text[..at]).succeeds().says("it says there was more to read");
}

#[test]
fn what_scan_and_query_of_cruddur_print_is_imported() {
    let from = with_items(30);
    for (words, format) in [
        (&["ddb", "scan", "--typed", "-o", "json"][..], "typed JSON"),
        (&["ddb", "scan", "--typed", "-o", "ndjson"], "typed JSON"),
    ] {
        let to = with_table();
        let text = from.cruddur(words).succeeds().stdout;
        import(&to, "scan.json", text).succeeds().says(&format!("scan.json is {format}: 30 items"));
        assert_same(&from, &to);
    }
    let to = with_table();
    let text = from.cruddur(["ddb", "query", "pk = 'MSG#003'", "-o", "json"]).succeeds().stdout;
    let count = serde_json::from_str::<Value>(&text).unwrap()["count"].as_u64().unwrap();
    import(&to, "query.json", text).succeeds().says(&format!("is plain JSON: {count} items"));
    assert!(by_key(&to).keys().all(|(pk, _)| pk == "MSG#003"));
    let none = from.cruddur(["ddb", "query", "pk = 'nobody'", "--typed", "-o", "json"]).succeeds().stdout;
    import(&to, "none.json", none).succeeds().says("imported 0 items");
}

#[test]
fn what_batch_get_item_prints_is_imported() {
    let (from, to) = (with_items(10), with_table());
    let keys: Vec<Value> =
        by_key(&from).keys().map(|(pk, sk)| json!({ "pk": { "S": pk }, "sk": { "S": sk } })).collect();
    let request = json!({ "RequestItems": { TABLE: { "Keys": keys } } });
    let mut answer = boto3(&from.endpoint(), "dynamodb", "batch_get_item", &request);
    answer["UnprocessedKeys"] = json!({});
    import(&to, "batch.json", pretty(&answer)).succeeds().says("imported 10 items");
    assert_same(&from, &to);
    answer["UnprocessedKeys"] = json!({ TABLE: { "Keys": [] } });
    import(&to, "batch.json", pretty(&answer)).succeeds().says("there was more to read");
    answer["Responses"]["zz"] = json!([{ "pk": { "S": "1" }, "sk": { "S": "1" } }]);
    import(&to, "batch.json", pretty(&answer)).exits_with(1).says("items of a second table");
}

#[test]
fn a_folder_of_dynamodump_is_imported() {
    let (from, to) = (with_items(40), with_table());
    let items = scanned(&from)["Items"].take();
    let dump = to.path().join("dump/cruddur-messages");
    fs::create_dir_all(dump.join("data")).unwrap();
    fs::write(dump.join("schema.json"), "{\"Table\": {}}").unwrap();
    let pages = [&items.as_array().unwrap()[..25], &[], &items.as_array().unwrap()[25..]];
    for (number, page) in pages.into_iter().enumerate() {
        let mut document = json!({ "Count": page.len(), "Items": page, "ScannedCount": page.len() });
        if number < 2 {
            document["LastEvaluatedKey"] = json!({ "pk": { "S": "1" }, "sk": { "S": "1" } });
        }
        fs::write(dump.join(format!("data/{:04}.json", number + 1)), pretty(&document)).unwrap();
    }
    for folder in [dump.clone(), to.path().join("dump")] {
        let run = to.cruddur(["ddb", "import", folder.to_str().unwrap(), "--replace"]);
        let run = run.succeeds().says("is typed JSON in 3 files: 40 items");
        assert!(!run.stderr.contains("more to read"), "{}", run.stderr);
    }
    assert_same(&from, &to);
}

#[test]
fn nothing_is_written_of_a_document_that_is_not_whole() {
    let (from, to) = (with_items(4), with_table());
    let text = pretty(&scanned(&from));
    let schema = runtime().block_on(to.store().table_schema(TABLE)).unwrap();
    let reading = Reading { key: KeyPart::of(&schema), ..Reading::default() };
    let path = to.path().join("cut.json");
    for length in 0..text.trim_end().len() {
        fs::write(&path, &text.as_bytes()[..length]).unwrap();
        let error = survey(&Source::open(&path).unwrap(), &reading, &schema, |_| {});
        let error = error.expect_err(&format!("{length} bytes"));
        assert!(error.message().contains("cut.json:"), "{error}");
    }
    let count = text.lines().count();
    for (change, why) in [
        (
            text.replace("\"Count\": 4", "\"Count\": 5"),
            "the document's Count is 5, but it has 4 items".to_owned(),
        ),
        (
            text.replace("\"Count\": 4", "\"Count\": 3"),
            "the document's Count is 3, but it has 4 items".to_owned(),
        ),
        (text.replacen("\"S\"", "\"T\"", 1), "there is no type \"T\"".to_owned()),
        (text.replacen("\"pk\"", "\"pq\"", 1), "the key attribute \"pk\" is missing".to_owned()),
        (
            format!("{text}{{\"Count\": 0}}\n"),
            format!("bad.json:{}: the document has neither Items nor Responses", count + 1),
        ),
        (text.replacen("\"Items\": [", "\"Items\": [\n3,", 1), "an item must be an object".to_owned()),
        (format!("{text}}}"), format!("bad.json:{}: not JSON: ", count + 1)),
    ] {
        import(&to, "bad.json", change).exits_with(1).says("bad.json:").says(&why);
        assert!(to.items().is_empty(), "{why}");
    }
    // aws-cli leaves the count of whole pages when it stops at --max-items.
    let stopped = text.replace("\"Count\": 4", "\"Count\": 9,\n  \"NextToken\": \"eyJ\"");
    import(&to, "some.json", stopped).succeeds().says("imported 4 items").says("more to read");
}

#[test]
fn a_fault_far_into_a_document_is_told_with_its_line() {
    let to = with_table();
    let item = |number: usize| {
        format!("    {{\n      \"pk\": {{ \"S\": \"1\" }},\n      \"sk\": {{ \"S\": \"{number}\" }}\n    }}")
    };
    let mut items: Vec<String> = (0..5000).map(item).collect();
    items[4000] = items[4000].replace("\"S\": \"4000\"", "\"N\": \"4000\"");
    let text = format!("{{\n  \"Items\": [\n{}\n  ]\n}}\n", items.join(",\n"));
    import(&to, "far.json", text)
        .exits_with(1)
        .says("far.json:16003: the key attribute \"sk\" is not a text");
    // A plain item may well have a list by that name.
    let order = json!({ "pk": "ORDER#1", "sk": "1", "Items": [{ "pk": "tea" }] });
    import(&to, "order.json", order.to_string()).succeeds().says("is plain JSON: 1 item");
    assert!(to.items()[0]["Items"].is_l());
}

#[test]
fn an_import_of_a_document_goes_on_where_it_was() {
    let (from, to) = (with_items(500), with_table());
    let file = to.write("scan.json", pretty(&scanned(&from)));
    let refused = Some(Fault::Error(400, "ValidationException"));
    let proxy =
        Proxy::new(to.endpoint(), "BatchWriteItem", move |call| if call == 12 { refused } else { None });
    let words = ["ddb", "import", file.to_str().unwrap(), "--endpoint-url", proxy.url()];
    to.cruddur(words).exits_with(5).says("--resume");
    let calls = proxy.calls();
    to.cruddur(words.iter().chain(&["--resume"])).succeeds().says("resuming after ");
    assert!(proxy.calls() - calls < 20, "what was written is not written again");
    assert_same(&from, &to);
}
