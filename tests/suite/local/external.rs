//! Services that somebody else runs: used, and left alone.

use cruddur::local::{Access, dynamodb, user_pool};

use crate::support::{ENCODED_PASSWORD, Run, Sandbox, World, runtime, sql};

/// The port of the PostgreSQL that all tests share.
fn shared_port(sandbox: &Sandbox) -> u16 {
    let url = sandbox.connection_url();
    let (_, rest) = url.rsplit_once(':').unwrap();
    rest.split_once('/').unwrap().0.parse().unwrap()
}

#[test]
fn a_dynamodb_that_is_there_is_used_and_left_alone() {
    let mut world = World::new();
    let server = runtime().block_on(dynamodb::start(0, None, Access::default())).unwrap();
    world.dynamodb_port = server.port();
    world.up(&[]).succeeds().says("external");
    assert_eq!(world.states(), ["external", "running", "running"]);
    world.put_data();
    world.assert_data();
    assert!(!world.data().join("dynamodb.sqlite").exists());
    world.up(&[]).succeeds().says("already running");

    world.down().succeeds().says("stopped");
    assert_eq!(world.processes(), []);
    assert!(crate::support::is_free(world.postgres_port));
    assert_eq!(world.states(), ["external", "stopped", "stopped"]);
    let tables = runtime().block_on(world.dynamodb().list_tables().send()).unwrap();
    assert_eq!(tables.table_names(), ["cruddur-messages"]);
    runtime().block_on(server.stop());
}

#[test]
fn a_postgresql_that_is_there_is_used_and_left_alone() {
    let sandbox = Sandbox::new();
    let mut world = World::new();
    world.postgres_port = shared_port(&sandbox);
    world.set_url("cruddurroot", ENCODED_PASSWORD, sandbox.database());
    world.up(&[]).succeeds().says("external");
    assert_eq!(world.states(), ["running", "external", "running"]);
    assert!(!world.data().join("postgres").exists());
    assert!(!sandbox.database_exists(), "creating it is for db create");
    world.cruddur_on_endpoint(["db", "create"]).succeeds();
    world.put_data();
    world.assert_data();
    let report = world.status(&["-o", "json"]).succeeds().json();
    assert_eq!(report["postgres_version"], serde_json::Value::Null);

    world.down().succeeds();
    assert_eq!(world.processes(), []);
    assert!(crate::support::is_free(world.dynamodb_port));
    assert_eq!(world.states(), ["stopped", "external", "stopped"]);
    assert_eq!(sql(world.url(), "SELECT word FROM kept"), [["here"]]);
}

#[test]
fn with_all_there_nothing_is_started() {
    let sandbox = Sandbox::new();
    let server = runtime().block_on(dynamodb::start(0, None, Access::default())).unwrap();
    let mut world = World::new();
    let pool = runtime().block_on(user_pool::start(0, None, Access::default(), None)).unwrap();
    world.dynamodb_port = server.port();
    world.cognito_port = pool.port();
    world.postgres_port = shared_port(&sandbox);
    world.set_url("cruddurroot", ENCODED_PASSWORD, "postgres");
    for arguments in [&["--detach"][..], &[], &["--ephemeral", "--detach"]] {
        Run::of(&mut world.on_ports("up", arguments)).succeeds().says("nothing was started");
        assert_eq!(world.processes(), []);
        assert_eq!(world.tmp_names(), [""; 0]);
    }
    assert_eq!(world.states(), ["external", "external", "external"]);
    world.status(&[]).succeeds();
    world.down().succeeds().says("no stack was running");
    assert_eq!(sql(world.url(), "SELECT 1"), [["1"]]);
    runtime().block_on(world.dynamodb().list_tables().send()).unwrap();
    runtime().block_on(server.stop());
    runtime().block_on(pool.stop());
}

#[test]
fn the_stack_of_another_data_directory_is_external() {
    let owner = World::new();
    owner.up(&[]).succeeds();
    let mut guest = World::new();
    guest.dynamodb_port = owner.dynamodb_port;
    guest.postgres_port = owner.postgres_port;
    guest.cognito_port = owner.cognito_port;
    guest.up(&[]).succeeds().says("nothing was started");
    guest.down().succeeds();
    assert_eq!(guest.states(), ["external", "external", "external"]);
    assert_eq!(owner.states(), ["running", "running", "running"]);
}
