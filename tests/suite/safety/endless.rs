//! Every command ends, whatever a service does.

use std::process::Command;

use super::dry_run::{COMMANDS, Dry, world};
use crate::support::{Endless, EndlessServer, Fault, GROUP, Pool, Proxy, Run, Sandbox, Spawned, moto};

/// The commands that ask no AWS service, or of which another test says what they do.
const ELSEWHERE: [&str; 21] = [
    "__complete",
    "completions",
    "config show",
    "db connect",
    "db create",
    "db drop",
    "db schema-load",
    "db seed",
    "db sessions",
    "db setup",
    "db wait",
    "ddb stream policy",
    "local down",
    "local env",
    "local exec",
    "local restore",
    "local snapshot",
    "local snapshots",
    "local status",
    "local up",
    "man",
];
/// What else a command needs.
const WORDS: [(&str, &[&str]); 8] = [
    ("db update-cognito-user-ids", &[]),
    ("ddb explain create-conversation", &["--from", "nina", "--to", "oscar", "Hello!"]),
    ("ddb explain create-message", &["--from", "nina", "--message-group-uuid", GROUP, "Hello!"]),
    ("ddb export", &["export.ndjson"]),
    ("ddb get", &["NOTE#4", "2026-01-01"]),
    ("ddb query", &["pk = 'NOTE#4'"]),
    ("rds update-sg-rule", &["--group-id", "sg-1", "--security-group-rule-id", "sgr-1", "--ip", "1.1.1.1"]),
    // What is asked first is PostgreSQL.
    ("setup", &["--fresh", "--force"]),
];
/// More ways of commands that are asked for by their flags.
const MORE: [&[&str]; 3] = [
    &["ddb", "seed", "--conversations", "2", "--messages", "10"],
    &["ddb", "truncate", "--by-key"],
    &["ddb", "scan", "-o", "ndjson"],
];

/// The words of every command that asks an AWS service.
fn lines() -> impl Iterator<Item = Vec<&'static str>> {
    let asking = COMMANDS.iter().filter(|(name, _)| !ELSEWHERE.contains(name));
    let lines = asking.map(|(name, dry_run)| {
        let words = WORDS.iter().find(|(known, _)| known == name).map(|(_, words)| *words);
        let more = words.unwrap_or(match dry_run {
            Dry::Shows(words, _) => words,
            Dry::Reads | Dry::Refused => &[],
        });
        name.split(' ').chain(more.iter().copied()).collect()
    });
    lines.chain(MORE.into_iter().map(<[_]>::to_vec))
}

/// A command whose AWS services are all at `url`.
fn at(sandbox: &Sandbox, words: &[&str], url: &str) -> Command {
    let mut command = sandbox.command(words);
    command
        .env("AWS_ENDPOINT_URL_DYNAMODB", url)
        .env("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", url)
        .env("AWS_ENDPOINT_URL_EC2", url)
        .env("AWS_COGNITO_USER_POOL_ID", "us-east-1_Example12")
        .env("AWS_COGNITO_USER_POOL_CLIENT_ID", "client");
    command
}

/// Runs every line with this time-out, some at a time.
fn each(url: &str, timeout: &str, check: impl Fn(&[&str], Run)) {
    let sandbox = world();
    let lines: Vec<_> = lines().collect();
    for some in lines.chunks(24) {
        let start = |words: &Vec<&str>| Spawned::new(at(&sandbox, words, url).args(["--timeout", timeout]));
        let started: Vec<_> = some.iter().map(start).collect();
        for (words, run) in some.iter().zip(started) {
            check(words, run.ends());
        }
    }
}

/// That a run has ended by itself with `message` about the service at `url`, or has told so of a step.
#[track_caller]
fn assert_told(words: &[&str], run: &Run, url: &str, message: &str) {
    let text = format!("{}{}", run.stdout, run.stderr);
    assert!([1, 5].contains(&run.code), "{words:?} exits with {}:\n{text}", run.code);
    if words == ["doctor"] {
        return;
    }
    assert!(text.contains(message), "{words:?} says:\n{text}");
    assert!(text.contains(&format!(" at {url} ")), "{words:?} says:\n{text}");
}

fn assert_out_of_time(answer: Endless) {
    let server = EndlessServer::start(answer);
    let url = server.url();
    // Ample for PostgreSQL, which answers.
    each(&url, "10s", |words, run| {
        assert_told(words, &run, &url, "no complete answer from ");
        if words[0] == "doctor" {
            assert!(run.stdout.contains("does not answer"), "{}", run.stdout);
            return;
        }
        if words[0] == "setup" {
            return;
        }
        run.says("within 10 s").says("to wait longer add: --timeout 20s");
    });
}

#[test]
fn a_service_that_says_nothing_ends_every_command() {
    assert_out_of_time(Endless::Silence);
}

#[test]
fn an_answer_that_drips_for_ever_ends_every_command() {
    assert_out_of_time(Endless::Drip);
}

#[test]
fn an_answer_without_end_is_not_read_into_memory() {
    for answer in [Endless::Flood, Endless::Announced] {
        let server = EndlessServer::start(answer);
        let before = server.sent();
        let sandbox = Sandbox::new();
        let run = Run::of(&mut at(&sandbox, &["ddb", "list-tables"], &server.url()));
        run.exits_with(1).says(&format!("DynamoDB at {} sends an answer of more than 32 MiB", server.url()));
        let sent = server.sent() - before;
        // What is between the two of them counts as sent.
        assert!(sent < 64 << 20, "{sent} bytes");
    }
}

#[test]
fn an_answer_without_end_ends_every_command() {
    let server = EndlessServer::start(Endless::Announced);
    let url = server.url();
    // It is refused as soon as it is announced.
    each(&url, "1h", |words, run| assert_told(words, &run, &url, "sends an answer of more than 32 MiB"));
}

#[test]
fn a_page_key_that_repeats_ends_every_command_that_reads_pages() {
    let sandbox = world();
    let again = |upstream: String| Proxy::new(upstream, "", |_| None).with_same_page();
    let dynamodb = again(sandbox.endpoint());
    let pool = Pool::new();
    pool.add([("nina", None)]);
    let cognito = again(moto().url());
    let says = |words: &[&str], service: &str, proxy: &Proxy| {
        let run = Run::of(
            sandbox
                .with_pool(&pool, words)
                .env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url())
                .env("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", cognito.url()),
        );
        let run = run.says(&format!("{service} at {} repeats a page key", proxy.url()));
        assert!([1, 5].contains(&run.code), "{words:?} exits with {}", run.code);
    };
    for words in [
        &["ddb", "check"][..],
        &[
            "ddb",
            "explain",
            "create-message",
            "--measure",
            "--from",
            "nina",
            "--message-group-uuid",
            GROUP,
            "Hi",
        ],
        &["ddb", "explain", "get-conversation", "--measure"],
        &["ddb", "export", "export.ndjson"],
        &["ddb", "list-tables"],
        &["ddb", "patterns", "get-conversation", "--all"],
        &["ddb", "patterns", "list-conversations", "--all"],
        &["ddb", "query", "pk = 'NOTE#4'"],
        &["ddb", "rename-user", "oscar", "--display-name", "Oscar the Grouch"],
        &["ddb", "scan"],
        &["ddb", "scan", "--segments", "4"],
        &["ddb", "seed"],
        &["ddb", "stats"],
        &["ddb", "stream", "run", "--once"],
        &["ddb", "stream", "status"],
        &["ddb", "stream", "tail"],
        &["ddb", "truncate", "--by-key"],
    ] {
        let service = if words[1] == "stream" { "DynamoDB Streams" } else { "DynamoDB" };
        says(words, service, &dynamodb);
    }
    says(&["cognito", "list-users"], "Cognito", &cognito);
    says(&["db", "update-cognito-user-ids"], "Cognito", &cognito);
}

#[test]
fn a_write_that_is_never_answered_ends_what_writes_many() {
    let sandbox = world();
    for words in [
        &["ddb", "seed"][..],
        &["ddb", "seed", "--conversations", "2", "--messages", "100"],
        &["ddb", "import", "items.ndjson", "--replace"],
        &["ddb", "truncate", "--by-key"],
    ] {
        let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |_| Some(Fault::Hold));
        let mut command = sandbox.command(words);
        command.args(["--timeout", "10s"]).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url());
        let run = Run::of(&mut command).exits_with(1);
        run.says(&format!("no complete answer from DynamoDB at {} within 10 s", proxy.url()))
            .says("to wait longer add: --timeout 20s");
        proxy.holds(1);
    }
}

#[test]
fn what_was_written_before_the_silence_is_said() {
    let sandbox = world();
    let hold = |call| (call > 0).then_some(Fault::Hold);
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", hold);
    let words = ["ddb", "seed", "--conversations", "2", "--messages", "100", "--timeout", "10s"];
    let run = Run::of(sandbox.command(words).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()));
    run.exits_with(5).says("no complete answer from DynamoDB").says("25 of ");
}
