//! The patterns that read, beside the backend's own requests by boto3: the same
//! request, the same items, the same units.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{GROUP, Item, Proxy, Run, Sandbox, TABLE, boto3};

const GET: [&str; 3] = ["ddb", "patterns", "get-conversation"];
const LIST: [&str; 3] = ["ddb", "patterns", "list-conversations"];
/// Page sizes: the app's, and those where units and pages turn.
const LIMITS: [usize; 12] = [1, 2, 3, 5, 16, 17, 20, 21, 100, 1999, 2000, 2001];

fn item(attributes: &[(&str, &str)]) -> Item {
    let string = |(name, value): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()));
    attributes.iter().map(string).collect()
}

/// 2,000 messages, one a minute up to the end of 2024, of some 270 bytes each.
fn long_group(sandbox: &Sandbox) {
    sandbox.put_all((0..2000_i64).map(|minute| {
        let time = jiff::Timestamp::from_second(1_735_689_540 - minute * 60).unwrap();
        item(&[
            ("pk", &format!("MSG#{GROUP}")),
            ("sk", &time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()),
            ("message_uuid", "6f1a6a4e-8a5b-4f55-a1c8-9d4a1f3f0b11"),
            ("message", &format!("message {minute} {}", "x".repeat(40))),
            ("user_uuid", "0d6f2f57-28f7-4a3a-9a57-0c2f1f1f7a22"),
            ("user_display_name", "Nina Okafor"),
            ("user_handle", "nina"),
        ])
    }));
}

/// What the backend would send, `year` being left out where cruddur's is.
fn backends_request(pk: &str, year: Option<&str>, limit: usize) -> Value {
    let (condition, values) = match year {
        Some(year) => {
            ("pk = :pk AND begins_with(sk,:year)", json!({ ":pk": { "S": pk }, ":year": { "S": year } }))
        }
        None => ("pk = :pk", json!({ ":pk": { "S": pk } })),
    };
    json!({
        "TableName": TABLE,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": false,
        "Limit": limit,
        "ReturnConsumedCapacity": "INDEXES",
    })
}

/// The keys that boto3 gets for a request, oldest first, and the units.
fn by_boto3(sandbox: &Sandbox, request: &Value) -> (Vec<String>, f64) {
    let answer = boto3(&sandbox.endpoint(), "dynamodb", "query", request);
    let items = answer["Items"].as_array().unwrap();
    let keys = items.iter().rev().map(|item| item["sk"]["S"].as_str().unwrap().to_owned());
    (keys.collect(), answer["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap())
}

/// The same of a pattern.
fn by_cruddur(document: &Value, rows: &str, time: &str) -> (Vec<String>, f64) {
    let keys = document[rows].as_array().unwrap().iter().map(|row| row[time].as_str().unwrap().to_owned());
    (keys.collect(), document["consumed_capacity"]["total"].as_f64().unwrap())
}

/// A pattern at each limit, with a year and without, beside the backend's query.
#[track_caller]
fn assert_as_the_backend(sandbox: &Sandbox, pattern: &[&str], pk: &str, rows: &str, time: &str) {
    for limit in LIMITS {
        for year in [None, Some("2024")] {
            let (keys, units) = by_boto3(sandbox, &backends_request(pk, year, limit));
            let limit = limit.to_string();
            let mut flags = vec!["-o", "json", "--limit", &limit];
            flags.extend(year.iter().flat_map(|year| ["--year", year]));
            let document = sandbox.cruddur(pattern.iter().chain(&flags)).succeeds().json();
            assert_eq!(by_cruddur(&document, rows, time), (keys, units), "{flags:?}");
            assert_eq!(
                (&document["exact"], &document["consumed_capacity"]["pages"]),
                (&json!(false), &json!(1))
            );
        }
    }
}

#[test]
fn a_conversation_has_the_items_and_the_price_of_the_backends_query() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    long_group(&sandbox);
    assert_as_the_backend(&sandbox, &GET, &format!("MSG#{GROUP}"), "messages", "sent_at");
    // Twenty messages are one read unit; three are half of one.
    for (limit, units) in [("20", 1.0), ("3", 0.5)] {
        let run = sandbox.cruddur(GET.iter().chain(&["-o", "json", "--limit", limit])).succeeds();
        assert_eq!(run.json()["consumed_capacity"]["total"], units);
    }
    // Page after page, as boto3 goes on.
    let mut request = backends_request(&format!("MSG#{GROUP}"), Some("2024"), 300);
    let mut flags = vec!["--year".to_owned(), "2024".to_owned(), "--limit".to_owned(), "300".to_owned()];
    loop {
        let answer = boto3(&sandbox.endpoint(), "dynamodb", "query", &request);
        let expected = by_boto3(&sandbox, &request);
        let run = sandbox.cruddur(
            GET.iter().map(ToString::to_string).chain(["-o".into(), "json".into()]).chain(flags.clone()),
        );
        let document = run.succeeds().json();
        assert_eq!(by_cruddur(&document, "messages", "sent_at"), expected);
        let Some(cursor) = document["cursor"].as_str() else {
            assert_eq!(answer.get("LastEvaluatedKey"), None);
            break;
        };
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"].clone();
        flags.extend(["--cursor".to_owned(), cursor.to_owned()]);
    }
}

#[test]
fn an_inbox_of_many_groups_has_the_items_and_the_price_of_the_backends_query() {
    let sandbox = Sandbox::set_up();
    let nina = &sandbox.sql("SELECT uuid FROM users WHERE handle = 'nina'")[0][0];
    let pk = format!("GRP#{nina}");
    sandbox.put_all((0..150).map(|day| {
        item(&[
            ("pk", &pk),
            (
                "sk",
                &format!("202{}-{:02}-{:02}T07:00:00+00:00", 3 + day / 75, 1 + day % 75 / 28, 1 + day % 28),
            ),
            ("message_group_uuid", &uuid::Uuid::from_u128(day + 1).to_string()),
            ("message", &"x".repeat(80)),
            ("user_uuid", "0d6f2f57-28f7-4a3a-9a57-0c2f1f1f7a22"),
            ("user_display_name", "Petra Novak"),
            ("user_handle", "petra"),
        ])
    }));
    assert_as_the_backend(&sandbox, &LIST, &pk, "conversations", "last_message_at");
}

#[test]
fn what_goes_over_the_wire_is_the_backends_request() {
    let sandbox = Sandbox::seeded();
    let nina = &sandbox.sql("SELECT uuid FROM users WHERE handle = 'nina'")[0][0];
    let (group, inbox) = (format!("MSG#{GROUP}"), format!("GRP#{nina}"));
    for (pattern, pk) in [(GET, group), (LIST, inbox)] {
        for (flags, year, limit) in
            [(&[][..], None, 20), (&["--year", "2026", "--limit", "7"], Some("2026"), 7)]
        {
            let proxy = Proxy::new(sandbox.endpoint(), "Query", |_| None);
            let mut command = sandbox.command(pattern.iter().chain(flags));
            Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds();
            boto3(proxy.url(), "dynamodb", "query", &backends_request(&pk, year, limit));
            let bodies = proxy.bodies();
            // Of an empty year, cruddur also asks for the others.
            assert_eq!(bodies.first(), bodies.last(), "{flags:?}");
            assert!(bodies.len() == 2 || year.is_some(), "{bodies:?}");
        }
    }
}

const SAID: &str = "some times are not in UTC: also read the 15 hours around, as --exact does";

#[test]
fn a_time_in_another_offset_that_is_read_makes_the_reading_exact_and_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    long_group(&sandbox);
    let get = |flags: &[&str]| {
        sandbox.cruddur(GET.iter().chain(&["-o", "json", "--limit", "3"]).chain(flags)).succeeds()
    };
    let units = |run: &Run| run.json()["consumed_capacity"]["total"].as_f64().unwrap();

    let exact = get(&["--exact"]);
    assert!(units(&exact) > 20.0, "900 messages: {}", exact.stderr);
    assert_eq!(exact.json()["exact"], true);
    assert!(!exact.stderr.contains(SAID), "{}", exact.stderr);

    // Four hours before the newest by its text, an hour after it by its instant.
    let late = "2024-12-31T19:58:00.000000-05:00";
    sandbox.put(&[("pk", &format!("MSG#{GROUP}")), ("sk", late), ("message", "late")]);
    let plain = get(&[]);
    assert_eq!((plain.json()["exact"].clone(), units(&plain)), (json!(false), 0.5));
    assert!(!plain.stderr.contains(SAID), "{}", plain.stderr);
    let exact = get(&["--exact"]);
    assert_eq!(exact.json()["messages"][2]["sent_at"], late);

    // A row of this offset on the page itself.
    let newest = "2024-12-31T23:59:30.000000-05:00";
    sandbox.put(&[("pk", &format!("MSG#{GROUP}")), ("sk", newest), ("message", "newest")]);
    let both = get(&[]).says(SAID);
    assert_eq!(both.json()["exact"], true);
    let times = both.json()["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["sent_at"].clone())
        .collect::<Vec<_>>();
    assert_eq!(times[1..], [late, newest]);
    assert!(units(&both) > 20.0);
    // The pages behind it go on in the same way; that has been said.
    let cursor = both.json()["cursor"].as_str().unwrap().to_owned();
    let next = get(&["--cursor", &cursor]);
    assert_eq!(next.json()["exact"], true);
    assert!(!next.stderr.contains(SAID), "{}", next.stderr);
}

#[test]
fn a_range_is_one_query_between_two_keys() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    long_group(&sandbox);
    let proxy = Proxy::new(sandbox.endpoint(), "Query", |_| None);
    let mut command = sandbox.command(GET.iter().chain(&[
        "--since",
        "2024-12-31T12:00:00Z",
        "--until",
        "2024-12-31T13:00:00Z",
        "--all",
        "-o",
        "json",
    ]));
    let document = Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds().json();
    assert_eq!(document["count"], 60);
    let bodies = proxy.bodies();
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0]["KeyConditionExpression"], "pk = :pk AND sk BETWEEN :first AND :end");
    // What the 60 messages take alone.
    let mut request = bodies[0].clone();
    request["ExpressionAttributeValues"][":first"]["S"] = json!("2024-12-31T12:00:00");
    assert_eq!(json!(by_boto3(&sandbox, &request).1), document["consumed_capacity"]["total"]);
}

#[test]
fn an_answer_is_not_empty_for_the_lack_of_an_offset() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    // In 2025, by its instant; its key begins with 2024.
    sandbox.put(&[("pk", &format!("MSG#{GROUP}")), ("sk", "2024-12-31T23:00:00-05:00")]);
    let get = |year| sandbox.cruddur(GET.iter().chain(&["-o", "json", "--year", year])).succeeds();
    assert_eq!(get("2025").json()["count"], 1);
    let empty = get("2024").says("there are others: --year 2025 (1 message)");
    assert_eq!(empty.json()["count"], 0);
}

#[test]
fn a_page_that_ends_at_1_mb_says_so() {
    let sandbox = Sandbox::set_up();
    sandbox.write("long.txt", super::seed::numbered(24, &format!(" {}", "x".repeat(60_000))));
    sandbox.cruddur(["ddb", "seed", "long.txt"]).succeeds();
    let run = sandbox.cruddur(GET.iter().chain(&["-o", "json", "--limit", "23"])).succeeds();
    let document = run.json();
    let (keys, units) = by_boto3(&sandbox, &backends_request(&format!("MSG#{GROUP}"), None, 23));
    assert_eq!(by_cruddur(&document, "messages", "sent_at"), (keys.clone(), units));
    run.says(&format!("DynamoDB ended the page at 1 MB, after {} messages", keys.len()));
    let cursor = document["cursor"].as_str().unwrap();
    let rest =
        sandbox.cruddur(GET.iter().chain(&["-o", "json", "--limit", "23", "--cursor", cursor])).succeeds();
    assert_eq!(keys.len() + usize::try_from(rest.json()["count"].as_u64().unwrap()).unwrap(), 24);
}
