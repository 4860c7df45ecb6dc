//! `ddb scan`: segments, faults, and what is read when.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{Fault, Item, Proxy, Run, Sandbox, Script, Spawned, TABLE};

fn item(pk: &str, sk: &str, bytes: usize) -> Item {
    let string = |value: &str| AttributeValue::S(value.to_owned());
    [("pk", string(pk)), ("sk", string(sk)), ("message", string(&"x".repeat(bytes)))]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// 40 partitions of two items of 30 KB each: more than two pages.
fn with_pages() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox.put_all((0..80).map(|n| item(&format!("P{:02}", n / 2), &format!("{}", n % 2), 30 * 1024)));
    sandbox
}

fn keys(items: &[Value]) -> Vec<String> {
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let mut keys: Vec<String> =
        items.iter().map(|item| format!("{} {}", text(item, "pk"), text(item, "sk"))).collect();
    keys.sort();
    keys
}

fn all_keys() -> Vec<String> {
    (0..80).map(|n| format!("P{:02} {}", n / 2, n % 2)).collect()
}

fn through(sandbox: &Sandbox, proxy: &Proxy, arguments: &[&str]) -> Run {
    let mut command = sandbox.command(["ddb", "scan", "-o", "ndjson"].iter().chain(arguments));
    Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()))
}

#[test]
fn the_first_line_is_out_before_the_second_page_is_read() {
    let sandbox = with_pages();
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |_| None);
    for segments in ["1", "4"] {
        let before = proxy.calls();
        let mut command = sandbox.command(["ddb", "scan", "-o", "ndjson", "--segments", segments]);
        command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url());
        let mut scan = Spawned::piped(&mut command);
        let mut lines = BufReader::with_capacity(1, scan.child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        assert!(first.starts_with("{\"pk\":"), "{first}");
        // The rest of the page does not fit into a pipe, so it is still being printed.
        assert_eq!(proxy.calls() - before, 1, "{segments} segments");
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.lines().count(), 79);
        assert_eq!(scan.code(), 0);
    }
}

#[test]
fn the_next_page_is_requested_before_a_page_is_decoded() {
    let page = |item: &str, end: &str| {
        format!(
            r#"{{"Items":[{{"pk":{item}}}],"ScannedCount":1,"LastEvaluatedKey":{{"pk":{{"S":"{end}"}}}}}}"#
        )
    };
    // The second page cannot be decoded, but it says where it ends.
    let server = Script::start(vec![page(r#"{"S":"a"}"#, "a"), page("5", "b")]);
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["ddb", "scan", "--segments", "1"]);
    Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", server.url())).exits_with(1).says("cannot scan");
    let starts: Vec<Value> = server.requests().iter().map(|body| body["ExclusiveStartKey"].clone()).collect();
    assert_eq!(starts, [Value::Null, json!({ "pk": { "S": "a" } }), json!({ "pk": { "S": "b" } })]);
}

#[test]
fn segments_give_every_item_once() {
    let sandbox = with_pages();
    for segments in ["1", "2", "7", "64", "auto"] {
        let run = sandbox.cruddur(["ddb", "scan", "-o", "ndjson", "--segments", segments]).succeeds();
        assert_eq!(keys(&run.ndjson()), all_keys(), "{segments} segments");
    }
    for wrong in ["0", "many", "1000001"] {
        sandbox.cruddur(["ddb", "scan", "--segments", wrong]).exits_with(2).says("expected auto or a number");
    }
}

#[test]
fn a_limit_holds_over_all_segments() {
    let sandbox = with_pages();
    for limit in [1, 39, 79, 81] {
        let flags = ["ddb", "scan", "-o", "json", "--segments", "5", "--limit", &limit.to_string()];
        let document = sandbox.cruddur(flags).succeeds().json();
        let found: BTreeSet<String> = keys(document["items"].as_array().unwrap()).into_iter().collect();
        assert_eq!(found.len(), limit.min(80));
        assert_eq!(document["count"], limit.min(80));
    }
}

#[test]
fn pages_that_were_read_beyond_a_limit_are_counted() {
    let sandbox = with_pages();
    for segments in ["1", "5"] {
        let proxy = Proxy::new(sandbox.endpoint(), "Scan", |_| None);
        let run = through(&sandbox, &proxy, &["--segments", segments, "--limit", "40"]).succeeds();
        assert_eq!(run.ndjson().len(), 40);
        run.says(&format!(", {} requests,", proxy.calls()));
    }
}

#[test]
fn faults_cost_no_item_and_double_none() {
    let sandbox = with_pages();
    for segments in ["1", "3"] {
        let proxy = Proxy::new(sandbox.endpoint(), "Scan", |call| match call % 7 {
            0 => Some(Fault::Error(400, "ProvisionedThroughputExceededException")),
            1 => Some(Fault::Error(500, "InternalServerError")),
            3 => Some(Fault::LoseAnswer),
            5 => Some(Fault::CutAnswer),
            _ => None,
        });
        let run = through(&sandbox, &proxy, &["--segments", segments]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(keys(&run.ndjson()), all_keys(), "{segments} segments");
        assert!(proxy.calls() > 5, "{}", proxy.calls());
    }
}

#[test]
fn a_refusal_half_way_ends_it() {
    let sandbox = with_pages();
    for segments in ["1", "3"] {
        let proxy = Proxy::new(sandbox.endpoint(), "Scan", |call| {
            (call > 1).then_some(Fault::Error(400, "ValidationException"))
        });
        let run = through(&sandbox, &proxy, &["--segments", segments]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.ndjson().len() < 80, "{segments}");
        run.says("cannot scan");
    }
}

#[test]
fn a_ceiling_makes_pages_small() {
    let sandbox = with_pages();
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |_| None);
    // An item of 30 KB is four units and a bit; all of them are some 310.
    let run = through(&sandbox, &proxy, &["--max-rcu", "400", "--limit", "60"]).succeeds();
    assert_eq!(run.ndjson().len(), 60);
    let limits = |proxy: &Proxy| -> Vec<u64> {
        proxy.called_with().iter().map(|body| body["Limit"].as_u64().unwrap()).collect()
    };
    assert!(limits(&proxy).iter().all(|limit| *limit <= 400), "{:?}", limits(&proxy));
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |_| None);
    through(&sandbox, &proxy, &["--max-rcu", "20", "--limit", "8"]).succeeds();
    // The first page goes by the ceiling alone, the others by what items consume.
    assert_eq!(limits(&proxy)[0], 8);
    for wrong in ["0", "-1", "nan", "inf", "fast"] {
        sandbox.cruddur(["ddb", "scan", "--max-rcu", wrong]).exits_with(2);
    }
}

#[test]
fn an_index_is_read_by_its_name() {
    let sandbox = Sandbox::seeded();
    let document =
        sandbox.cruddur(["ddb", "scan", "-o", "json", "--index", "message-group-sk-index"]).succeeds().json();
    assert_eq!(document["count"], 2, "only group rows are in it");
    sandbox
        .cruddur(["ddb", "scan", "--index", "message-group"])
        .exits_with(1)
        .says(&format!("the table \"{TABLE}\" on"))
        .says("has no index \"message-group\"")
        .says("it has: message-group-sk-index");
}

#[test]
fn whoever_may_scan_need_not_describe() {
    let sandbox = Sandbox::seeded();
    let proxy =
        Proxy::new(sandbox.endpoint(), "DescribeTable", |_| Some(Fault::Error(400, "AccessDeniedException")));
    let run = through(&sandbox, &proxy, &["--index", "message-group-sk-index"]).succeeds();
    assert_eq!(run.ndjson().len(), 2);
    assert_eq!(proxy.calls(), 1);
}

#[test]
fn a_filter_keeps_what_it_is_true_of() {
    let sandbox = Sandbox::seeded();
    let scan = |filter: &str| {
        let document = sandbox.cruddur(["ddb", "scan", "-o", "json", "--filter", filter]).succeeds().json();
        document["count"].as_u64().unwrap()
    };
    assert_eq!(scan("begins_with(pk, 'GRP#')"), 2);
    assert_eq!(scan("begins_with(pk, \"MSG#\")"), 62);
    let of_nina = scan("begins_with(pk, 'MSG#') AND user_handle = 'nina'");
    let of_oscar = scan("begins_with(pk, 'MSG#') AND NOT user_handle IN ('nina', 'petra')");
    assert_eq!(of_nina + of_oscar, 62);
    assert_eq!(scan("attribute_exists(message_group_uuid) OR size(message) > 100000"), 2);
}

#[test]
fn a_limit_counts_what_a_filter_lets_pass() {
    let sandbox = with_pages();
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |_| None);
    let run = through(&sandbox, &proxy, &["--filter", "pk = 'P39'", "--limit", "1"]).succeeds();
    assert_eq!(run.ndjson().len(), 1);
    assert!(proxy.calls() < 5, "not an item at a time: {}", proxy.calls());
}

#[test]
fn a_filter_that_cannot_be_read_is_shown_with_its_place() {
    let sandbox = Sandbox::new();
    let run =
        sandbox.cruddur(["ddb", "scan", "--filter", "user_handle = nina AND sk > '2023'"]).exits_with(2);
    assert_eq!(
        run.stderr,
        "Error: cannot read --filter: text goes in quotes: 'nina'; for the attribute of that name write \
         `nina`\n  user_handle = nina AND sk > '2023'\n                ^\n"
    );
}

#[test]
fn attributes_are_columns() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    let mut deep = item("A", "1", 3);
    let string = |value: &str| AttributeValue::S(value.to_owned());
    let map = [("x".to_owned(), AttributeValue::L(["l0", "l1", "l2"].map(string).to_vec()))];
    deep.insert("size".to_owned(), AttributeValue::N("12".to_owned()));
    deep.insert("deep".to_owned(), AttributeValue::M(map.into()));
    sandbox.put_item(deep);
    let flags = ["ddb", "scan", "--attributes", "size,deep.x[2],sk,deep.x[0]"];
    let table = sandbox.cruddur(flags).succeeds();
    let rows: Vec<Vec<&str>> = table.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows, [vec!["size", "deep.x[2]", "sk", "deep.x[0]"], vec!["12", "l2", "1", "l0"]]);
    let line = sandbox.cruddur(flags.iter().chain(&["-o", "ndjson"])).succeeds().stdout;
    assert_eq!(line, "{\"sk\":\"1\",\"deep\":{\"x\":[\"l0\",\"l2\"]},\"size\":12}\n");
    sandbox
        .cruddur(["ddb", "scan", "--attributes", "a,,b"])
        .exits_with(2)
        .says("expected an attribute's name");
}
