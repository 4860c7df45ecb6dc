//! `ddb schema-load --apply`: a table that is there is brought up to its definition.

use aws_sdk_dynamodb::types::{BillingMode, ProjectionType, StreamViewType};
use serde_json::{Value, json};

use super::load::{assert_keys_and_index, billing, units};
use crate::support::{INDEX, Proxy, Run, Sandbox, Shape, TABLE, boto3, moto};

const APPLY: [&str; 3] = ["ddb", "schema-load", "--apply"];

/// A table of `shape` with three rows of groups and a message.
fn with_items(shape: &Shape) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(shape);
    for number in ["1", "2", "3"] {
        sandbox.put(&[("pk", "GRP#me"), ("sk", number), ("message_group_uuid", "the group")]);
    }
    sandbox.put(&[("pk", "MSG#the group"), ("sk", "3"), ("message", "Hello")]);
    sandbox
}

/// How many items of the group the index finds.
fn in_index(endpoint: &str, table: &str) -> Value {
    let query = json!({
        "TableName": table,
        "IndexName": INDEX,
        "KeyConditionExpression": "message_group_uuid = :group",
        "ExpressionAttributeValues": { ":group": { "S": "the group" } },
    });
    boto3(endpoint, "dynamodb", "query", &query)["Count"].take()
}

fn tags(endpoint: &str, arn: &str) -> Value {
    boto3(endpoint, "dynamodb", "list_tags_of_resource", &json!({ "ResourceArn": arn }))["Tags"].take()
}

/// The requests that a dry run shows.
fn shown(run: &Run) -> Vec<(String, Value)> {
    let lines = run.stdout.lines().filter_map(|line| line.strip_prefix("DynamoDB ")?.split_once(' '));
    lines.map(|(operation, body)| (operation.to_owned(), serde_json::from_str(body).unwrap())).collect()
}

/// Those that came to the proxy, but for what only reads.
fn written(proxy: &Proxy) -> Vec<(String, Value)> {
    let requests = proxy.requests().into_iter();
    let writes = requests.filter(|request| {
        !matches!(request.operation.as_str(), "DescribeTable" | "ListTables" | "ListTagsOfResource")
    });
    writes.map(|request| (request.operation, serde_json::from_str(&request.body).unwrap())).collect()
}

#[test]
fn all_of_it_is_changed_in_place_one_request_after_the_other() {
    let shape =
        Shape { index: None, units: None, stream: Some(StreamViewType::KeysOnly), ..Shape::default() };
    let sandbox = with_items(&shape);
    let items = sandbox.items();
    let words = ["--stream", "--tag", "team=messaging", "--tag", "stage=test", "--deletion-protection"];
    let proxy = Proxy::new(sandbox.endpoint(), "", |_| None);
    let through = |more: &[&str]| {
        let mut command = sandbox.command(APPLY.iter().chain(&words).chain(more));
        Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds()
    };
    let before = sandbox.describe(TABLE);
    let plan = shown(&through(&["--dry-run"]).says("would send 6 requests"));
    assert_eq!((written(&proxy), sandbox.describe(TABLE)), (vec![], before));
    let run = through(&[]).says("6 changes to make").says("now matches its definition");
    // Before anything is done: a unit for each item, and the bytes of all of them are less than one.
    run.says("at most 4 items, 4 write units; at 5 a second up to 1 s\n");
    let sent = written(&proxy);
    assert_eq!(sent[..plan.len()], plan, "a long plan shows its first requests");
    let kinds: Vec<Vec<&str>> = sent
        .iter()
        .map(|(_, body)| {
            let names = body.as_object().unwrap().keys().map(String::as_str);
            names
                .filter(|name| !matches!(*name, "TableName" | "AttributeDefinitions" | "ResourceArn"))
                .collect()
        })
        .collect();
    assert_eq!(
        kinds,
        [
            &["DeletionProtectionEnabled"][..],
            &["BillingMode", "ProvisionedThroughput"],
            &["GlobalSecondaryIndexUpdates"],
            &["StreamSpecification"],
            &["StreamSpecification"],
            &["Tags"],
        ]
    );

    let table = sandbox.describe(TABLE).unwrap();
    assert_keys_and_index(&table);
    assert_ne!(billing(&table), Some(&BillingMode::PayPerRequest));
    assert_eq!(units(table.provisioned_throughput()), Some((5, 5)));
    let stream = table.stream_specification().unwrap();
    assert_eq!((stream.stream_enabled(), stream.stream_view_type()), (true, Some(&StreamViewType::NewImage)));
    assert_eq!(table.deletion_protection_enabled(), Some(true));
    let found = tags(&sandbox.endpoint(), table.table_arn().unwrap());
    for (key, value) in [("team", "messaging"), ("stage", "test")] {
        assert!(found.as_array().unwrap().contains(&json!({ "Key": key, "Value": value })), "{found}");
    }
    assert_eq!((sandbox.items(), in_index(&sandbox.endpoint(), TABLE)), (items, json!(3)));

    let proxy = Proxy::new(sandbox.endpoint(), "", |_| None);
    let mut again = sandbox.command(APPLY.iter().chain(&words));
    Run::of(again.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()))
        .succeeds()
        .says("already matches its definition");
    assert_eq!(written(&proxy), []);
}

#[test]
fn what_filling_the_index_costs_on_demand_is_said_before() {
    let sandbox = with_items(&Shape { index: None, units: None, ..Shape::default() });
    let run = sandbox.cruddur(APPLY.iter().chain(&["--billing", "on-demand"])).succeeds();
    run.says("at most 4 items, 4 write units; an emulator charges nothing\n");
    let empty = Sandbox::new();
    empty.create_messages_table(&Shape { index: None, ..Shape::default() });
    empty.cruddur(APPLY).succeeds().says("the table seems to have no items to fill it with");
}

#[test]
fn without_apply_it_is_offered_and_nothing_else_is_done() {
    let sandbox = with_items(&Shape { index: None, ..Shape::default() });
    let before = sandbox.describe(TABLE);
    let run = sandbox.cruddur(["ddb", "schema-load", "--stream", "--tag", "a=b c"]).exits_with(1);
    let hint = "to change it in place run: cruddur ddb schema-load --apply --stream --tag 'a=b c'\n";
    let run = run.says("differs from its definition; nothing was changed").says(hint);
    assert!(!run.stderr.contains("ddb drop"), "{}", run.stderr);
    assert_eq!(sandbox.describe(TABLE), before);
}

#[test]
fn an_index_with_another_key_or_projection_is_replaced() {
    for index in [("user_uuid", ProjectionType::All), ("message_group_uuid", ProjectionType::KeysOnly)] {
        let sandbox = with_items(&Shape { index: Some(index), ..Shape::default() });
        sandbox.cruddur(APPLY).succeeds().says("1. delete the index").says("2. create the index");
        assert_keys_and_index(&sandbox.describe(TABLE).unwrap());
        assert_eq!(in_index(&sandbox.endpoint(), TABLE), 3);
    }
}

#[test]
fn what_others_added_stays_until_it_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { stream: Some(StreamViewType::NewImage), ..Shape::default() });
    let arn = sandbox.describe(TABLE).unwrap().table_arn.unwrap();
    let call = |operation, arguments: Value| boto3(&sandbox.endpoint(), "dynamodb", operation, &arguments);
    let create = json!({
        "IndexName": "theirs",
        "KeySchema": [{ "AttributeName": "user_handle", "KeyType": "HASH" }],
        "Projection": { "ProjectionType": "KEYS_ONLY" },
        "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 },
    });
    call(
        "update_table",
        json!({
            "TableName": TABLE,
            "AttributeDefinitions": [{ "AttributeName": "user_handle", "AttributeType": "S" }],
            "GlobalSecondaryIndexUpdates": [{ "Create": create }],
        }),
    );
    let theirs = json!([{ "Key": "theirs", "Value": "too" }]);
    call("tag_resource", json!({ "ResourceArn": arn, "Tags": theirs }));
    let before = sandbox.describe(TABLE);
    for words in [&APPLY[..], &APPLY[..2]] {
        let run = sandbox.cruddur(words).succeeds().says("already matches its definition");
        run.says("it also has the index theirs").says("run: cruddur ddb schema-load --apply --prune\n");
    }
    assert_eq!((sandbox.describe(TABLE), tags(&sandbox.endpoint(), &arn)), (before, theirs));
    sandbox.cruddur(["ddb", "schema-load", "--prune"]).exits_with(2);
    sandbox.cruddur(APPLY.iter().chain(&["--prune"])).succeeds().says("3 changes to make");
    let table = sandbox.describe(TABLE).unwrap();
    assert_keys_and_index(&table);
    assert!(table.stream_specification().is_none_or(|stream| !stream.stream_enabled()));
    assert_eq!(tags(&sandbox.endpoint(), &arn), json!([]));
}

#[test]
fn a_key_is_not_changed_and_the_way_that_is_told_keeps_the_items() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { sort_key: "sent_at", index: None, ..Shape::default() });
    sandbox.put(&[("pk", "GRP#me"), ("sk", "1"), ("sent_at", "2"), ("message_group_uuid", "the group")]);
    let items = sandbox.items();
    let before = sandbox.describe(TABLE);
    let run = sandbox.cruddur(APPLY.iter().chain(&["--stream"])).exits_with(1);
    let run =
        run.says("nothing was changed").says("sent_at (S, RANGE), expected pk (S, HASH), sk (S, RANGE)");
    assert_eq!(sandbox.describe(TABLE), before);
    let commands: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("Hint: ")?.split_once(". cruddur "))
        .map(|(_, command)| command)
        .collect();
    assert_eq!(commands.len(), 4, "{}", run.stderr);
    for command in commands {
        sandbox.cruddur(command.split(' ')).succeeds();
    }
    assert_keys_and_index(&sandbox.describe(TABLE).unwrap());
    assert_eq!((sandbox.items(), in_index(&sandbox.endpoint(), TABLE)), (items, json!(1)));
}

#[test]
fn items_that_would_come_to_the_same_key_are_not_imported() {
    let sandbox = Sandbox::new();
    sandbox.create_messages_table(&Shape { sort_key: "sent_at", index: None, ..Shape::default() });
    for sent_at in ["1", "2"] {
        sandbox.put(&[("pk", "GRP#me"), ("sk", "the same"), ("sent_at", sent_at)]);
    }
    sandbox.cruddur(["ddb", "export", "both.ndjson"]).succeeds();
    sandbox.cruddur(["ddb", "schema-load", "--table", "new"]).succeeds();
    let import = ["ddb", "import", "both.ndjson", "--table", "new"];
    sandbox.cruddur(import).exits_with(1).says("but the table's is pk (S), sk (S)");
    sandbox.cruddur(import.iter().chain(&["--any-key"])).exits_with(1).says("more than one item for 1 key");
    assert_eq!(boto3(&sandbox.endpoint(), "dynamodb", "scan", &json!({ "TableName": "new" }))["Count"], 0);
}

/// The embedded DynamoDB forgets what units an index has; moto does not.
#[test]
fn units_of_the_table_and_of_the_index_are_changed() {
    let url = moto().url();
    let call = |operation, arguments: Value| boto3(&url, "dynamodb", operation, &arguments);
    let sandbox = Sandbox::new();
    for (number, (found, more, expected)) in [
        ([1, 2, 5, 7], &[][..], [5, 5, 5, 5]),
        ([5, 5, 5, 7], &[], [5, 5, 5, 5]),
        ([5, 5, 5, 5], &["--read-units", "40", "--write-units", "9"], [40, 9, 40, 9]),
    ]
    .into_iter()
    .enumerate()
    {
        let table = format!("units-{number}");
        let load = |words: &[&str]| {
            let mut command = sandbox.command(["ddb", "schema-load", "--table", &table].iter().chain(words));
            Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", &url)).succeeds()
        };
        let request = load(&["--print", "json"]).json();
        call("create_table", with_units(request, found));
        load(&[&["--apply"], more].concat()).says("1 change to make").says("now matches its definition");
        let table = &call("describe_table", json!({ "TableName": table }))["Table"];
        let of = |throughput: &Value| {
            ["ReadCapacityUnits", "WriteCapacityUnits"].map(|name| throughput[name].as_i64().unwrap())
        };
        let index = &table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"];
        assert_eq!([of(&table["ProvisionedThroughput"]), of(index)].concat(), expected);
    }
}

fn with_units(mut request: Value, [read, write, index_read, index_write]: [i64; 4]) -> Value {
    let units = |read, write| json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write });
    request["ProvisionedThroughput"] = units(read, write);
    request["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] = units(index_read, index_write);
    request
}

/// Another engine than the embedded one, with all that it has of UpdateTable.
#[test]
fn moto_is_brought_up_to_date_too() {
    let url = moto().url();
    let call = |operation, arguments: Value| boto3(&url, "dynamodb", operation, &arguments);
    let sandbox = Sandbox::new();
    let name = "all-of-it";
    let load = |words: &[&str]| {
        let mut command = sandbox.command(["ddb", "schema-load", "--table", name].iter().chain(words));
        Run::of(command.env("AWS_ENDPOINT_URL_DYNAMODB", &url))
    };
    let mut request = load(&["--print", "json", "--billing", "on-demand"]).succeeds().json();
    request["GlobalSecondaryIndexes"][0]["Projection"]["ProjectionType"] = "KEYS_ONLY".into();
    call("create_table", request);
    let row =
        json!({ "pk": { "S": "GRP#me" }, "sk": { "S": "1" }, "message_group_uuid": { "S": "the group" } });
    call("put_item", json!({ "TableName": name, "Item": row }));
    let words = ["--apply", "--stream", "--tag", "team=messaging", "--deletion-protection"];
    load(&words).succeeds().says("6 changes to make").says("now matches its definition");
    load(&words).succeeds().says("already matches its definition");
    let table = &call("describe_table", json!({ "TableName": name }))["Table"];
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PROVISIONED");
    assert_eq!(table["GlobalSecondaryIndexes"][0]["Projection"]["ProjectionType"], "ALL");
    assert_eq!(table["StreamSpecification"]["StreamViewType"], "NEW_IMAGE");
    assert_eq!(table["DeletionProtectionEnabled"], true);
    assert_eq!(
        tags(&url, table["TableArn"].as_str().unwrap()),
        json!([{ "Key": "team", "Value": "messaging" }])
    );
    assert_eq!(in_index(&url, name), 1);
}
