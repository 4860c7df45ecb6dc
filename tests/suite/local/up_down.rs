//! `local up --detach`, `status` and `down`

use std::net::{Ipv4Addr, TcpStream};

use crate::support::{Run, Spawned, USER, World, free_ports, names, runtime, sql};

#[test]
fn every_service_answers_until_down() {
    let world = World::new();
    let up = world.up(&[]).succeeds().says("ready");
    assert_eq!(up.stdout, "");
    let tables = runtime().block_on(world.dynamodb().list_tables().send()).unwrap();
    assert_eq!(tables.table_names(), [""; 0]);
    let row = sql(world.url(), "SELECT current_user, current_database()");
    assert_eq!(row, [[USER, "cruddur"]]);
    let users = world.cruddur(["cognito", "list-users"]).succeeds();
    users.says(&format!("0 users in us-east-1_LocalPool on {}", world.cognito()));

    world.down().succeeds().says("stopped");
    world.assert_nothing_left();
    world.down().succeeds().says("no stack was running");
    let names = names(&world.data());
    assert!(!names.iter().any(|name| name.starts_with('.') || name.contains("unfinished")), "{names:?}");
}

#[test]
fn down_without_a_data_directory_creates_none() {
    let world = World::new();
    world.down().succeeds().says("no stack was running");
    assert!(!world.data().exists());
}

#[test]
fn status_shows_every_service_and_fails_when_they_are_down() {
    let world = World::new();
    let down = world.status(&[]).exits_with(1).says("dynamodb, postgresql and cognito are not up");
    let down = down.says("Hint: run: cruddur local up");
    assert_eq!(down.stdout.matches("stopped").count(), 3);
    assert!(!world.data().exists(), "asking creates nothing");

    world.up(&[]).succeeds();
    let table = world.status(&[]).succeeds();
    assert_eq!(table.stderr, "");
    let rows: Vec<Vec<&str>> =
        table.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let dynamodb = format!("http://localhost:{}", world.dynamodb_port);
    let postgres = format!("localhost:{}/cruddur", world.postgres_port);
    let cognito = format!("http://localhost:{}", world.cognito_port);
    assert_eq!(
        rows,
        [
            ["SERVICE", "STATE", "ADDRESS"],
            ["dynamodb", "running", dynamodb.as_str()],
            ["postgresql", "running", postgres.as_str()],
            ["cognito", "running", cognito.as_str()],
        ]
    );

    let report = world.status(&["-o", "json"]).succeeds().json();
    let expected = serde_json::json!([
        {"service": "dynamodb", "state": "running", "port": world.dynamodb_port, "address": dynamodb},
        {"service": "postgresql", "state": "running", "port": world.postgres_port, "address": postgres},
        {"service": "cognito", "state": "running", "port": world.cognito_port, "address": cognito},
    ]);
    assert_eq!(report["services"], expected);
    assert_eq!(report["ephemeral"], false);
    assert_eq!(report["data_dir"], world.data().to_str().unwrap());
    assert!(world.processes().iter().any(|(pid, _)| Some(u64::from(*pid)) == report["pid"].as_u64()));
    assert!(report["postgres_version"].as_str().unwrap().starts_with(|c: char| c.is_ascii_digit()));

    world.down().succeeds();
    let down = world.status(&["-o", "json"]).exits_with(1);
    assert_eq!(down.json()["pid"], serde_json::Value::Null);
    assert_eq!(world.states(), ["stopped", "stopped", "stopped"]);
}

#[test]
fn postgresql_asks_for_the_password_and_keeps_no_more_than_its_verifier() {
    let world = World::new();
    world.up(&[]).succeeds();
    let wrong = world.url().replace("s3cr", "secr");
    let error = runtime().block_on(tokio_postgres::connect(&wrong, tokio_postgres::NoTls)).err().unwrap();
    assert_eq!(error.code(), Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD), "{error}");

    let verifier = sql(world.url(), "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolpassword <> ''");
    assert_eq!(verifier, [["SCRAM-SHA-256$"]]);
    let methods = sql(world.url(), "SELECT DISTINCT auth_method FROM pg_hba_file_rules");
    assert_eq!(methods, [["scram-sha-256"]]);
}

#[test]
fn every_service_is_on_loopback_only() {
    let world = World::new();
    world.up(&[]).succeeds();
    let settings = sql(
        world.url(),
        "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')",
    );
    assert_eq!(settings, [["127.0.0.1", ""]]);
    // Whoever listened on all addresses would answer here as well.
    let other = Ipv4Addr::new(127, 0, 0, 2);
    for port in [world.dynamodb_port, world.postgres_port, world.cognito_port] {
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        assert!(TcpStream::connect((other, port)).is_err(), "{other}:{port} answers");
    }
}

#[test]
fn up_while_it_runs_starts_nothing() {
    let world = World::new();
    world.up(&[]).succeeds();
    let pid = world.pid();
    world.up(&[]).succeeds().says(&format!("already running (process {pid})"));
    let foreground = Run::of(&mut world.on_ports("up", &[]));
    foreground.succeeds().says(&format!("already running (process {pid})"));
    assert_eq!(world.pid(), pid);
    assert_eq!(sql(world.url(), "SELECT 1"), [["1"]]);
}

#[test]
fn two_up_at_once_end_with_one_stack() {
    let world = World::new();
    let start = || Spawned::new(&mut world.on_ports("up", &["--detach"]));
    let runs = [start(), start()].map(|up| up.ends().succeeds());
    assert_eq!(runs.iter().filter(|run| run.stderr.contains("running")).count(), 2, "{runs:?}");
    assert_eq!(sql(world.url(), "SELECT 1"), [["1"]]);
    world.down().succeeds().says("stopped");
    world.assert_nothing_left();
}

#[test]
fn up_that_would_keep_data_otherwise_is_an_error() {
    let world = World::new();
    world.up(&[]).succeeds();
    let pid = world.pid();
    world.up(&["--ephemeral"]).exits_with(1).says("keeps its data").says("cruddur local down");
    assert_eq!(world.pid(), pid);
    world.down().succeeds();
    world.up(&["--ephemeral"]).succeeds();
    world.up(&[]).exits_with(1).says("keeps nothing");
}

#[test]
fn up_on_other_ports_while_it_runs_is_an_error() {
    let mut world = World::new();
    world.up(&[]).succeeds();
    let (pid, dynamodb_port, postgres_port) = (world.pid(), world.dynamodb_port, world.postgres_port);
    let [other] = free_ports();

    world.dynamodb_port = other;
    world
        .up(&[])
        .exits_with(1)
        .says(&format!("dynamodb on port {dynamodb_port}, not {other}"))
        .says("cruddur local down");
    world.dynamodb_port = dynamodb_port;
    world.postgres_port = other;
    world
        .up(&[])
        .exits_with(1)
        .says(&format!("postgresql on port {postgres_port}, not {other}"))
        .says("cruddur local down");

    world.postgres_port = postgres_port;
    let cognito_port = std::mem::replace(&mut world.cognito_port, other);
    world
        .up(&[])
        .exits_with(1)
        .says(&format!("cognito on port {cognito_port}, not {other}"))
        .says("cruddur local down");
    world.cognito_port = cognito_port;
    assert_eq!(world.pid(), pid);
    assert_eq!(sql(world.url(), "SELECT 1"), [["1"]]);
}

#[test]
fn the_ports_of_the_local_settings_are_the_defaults() {
    let world = World::new();
    let up = world.cruddur_on_endpoint(["local", "up", "--detach"]).succeeds();
    assert!(!up.stderr.contains("Hint"), "nothing is left to be set:\n{}", up.stderr);
    assert_eq!(world.states(), ["running", "running", "running"]);
    world.cruddur_on_endpoint(["local", "status"]).succeeds();
    world.cruddur_on_endpoint(["db", "setup"]).succeeds();
    world.cruddur_on_endpoint(["ddb", "schema-load"]).succeeds();
}

#[test]
fn up_on_other_ports_says_what_to_set() {
    let mut world = World::new();
    let [other, pool] = free_ports();
    world.postgres_port = other;
    Run::of(world.on_ports("up", &["--detach"]).arg(format!("--cognito-port={pool}")))
        .succeeds()
        .says(&format!("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=http://localhost:{pool}"))
        .says(&format!("set the port in CONNECTION_URL to {other}"));
    // No variable leads elsewhere, so this one is found.
    world.cruddur(["ddb", "list-tables"]).succeeds().says(&world.dynamodb_port.to_string());
}

#[test]
fn two_data_directories_are_two_stacks() {
    let (one, other) = (World::new(), World::new());
    one.up(&[]).succeeds();
    other.up(&[]).succeeds();
    one.put_data();
    assert_eq!(sql(other.url(), "SELECT to_regclass('kept')"), [["∅"]]);
    one.down().succeeds();
    assert_eq!(other.states(), ["running", "running", "running"]);
    assert_eq!(sql(other.url(), "SELECT 1"), [["1"]]);
}
