//! The stack's DynamoDB answers as dynoxide's own server does, word for word, but for what
//! docs/local-stack.md says.

use std::net::Ipv4Addr;

use axum::body::Body;
use dynoxide::Database;
use http::{Method, Request};
use tokio::net::TcpListener;

use crate::support::{HttpAnswer, Sandbox, dynamodb_request, runtime, send_http};

/// dynoxide's own server, for as long as the tests run.
fn original() -> String {
    runtime().block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
        endpoint
    })
}

/// An answer without what is made anew each time.
fn comparable(answer: &HttpAnswer) -> (u16, Vec<(String, String)>, serde_json::Value) {
    const ANEW: [&str; 7] = [
        "CreationDateTime",
        "TableId",
        // These are also what the stack translates.
        "TableArn",
        "LatestStreamLabel",
        "LatestStreamArn",
        "StreamArn",
        "StreamLabel",
    ];
    fn scrub(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    if ANEW.contains(&name.as_str()) {
                        *value = "anew".into();
                    } else {
                        scrub(value);
                    }
                }
            }
            serde_json::Value::Array(elements) => elements.iter_mut().for_each(scrub),
            _ => {}
        }
    }
    // As a value: the members of an item come in any order.
    let mut body = serde_json::from_str(&answer.body).unwrap_or_else(|_| answer.body.as_str().into());
    scrub(&mut body);
    if body["__type"] == "com.amazon.coral.service#UnknownOperationException" {
        // The stack adds a message.
        body.as_object_mut().unwrap().remove("message");
    }
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .map(|(name, value)| match name.as_str() {
            "date" | "x-amzn-requestid" => (name, format!("{} characters", value.len())),
            // The body is compared.
            "content-length" | "x-amz-crc32" => (name, "there".to_owned()),
            _ => (name, value),
        })
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, body)
}

/// Sends the same to both, in the same order, and compares what comes back.
struct Pair {
    ours: Sandbox,
    original: String,
}

impl Pair {
    fn new() -> Self {
        Self { ours: Sandbox::new(), original: original() }
    }

    #[track_caller]
    fn compare(&self, make: impl Fn(&str) -> Request<Body>) -> HttpAnswer {
        let (ours, original) = (send_http(make(&self.ours.endpoint())), send_http(make(&self.original)));
        assert_eq!(comparable(&ours), comparable(&original));
        ours
    }

    #[track_caller]
    fn operation(&self, operation: &str, body: &str) -> HttpAnswer {
        self.compare(|endpoint| {
            dynamodb_request(endpoint, operation).body(Body::from(body.to_owned())).unwrap()
        })
    }
}

const TABLE: &str = r#"{"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
    "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
    "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}}"#;

#[test]
fn operations_good_and_bad_are_answered_alike() {
    let pair = Pair::new();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let nested = format!(
        r#"{{"TableName":"tab","Item":{{"pk":{{"S":"d"}},"v":{}{{"S":"x"}}{}}}}}"#,
        r#"{"L":["#.repeat(60),
        "]}".repeat(60)
    );
    let corpus = [
        ("CreateTable", TABLE),
        ("CreateTable", TABLE),
        ("CreateTable", r#"{"TableName":"x","KeySchema":"HASH"}"#),
        ("DescribeTable", r#"{"TableName":"tab"}"#),
        ("DescribeTable", r#"{"TableName":"absent"}"#),
        ("ListTables", "{}"),
        (
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"N":"1.50"},"umlaut":{"S":"äöü 😀"}}}"#,
        ),
        ("PutItem", r#"{"TableName":"tab","Item":{"pk":{"N":"1"}}}"#),
        ("PutItem", r#"{"TableName":"tab","Item":{"pk":{"S":"a","N":"1"}}}"#),
        ("PutItem", r#"{"TableName":"tab","Item":{"pk":{}}}"#),
        ("PutItem", r#"{"TableName":"tab","Item":{"pk":{"S":"n"},"n":{"N":"one"}}}"#),
        ("PutItem", r#"{"TableName":7,"Item":{}}"#),
        ("PutItem", r#"{"Item":{"pk":{"S":"a"}}}"#),
        ("PutItem", &nested),
        ("PutItem", &deep),
        (
            "PutItem",
            r#"{"TableName":"tab","Item":{"pk":{"S":"a"}},"ConditionExpression":"attribute_not_exists(pk)"}"#,
        ),
        ("GetItem", r#"{"TableName":"tab","Key":{"pk":{"S":"a"}},"ReturnConsumedCapacity":"TOTAL"}"#),
        ("GetItem", r#"{"TableName":"tab","Key":{"pk":{"S":"a"}},"ConsistentRead":"true"}"#),
        ("GetItem", r#"{"TableName":"tab","Key":{"pk":{"S":"a"}},"ConsistentRead":-0}"#),
        ("UpdateItem", r#"{"TableName":"tab","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = n +"}"#),
        (
            "UpdateItem",
            r#"{"TableName":"tab","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = n + :o",
            "ExpressionAttributeValues":{":o":{"N":"1"}},"ReturnValues":"ALL_NEW"}"#,
        ),
        (
            "Query",
            r#"{"TableName":"tab","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}}}"#,
        ),
        ("Query", r#"{"TableName":"tab"}"#),
        ("Scan", r#"{"TableName":"tab","Limit":0}"#),
        ("Scan", r#"{"TableName":"tab","ReturnConsumedCapacity":"INDEXES"}"#),
        ("BatchWriteItem", r#"{"RequestItems":{"tab":[{"PutRequest":{"Item":{"pk":{"S":"b"}}}}]}}"#),
        ("BatchWriteItem", r#"{"RequestItems":{}}"#),
        ("BatchGetItem", r#"{"RequestItems":{"tab":{"Keys":[{"pk":{"S":"b"}}]}}}"#),
        (
            "TransactWriteItems",
            r#"{"TransactItems":[{"ConditionCheck":{"TableName":"tab","Key":{"pk":{"S":"z"}},
            "ConditionExpression":"attribute_exists(pk)"}}]}"#,
        ),
        ("ExecuteStatement", r#"{"Statement":"SELECT * FROM tab WHERE pk = 'a'"}"#),
        ("ExecuteStatement", r#"{"Statement":"SELEKT"}"#),
        (
            "UpdateTimeToLive",
            r#"{"TableName":"tab","TimeToLiveSpecification":{"AttributeName":"e","Enabled":true}}"#,
        ),
        ("DescribeContinuousBackups", r#"{"TableName":"tab"}"#),
        ("NoSuchOperation", "{}"),
        ("ListTables", ""),
        ("ListTables", "{"),
        ("ListTables", "[]"),
        ("DeleteTable", r#"{"TableName":"tab"}"#),
        ("DeleteTable", r#"{"TableName":"tab"}"#),
    ];
    let good =
        corpus.iter().filter(|(operation, body)| pair.operation(operation, body).status == 200).count();
    // Both kinds have been compared.
    assert_eq!((good, corpus.len() - good), (15, 24));
}

#[test]
fn the_operations_of_streams_are_answered_alike() {
    let pair = Pair::new();
    pair.operation("CreateTable", TABLE);
    for target in
        ["DynamoDBStreams_20120810.ListStreams", "DynamoDBStreams_20120810.PutItem", "DynamoDB.ListTables"]
    {
        pair.compare(|endpoint| {
            let mut request = dynamodb_request(endpoint, "x").body(Body::from("{}")).unwrap();
            request.headers_mut().insert("x-amz-target", target.parse().unwrap());
            request
        });
    }
}

#[test]
fn headers_methods_and_paths_are_answered_alike() {
    let pair = Pair::new();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::POST] {
        for path in ["/", "/other", "/?query=1"] {
            let answer = pair.compare(|endpoint| {
                Request::builder()
                    .method(&method)
                    .uri(format!("{endpoint}{path}"))
                    .body(Body::empty())
                    .unwrap()
            });
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    }
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-type", "application/json; charset=utf-8"),
        ("content-type", ""),
        ("authorization", ""),
        ("authorization", "AWS4-HMAC-SHA256 Credential=a"),
        ("x-amz-target", ""),
    ] {
        pair.compare(|endpoint| {
            let mut request = dynamodb_request(endpoint, "ListTables").body(Body::from("{}")).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
            request
        });
    }
    for missing in ["authorization", "x-amz-date", "x-amz-target", "content-type"] {
        pair.compare(|endpoint| {
            let mut request = dynamodb_request(endpoint, "ListTables").body(Body::from("{}")).unwrap();
            request.headers_mut().remove(missing);
            request
        });
    }
    pair.compare(|endpoint| {
        dynamodb_request(endpoint, "ListTables").body(Body::from(vec![b'"', 0xff, b'"'])).unwrap()
    });
}

#[test]
fn large_requests_and_answers_are_answered_alike() {
    let pair = Pair::new();
    pair.operation("CreateTable", TABLE);
    for item in 0..8 {
        let text = "x".repeat(300_000);
        pair.operation(
            "PutItem",
            &format!(r#"{{"TableName":"tab","Item":{{"pk":{{"S":"{item}"}},"text":{{"S":"{text}"}}}}}}"#),
        );
    }
    // A fourth does not fit into the page, and only dynoxide's own server would count it.
    let scan = pair.operation("Scan", r#"{"TableName":"tab","Limit":3}"#).body;
    assert!(scan.len() > 800_000, "{}: {scan:.2000}", scan.len());
    // The largest request there is, and one that is larger than that.
    let fill = |length: usize| format!(r#"{{"TableName":"{}"}}"#, "x".repeat(length - 16));
    let limit = 16 * 1024 * 1024;
    assert_eq!(pair.operation("DescribeTable", &fill(limit)).status, 400);
    assert_eq!(pair.operation("DescribeTable", &fill(limit + 1)).status, 413);
}
