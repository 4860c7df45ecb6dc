//! `cruddur ddb explain`

use aws_sdk_dynamodb::types::ProjectionType;
use serde_json::{Value, json};

use crate::support::{GROUP, Sandbox, Shape, boto3, runtime, text};

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

/// What boto3 is charged for the writes of a way, on a copy of the table whose index
/// holds so much.
fn written_by_boto3(sandbox: &Sandbox, way: &Value, projection: ProjectionType, included: &[&str]) -> f64 {
    let copy = Sandbox::new();
    copy.create_messages_table(&Shape {
        index: Some(("message_group_uuid", projection)),
        included: included.iter().map(ToString::to_string).collect(),
        ..Shape::default()
    });
    copy.put_all(sandbox.items());
    let requests = way["requests"].as_array().unwrap().iter();
    requests
        .filter_map(|request| {
            let operation = match request["operation"].as_str().unwrap() {
                "PutItem" => "put_item",
                "DeleteItem" => "delete_item",
                "BatchWriteItem" => "batch_write_item",
                _ => return None,
            };
            let mut arguments = request["request"].clone();
            arguments["ReturnConsumedCapacity"] = json!("INDEXES");
            let answer = boto3(&copy.endpoint(), "dynamodb", operation, &arguments);
            let consumed = &answer["ConsumedCapacity"];
            let consumed = if consumed.is_array() { &consumed[0] } else { consumed };
            consumed["CapacityUnits"].as_f64()
        })
        .sum()
}

#[track_caller]
fn assert_same(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-9, "{one} and {other}");
}

/// What boto3 is charged for the requests of a way.
fn charged_for(sandbox: &Sandbox, way: &Value) -> f64 {
    way["requests"].as_array().unwrap().iter().map(|request| charged(sandbox, request)).sum()
}

#[test]
fn the_app_comes_first_then_cruddur_where_it_differs() {
    let sandbox = Sandbox::seeded();
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year().to_string();
    let (all_years, other) = ("the same, for all years", "what this command line asks for");
    for (arguments, limit, note) in [
        (&["get-conversation", "--limit", "3"] as &[_], 3, all_years),
        (&["get-conversation", "--all", "--since", "1d"], 20, other),
        (&["get-conversation", "--exact"], 20, other),
        (&["list-conversations", "--handle", "oscar"], 20, all_years),
    ] {
        let document = explain(&sandbox, arguments);
        let [app, cruddur] = [&document["ways"][0], &document["ways"][1]];
        assert_eq!((&app["way"], &cruddur["way"]), (&json!("the app"), &json!("cruddur")));
        assert_eq!(cruddur["note"], note);
        // One request, the backend's.
        let [request] = app["requests"].as_array().unwrap().as_slice() else { panic!("{app:#}") };
        let request = &request["request"];
        assert_eq!(request["KeyConditionExpression"], "pk = :pk AND begins_with(sk,:year)");
        assert_eq!(request["ExpressionAttributeValues"][":year"], json!({ "S": year }));
        assert_eq!((&request["Limit"], &request["ScanIndexForward"]), (&json!(limit), &json!(false)));
        for way in [app, cruddur] {
            assert_eq!(way["read_figures"], "measured");
            assert_same(units(way, "read_units"), charged_for(&sandbox, way));
            assert_same(units(way, "usd_per_million_calls"), units(way, "read_units") * 0.125);
            assert_eq!(way["write_units"], 0.0);
        }
        // The pattern itself says the same.
        let run =
            sandbox.cruddur(["ddb", "patterns"].iter().chain(arguments).chain(&["-o", "json"])).succeeds();
        assert_eq!(run.json()["consumed_capacity"]["total"], cruddur["read_units"]);
    }
    let same = explain(&sandbox, &["get-conversation", "--year", &year, "--limit", "5"]);
    assert_eq!(same["ways"][0]["requests"][0]["request"]["Limit"], 5);
    assert!(same["ways"].as_array().unwrap().iter().all(|way| way["way"] != "cruddur"));
}

#[test]
fn the_app_is_asked_once_also_where_cruddur_has_to_ask_more() {
    let sandbox = Sandbox::seeded();
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(-5)));
    let late = now.strftime("%Y-%m-%dT%H:%M:%S.000000-05:00").to_string();
    let year = &late[..4];
    // The newest by its text too.
    let sk = format!("{year}-12-31T23:59:59.000000-05:00");
    sandbox.put(&[("pk", &format!("MSG#{GROUP}")), ("sk", &sk), ("message", "late")]);
    let document = explain(&sandbox, &["get-conversation", "--limit", "3"]);
    assert_eq!(way(&document, "the app")["requests"].as_array().unwrap().len(), 1);
    assert!(way(&document, "cruddur")["requests"].as_array().unwrap().len() > 1);
}

#[test]
fn what_is_computed_and_estimated_is_what_can_be_measured() {
    let sandbox = Sandbox::seeded();
    // A message of three units, the newest by its text.
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    let (pk, sk) = (format!("MSG#{GROUP}"), format!("{year}-12-31T23:59:59.000000+00:00"));
    sandbox.put(&[("pk", &pk), ("sk", &sk), ("message", &"z".repeat(9000))]);
    for (arguments, least) in
        [(&["get-conversation", "--limit", "3"] as &[_], 3.0), (&["list-conversations"], 1.0)]
    {
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
            assert_same(units(measure, "read_units"), charged_for(&sandbox, measure));
        }
        let strong = units(way(&measured, "strongly consistent"), "read_units");
        assert!(strong >= least, "{strong}");
        assert_same(strong, 2.0 * units(way(&measured, "the app"), "read_units"));
        assert!(way(&measured, "through the index")["read_units"].is_null());
        // What was measured was charged, and is told.
        let ways = measured["ways"].as_array().unwrap();
        let is_measured = |way: &&Value| way["read_figures"] != "computed";
        let all: f64 = ways.iter().filter(is_measured).filter_map(|way| way["read_units"].as_f64()).sum();
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
        let billed = way(&document, "cruddur").clone();
        let transaction = &billed["requests"][1];
        assert_eq!(transaction["operation"], "TransactWriteItems");
        assert!(transaction["read_units"].is_null(), "it was not sent");
        assert_eq!(billed["write_figures"], "computed");
        assert_eq!(document["consumed_capacity"]["write"]["pages"], 0);

        // The app's requests, by boto3 on copies of the table with each kind of index.
        let app = way(&document, "the app");
        let operations: Vec<&str> = app["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|request| request["operation"].as_str().unwrap())
            .collect();
        assert_eq!(operations, ["PutItem", "Query", "DeleteItem", "PutItem", "DeleteItem", "PutItem"]);
        let all = ProjectionType::All;
        assert_same(units(app, "write_units"), written_by_boto3(&sandbox, app, all, &[]));
        for (name, projection, included) in [
            ("index with KEYS_ONLY", ProjectionType::KeysOnly, &[][..]),
            (
                "index with INCLUDE",
                ProjectionType::Include,
                &["user_uuid", "user_display_name", "user_handle"],
            ),
        ] {
            let smaller = way(&document, name);
            let written = units(smaller, "write_units");
            assert_same(written, written_by_boto3(&sandbox, app, projection, included));
            assert!(written <= units(app, "write_units"));
            for (kind, unit) in [("write_units", "write unit"), ("read_units", "read unit")] {
                let said = match units(app, kind) - units(smaller, kind) {
                    0.0 => continue,
                    saved if saved > 0.0 => format!("saves {saved} {unit}"),
                    more => format!("takes {} {unit}", -more),
                };
                assert!(smaller["note"].as_str().unwrap().contains(&said), "{said}: {smaller:#}");
            }
        }

        let sent =
            sandbox.cruddur(["ddb", "patterns"].iter().chain(&arguments).chain(&["-o", "json"])).succeeds();
        let used = &sent.json()["consumed_capacity"];
        assert_eq!(used["write"]["total"], billed["write_units"], "{length} characters");
        assert_eq!(used["read"]["total"], billed["read_units"]);
    }
}

#[test]
fn a_conversation_costs_what_was_said_before_it_was_written() {
    let sandbox = Sandbox::seeded();
    let arguments = ["create-conversation", "--from", "petra", "--to", "nina", "Hello!"];
    let document = explain(&sandbox, &arguments);
    let billed = way(&document, "cruddur").clone();
    let app = way(&document, "the app");
    assert_eq!(app["requests"][0]["operation"], "BatchWriteItem");
    assert_same(units(app, "write_units"), written_by_boto3(&sandbox, app, ProjectionType::All, &[]));
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
    assert_eq!(way(&idle, "cruddur")["write_units"], 0.0);
    assert!(way(&idle, "cruddur")["note"].as_str().unwrap().contains("nothing to write"));

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
    let billed = way(&document, "cruddur");
    let app = way(&document, "the app");
    assert_same(units(app, "write_units"), written_by_boto3(&sandbox, app, ProjectionType::All, &[]));
    let table = sandbox.messages_table();
    let done = runtime().block_on(table.refresh_group(GROUP, &[])).unwrap();
    assert_eq!(done.rows, 2);
    assert_same(done.written.total, units(billed, "write_units"));
    assert_same(done.read.total, units(billed, "read_units"));
    // Without the index the whole table is read: it is 62 messages and more.
    assert!(units(way(&document, "without the index"), "read_units") > units(app, "read_units"));
}

#[test]
fn people_see_the_requests_and_the_ways() {
    let sandbox = Sandbox::seeded();
    let run = sandbox.cruddur(["ddb", "explain", "list-conversations"]).succeeds();
    let (request, ways) = run.stdout.split_once("\n\n").unwrap();
    let (title, body) = request.split_once('\n').unwrap();
    assert!(title.starts_with("the app: Query: 0.5 read units, 1 item returned of 1 scanned, "), "{title}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["KeyConditionExpression"], "pk = :pk AND begins_with(sk,:year)");
    for (name, figures) in [
        ("the app", "measured"),
        ("cruddur ", "measured"),
        ("strongly consistent", "estimate"),
        ("index with KEYS_ONLY or INCLUDE", "estimate"),
    ] {
        let line = ways.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.contains(figures), "{line}");
    }
    run.says("estimated 1.5 read units, 3 requests, 3 items");
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
