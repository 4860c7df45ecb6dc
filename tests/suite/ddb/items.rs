//! `ddb get`, `put`, `delete` and `query`

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::{Value, json};

use crate::support::{Fault, Page, Proxy, Run, Sandbox, TABLE, runtime};

const INDEX: &str = "message-group-sk-index";

fn with_table() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox
}

/// A table whose key is a number and binary.
fn create_odd_table(sandbox: &Sandbox) {
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
    };
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let request = sandbox
        .dynamodb()
        .create_table()
        .table_name("odd")
        .attribute_definitions(attribute("number", ScalarAttributeType::N))
        .attribute_definitions(attribute("bytes", ScalarAttributeType::B))
        .key_schema(key("number", KeyType::Hash))
        .key_schema(key("bytes", KeyType::Range))
        .billing_mode(BillingMode::PayPerRequest)
        .send();
    runtime().block_on(request).unwrap();
}

fn typed(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.cruddur(["ddb", "scan", "--typed", "-o", "ndjson"]).succeeds().ndjson()
}

/// The same with the members of its sets in order.
fn sorted(mut item: Value) -> Value {
    for value in item.as_object_mut().unwrap().values_mut() {
        for kind in ["SS", "NS", "BS"] {
            if let Some(members) = value.get_mut(kind).and_then(Value::as_array_mut) {
                members.sort_by_key(Value::to_string);
            }
        }
    }
    item
}

#[test]
fn every_type_is_put_from_plain_words() {
    let sandbox = with_table();
    sandbox.write("bytes", [0, 255]);
    sandbox.write("text", "from a file");
    sandbox
        .cruddur([
            "ddb",
            "put",
            "pk=A",
            "sk=a=b",
            "s=@nina: hi",
            "n:=12345678901234567890123456789012345678",
            "t:=true",
            "nothing:=null",
            "l:=[1, \"x\"]",
            "m:={\"a\": {\"b\": 1}}",
            "n2:N=-1.5",
            "b:B=AQI=",
            "bf:B=@bytes",
            "sf:S=@text",
            "ss:SS=x,y",
            "ns:NS=1,2",
            "bs:BS=AQI=,Bw==",
            "odd name=1",
            "no:NULL=",
            "f:BOOL=false",
            "empty=",
        ])
        .succeeds()
        .says("put a new item");
    let expected = json!({
        "pk": { "S": "A" }, "sk": { "S": "a=b" }, "s": { "S": "@nina: hi" },
        "n": { "N": "12345678901234567890123456789012345678" }, "t": { "BOOL": true },
        "nothing": { "NULL": true }, "l": { "L": [{ "N": "1" }, { "S": "x" }] },
        "m": { "M": { "a": { "M": { "b": { "N": "1" } } } } }, "n2": { "N": "-1.5" }, "b": { "B": "AQI=" },
        "bf": { "B": "AP8=" }, "sf": { "S": "from a file" }, "ss": { "SS": ["x", "y"] },
        "ns": { "NS": ["1", "2"] }, "bs": { "BS": ["AQI=", "Bw=="] }, "odd name": { "S": "1" },
        "no": { "NULL": true }, "f": { "BOOL": false }, "empty": { "S": "" },
    });
    assert_eq!(typed(&sandbox).into_iter().map(sorted).collect::<Vec<_>>(), std::slice::from_ref(&expected));
    let got = sandbox.cruddur(["ddb", "get", "A", "a=b", "-o", "json", "--typed", "--consistent"]).succeeds();
    assert_eq!(sorted(got.json()["item"].clone()), expected);
    assert_eq!(got.json()["consumed_capacity"]["read"]["total"], 1.0);
}

#[test]
fn an_item_comes_from_json_plain_or_typed() {
    let sandbox = with_table();
    for (sk, text) in [
        ("plain", json!({ "pk": "J", "sk": "plain", "n": 1, "m": { "S": "a map" } })),
        (
            "typed",
            json!({ "pk": { "S": "J" }, "sk": { "S": "typed" }, "n": { "N": "1" }, "m": { "M": { "S": { "S": "a map" } } } }),
        ),
    ] {
        let put =
            Run::with_input(&mut sandbox.command(["ddb", "put", "--item", "-", "more=x"]), text.to_string());
        put.succeeds();
        let expected = json!({
            "pk": { "S": "J" }, "sk": { "S": sk }, "n": { "N": "1" }, "m": { "M": { "S": { "S": "a map" } } },
            "more": { "S": "x" },
        });
        let got = sandbox.cruddur(["ddb", "get", "J", sk, "-o", "ndjson", "--typed"]).succeeds();
        assert_eq!(got.ndjson(), [expected]);
    }
    sandbox.write("broken.json", "{\"pk\": ");
    sandbox.cruddur(["ddb", "put", "--item", "broken.json"]).exits_with(1).says("broken.json:1:");
    sandbox.cruddur(["ddb", "put", "--item", "none.json"]).exits_with(1).says("cannot read none.json");
}

#[test]
fn what_cannot_be_put_is_named() {
    let mut page = Page::default();
    let sandbox = with_table();
    let put = |arguments: &[&str]| {
        let run = sandbox.cruddur(["ddb", "put"].iter().chain(arguments)).exits_with(2);
        assert_eq!(run.stdout, "");
        run
    };
    page.add(put(&["pk=A"]));
    page.add(put(&["pk=A", "sk:=3"]));
    page.add(put(&["pk=A", "sk=1", "sk=2"]));
    page.add(put(&["pk=A", "sk=1", "likes:=three"]));
    page.add(put(&["pk=A", "sk=1", "likes:N=three"]));
    page.add(put(&["pk=A", "sk=1", "b:B=§"]));
    page.add(put(&["pk=A", "sk=1", "l:L={}"]));
    page.add(put(&["pk=A", "sk=1", "word"]));
    page.add(put(&[]));
    page.add(put(&["pk=A", "sk=1", "--if", "a = 1"]));
    page.add(put(&["pk=A", "sk=1", "--replace", "--if", "a ="]));
    assert_eq!(typed(&sandbox), [] as [Value; 0]);
    page.matches("runs/ddb/items/what_cannot_be_put_is_named");
}

#[test]
fn an_item_that_is_there_is_replaced_only_when_told_to() {
    let mut page = Page::default();
    let sandbox = with_table();
    let put = |arguments: &[&str]| {
        sandbox.cruddur(["ddb", "put", "pk=A", "sk=1", "-o", "json"].iter().chain(arguments))
    };
    put(&["v:=1"]).succeeds();
    page.add(put(&["v:=2"]).exits_with(1));
    page.add(put(&["v:=1"]).succeeds());
    page.add(put(&["v:=2", "--replace", "--if", "v > 1"]).exits_with(1));
    assert_eq!(typed(&sandbox)[0]["v"], json!({ "N": "1" }));
    let run = page.add(put(&["v:=2", "--replace", "--if", "v = 1"]).succeeds());
    assert_eq!(run.json()["replaced"], json!({ "pk": "A", "sk": "1", "v": 1 }));
    assert!(run.json()["consumed_capacity"]["write"]["total"].as_f64().unwrap() >= 1.0);
    assert_eq!(typed(&sandbox)[0]["v"], json!({ "N": "2" }));
    assert_eq!(put(&["sk=2", "--replace"]).code, 2, "sk is given twice");
    page.matches("runs/ddb/items/an_item_that_is_there_is_replaced_only_when_told_to");
}

#[test]
fn a_lost_answer_to_a_put_is_no_refusal() {
    let sandbox = with_table();
    let proxy = Proxy::new(sandbox.endpoint(), "PutItem", |call| (call == 0).then_some(Fault::LoseAnswer));
    let mut command = sandbox.command(["ddb", "put", "pk=A", "sk=1", "v:=1"]);
    Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds();
    assert_eq!(proxy.calls(), 2);
    assert_eq!(typed(&sandbox).len(), 1);
}

#[test]
fn a_key_has_the_types_of_its_table() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    create_odd_table(&sandbox);
    let run = |command: &str, arguments: &[&str]| {
        sandbox.cruddur(["ddb", command, "--table", "odd"].iter().chain(arguments))
    };
    run("put", &["number=7", "bytes=AQI=", "text=5"]).succeeds();
    let item = json!({ "number": { "N": "7" }, "bytes": { "B": "AQI=" }, "text": { "S": "5" } });
    for key in [["7", "AQI="], ["bytes=AQI=", "number=7"]] {
        let got = run("get", &[key[0], key[1], "-o", "json", "--typed"]).succeeds();
        assert_eq!(got.json()["item"], item);
    }
    let found =
        run("query", &["number = 7 AND begins_with(bytes, b'AQ==')", "-o", "ndjson", "--typed"]).succeeds();
    assert_eq!(found.ndjson(), std::slice::from_ref(&item));
    page.add(run("get", &["seven", "AQI="]).exits_with(2));
    page.add(run("get", &["7", "§"]).exits_with(2));
    page.add(run("get", &["7"]).exits_with(2));
    page.add(run("get", &["number=7", "other=1"]).exits_with(2));
    page.add(run("get", &["number=7", "number=8"]).exits_with(2));
    page.add(run("query", &["number = '7'"]).exits_with(2));
    page.add(run("get", &["8", "AQI="]).exits_with(1));
    run("delete", &["number=7", "bytes=AQI="]).succeeds();
    run("get", &["7", "AQI="]).exits_with(1);
    page.matches("runs/ddb/items/a_key_has_the_types_of_its_table");
}

#[test]
fn delete_prints_what_it_deleted() {
    let sandbox = with_table();
    sandbox.put(&[("pk", "A"), ("sk", "1"), ("v", "x")]);
    sandbox.cruddur(["ddb", "delete", "A", "1", "--if", "v = 'y'"]).exits_with(1).says("nothing was deleted");
    assert_eq!(typed(&sandbox).len(), 1);
    let run = sandbox.cruddur(["ddb", "delete", "A", "1", "-o", "json"]).succeeds();
    assert_eq!(run.json()["deleted"], json!({ "pk": "A", "sk": "1", "v": "x" }));
    assert_eq!(typed(&sandbox).len(), 0);
    let run = sandbox.cruddur(["ddb", "delete", "A", "1", "-o", "json"]).exits_with(1);
    assert_eq!(run.json()["deleted"], Value::Null);
    run.says("has this key");
}

#[test]
fn a_dry_run_sends_nothing() {
    let sandbox = with_table();
    sandbox.put(&[("pk", "A"), ("sk", "1"), ("v", "x")]);
    let before = typed(&sandbox);
    let run = sandbox.cruddur(["ddb", "delete", "A", "1", "--dry-run"]).succeeds();
    assert!(run.stdout.contains("DeleteItem") && run.stdout.contains("\"S\":\"A\""), "{}", run.stdout);
    let run = sandbox.cruddur(["ddb", "put", "pk=A", "sk=1", "--replace", "--dry-run"]).succeeds();
    assert!(run.stdout.contains("PutItem"), "{}", run.stdout);
    run.says("nothing was written");
    assert_eq!(typed(&sandbox), before);
}

#[test]
fn production_asks_before_it_overwrites_or_deletes() {
    let sandbox = with_table();
    sandbox.put(&[("pk", "A"), ("sk", "1"), ("v", "x")]);
    let prod = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.args(["--prod", "--endpoint-url", &sandbox.endpoint(), "--region", "us-east-1"]);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        Run::of(&mut command)
    };
    let before = typed(&sandbox);
    for writes in [&["ddb", "delete", "A", "1"][..], &["ddb", "put", "pk=A", "sk=1", "v=y", "--replace"]] {
        prod(writes).exits_with(3).says("--yes --confirm cruddur-messages");
        assert_eq!(typed(&sandbox), before);
        let wrong: Vec<&str> = writes.iter().copied().chain(["--yes", "--confirm", "other"]).collect();
        prod(&wrong).exits_with(3);
        assert_eq!(typed(&sandbox), before);
    }
    prod(&["ddb", "put", "pk=A", "sk=2"]).succeeds().says("PROD");
    prod(&["ddb", "delete", "A", "2", "--yes", "--confirm", TABLE]).succeeds();
    assert_eq!(typed(&sandbox), before);
}

#[test]
fn a_query_reads_every_page_of_a_partition() {
    let sandbox = with_table();
    let text = "x".repeat(60 * 1024);
    sandbox.put_all((0..45).map(|n| {
        [("pk", if n < 40 { "A" } else { "B" }), ("sk", &format!("{n:02}")), ("message", &text)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
            .collect()
    }));
    let query = |arguments: &[&str]| {
        sandbox.cruddur(["ddb", "query", "-o", "json"].iter().chain(arguments)).succeeds().json()
    };
    let sks = |document: &Value| -> Vec<String> {
        let items = document["items"].as_array().unwrap();
        items.iter().map(|item| item["sk"].as_str().unwrap().to_owned()).collect()
    };
    let all: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
    let document = query(&["pk = 'A'"]);
    assert_eq!(sks(&document), all);
    assert!(document["consumed_capacity"]["pages"].as_u64().unwrap() >= 3);
    let mut backwards = sks(&query(&["pk = 'A'", "--descending", "--attributes", "sk"]));
    assert_eq!(backwards.len(), 40);
    backwards.reverse();
    assert_eq!(backwards, all);
    assert_eq!(sks(&query(&["pk = 'A' AND sk BETWEEN '38' AND '44'"])), ["38", "39"]);
    assert_eq!(sks(&query(&["sk >= '30' AND pk = 'A'", "--limit", "2"])), ["30", "31"]);
    assert_eq!(sks(&query(&["pk = 'A'", "--filter", "size(message) > 10", "--limit", "25"])), all[..25]);
    assert_eq!(query(&["pk = 'A'", "--count"])["count"], 40);
    let number = sandbox.cruddur(["ddb", "query", "pk = 'B'", "--count"]).succeeds();
    assert_eq!(number.stdout, "5\n");
}

#[test]
fn an_index_is_queried_by_its_own_key() {
    let mut page = Page::default();
    let sandbox = with_table();
    sandbox.put(&[("pk", "GRP#1"), ("sk", "1"), ("message_group_uuid", "g")]);
    sandbox.put(&[("pk", "MSG#g"), ("sk", "1")]);
    let key = "message_group_uuid = 'g' AND sk > '0'";
    let found = sandbox.cruddur(["ddb", "query", key, "--index", INDEX, "-o", "ndjson"]).succeeds();
    assert_eq!(found.ndjson(), [json!({ "pk": "GRP#1", "sk": "1", "message_group_uuid": "g" })]);
    let refused =
        |arguments: &[&str], code| sandbox.cruddur(["ddb", "query"].iter().chain(arguments)).exits_with(code);
    page.add(refused(&[key], 2));
    page.add(refused(&[key, "--index", "other"], 1));
    page.add(refused(&[key, "--index", INDEX, "--consistent"], 2));
    page.add(refused(&["sk = '1'"], 2));
    page.add(refused(&["pk > '1'"], 2));
    page.add(refused(&["pk = 'a' OR pk = 'b'"], 2));
    page.add(refused(&["pk = 'a' AND v = 1"], 2));
    page.add(refused(&["pk = 1"], 2));
    page.add(refused(&["pk = MSG#g"], 2));
    page.matches("runs/ddb/items/an_index_is_queried_by_its_own_key");
}
