//! `local env`: what other programs need.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::Checkouts;
use crate::support::{Run, boto3, real_bindir, sql};

/// A shell in a checkout, with `cruddur` and `psql` on the PATH.
fn shell(checkouts: &Checkouts, folder: &str, script: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_cruddur")).parent().unwrap();
    let mut command = checkouts.command_of(folder, "sh", &["-c", script]);
    command.env("PATH", format!("{}:{}:/usr/bin:/bin", program.display(), real_bindir().display()));
    command
}

#[test]
fn every_format_leads_to_the_stack_of_the_checkout() {
    let checkouts = Checkouts::new();
    for name in ["one", "two"] {
        checkouts.up(name, &[]).succeeds();
    }
    checkouts.cruddur("two", &["ddb", "schema-load"]).succeeds();
    sql(&super::url(checkouts.instead(0)[1]), "CREATE TABLE here (word text)");
    let query = r#"psql -qAt -c "SELECT to_regclass('here')" "$CONNECTION_URL""#;
    for script in [
        // libpq would go elsewhere in spite of the URL.
        "export PGSSLMODE=verify-full PGHOSTADDR=127.9.9.9; eval \"$(cruddur local env)\"",
        "cruddur local env --format dotenv > .env.local; set -a; . ./.env.local",
        "cruddur local env --output dotenv > .env.local; set -a; . ./.env.local",
    ] {
        let run = Run::of(&mut shell(&checkouts, "two/app", &format!("{script}; {query}"))).succeeds();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("here\n", ""), "{script}");
        let run = Run::of(&mut shell(&checkouts, "one", &format!("{script}; {query}"))).succeeds();
        assert_eq!(run.stdout, "\n", "{script}");
        // cruddur takes exported variables as they are, and these are right.
        let run = Run::of(&mut shell(&checkouts, "two", &format!("{script}; cruddur local up --detach")));
        run.succeeds().says("already running");
    }
    let variables = checkouts.cruddur("two", &["local", "env", "-o", "json"]).succeeds().json();
    let endpoint = |name: &str| variables[name].as_str().unwrap();
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] {
        let service = if name.ends_with("STREAMS") { "dynamodbstreams" } else { "dynamodb" };
        let (operation, key) =
            if service == "dynamodb" { ("list_tables", "TableNames") } else { ("list_streams", "Streams") };
        let listed = boto3(endpoint(name), service, operation, &json!({}));
        assert_eq!(listed[key].as_array().unwrap().len(), usize::from(service == "dynamodb"), "{name}");
    }
    let pool = json!({ "UserPoolId": variables["AWS_COGNITO_USER_POOL_ID"] });
    boto3(endpoint("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"), "cognito-idp", "list_users", &pool);
}

#[test]
fn it_has_what_exec_sets() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    let variables = checkouts.cruddur("one", &["local", "env", "-o", "json"]).succeeds().json();
    let names: BTreeSet<String> = variables.as_object().unwrap().keys().cloned().collect();
    let list = |command: &str| {
        let run = Run::of(&mut shell(&checkouts, "one", command)).succeeds();
        let names = run.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned()));
        names.collect::<BTreeSet<String>>()
    };
    let mut set = &list("cruddur local exec -- env") - &list("env");
    assert!(set.remove("CRUDDUR_STATE_DIR"), "{set:?}");
    assert_eq!(names, set);
}

#[test]
fn a_stack_that_is_stopped_has_its_variables_and_one_that_never_ran_has_none() {
    let checkouts = Checkouts::new();
    let none = checkouts.cruddur("one", &["local", "env"]).exits_with(1).says("there is no stack in");
    assert_eq!(none.says("cruddur local up").stdout, "");
    checkouts.up("one", &[]).succeeds();
    let running = checkouts.cruddur("one", &["local", "env"]).succeeds();
    assert_eq!(running.stderr, "");
    checkouts.down("one");
    let stopped = checkouts.cruddur("one", &["local", "env"]).succeeds().says("the stack is not running");
    assert_eq!(stopped.stdout, running.stdout);
}

#[test]
fn a_value_is_quoted_for_its_reader() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    let region = "a \"$HOME\" `x` # \\ or";
    for script in [
        "eval \"$(cruddur local env)\"; printf %s \"$AWS_DEFAULT_REGION\"",
        "cruddur local env --format dotenv > lines; set -a; . ./lines; printf %s \"$AWS_DEFAULT_REGION\"",
    ] {
        let run = Run::of(shell(&checkouts, "one", script).env("AWS_REGION", region)).succeeds();
        assert_eq!(run.stdout, region, "{script}");
    }
    let lines = checkouts.folder("one").join("lines");
    let read = ["--env-file", lines.to_str().unwrap(), "config", "show", "-o", "ndjson"];
    let rows = checkouts.cruddur("one", &read).succeeds().ndjson();
    let row = rows.iter().find(|row| row["name"] == "aws region").unwrap();
    assert_eq!(row["value"], region);
}
