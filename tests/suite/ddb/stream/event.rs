//! `ddb stream tail --as-event`: what a Lambda function is handed.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as Value;
use cruddur::dynamodb::streams::{Event, Record};
use serde_json::json;

use super::{assert_rows, message};
use crate::support::{Run, Sandbox, Shape, TABLE, boto3, python};

const EVENTS: [&str; 7] = ["ddb", "stream", "tail", "--from", "trim-horizon", "--once", "--as-event"];

/// What the records are in a function's event, and in the streams' own API.
fn events(run: &Run) -> Vec<serde_json::Value> {
    run.ndjson().iter().flat_map(|event| event["Records"].as_array().unwrap().clone()).collect()
}

#[test]
fn a_function_written_for_lambda_handles_every_record() {
    let sandbox = Sandbox::seeded();
    sandbox.cruddur(["ddb", "stream", "enable"]).succeeds();
    sandbox.put_all((1..=68).map(|number| message(&sandbox, number)));
    let shown = sandbox.cruddur(EVENTS.iter().chain(&["--batch-size", "25"])).succeeds().says("68 records");
    assert_eq!(shown.stdout.lines().count(), 3, "batches of 25, 25 and 18");
    sandbox.write("events", &shown.stdout);
    let events = std::fs::File::open(sandbox.path().join("events")).unwrap();
    let mut function = python("stream_lambda.py");
    function
        .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
        .envs([("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", &sandbox.endpoint())])
        .env("TABLE", TABLE);
    let answers = Run::reading(&mut function, events).succeeds().stdout;
    assert_eq!(answers, "{\"handled\": 25}\n{\"handled\": 25}\n{\"handled\": 18}\n");
    assert_rows(&sandbox, 68);
}

#[test]
fn a_record_is_what_the_stream_says_of_it() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape::default());
    sandbox.cruddur(["ddb", "stream", "enable", "--view", "new-and-old-images"]).succeeds();
    let bytes = |text: &str| Blob::new(text);
    let map = [("inner".to_owned(), Value::Null(true))];
    let item = [
        ("pk", Value::S("NOTE#1".to_owned())),
        ("sk", Value::S("1".to_owned())),
        ("binary", Value::B(bytes("\u{0}\u{1}é"))),
        ("binaries", Value::Bs(vec![bytes("one")])),
        ("number", Value::N("12345678901234567890.5".to_owned())),
        ("numbers", Value::Ns(vec!["1.5".to_owned()])),
        ("texts", Value::Ss(vec!["a".to_owned()])),
        ("yes", Value::Bool(true)),
        ("list", Value::L(vec![Value::B(bytes("in a list")), Value::N("1".to_owned())])),
        ("map", Value::M(map.into())),
    ];
    let item = item.map(|(name, value)| (name.to_owned(), value));
    sandbox.put_item(item.into());
    let run = sandbox.cruddur(EVENTS.iter().chain(&["--region", "eu-west-3"])).succeeds();
    let [record] = &events(&run)[..] else { panic!("{}", run.stdout) };

    // The same record, as boto3 reads it.
    let streams =
        |operation, arguments: &_| boto3(&sandbox.endpoint(), "dynamodbstreams", operation, arguments);
    let arn = sandbox.describe(TABLE).unwrap().latest_stream_arn.unwrap();
    let shards = streams("describe_stream", &json!({ "StreamArn": arn }));
    let shard = &shards["StreamDescription"]["Shards"][0]["ShardId"];
    let from = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let iterator = streams("get_shard_iterator", &from);
    let read = streams("get_records", &json!({ "ShardIterator": iterator["ShardIterator"] }));
    let (read, change) = (&read["Records"][0], &read["Records"][0]["dynamodb"]);

    let seconds = record["dynamodb"]["ApproximateCreationDateTime"].as_i64().expect("whole seconds");
    let at = jiff::Timestamp::from_second(seconds).unwrap().strftime("%F %T+00:00").to_string();
    assert_eq!(change["ApproximateCreationDateTime"], at);
    let keys = json!({ "pk": { "S": "NOTE#1" }, "sk": { "S": "1" } });
    let expected = json!({
        "eventID": read["eventID"],
        "eventName": "INSERT",
        "eventVersion": read["eventVersion"],
        "eventSource": read["eventSource"],
        "awsRegion": "eu-west-3",
        "dynamodb": {
            "ApproximateCreationDateTime": seconds,
            "Keys": keys,
            "NewImage": {
                "pk": { "S": "NOTE#1" },
                "sk": { "S": "1" },
                "binary": { "B": "AAHDqQ==" },
                "binaries": { "BS": ["b25l"] },
                "number": { "N": "12345678901234567890.5" },
                "numbers": { "NS": ["1.5"] },
                "texts": { "SS": ["a"] },
                "yes": { "BOOL": true },
                "list": { "L": [{ "B": "aW4gYSBsaXN0" }, { "N": "1" }] },
                "map": { "M": { "inner": { "NULL": true } } },
            },
            "SequenceNumber": change["SequenceNumber"],
            "SizeBytes": change["SizeBytes"],
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        // boto3 has signed for us-east-1, and cruddur for this region.
        "eventSourceARN": arn.replace("us-east-1", "eu-west-3"),
    });
    assert_eq!(record, &expected);

    sandbox.cruddur(["ddb", "delete", "NOTE#1", "1"]).succeeds();
    let run = sandbox.cruddur(EVENTS).succeeds();
    let gone = events(&run).pop().unwrap();
    assert_eq!(gone["eventName"], "REMOVE");
    assert_eq!((&gone["dynamodb"]["Keys"], gone["dynamodb"].get("NewImage")), (&keys, None));
    assert_eq!(gone["dynamodb"]["OldImage"], expected["dynamodb"]["NewImage"]);
}

#[test]
fn an_event_is_an_output_of_its_own() {
    let sandbox = Sandbox::seeded();
    for more in [&["-o", "json"][..], &["--typed"], &["--batch-size", "0"]] {
        let run = sandbox.cruddur(EVENTS.iter().chain(more)).exits_with(2);
        assert_eq!(run.stdout, "", "{more:?}");
    }
    sandbox.cruddur(["ddb", "stream", "tail", "--batch-size", "5"]).exits_with(2).says("--as-event");
}

#[test]
fn what_time_to_live_deleted_says_so() {
    let record = Record {
        event: "REMOVE".to_owned(),
        user: Some(("Service".to_owned(), "dynamodb.amazonaws.com".to_owned())),
        ..Record::default()
    };
    let event = serde_json::to_value(Event::new(&[record], "arn", "eu-west-3")).unwrap();
    let record = &event["Records"][0];
    assert_eq!(record["userIdentity"], json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" }));
    assert_eq!(record["eventVersion"], "1.1");
}
