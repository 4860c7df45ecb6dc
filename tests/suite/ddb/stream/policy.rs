//! `ddb stream policy`

use std::collections::BTreeSet;

use crate::support::{Run, bare_cruddur};

/// Without a home, a region, credentials or a network to ask.
fn policy(arguments: &[&str]) -> Run {
    let command = ["--no-env-file", "ddb", "stream", "policy"];
    Run::of(&mut bare_cruddur(command.iter().chain(arguments)))
}

/// Every action with every resource that it is allowed on.
fn allowed(policy: &serde_json::Value) -> BTreeSet<(String, String)> {
    let texts = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().unwrap();
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
    statements
        .iter()
        .flat_map(|statement| {
            let resources = texts(&statement["Resource"]);
            texts(&statement["Action"]).into_iter().flat_map(move |action| {
                resources.clone().into_iter().map(move |resource| (action.clone(), resource))
            })
        })
        .collect()
}

fn pairs(table: &str, of: &[(&str, &[&str])]) -> BTreeSet<(String, String)> {
    of.iter()
        .flat_map(|(resource, actions)| {
            actions.iter().map(move |action| ((*action).to_owned(), format!("{table}{resource}")))
        })
        .collect()
}

const ROWS: [&str; 5] = [
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
];
const READ: [&str; 3] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];

#[test]
fn a_lambda_may_read_the_stream_refresh_rows_and_write_its_log() {
    let run = policy(&["--account", "123456789012", "--region", "eu-central-1"]).succeeds();
    assert_eq!(run.stderr, "");
    let mut expected = pairs(
        "arn:aws:dynamodb:eu-central-1:123456789012:table/cruddur-messages",
        &[
            ("/stream/*", &READ),
            ("/stream/*", &["dynamodb:ListStreams"]),
            ("", &ROWS),
            ("/index/message-group-sk-index", &["dynamodb:Query"]),
        ],
    );
    expected.extend(pairs(
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/cruddur-messaging-stream:*",
        &[("", &["logs:CreateLogStream", "logs:PutLogEvents"])],
    ));
    assert_eq!(allowed(&run.json()), expected);
}

#[test]
fn a_run_must_find_the_stream_and_writes_no_log() {
    let run =
        policy(&["--account", "123456789012", "--region", "us-east-1", "--for", "run", "--table", "talk"]);
    let expected = pairs(
        "arn:aws:dynamodb:us-east-1:123456789012:table/talk",
        &[
            ("/stream/*", &READ),
            ("", &ROWS),
            ("", &["dynamodb:DescribeTable"]),
            ("/index/message-group-sk-index", &["dynamodb:Query"]),
        ],
    );
    assert_eq!(allowed(&run.succeeds().json()), expected);
}

#[test]
fn the_partition_is_the_regions() {
    for (region, partition) in
        [("cn-northwest-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("ap-southeast-2", "aws")]
    {
        let run = policy(&["--account", "123456789012", "--region", region, "--function", "f"]).succeeds();
        let prefix = format!("arn:{partition}:");
        assert!(allowed(&run.json()).iter().all(|(_, resource)| resource.starts_with(&prefix)), "{region}");
    }
}

#[test]
fn what_would_make_no_valid_policy_is_refused() {
    for (arguments, said) in [
        (&["--account", "12345678901", "--region", "us-east-1"][..], "12 digits"),
        (&["--account", "1234-5678-9012", "--region", "us-east-1"], "12 digits"),
        (&["--region", "us-east-1"], "--account"),
        (&["--account", "123456789012"], "give --region"),
        (&["--account", "123456789012", "--region", "mars"], "not an AWS region"),
        (&["--account", "123456789012", "--region", "us-east-*"], "not an AWS region"),
        (&["--account", "123456789012", "--region", "us-east-1", "--table", "a*"], "not a table name"),
        (&["--account", "123456789012", "--region", "us-east-1", "--function", "a b"], "not a function name"),
    ] {
        let run = policy(arguments).exits_with(2).says(said);
        assert_eq!(run.stdout, "");
    }
}
