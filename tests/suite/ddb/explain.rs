//! `cruddur ddb explain`

use serde_json::{Value, json};

use crate::support::{Sandbox, boto3, runtime, text};

const GROUP: &str = "5ae290ed-55d1-47a0-bc6d-fe2bc2700399";

#[track_caller]
fn explain(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let before = sorted(sandbox);
    let run = sandbox.cruddur(["ddb", "explain"].iter().chain(arguments).chain(&["-o", "json"])).succeeds();
    assert_eq!(sorted(sandbox), before, "an explanation writes nothing");
    run.json()
}

fn sorted(sandbox: &Sandbox) -> Vec<String> {
    let mut items: Vec<String> = sandbox
        .items()
        .iter()
        .map(|item| {
            let mut attributes: Vec<String> =
                item.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            attributes.sort();
            attributes.join(" ")
        })
        .collect();
    items.sort();
    items
}

#[track_caller]
fn way<'a>(document: &'a Value, name: &str) -> &'a Value {
    let ways = document["ways"].as_array().unwrap();
    ways.iter().find(|way| way["way"] == name).unwrap_or_else(|| panic!("no way {name:?} in {document:#}"))
}

fn units(way: &Value, kind: &str) -> f64 {
    way[kind].as_f64().unwrap_or_else(|| panic!("no {kind} in {way:#}"))
}

/// What boto3 is charged for the very same request, named as AWS does.
fn charged(sandbox: &Sandbox, request: &Value) -> f64 {
    let operation = request["operation"].as_str().unwrap().to_lowercase();
    let answer = boto3(&sandbox.endpoint(), "dynamodb", &operation, &request["request"]);
    answer["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap()
}

#[track_caller]
fn assert_same(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-9, "{one} and {other}");
}

#[test]
fn a_read_is_shown_as_it_is_sent_and_charged() {
    let sandbox = Sandbox::seeded();
    for arguments in [
        &["get-conversation", "--limit", "3"] as &[_],
        &["get-conversation", "--all", "--since", "1d"],
        &["list-conversations", "--handle", "oscar"],
    ] {
        let document = explain(&sandbox, arguments);
        let billed = way(&document, "as billed");
        let requests = billed["requests"].as_array().unwrap();
        assert!(!requests.is_empty());
        let again: f64 = requests.iter().map(|request| charged(&sandbox, request)).sum();
        assert_same(units(billed, "read_units"), again);
        assert_eq!((&billed["read_figures"], &billed["write_units"]), (&json!("measured"), &json!(0.0)));
        // The pattern itself says the same.
        let run =
            sandbox.cruddur(["ddb", "patterns"].iter().chain(arguments).chain(&["-o", "json"])).succeeds();
        assert_eq!(run.json()["consumed_capacity"]["total"], billed["read_units"]);
        assert_same(units(billed, "usd_per_million_calls"), again * 0.125);
    }
}

#[test]
fn what_is_computed_and_estimated_is_what_can_be_measured() {
    let sandbox = Sandbox::seeded();
    for arguments in [&["get-conversation", "--limit", "3"] as &[_], &["list-conversations"]] {
        let guessed = explain(&sandbox, arguments);
        let measured = explain(&sandbox, &[arguments, &["--measure"]].concat());
        for (name, figures) in [
            ("strongly consistent", "computed"),
            ("filter instead of sort key", "measured"),
            ("filter instead of key condition", "estimated"),
        ] {
            let (guess, measure) = (way(&guessed, name), way(&measured, name));
            assert_eq!(
                (&guess["read_figures"], &measure["read_figures"]),
                (&json!(figures), &json!("measured"))
            );
            assert_eq!(guess["read_units"], measure["read_units"], "{name}");
            let again: f64 = measure["requests"]
                .as_array()
                .unwrap()
                .iter()
                .map(|request| charged(&sandbox, request))
                .sum();
            assert_same(units(measure, "read_units"), again);
        }
        let strong = units(way(&measured, "strongly consistent"), "read_units");
        assert_same(strong, 2.0 * units(way(&measured, "as billed"), "read_units"));
        assert!(way(&measured, "through the index")["read_units"].is_null());
        // What was measured was charged, and is told.
        let ways = measured["ways"].as_array().unwrap();
        let all: f64 = ways.iter().filter_map(|way| way["read_units"].as_f64()).sum();
        assert_eq!(measured["consumed_capacity"]["total"], all);
        assert!(guessed["consumed_capacity"]["total"].as_f64().unwrap() < all);
    }
}

#[test]
fn a_message_costs_what_was_said_before_it_was_written() {
    let sandbox = Sandbox::seeded();
    // Both rows grow, stay large, and shrink again: what they were counts as well.
    for length in [20, 3000, 2500, 10] {
        let message = "y".repeat(length);
        let arguments = ["create-message", "--message-group-uuid", GROUP, "--from", "nina", message.as_str()];
        let document = explain(&sandbox, &arguments);
        let billed = way(&document, "as billed").clone();
        let transaction = &billed["requests"][1];
        assert_eq!(transaction["operation"], "TransactWriteItems");
        assert!(transaction["read_units"].is_null(), "it was not sent");
        assert_eq!(billed["write_figures"], "computed");
        assert_eq!(document["consumed_capacity"]["write"]["pages"], 0);

        // One by one, on a copy of the table as it is.
        let copy = Sandbox::new();
        copy.cruddur(["ddb", "schema-load"]).succeeds();
        copy.put_all(sandbox.items());
        let mut single = 0.0;
        for action in transaction["request"]["TransactItems"].as_array().unwrap() {
            let (operation, arguments) = match (action.get("Put"), action.get("Delete")) {
                (Some(put), _) => ("put_item", json!({ "TableName": put["TableName"], "Item": put["Item"] })),
                (_, Some(delete)) => {
                    ("delete_item", json!({ "TableName": delete["TableName"], "Key": delete["Key"] }))
                }
                _ => continue,
            };
            let mut arguments = arguments;
            arguments["ReturnConsumedCapacity"] = json!("INDEXES");
            let answer = boto3(&copy.endpoint(), "dynamodb", operation, &arguments);
            single += answer["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap();
        }
        assert_same(units(way(&document, "single puts and deletes"), "write_units"), single);

        let sent =
            sandbox.cruddur(["ddb", "patterns"].iter().chain(&arguments).chain(&["-o", "json"])).succeeds();
        let used = &sent.json()["consumed_capacity"];
        assert_eq!(used["write"]["total"], billed["write_units"], "{length} characters");
        assert_eq!(used["read"]["total"], billed["read_units"]);
        assert_eq!(used["write"]["table"], way(&document, "without the index")["write_units"]);
    }
}

#[test]
fn a_conversation_costs_what_was_said_before_it_was_written() {
    let sandbox = Sandbox::seeded();
    let arguments = ["create-conversation", "--from", "petra", "--to", "nina", "Hello!"];
    let document = explain(&sandbox, &arguments);
    let billed = way(&document, "as billed").clone();
    assert_eq!(way(&document, "eventually consistent")["read_units"], units(&billed, "read_units") / 2.0);
    let sent =
        sandbox.cruddur(["ddb", "patterns"].iter().chain(&arguments).chain(&["-o", "json"])).succeeds();
    let used = &sent.json()["consumed_capacity"];
    // As many reads as for real, the look for a rival after the write among them; that
    // one finds the new row.
    assert_eq!(
        used["read"]["pages"].as_u64().unwrap() + 1,
        billed["requests"].as_array().unwrap().len() as u64
    );
    assert_eq!(used["read"]["total"], billed["read_units"]);
    assert_eq!(used["write"]["total"], billed["write_units"]);
}

#[test]
fn a_refresh_costs_what_was_said_before_it_was_done() {
    let sandbox = Sandbox::seeded();
    let idle = explain(&sandbox, &["refresh-group"]);
    assert_eq!(way(&idle, "as billed")["write_units"], 0.0);
    assert!(way(&idle, "as billed")["note"].as_str().unwrap().contains("nothing to write"));

    // As the app's backend does: the message alone.
    let newest = sandbox.items_of("MSG#").pop().unwrap();
    let later = text(&newest, "sk").replace("20", "21");
    sandbox.put(&[
        ("pk", &format!("MSG#{GROUP}")),
        ("sk", &later),
        ("message", &"z".repeat(1500)),
        ("message_uuid", "6f0b8a63-7b0e-4b0f-8f5e-2d1a7c1f7a11"),
        ("user_uuid", &text(&newest, "user_uuid")),
        ("user_handle", "nina"),
        ("user_display_name", "Nina Okafor"),
    ]);
    let document = explain(&sandbox, &["refresh-group", "--measure"]);
    let billed = way(&document, "as billed");
    let store = sandbox.store();
    let done = runtime().block_on(store.refresh_group("cruddur-messages", GROUP, &[])).unwrap();
    assert_eq!(done.rows, 2);
    assert_same(done.written.total, units(billed, "write_units"));
    assert_same(done.read.total, units(billed, "read_units"));
    // Without the index the whole table is read: it is 62 messages and more.
    assert!(units(way(&document, "without the index"), "read_units") > units(billed, "read_units"));
}

#[test]
fn people_see_the_requests_and_the_ways() {
    let sandbox = Sandbox::seeded();
    let run = sandbox.cruddur(["ddb", "explain", "list-conversations"]).succeeds();
    let (request, ways) = run.stdout.split_once("\n\n").unwrap();
    let (title, body) = request.split_once('\n').unwrap();
    assert!(title.starts_with("Query: 0.5 read units, 1 item returned of 1 scanned, "), "{title}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["KeyConditionExpression"], "pk = :pk");
    for (name, figures) in [("as billed", "measured"), ("strongly consistent", "computed")] {
        let line = ways.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.contains(figures), "{line}");
    }
    run.says("estimated 1 read unit, 2 requests, 2 items; <$0.01 this run");
}

#[test]
fn what_is_wrong_with_a_pattern_is_said_as_the_pattern_says_it() {
    let sandbox = Sandbox::seeded();
    let nobody =
        ["ddb", "explain", "create-message", "--from", "petra", "Hello", "--message-group-uuid", GROUP];
    sandbox.cruddur(nobody).exits_with(1).says("petra is not in the group");
    sandbox
        .cruddur(["ddb", "explain", "get-conversation", "--table", "nothing"])
        .exits_with(1)
        .says("nothing");
    let same = ["ddb", "explain", "create-conversation", "--from", "nina", "--to", "nina", "Hello"];
    sandbox.cruddur(same).exits_with(2);
    sandbox.cruddur(["ddb", "explain"]).exits_with(2);
}
