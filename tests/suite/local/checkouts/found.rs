//! Which folder is the project, and how its stack's ports are shown.

use std::fs;

use serde_json::Value;

use super::{Checkouts, SERVICES};
use crate::support::{DOCTOR, Run};

/// A row of `config show`.
fn setting(checkouts: &Checkouts, folder: &str, flags: &[&str], name: &str) -> Value {
    let rows = checkouts.cruddur(folder, &[&["config", "show", "-o", "ndjson"], flags].concat()).ndjson();
    rows.into_iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn the_project_is_gits_top_level_or_else_the_folder_of_the_env_file() {
    let checkouts = Checkouts::new();
    let project =
        |folder: &str, flags: &[&str]| setting(&checkouts, folder, flags, "project")["value"].clone();
    let path = |name: &str| Value::from(checkouts.folder(name).canonicalize().unwrap().to_str().unwrap());
    fs::write(checkouts.folder("one/app/.env"), "").unwrap();
    for folder in ["one", "one/app", "one/app/src"] {
        assert_eq!(project(folder, &[]), path("one"));
        assert_eq!(project(folder, &["--no-env-file"]), path("one"));
    }
    assert_eq!(project("three/app", &[]), path("three"), "a worktree has a file .git");
    fs::create_dir_all(checkouts.folder("plain/below")).unwrap();
    assert_eq!(project("plain/below", &[]), Value::Null, "the nearest .env is that of the home");
    fs::write(checkouts.folder("plain/.env"), "").unwrap();
    assert_eq!(project("plain/below", &[]), path("plain"));
    assert_eq!(project("plain/below", &["--no-env-file"]), Value::Null);
    assert_eq!(project("plain/below", &["--env-file", "../../one/.env"]), path("one"));
    // A home that is under version control is still none.
    fs::create_dir(checkouts.folder(".git")).unwrap();
    assert_eq!(project("plain/below", &[]), path("plain"));
    fs::remove_file(checkouts.folder("plain/.env")).unwrap();
    assert_eq!(project("plain/below", &[]), Value::Null);
}

#[test]
fn a_port_is_shown_with_its_source() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    checkouts.up("two", &[]).succeeds();
    let file = checkouts.stack("two").join("ports.json");
    let source = Value::from(format!("the stack's {}", file.display()));
    let row = |name: &str| setting(&checkouts, "two", &[], name);
    let [dynamodb, postgres, cognito] = checkouts.instead(0);
    for (name, port) in [
        ("DynamoDB endpoint", dynamodb),
        ("DynamoDB Streams endpoint", dynamodb),
        ("Cognito endpoint", cognito),
    ] {
        let row = row(name);
        assert_eq!((&row["value"], &row["source"]), (&format!("http://localhost:{port}").into(), &source));
        assert!(row["shadows"][0]["source"].as_str().unwrap().contains("two/.env:"), "{row}");
    }
    let port = row("PostgreSQL port");
    assert_eq!((&port["value"], &port["source"]), (&postgres.to_string().into(), &source));
    assert_eq!(port["shadows"][0]["value"], checkouts.postgres.asked.to_string());

    let doctor = checkouts.cruddur("two", &[&DOCTOR[..], &["-o", "ndjson"]].concat()).ndjson();
    for (service, (asked, port)) in
        SERVICES.iter().zip(checkouts.asked().into_iter().zip(checkouts.instead(0)))
    {
        let text = format!("{service} has port {port}, not {asked}: {}", file.display());
        assert!(doctor.iter().any(|row| row.to_string().contains(&text)), "{text} in {doctor:#?}");
    }
    // A checkout without a stack is told whose services it would use.
    let status = checkouts.cruddur("three", &["local", "status"]).succeeds();
    status.says(&format!("port {} belongs to {}", checkouts.asked()[0], checkouts.named("one")));
}

#[test]
fn the_stack_of_another_project_is_not_worked_on_by_mistake() {
    let checkouts = Checkouts::new();
    checkouts.up("one", &[]).succeeds();
    checkouts.cruddur("one", &["setup"]).succeeds();
    let project = checkouts.folder("one").canonicalize().unwrap();
    let [dynamodb, postgres, _] = checkouts.asked();
    for (words, port) in [
        (&["setup", "--fresh", "--force"][..], postgres),
        (&["db", "setup"], postgres),
        (&["ddb", "schema-load"], dynamodb),
    ] {
        let run = checkouts.cruddur("two/app", words).exits_with(3);
        run.says(&format!("port {port} is that of the stack of {}", project.display()))
            .says("to start one here run: cruddur local up")
            .says(&format!("eval \"$(cd {} && cruddur local env)\"", project.display()));
    }
    checkouts.cruddur("two", &["local", "snapshot", "x"]).exits_with(1).says("there is no stack in");
    // Who means it says so.
    let script =
        format!("eval \"$(cd {} && \"$0\" local env)\"; \"$0\" ddb list-tables -o json", project.display());
    let mut shell = checkouts.command_of("two", "sh", &["-c", &script, env!("CARGO_BIN_EXE_cruddur")]);
    assert_eq!(Run::of(&mut shell).succeeds().json()["count"], 1);
    // A stack that is stopped keeps nobody from what else may be there.
    checkouts.down("one");
    checkouts.cruddur("two", &["ddb", "list-tables"]).exits_with(1).says("cannot reach DynamoDB");
}
