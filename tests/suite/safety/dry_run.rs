//! `--dry-run` writes nothing: every command of the command line is tried.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::on_prod;
use crate::rds::{Group, described};
use crate::support::{COGNITO_ENDPOINT, Item, Proxy, Run, Sandbox, TABLE, commands, moto, runtime, text};
use crate::user_pool::Local;

/// What a command does under `--dry-run`.
pub(super) enum Dry {
    /// It only ever reads: nothing to show.
    Reads,
    /// It has no dry run, and says so.
    Refused,
    /// With these words it would write, and says what; then comes a part of what it says on stdout.
    Shows(&'static [&'static str], &'static str),
}

use Dry::{Reads, Refused, Shows};

/// Every command, and how it is to be tried. One that is missing here fails the test.
pub(super) const COMMANDS: &[(&str, Dry)] = &[
    (
        "cognito create-user",
        Shows(&["rosa", "--email", "rosa@example.com"], "Cognito AdminSetUserPassword {"),
    ),
    ("cognito delete-user", Shows(&["nina"], "Cognito AdminDeleteUser {")),
    ("cognito list-users", Reads),
    ("cognito set-password", Shows(&["nina", "--password-stdin"], "\"Password\":\"***\"")),
    ("cognito sign-in", Shows(&["nina", "--password-stdin"], "\"PASSWORD\":\"***\"")),
    ("__complete", Reads),
    ("completions", Reads),
    ("config show", Reads),
    ("db connect", Refused),
    ("db create", Shows(&[], "")),
    ("db drop", Shows(&["--force"], "DROP DATABASE \"")),
    ("db schema-load", Shows(&[], "BEGIN;\nDROP TABLE IF EXISTS")),
    ("db seed", Shows(&[], "INSERT INTO")),
    ("db sessions", Reads),
    ("db setup", Shows(&["--force"], "CREATE DATABASE \"")),
    (
        "db update-cognito-user-ids",
        Shows(&["--from", "pool.json", "--add-missing"], "INSERT INTO public.users"),
    ),
    ("db wait", Reads),
    ("ddb check", Shows(&["--repair"], "DynamoDB TransactWriteItems {")),
    ("ddb delete", Shows(&["NOTE#4", "2026-01-01"], "DynamoDB DeleteItem {")),
    ("ddb drop", Shows(&[TABLE], "DynamoDB DeleteTable {\"TableName\":\"cruddur-messages\"}\n")),
    ("ddb explain create-conversation", Reads),
    ("ddb explain create-message", Reads),
    ("ddb explain get-conversation", Reads),
    ("ddb explain list-conversations", Reads),
    ("ddb explain refresh-group", Reads),
    ("ddb export", Reads),
    ("ddb get", Reads),
    ("ddb import", Shows(&["items.ndjson", "--replace"], "DynamoDB BatchWriteItem {")),
    ("ddb list-tables", Reads),
    (
        "ddb patterns create-conversation",
        Shows(&["--from", "nina", "--to", "petra", "Hello!"], "DynamoDB TransactWriteItems {"),
    ),
    (
        "ddb patterns create-message",
        Shows(
            &["--from", "nina", "--message-group-uuid", "5ae290ed-55d1-47a0-bc6d-fe2bc2700399", "Hello!"],
            "\"S\":\"Hello!\"",
        ),
    ),
    ("ddb patterns get-conversation", Reads),
    ("ddb patterns list-conversations", Reads),
    ("ddb put", Shows(&["pk=NOTE#2", "sk=2026-01-01"], "DynamoDB PutItem {")),
    ("ddb query", Reads),
    (
        "ddb rename-user",
        Shows(&["oscar", "--display-name", "Oscar the Grouch"], "UPDATE public.users SET handle = 'oscar'"),
    ),
    ("ddb scan", Reads),
    ("ddb schema-load", Shows(&["--table", "another"], "DynamoDB CreateTable {")),
    ("ddb seed", Shows(&[], "DynamoDB BatchWriteItem {")),
    ("ddb stats", Reads),
    ("ddb stream disable", Shows(&[], "\"StreamEnabled\":false")),
    ("ddb stream enable", Shows(&["--view", "new-image"], "")),
    ("ddb stream policy", Reads),
    ("ddb stream run", Shows(&["--once"], "DynamoDB TransactWriteItems {")),
    ("ddb stream status", Reads),
    ("ddb stream tail", Reads),
    ("ddb truncate", Shows(&["--recreate"], "DynamoDB DeleteTable")),
    ("doctor", Reads),
    ("local down", Refused),
    ("local env", Reads),
    ("local exec", Refused),
    ("local restore", Refused),
    ("local snapshot", Refused),
    ("local snapshots", Reads),
    ("local status", Reads),
    ("local up", Refused),
    ("man", Reads),
    ("setup", Shows(&["--fresh", "--force"], "CREATE DATABASE \"")),
    ("rds update-sg-rule", Shows(&[], "EC2 ModifySecurityGroupRules {")),
];

/// The commands that there are, hidden ones too.
fn names_of_commands() -> Vec<String> {
    let found = commands().into_iter().filter(|(name, command)| !command.has_subcommands() && name != "help");
    found.map(|(name, _)| name).collect()
}

/// Those that there are, and how each is to be tried.
fn tried() -> impl Iterator<Item = &'static (&'static str, Dry)> {
    let found = names_of_commands();
    COMMANDS.iter().filter(move |(name, _)| found.iter().any(|one| one == name))
}

#[test]
fn every_command_is_tried() {
    for name in names_of_commands() {
        let is_known = COMMANDS.iter().any(|(known, _)| *known == name);
        assert!(is_known, "cruddur {name} needs an entry in COMMANDS: what does it do under --dry-run?");
    }
}

/// Everything that a sandbox holds, down to where its rows are: an update that changes nothing
/// would show too.
#[derive(Debug, PartialEq)]
struct State {
    items: Vec<BTreeMap<String, String>>,
    tables: Vec<String>,
    rows: Vec<Vec<String>>,
    relations: Vec<Vec<String>>,
    databases: Vec<Vec<String>>,
}

impl State {
    fn of(sandbox: &Sandbox) -> Self {
        let plain = |item: Item| item.into_iter().map(|(name, value)| (name, format!("{value:?}"))).collect();
        let mut items: Vec<BTreeMap<String, String>> = sandbox.items().into_iter().map(plain).collect();
        items.sort();
        let list = sandbox.dynamodb().list_tables().send();
        let tables = runtime().block_on(list).unwrap().table_names.unwrap();
        let description = format!("{:?}", sandbox.describe(TABLE).unwrap().stream_specification);
        Self {
            items,
            tables: tables.into_iter().chain([description]).collect(),
            rows: sandbox.sql(
                "SELECT 'u', xmin, ctid, u::text FROM users u \
                 UNION ALL SELECT 'a', xmin, ctid, a::text FROM activities a ORDER BY 4",
            ),
            relations: sandbox.sql(
                "SELECT oid, xmin, relname, relfilenode FROM pg_class \
                 WHERE relnamespace = 'public'::regnamespace ORDER BY oid",
            ),
            databases: sandbox.sql("SELECT oid, datname FROM pg_database WHERE datname = current_database()"),
        }
    }
}

/// A world in which every writing command has something to do.
pub(super) fn world() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.cruddur(["ddb", "schema-load", "--stream"]).succeeds();
    sandbox.cruddur(["ddb", "seed"]).succeeds();
    // A message that no row shows: for the stream's handler, and for the check.
    let mut message = sandbox.items_of("MSG#").pop().unwrap();
    let late = text(&message, "sk").replacen("20", "29", 1);
    message.insert("sk".to_owned(), AttributeValue::S(late));
    sandbox.put_item(message);
    let sub = || uuid::Uuid::new_v4().to_string();
    let quinn = json!({ "handle": "quinn", "sub": sub(), "email": "quinn@example.com", "name": "Quinn" });
    let pool = json!({ "users": [{ "handle": "nina", "sub": sub() }, quinn] });
    sandbox.write("pool.json", pool.to_string());
    sandbox.write("items.ndjson", "{\"Item\":{\"pk\":{\"S\":\"NOTE#9\"},\"sk\":{\"S\":\"1\"}}}\n");
    sandbox
}

/// A local user pool with somebody in it, who can sign in.
pub(super) fn pool() -> Local {
    let pool = Local::new();
    pool.member("nina");
    pool
}

/// A command in the world, with every AWS service behind a proxy that records.
fn dry(sandbox: &Sandbox, words: &[&str], [ddb, ec2, cognito]: [&Proxy; 3]) -> std::process::Command {
    let mut command = sandbox.command(words);
    command
        .arg("--dry-run")
        .env("AWS_ENDPOINT_URL_DYNAMODB", ddb.url())
        .env("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", ddb.url())
        .env("AWS_ENDPOINT_URL_EC2", ec2.url())
        .env(COGNITO_ENDPOINT, cognito.url())
        .env("CRUDDUR_STATE_DIR", sandbox.path().join("state"));
    if words[0] == "cognito" {
        command.env_remove("AWS_COGNITO_USER_POOL_ID");
    }
    command
}

pub(super) const READS: [&str; 14] = [
    "BatchGetItem",
    "DescribeContinuousBackups",
    "DescribeStream",
    "DescribeTable",
    "DescribeTimeToLive",
    "GET",
    "GetItem",
    "GetRecords",
    "GetShardIterator",
    "ListTables",
    "ListTagsOfResource",
    "ListUsers",
    "Query",
    "Scan",
];

#[test]
fn no_command_writes_and_each_says_what_it_would() {
    let sandbox = world();
    let group = Group::new();
    let rule = group.developers_rule();
    let ec2 = Proxy::new(moto().url(), "", |_| None);
    let pool = pool();
    let before = State::of(&sandbox);
    for (name, dry_run) in tried() {
        let Shows(more, shown) = dry_run else { continue };
        let ddb = Proxy::new(sandbox.endpoint(), "", |_| None);
        let cognito = Proxy::new(pool.0.url(), "", |_| None);
        let mut words: Vec<&str> = name.split(' ').collect();
        words.extend(*more);
        let mut command = dry(&sandbox, &words, [&ddb, &ec2, &cognito]);
        if *name == "rds update-sg-rule" {
            command.args(["--group-id", &group.id, "--security-group-rule-id", &rule, "--ip", "1.1.1.1"]);
        }
        let run = Run::of(&mut command);
        // A check tells what it found by its code.
        let run = run.exits_with(i32::from(*name == "ddb check"));
        assert!(run.stdout.contains(shown), "{name}: no {shown:?} in\n{}", run.stdout);
        let targets = run.stderr.lines().filter(|line| line.starts_with("LOCAL ")).count();
        let writes_to = if ["setup", "ddb rename-user"].contains(name) { 2 } else { 1 };
        assert_eq!(targets, writes_to, "{name}: a line names each target:\n{}", run.stderr);
        assert!(run.stderr.starts_with("LOCAL "), "{name}: nothing comes before it:\n{}", run.stderr);
        let sent = [ddb.operations(), cognito.operations()].concat();
        assert!(sent.iter().all(|operation| READS.contains(&operation.as_str())), "{name}: {sent:?}");
        assert_eq!(State::of(&sandbox), before, "{name}");
    }
    let changes = ec2.requests().into_iter().filter(|request| request.operation.starts_with("Modify"));
    for change in changes {
        // EC2's own dry run, which moto knows too.
        assert!(change.body.contains("DryRun=true"), "{}", change.body);
    }
    assert_eq!(described(&rule)["CidrIpv4"], "9.9.9.9/32");
}

#[test]
fn what_has_no_dry_run_does_nothing() {
    let sandbox = world();
    let before = State::of(&sandbox);
    for (name, _) in tried().filter(|(_, dry_run)| matches!(dry_run, Refused)) {
        let mut command = sandbox.command(["--dry-run"]);
        command.args(name.split(' '));
        match *name {
            "local exec" => command.args(["touch", "ran"]),
            "local restore" | "local snapshot" => command.arg("seeded"),
            _ => &mut command,
        };
        let run = Run::of(&mut command).exits_with(2).says("has no dry run").says("nothing was done");
        assert_eq!(run.stdout, "");
    }
    Run::of(sandbox.command(["ddb", "stream", "run"]).arg("--dry-run")).exits_with(2).says("--once");
    assert!(!sandbox.path().join("ran").exists());
    assert!(!sandbox.path().join("data").exists());
    assert_eq!(State::of(&sandbox), before);
}

#[test]
fn a_dry_run_in_production_asks_for_no_confirmation() {
    let sandbox = world();
    let before = State::of(&sandbox);
    for words in [
        &["ddb", "drop", TABLE][..],
        &["ddb", "seed"],
        &["ddb", "stream", "disable"],
        &["ddb", "rename-user", "nina", "--new-handle", "nina2"],
        &["db", "drop"],
        &["db", "schema-load"],
    ] {
        let run = Run::of(on_prod(&sandbox, words).arg("--dry-run"));
        let run = run.exits_with(0).says("*** PROD *** ");
        assert!(!run.stdout.is_empty(), "{words:?}");
    }
    assert_eq!(State::of(&sandbox), before);
}

/// The requests that a run showed.
fn requests(run: &Run) -> Vec<Value> {
    let lines = run.stdout.lines().filter_map(|line| line.strip_prefix("DynamoDB "));
    lines.map(|line| serde_json::from_str(line.split_once(' ').unwrap().1).unwrap()).collect()
}

#[test]
fn what_is_shown_is_what_would_be_sent() {
    let sandbox = world();
    let shown = |words: &[&str]| sandbox.cruddur(words.iter().chain(&["--dry-run"])).succeeds();
    let sent = |words: &[&str], operation: &'static str| {
        let proxy = Proxy::new(sandbox.endpoint(), operation, |_| None);
        Run::of(sandbox.command(words).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds();
        proxy.called_with()
    };
    for (words, operation) in [
        (&["ddb", "schema-load", "--table", "another", "--billing", "on-demand"][..], "CreateTable"),
        (&["ddb", "drop", "another"], "DeleteTable"),
        (&["ddb", "stream", "disable"], "UpdateTable"),
        (&["ddb", "stream", "enable"], "UpdateTable"),
    ] {
        assert_eq!(requests(&shown(words)), sent(words, operation), "{words:?}");
    }
    // What differs from run to run: times, uuids, tokens.
    let form = |requests: Vec<Value>| {
        let text = Value::from(requests).to_string();
        let rules = [
            (r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00", "TIME"),
            ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
        ];
        rules.iter().fold(text, |text, (pattern, name)| {
            regex_lite::Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
        })
    };
    let words = ["ddb", "patterns", "create-conversation", "--from", "nina", "--to", "petra", "Hello!"];
    let plan = shown(&words)
        .says("would send 1 request (TransactWriteItems), 3 items")
        .says("an estimated 8 write units (table 6, message-group-sk-index 2)");
    assert_eq!(form(requests(&plan)), form(sent(&words, "TransactWriteItems")));
}

#[test]
fn a_large_plan_shows_the_first_requests_and_the_number_of_the_others() {
    let sandbox = world();
    let lines: Vec<String> =
        (0..400).map(|number| format!("Person {}: {number}\n", 1 + number % 2)).collect();
    sandbox.write("long.txt", lines.concat());
    let words = ["ddb", "seed", "long.txt", "--message-group-uuid", "00000000-0000-4000-8000-000000000001"];
    let run = sandbox.cruddur(words.iter().chain(&["--dry-run"])).succeeds();
    let run = run
        .says("would send 17 requests (BatchWriteItem), 402 items; nothing was written")
        .says("would consume an estimated 404 write units (table 402, message-group-sk-index 2)");
    let shown = requests(&run);
    assert_eq!(shown.len(), 5);
    assert_eq!(shown[0]["RequestItems"][TABLE].as_array().unwrap().len(), 25);
    run.says("and 12 more requests; to see all add: --full");
    let statements: Vec<String> = (0..250).map(|number| format!("SELECT {number};\n")).collect();
    sandbox.write("long.sql", statements.concat());
    let run = sandbox.cruddur(["db", "seed", "long.sql", "--dry-run"]).succeeds();
    assert_eq!(run.stdout.lines().count(), 100);
    run.says("and 152 more statements; to see all add: --full").says("would run 252 statements");
    let run = sandbox.cruddur(["db", "seed", "long.sql", "--dry-run", "--full"]).succeeds();
    assert_eq!(run.stdout.lines().count(), 252);
}

#[test]
fn a_variable_in_a_statement_is_not_shown() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.write("role.sql", "SELECT :'secret' AS word");
    let run = Run::of(sandbox.command(["db", "seed", "role.sql", "--dry-run"]).env("secret", "hunter2"));
    let run = run.succeeds();
    assert_eq!(run.stdout, "BEGIN;\nSELECT :'secret' AS word;\nCOMMIT;\n");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}
