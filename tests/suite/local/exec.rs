//! What a command under `local exec` is given, and what it gives back.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Command;

use crate::support::{ENCODED_PASSWORD, Run, Spawned, World, dynamodb_client, runtime, sql};

/// The variables that the command sees. Through a file: they hold a password.
fn variables(world: &World, prepare: impl FnOnce(&mut Command)) -> HashMap<String, String> {
    let file = world.path().join("variables");
    let mut command = world.command(["local", "exec", "--", "sh", "-c", "env > \"$HOME/variables\""]);
    prepare(&mut command);
    Run::of(&mut command).succeeds();
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_command_is_told_where_every_service_is() {
    let world = World::new();
    let variables = variables(&world, |command| {
        command.env("AWS_ENDPOINT_URL", "http://elsewhere.example.com").env("MINE", "kept");
    });
    let endpoint = &variables["AWS_ENDPOINT_URL"];
    assert_eq!(endpoint, &variables["AWS_ENDPOINT_URL_DYNAMODB"]);
    let port: u16 = endpoint.strip_prefix("http://127.0.0.1:").expect("loopback").parse().unwrap();
    assert!(![8000, world.dynamodb_port].contains(&port));

    let prefix = format!("postgresql://cruddurroot:{ENCODED_PASSWORD}@127.0.0.1:");
    let port = variables["CONNECTION_URL"].strip_prefix(&prefix).expect("the same role and password");
    let port: u16 = port.strip_suffix("/cruddur").expect("the same database").parse().unwrap();
    assert!(![5432, world.postgres_port].contains(&port));

    let pool = &variables["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"];
    let port: u16 = pool.strip_prefix("http://127.0.0.1:").expect("loopback").parse().unwrap();
    assert!(![9229, world.cognito_port].contains(&port));
    assert_eq!(variables["AWS_COGNITO_USER_POOL_ID"], "us-east-1_LocalPool");
    assert_eq!(variables["AWS_COGNITO_USER_POOL"], "us-east-1_LocalPool");
    assert_eq!(variables["AWS_COGNITO_USER_POOL_CLIENT_ID"], "cruddurlocalclient00000000");

    assert_eq!(variables["AWS_ACCESS_KEY_ID"], "local");
    assert_eq!(variables["AWS_SECRET_ACCESS_KEY"], "local");
    assert_eq!(variables["AWS_REGION"], "us-east-1");
    assert_eq!(variables["AWS_DEFAULT_REGION"], "us-east-1");
    assert_eq!(variables["MINE"], "kept");
    let state = Path::new(&variables["CRUDDUR_STATE_DIR"]);
    assert!(state.is_absolute() && !state.parent().unwrap().exists(), "{state:?} is gone with the stack");
    world.assert_nothing_left();
}

#[test]
fn credentials_and_region_that_are_set_stay() {
    let world = World::new();
    let variables = variables(&world, |command| {
        command.env("AWS_ACCESS_KEY_ID", "mine").env("AWS_SECRET_ACCESS_KEY", "too");
        command.env("AWS_SESSION_TOKEN", "token").env("AWS_REGION", "eu-central-1");
    });
    assert_eq!(variables["AWS_ACCESS_KEY_ID"], "mine");
    assert_eq!(variables["AWS_SECRET_ACCESS_KEY"], "too");
    assert_eq!(variables["AWS_SESSION_TOKEN"], "token");
    assert_eq!(variables["AWS_REGION"], "eu-central-1");
    assert_eq!(variables["AWS_DEFAULT_REGION"], "eu-central-1");
}

#[test]
fn the_stacks_own_user_pool_takes_the_place_of_any_other() {
    let world = World::new();
    let variables = variables(&world, |command| {
        command.env("AWS_COGNITO_USER_POOL_ID", "eu-west-3_AbCdEfGhI");
        command.env("AWS_ACCESS_KEY_ID", "mine").env("AWS_SECRET_ACCESS_KEY", "too");
    });
    assert_eq!(variables["AWS_COGNITO_USER_POOL_ID"], "us-east-1_LocalPool");
}

#[test]
fn half_of_a_pair_of_credentials_is_replaced() {
    let world = World::new();
    let variables = variables(&world, |command| {
        command.env("AWS_ACCESS_KEY_ID", "mine").env("AWS_SESSION_TOKEN", "token");
        command.env("AWS_DEFAULT_REGION", "eu-west-1");
    });
    assert_eq!(variables["AWS_ACCESS_KEY_ID"], "local");
    assert_eq!(variables["AWS_SECRET_ACCESS_KEY"], "local");
    assert_eq!(variables.get("AWS_SESSION_TOKEN"), None);
    assert_eq!(variables["AWS_REGION"], "eu-west-1");
    assert_eq!(variables["AWS_DEFAULT_REGION"], "eu-west-1");
}

#[test]
fn cruddur_itself_works_inside_without_a_setting() {
    let world = World::new();
    let script = "\"$0\" db setup && \"$0\" ddb schema-load && \"$0\" ddb list-tables -o ndjson";
    let cruddur = env!("CARGO_BIN_EXE_cruddur");
    let run = world.cruddur(["local", "exec", "--", "sh", "-c", script, cruddur]).succeeds();
    assert_eq!(run.ndjson()[0]["name"], "cruddur-messages");
    world.assert_nothing_left();
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let world = World::new();
    let not_executable = world.path().join("not-executable");
    std::fs::write(&not_executable, "#!/bin/sh\n").unwrap();
    let not_executable = not_executable.to_str().unwrap();
    for (command, code) in
        [(&["true"][..], 0), (&["sh", "-c", "exit 7"], 7), (&["sh", "-c", "kill -TERM $$"], 143)]
    {
        let run = world.cruddur([&["local", "exec", "--"], command].concat()).exits_with(code);
        assert_eq!(run.stderr, "", "the command has said why itself");
        world.assert_nothing_left();
    }
    for (program, code) in [("no-such-program", 127), (not_executable, 126)] {
        world.cruddur(["local", "exec", program]).exits_with(code).says(&format!("cannot run {program}"));
        world.assert_nothing_left();
    }
}

#[test]
fn arguments_reach_the_command_as_they_are() {
    let world = World::new();
    let script = "for word; do echo \"<$word>\"; done";
    for start in [&["local", "exec", "--", "sh"][..], &["local", "exec", "sh"]] {
        let words = ["-c", script, "-x", "--prod", "--", "-", "--help", "two words", "", "*"];
        let run = world.cruddur([start, &words].concat()).succeeds();
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert_eq!(lines, ["<--prod>", "<-->", "<->", "<--help>", "<two words>", "<>", "<*>"]);
    }
}

#[test]
fn stdin_stdout_and_stderr_are_those_of_the_command() {
    let world = World::new();
    let mut command = world.command(["local", "exec", "--", "sh", "-c", "echo to stderr >&2; cat; echo end"]);
    let mut exec = Spawned::piped(&mut command);
    let mut stdin = exec.child.stdin.take().unwrap();
    let mut stdout = BufReader::new(exec.child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // Line by line: nothing is held back in between.
    for line in ["one", "two"] {
        writeln!(stdin, "{line}").unwrap();
        assert_eq!(stdout.next().unwrap(), line);
    }
    drop(stdin);
    assert_eq!(stdout.next().unwrap(), "end");
    assert_eq!(stdout.next(), None);
    assert_eq!(exec.ends().succeeds().stderr, "to stderr\n");
}

#[test]
fn the_host_and_the_port_of_connection_url_do_not_matter() {
    let mut world = World::new();
    world.set_url("postgres", "pw", "messages");
    let mut command = world.command(["local", "exec", "--", "sh", "-c", "echo $CONNECTION_URL"]);
    let run = Run::of(command.env("CONNECTION_URL", "postgresql://postgres:pw@db:5432/messages")).succeeds();
    assert!(run.stdout.starts_with("postgresql://postgres:pw@127.0.0.1:"), "{}", run.stdout);
    assert!(run.stdout.ends_with("/messages\n"), "{}", run.stdout);
}

/// A stack that lives until its input is closed.
struct Held {
    _exec: Spawned,
    _stdin: std::process::ChildStdin,
    url: String,
    endpoint: String,
}

fn start(world: &World) -> Spawned {
    let script = "echo $CONNECTION_URL; echo $AWS_ENDPOINT_URL; exec cat";
    Spawned::piped(&mut world.command(["local", "exec", "--", "sh", "-c", script]))
}

fn hold(mut exec: Spawned) -> Held {
    let stdin = exec.child.stdin.take().unwrap();
    let mut lines = BufReader::new(exec.child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().expect("the stack starts");
    let endpoint = lines.next().unwrap();
    Held { _exec: exec, _stdin: stdin, url, endpoint }
}

#[test]
fn three_at_once_do_not_disturb_each_other() {
    // One folder for temporary files: each finds those of the others.
    let world = World::new();
    let held = [(); 3].map(|()| start(&world)).map(hold);
    assert_eq!(world.tmp_names().len(), 3);
    for (number, stack) in held.iter().enumerate() {
        sql(&stack.url, &format!("CREATE TABLE own AS SELECT {number} AS number"));
        let load = &mut world.command(["ddb", "schema-load", "--table", &format!("table-{number}")]);
        Run::of(load.env("AWS_ENDPOINT_URL", &stack.endpoint)).succeeds();
    }
    for (number, stack) in held.iter().enumerate() {
        assert_eq!(sql(&stack.url, "SELECT number FROM own"), [[number.to_string()]]);
        let tables = runtime().block_on(dynamodb_client(&stack.endpoint).list_tables().send()).unwrap();
        assert_eq!(tables.table_names(), [format!("table-{number}")]);
    }

    let mut held = held.into_iter();
    end(held.next().unwrap());
    assert_eq!(world.tmp_names().len(), 2);
    // Another start sweeps, and takes nothing that is in use.
    world.cruddur(["local", "exec", "true"]).succeeds();
    for stack in held {
        assert_eq!(sql(&stack.url, "SELECT count(*) FROM own"), [["1"]]);
        end(stack);
    }
    world.assert_nothing_left();
}

fn end(held: Held) {
    let Held { _exec: mut exec, _stdin: stdin, .. } = held;
    drop(stdin);
    assert_eq!(exec.code(), 0);
}

#[test]
fn leftover_variables_lead_neither_the_stack_nor_its_command_astray() {
    let world = World::new();
    let leftovers = [
        ("PGHOST", "db.example.com"),
        ("PGHOSTADDR", "203.0.113.1"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGSSLMODE", "verify-full"),
    ];
    for url in [Some(world.url()), None] {
        let mut command = world.command(["local", "exec", "--", env!("CARGO_BIN_EXE_cruddur"), "db", "wait"]);
        command.env_remove("CONNECTION_URL").envs(url.map(|url| ("CONNECTION_URL", url))).envs(leftovers);
        Run::of(&mut command).succeeds().says("/cruddur accepts connections\n");
    }
    let variables = variables(&world, |command| _ = command.envs(leftovers));
    assert!(!variables.contains_key("PGHOSTADDR") && !variables.contains_key("PGSSLMODE"));
}
