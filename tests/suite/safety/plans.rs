//! The plan of `--dry-run` is what the same command then sends, request by request: held
//! against proxies that record.

use std::process::Command;

use regex_lite::Regex;
use serde_json::{Map, Value, json};

use super::dry_run::{COMMANDS, Dry, READS, pool, world};
use crate::rds::Group;
use crate::support::{COGNITO_ENDPOINT, Fault, GROUP, Proxy, Run, Sandbox, StatementRecorder, boto3, moto};
use crate::user_pool::Local;

/// What makes room for a command that would have nothing to do.
const BEFORE: &[(&str, &[&str])] = &[
    ("db create", &["db", "drop", "--force"]),
    ("ddb delete", &["ddb", "put", "pk=NOTE#4", "sk=2026-01-01"]),
    ("ddb stream enable", &["ddb", "stream", "disable"]),
];
/// Whose plan cannot go to the end: its conversation is between people whose uuids the new
/// database makes. That it is written is said.
const IN_PART: (&str, &str) = ("setup", "conversation");
/// How statements begin that change nothing.
const CHANGES_NOTHING: [&str; 10] =
    ["SELECT", "SHOW", "SET", "RESET", "LOCK", "BEGIN", "START", "COMMIT", "ROLLBACK", "WITH"];

/// A world whose services are all behind proxies that record.
struct Watched<'w> {
    sandbox: &'w Sandbox,
    ddb: Proxy,
    ec2: Proxy,
    cognito: Proxy,
    postgres: StatementRecorder,
}

impl<'w> Watched<'w> {
    fn new(sandbox: &'w Sandbox, pool: &Local) -> Self {
        let url = sandbox.connection_url();
        let server = Regex::new(r":(\d+)/").unwrap().captures(&url).unwrap()[1].parse().unwrap();
        Self {
            sandbox,
            ddb: Proxy::new(sandbox.endpoint(), "", |_| None),
            ec2: Proxy::new(moto().url(), "", |_| None),
            cognito: Proxy::new(pool.0.url(), "", |_| None),
            postgres: StatementRecorder::new(server),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let url = self.sandbox.connection_url();
        let port = format!(":{}/", self.postgres.port());
        let mut command = self.sandbox.command(words);
        command
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.ddb.url())
            .env("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", self.ddb.url())
            .env("AWS_ENDPOINT_URL_EC2", self.ec2.url())
            .env(COGNITO_ENDPOINT, self.cognito.url())
            .env("CRUDDUR_STATE_DIR", self.sandbox.path().join("state"))
            .env("CONNECTION_URL", Regex::new(r":\d+/").unwrap().replace(&url, port.as_str()).as_ref());
        if words[0] == "cognito" {
            command.env_remove("AWS_COGNITO_USER_POOL_ID");
        }
        command
    }

    /// What was sent that writes: requests as a plan shows them, and statements.
    fn sent(&self) -> Sent {
        let of_json =
            [("DynamoDB", &self.ddb), ("Cognito", &self.cognito)].into_iter().flat_map(|(name, proxy)| {
                let writes =
                    proxy.requests().into_iter().filter(|it| !READS.contains(&it.operation.as_str()));
                writes.map(move |it| (name.to_owned(), it.operation, serde_json::from_str(&it.body).unwrap()))
            });
        let of_ec2 = self.ec2.requests().into_iter().filter(|it| it.operation.starts_with("Modify"));
        let of_ec2 = of_ec2.map(|it| {
            let form = form_urlencoded::parse(it.body.as_bytes()).into_owned();
            let form: Map<String, Value> = form
                .filter(|(name, _)| name != "Action" && name != "Version")
                .map(|(name, value)| (name, Value::from(value)))
                .collect();
            ("EC2".to_owned(), it.operation, Value::Object(form))
        });
        let statements = self.postgres.statements().into_iter();
        let statements = statements.filter(|it| !CHANGES_NOTHING.iter().any(|begin| it.starts_with(begin)));
        Sent { requests: of_json.chain(of_ec2).collect(), statements: statements.collect() }
    }
}

type Request = (String, String, Value);

struct Sent {
    requests: Vec<Request>,
    statements: Vec<String>,
}

/// The requests that a dry run showed, and its statements.
fn planned(stdout: &str) -> (Vec<Request>, String) {
    let (mut requests, mut statements) = (Vec::new(), String::new());
    for line in stdout.lines() {
        let mut words = line.splitn(3, ' ');
        let (service, operation) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match words.next().map(serde_json::from_str::<Value>) {
            Some(Ok(body)) if ["Cognito", "DynamoDB", "EC2"].contains(&service) => {
                requests.push((service.to_owned(), operation.to_owned(), body));
            }
            _ if !["BEGIN;", "COMMIT;"].contains(&line) => {
                statements += line;
                statements.push('\n');
            }
            _ => {}
        }
    }
    (requests, statements)
}

/// The same without what differs from run to run: times, uuids, tokens; and writes that go out
/// side by side in one order.
fn normal(requests: Vec<Request>) -> Vec<String> {
    let rules = [
        (r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00", "TIME"),
        ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
        (r#"(?i)password":"[^"]*""#, "PASSWORD"),
    ];
    let one = |(service, operation, body): Request| {
        let text = format!("{service} {operation} {body}");
        rules.iter().fold(text, |text, (pattern, name)| {
            Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
        })
    };
    let mut requests: Vec<String> = requests.into_iter().map(one).collect();
    let is_bulk = |request: &String| {
        ["BatchWriteItem", "UpdateItem", "PutItem", "TransactWriteItems"]
            .iter()
            .any(|it| request.contains(it))
    };
    if requests.iter().all(is_bulk) {
        requests.sort();
    }
    requests
}

/// Statements without their values, which a plan has in their places and a request beside it.
fn without_values(statements: &str) -> String {
    Regex::new(r"'[^']*'|\$\d+").unwrap().replace_all(statements, "?").into_owned()
}

/// Compares what a dry run shows with what the same words then send.
#[track_caller]
fn holds(sandbox: &Sandbox, words: &[&str], code: i32) -> Sent {
    let pool = pool();
    let dry = Watched::new(sandbox, &pool);
    let run = Run::of(dry.command(words).args(["--dry-run", "--full"])).exits_with(code);
    let nothing = dry.sent();
    let asks_only = |(_, _, body): &Request| body["DryRun"] == "true";
    assert!(nothing.requests.iter().all(asks_only), "{words:?}: a dry run sent {:?}", nothing.requests);
    assert_eq!(nothing.statements, [""; 0], "{words:?}");
    let (requests, statements) = planned(&run.stdout);
    let real = Watched::new(sandbox, &pool);
    // Only what takes a password reads it.
    Run::with_input(&mut real.command(words), "Correct-horse-7\n").succeeds();
    let sent = real.sent();
    let (shown, mut is) = (normal(requests), normal(sent.requests.clone()));
    if words[0] == IN_PART.0 {
        let is_said = |line: &str| line.starts_with("would do") && line.contains(IN_PART.1);
        assert!(run.stderr.lines().any(is_said), "{}", run.stderr);
        assert!(is.drain(shown.len()..).all(|request| request.contains("BatchWriteItem")));
    }
    // Side by side, so that a difference among many is seen.
    let (left, right) = (shown.iter().map(Some).chain(std::iter::repeat(None)), is.iter().map(Some));
    for (number, (shown, is)) in left.zip(right).enumerate() {
        assert_eq!(shown, is, "{words:?}, request {number}");
    }
    assert_eq!(shown.len(), is.len(), "{words:?} shows requests that are not sent");
    let mut ran =
        sent.statements.iter().map(|statement| format!("{statement};\n")).collect::<Vec<_>>().concat();
    let mut shown: String = statements;
    if ran.contains("$1") {
        (ran, shown) = (without_values(&ran), without_values(&shown));
    }
    // Others show a table before them.
    let is_alone = sent.requests.is_empty() && words[1] != "update-cognito-user-ids";
    if is_alone {
        assert_eq!(shown, ran, "{words:?}");
    }
    assert!(shown.ends_with(&ran), "{words:?} ran\n{ran}\nand the plan is\n{shown}");
    sent
}

#[test]
fn every_plan_is_what_the_command_then_sends() {
    let group = Group::new();
    let rule = group.developers_rule();
    for (name, dry_run) in COMMANDS {
        let Dry::Shows(more, _) = dry_run else { continue };
        let sandbox = world();
        let mut words: Vec<&str> = name.split(' ').collect();
        words.extend(*more);
        if *name == "rds update-sg-rule" {
            words.extend(["--group-id", &group.id, "--security-group-rule-id", &rule, "--ip", "1.1.1.1"]);
        }
        for (_, before) in BEFORE.iter().filter(|(command, _)| command == name) {
            sandbox.cruddur(*before).succeeds();
        }
        // A check tells what it found by its code, and has mended it then.
        let sent = holds(&sandbox, &words, i32::from(*name == "ddb check"));
        assert!(sent.requests.len() + sent.statements.len() > 0, "{name} has nothing to do");
    }
}

/// A world with many notes, some of them twice as large, and another table with an index of its own.
fn with_notes(count: usize) -> Sandbox {
    let sandbox = world();
    for number in 0..count {
        let text = "x".repeat(600 * (1 + number % 2));
        sandbox.put(&[("pk", "NOTE#1"), ("sk", &format!("{number:04}")), ("message", &text)]);
    }
    sandbox
}

#[test]
fn plans_of_many_requests_have_them_all() {
    let line = |number: usize| json!({ "pk": { "S": "NOTE#7" }, "sk": { "S": number.to_string() } });
    let items = (0..260).map(|number| line(number).to_string() + "\n").collect::<String>();
    for (words, requests) in [
        (&["ddb", "truncate"][..], 15),
        (&["ddb", "truncate", "--by-key", "--segments", "1"], 15),
        (&["ddb", "import", "many.ndjson", "--replace"], 11),
        (&["ddb", "import", "many.ndjson", "--keep-existing"], 260),
        (&["ddb", "put", "pk=NOTE#1", "sk=0001", "--replace"], 1),
        (&["ddb", "rename-user", "nina", "--new-handle", "nina2"], 0),
        (&["ddb", "seed"], 0),
        (&["ddb", "schema-load", "--apply", "--stream", "--billing", "on-demand", "--tag", "app=cruddur"], 2),
    ] {
        let sandbox = with_notes(300);
        sandbox.write("many.ndjson", &items);
        let sent = holds(&sandbox, words, 0);
        assert!(sent.requests.len() >= requests, "{words:?}: {} requests", sent.requests.len());
        if words.contains(&"truncate") {
            assert!(sandbox.items().is_empty());
        }
    }
}

#[test]
fn a_plan_begins_with_what_it_is_and_ends_with_how_to_see_more() {
    let sandbox = with_notes(300);
    let run = sandbox.cruddur(["ddb", "truncate", "--dry-run"]).succeeds();
    let count = sandbox.items().len();
    let requests = count.div_ceil(25);
    let told = format!("would send {requests} requests (BatchWriteItem), {count} items; nothing was written");
    let run = run.says(&told).says(&format!("and {} more requests", requests - 5)).says("--full");
    assert_eq!(run.stdout.lines().count(), 5);
    let run = sandbox.cruddur(["ddb", "truncate", "--dry-run", "--full"]).succeeds();
    assert_eq!(run.stdout.lines().count(), requests);
    assert!(!run.stderr.contains("--full"), "{}", run.stderr);
    sandbox.cruddur(["ddb", "truncate", "--full"]).exits_with(2);
    assert_eq!(sandbox.items().len(), count);
    let run = sandbox.cruddur(["ddb", "truncate", "--recreate", "--dry-run"]).succeeds();
    run.says("would send 2 requests (1 DeleteTable, 1 CreateTable); nothing was written");
}

#[test]
fn a_plan_names_the_indexes_of_the_table_that_is_written_to() {
    let sandbox = world();
    let schema = json!({
        "TableName": "notes", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [
            { "AttributeName": "id", "AttributeType": "S" },
            { "AttributeName": "owner", "AttributeType": "S" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-owner", "KeySchema": [{ "AttributeName": "owner", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "ALL" },
        }],
    });
    boto3(&sandbox.endpoint(), "dynamodb", "create_table", &schema);
    let wide = "x".repeat(1500);
    let file = sandbox.write(
        "notes.json",
        json!([{ "id": "1", "owner": "nina", "text": wide }, { "id": "2", "text": "nobody's" }]).to_string(),
    );
    let text = format!("text={wide}");
    for (words, units) in [
        // What the messages table's index would be charged for.
        (
            &["put", "id=1", "owner=nina", &text, "pk=GRP#1", "message_group_uuid=1", "sk=1"][..],
            "4 write units (table 2, by-owner 2)",
        ),
        (&["put", "id=1", &text], "2 write units (table 2)"),
        (&["import", file.to_str().unwrap()], "5 write units (table 3, by-owner 2)"),
    ] {
        let words = ["ddb"].iter().chain(words).chain(&["--table", "notes", "--dry-run"]);
        let run = sandbox.cruddur(words).succeeds().says(&format!("would consume an estimated {units}"));
        assert!(!run.stderr.contains("message-group-sk-index"), "{}", run.stderr);
    }
    // As the service itself counts them.
    let put = ["ddb", "put", "id=1", "owner=nina", &text, "--table", "notes", "-o", "json"];
    let consumed = sandbox.cruddur(put).succeeds().json()["consumed_capacity"].to_string();
    assert!(consumed.contains("by-owner"), "{consumed}");
}

/// The operations that `-v` told of, in any order.
fn told(run: &Run) -> Vec<String> {
    let lines = run.stderr.lines().filter_map(|line| line.strip_prefix("DynamoDB "));
    let lines = lines.map(|line| line.strip_prefix("Streams ").unwrap_or(line));
    let mut told: Vec<String> = lines
        .filter(|line| line.contains(" ms") && line.contains(" at http"))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    told.sort();
    told
}

#[test]
fn verbose_tells_of_each_try_that_was_sent_and_of_no_other() {
    for (words, operation) in [
        (&["ddb", "truncate"][..], "BatchWriteItem"),
        (&["ddb", "truncate", "--recreate"], "DeleteTable"),
        (&["ddb", "truncate", "--recreate", "--dry-run"], "DescribeTable"),
        (&["ddb", "truncate", "--dry-run"], "Scan"),
        (&["ddb", "put", "pk=NOTE#1", "sk=0001", "--replace"], "PutItem"),
        (&["ddb", "seed"], "Query"),
        (&["ddb", "import", "items.ndjson", "--replace"], "BatchWriteItem"),
        (
            &["ddb", "explain", "create-message", "--from", "nina", "Hello!", "--message-group-uuid", GROUP],
            "Query",
        ),
        (
            &["ddb", "patterns", "create-message", "--from", "nina", "Hello!", "--message-group-uuid", GROUP],
            "TransactWriteItems",
        ),
        (&["ddb", "stream", "run", "--once"], "GetItem"),
    ] {
        let sandbox = with_notes(60);
        for fault in [None, Some(Fault::Error(500, "InternalServerError"))] {
            let proxy = Proxy::new(sandbox.endpoint(), operation, move |call| fault.filter(|_| call == 0));
            let mut command = sandbox.command(words);
            command
                .arg("-v")
                .env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())
                .env("CRUDDUR_STATE_DIR", sandbox.path().join("state"));
            let run = Run::of(&mut command).succeeds();
            let mut sent = proxy.operations();
            sent.sort();
            assert_eq!(told(&run), sent, "{words:?}: {}", run.stderr);
        }
    }
}
