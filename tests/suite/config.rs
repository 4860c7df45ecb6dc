//! `cruddur config show`: which value counts, where it is from, and what it hides.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory as _;
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::support::{Recorder, Run, Sandbox, at_a_terminal, files_below};

/// `config show` with nothing set but what the test sets.
fn show(sandbox: &Sandbox, flags: &[&str]) -> Command {
    let mut command = sandbox.command(["config", "show"]);
    command.args(flags).env_remove("AWS_ENDPOINT_URL_DYNAMODB").env_remove("CONNECTION_URL");
    command
}

/// The settings that `command` lists.
fn listed(command: &mut Command) -> Vec<Value> {
    let run = Run::of(command.args(["-o", "ndjson"])).succeeds();
    run.ndjson()
}

#[track_caller]
fn setting<'a>(rows: &'a [Value], name: &str) -> &'a Value {
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {rows:#?}"))
}

#[test]
fn a_flag_shadows_the_environment_which_shadows_the_file_by_its_line() {
    let sandbox = Sandbox::new();
    let file = sandbox.write(".env", "# of the app\nAWS_REGION=eu-west-3\n  export DB_SG_ID = sg-1\n");
    let file = file.canonicalize().unwrap();
    let rows = listed(
        show(&sandbox, &["--region", "eu-north-1"])
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "sa-east-1"),
    );
    let region = setting(&rows, "aws region");
    assert_eq!((&region["value"], &region["source"]), (&json!("eu-north-1"), &json!("--region")));
    let from = |name: &str, line: usize| format!("{name} (from {}:{line})", file.display());
    assert_eq!(
        region["shadows"],
        json!([
            { "source": "AWS_REGION", "value": "eu-west-1", "why": null },
            { "source": from("AWS_REGION", 2), "value": "eu-west-3", "why": null },
            { "source": "AWS_DEFAULT_REGION", "value": "sa-east-1", "why": null },
        ])
    );
    let group = setting(&rows, "security group");
    assert_eq!((&group["value"], &group["source"]), (&json!("sg-1"), &json!(from("DB_SG_ID", 3))));
    let table = setting(&rows, "table");
    assert_eq!((&table["value"], &table["source"]), (&json!("cruddur-messages"), &json!("the default")));
    assert_eq!(setting(&rows, "user pool")["value"], Value::Null);
}

#[test]
fn what_it_shows_is_what_commands_go_by() {
    let sandbox = Sandbox::new();
    let [own, everybody] = [Recorder::start(), Recorder::start()];
    let with = |words: &[&str]| {
        let mut command = sandbox.command(words);
        command.env("AWS_ENDPOINT_URL", everybody.url()).env("AWS_ENDPOINT_URL_DYNAMODB", own.url());
        command
    };
    let rows = listed(&mut with(&["config", "show"]));
    let endpoint = setting(&rows, "DynamoDB endpoint");
    assert_eq!(endpoint["value"], json!(own.url()));
    assert_eq!(endpoint["shadows"][0]["value"], json!(everybody.url()));
    assert_eq!((own.connections(), everybody.connections()), (0, 0), "nothing is contacted");
    Run::of(&mut with(&["ddb", "list-tables"])).succeeds();
    assert_eq!((own.connections(), everybody.connections()), (1, 0));
}

#[test]
fn with_prod_what_is_set_and_ignored_is_said_to_be() {
    let sandbox = Sandbox::new();
    let run = |flags: &[&str]| {
        listed(
            show(&sandbox, flags)
                .env("AWS_ENDPOINT_URL", "http://dynamodb-local:8000")
                .env("CONNECTION_URL", "postgresql://nina:s3cr%40t@localhost/cruddur")
                .env("PROD_CONNECTION_URL", "postgresql://petra:s3cr%40t@db.example.com/people")
                .env("PGPORT", "6000")
                .env("PGCONNECT_TIMEOUT", "7"),
        )
    };
    let prod = run(&["--prod"]);
    let endpoint = setting(&prod, "DynamoDB endpoint");
    assert_eq!(endpoint["value"], "AWS's own");
    assert_eq!(
        endpoint["ignored"],
        json!([{ "source": "AWS_ENDPOINT_URL", "value": "http://dynamodb-local:8000", "why": "with --prod" }])
    );
    let url = setting(&prod, "PostgreSQL URL");
    assert_eq!(url["value"], "postgresql://petra:****@db.example.com/people");
    assert_eq!(url["ignored"][0]["source"], "CONNECTION_URL");
    let port = setting(&prod, "PostgreSQL port");
    assert_eq!((&port["value"], &port["ignored"][0]["source"]), (&Value::Null, &json!("PGPORT")));
    assert_eq!(setting(&prod, "PostgreSQL connect_timeout")["source"], "PGCONNECT_TIMEOUT");

    let local = run(&[]);
    assert_eq!(setting(&local, "DynamoDB endpoint")["value"], "http://dynamodb-local:8000");
    assert_eq!(setting(&local, "Cognito endpoint")["value"], "AWS's own");
    assert_eq!(setting(&local, "PostgreSQL URL")["ignored"][0]["source"], "PROD_CONNECTION_URL");
    assert_eq!(setting(&local, "PostgreSQL port")["value"], "6000");
}

#[test]
fn secrets_are_masked_wherever_they_are() {
    let sandbox = Sandbox::new();
    let secret = "horse-battery";
    sandbox.write(
        ".env",
        format!("PGPASSWORD={secret}\nstripe_key={secret}\nAWS_SECRET_ACCESS_KEY={secret}-of-the-file\n"),
    );
    let passfile = sandbox.write(".pgpass", format!("*:*:*:*:{secret}\n"));
    std::fs::set_permissions(&passfile, std::fs::Permissions::from_mode(0o600)).unwrap();
    let urls = [
        format!("postgresql://nina:{secret}@localhost/cruddur"),
        format!("host=localhost user=nina password={secret} dbname=cruddur"),
        format!("postgresql://localhost/cruddur?user=nina&password={secret}"),
        format!("postgresql://nina:x@{secret}@localhost/cruddur"),
        format!("postgresql://nina:{secret}/@localhost/cruddur"),
        format!("postgresql://nina@localhost/cruddur?sslpassword={secret}"),
        secret.to_owned(),
        "postgresql://nina@localhost/cruddur".to_owned(),
    ];
    for url in &urls {
        for flags in [&["--all"][..], &["--prod", "--all"], &["-o", "json"], &["--prod", "-o", "json"]] {
            let run = Run::of(
                show(&sandbox, flags)
                    .env("CONNECTION_URL", url)
                    .env("PROD_CONNECTION_URL", url)
                    .env("AWS_ACCESS_KEY_ID", "AKIAHORSEBATTERY")
                    .env("AWS_SECRET_ACCESS_KEY", secret)
                    .env("AWS_SESSION_TOKEN", secret)
                    .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", secret)
                    .env("AWS_ENDPOINT_URL", format!("http://nina:{secret}@localhost:8000")),
            )
            .succeeds();
            for text in [&run.stdout, &run.stderr] {
                assert!(!text.to_lowercase().contains("horse"), "{url} {flags:?}\n{text}");
            }
            assert!(run.stdout.contains("****TERY"), "{}", run.stdout);
        }
    }
    // It is known all the same which password counts, and which would be next.
    let rows = listed(show(&sandbox, &[]).env("CONNECTION_URL", &urls[0]));
    let password = setting(&rows, "PostgreSQL password");
    assert_eq!((&password["value"], &password["source"]), (&json!("****"), &json!("CONNECTION_URL")));
    let shadowed: Vec<&str> =
        password["shadows"].as_array().unwrap().iter().map(|row| row["source"].as_str().unwrap()).collect();
    assert!(shadowed[0].starts_with("PGPASSWORD (from ") && shadowed[0].ends_with(".env:1)"), "{shadowed:?}");
    assert!(shadowed[1].ends_with(".pgpass"), "{shadowed:?}");
}

#[test]
fn a_url_that_cannot_be_used_is_said_to_be_and_the_rest_is_shown() {
    let sandbox = Sandbox::new();
    let rows = listed(show(&sandbox, &["--prod"]).env("PGUSER", "nina"));
    let url = setting(&rows, "PostgreSQL URL");
    assert!(url["note"].as_str().unwrap().contains("PROD_CONNECTION_URL is not set"), "{url}");
    assert_eq!(setting(&rows, "PostgreSQL user")["ignored"][0]["value"], "nina");
    assert_eq!(setting(&rows, "table")["value"], "cruddur-messages");
}

#[test]
fn every_global_flag_and_every_variable_that_the_source_reads_has_its_place() {
    let sandbox = Sandbox::new();
    let rows = listed(&mut show(&sandbox, &[]));
    let flags: Vec<&str> = rows.iter().filter_map(|row| row["flag"].as_str()).collect();
    let command = cruddur::cli::Cli::command();
    let global: Vec<_> = command.get_arguments().filter(|argument| argument.is_global_set()).collect();
    assert!(global.len() >= 8, "{global:?}");
    for argument in global {
        let flag = format!("--{}", argument.get_long().unwrap());
        assert!(flags.contains(&flag.as_str()), "{flag} is not listed");
    }
    let variables: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row["variables"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = BTreeSet::new();
    // In config/ each literal that looks like a variable; elsewhere what is asked of it.
    collect(&source.join("config"), r#""([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PG[A-Z]+|HOME|PATH)""#, &mut read);
    collect(&source, r#"environment\(\)\s*\.(?:get|first|path)\(&?\[?"([A-Z_0-9]+)""#, &mut read);
    assert!(read.len() > 40, "{read:?}");
    // It is set, not read; and the beginnings of names are none.
    for name in read
        .iter()
        .filter(|name| !["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL"].contains(&name.as_str()))
    {
        assert!(variables.contains(name.as_str()), "{name} is read, and not listed");
    }
}

/// The first group of each match of `pattern` in the source under `folder`.
fn collect(folder: &Path, pattern: &str, found: &mut BTreeSet<String>) {
    let pattern = Regex::new(pattern).unwrap();
    for path in files_below(folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        found.extend(pattern.captures_iter(&text).map(|captures| captures[1].to_owned()));
    }
}

#[test]
fn the_table_leaves_out_what_is_not_set_and_fits_the_terminal() {
    let sandbox = Sandbox::new();
    let run = Run::of(&mut show(&sandbox, &[])).succeeds().says("more are not set; to see them add: --all");
    assert!(!run.stdout.contains("user pool"), "{}", run.stdout);
    let run = Run::of(&mut show(&sandbox, &["--all"])).succeeds();
    assert!(run.stdout.contains("user pool"), "{}", run.stdout);
    let long = format!("http://localhost:8000/{}", "path/".repeat(40));
    let shown = Run::of(&mut at_a_terminal(show(&sandbox, &[]).env("AWS_ENDPOINT_URL", long), 80)).succeeds();
    let widest = shown.stdout.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
    assert!(widest <= 80, "{widest}\n{}", shown.stdout);
}
