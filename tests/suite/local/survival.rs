//! What the data lives through.

use std::fs;

use crate::support::{ENCODED_PASSWORD, Point, Spawned, World, eventually, is_free, signal, sql};

#[test]
fn data_survives_down_and_up() {
    let world = World::with_data(&[]);
    world.down().succeeds();
    world.up(&[]).succeeds();
    world.assert_data();
}

#[test]
fn data_survives_a_killed_stack() {
    let world = World::with_data(&[]);
    let killed = world.kill_stack();
    assert!(!is_free(world.postgres_port), "PostgreSQL goes on without its parent");

    world.up(&[]).succeeds();
    assert_ne!(world.pid(), killed);
    assert_eq!(world.states(), ["running", "running", "running"]);
    world.assert_data();
    world.down().succeeds();
    world.assert_nothing_left();
}

#[test]
fn down_stops_what_a_killed_stack_has_left() {
    let world = World::with_data(&[]);
    world.kill_stack();
    let status = world.status(&["-o", "json"]).exits_with(1).says("run: cruddur local up");
    assert_eq!(status.json()["services"][1]["state"], "leftover");
    world.down().succeeds().says("stopped");
    world.assert_nothing_left();
    world.down().succeeds().says("no stack was running");
    world.up(&[]).succeeds();
    world.assert_data();
}

#[test]
fn data_survives_when_everything_is_killed() {
    let world = World::with_data(&[]);
    for (pid, _) in world.processes() {
        signal(pid, "STOP");
    }
    world.kill_all();
    assert_eq!(world.processes(), []);
    world.up(&[]).succeeds();
    world.assert_data();
}

#[test]
fn a_kill_needs_no_pause_before_the_next_command() {
    let world = World::with_data(&[]);
    // The process is not gone yet when the next command looks.
    signal(world.pid(), "KILL");
    world.up(&[]).succeeds();
    world.assert_data();
    signal(world.pid(), "KILL");
    world.down().succeeds().says("stopped");
    world.assert_nothing_left();
}

#[test]
fn another_password_in_connection_url_becomes_the_password() {
    let mut world = World::new();
    world.up(&[]).succeeds();
    world.put_data();
    world.down().succeeds();
    let old = world.url().to_owned();

    world.set_url("cruddurroot", "it%27s%20%22new%22%40%5C", "cruddur");
    world.up(&[]).succeeds();
    world.assert_data();
    let refused = crate::support::runtime().block_on(tokio_postgres::connect(&old, tokio_postgres::NoTls));
    let error = refused.err().expect("the old password is refused");
    assert_eq!(error.code(), Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD), "{error}");
}

#[test]
fn another_role_in_connection_url_becomes_a_role() {
    let mut world = World::new();
    world.up(&[]).succeeds();
    world.put_data();
    world.down().succeeds();

    // Names that must be quoted, in SQL and in the URL.
    world.set_url("Ann%22a%20%27x", "other", "cruddur");
    world.up(&[]).succeeds();
    world.assert_data();
    let role = sql(world.url(), "SELECT current_user, usesuper FROM pg_user WHERE usename = current_user");
    assert_eq!(role, [["Ann\"a 'x", "t"]]);
    world.cruddur_on_endpoint(["db", "setup"]).succeeds();
}

#[test]
fn another_database_in_connection_url_is_created_beside_the_old_one() {
    let mut world = World::new();
    world.up(&[]).succeeds();
    world.put_data();
    world.down().succeeds();
    let old = world.url().to_owned();

    world.set_url("cruddurroot", ENCODED_PASSWORD, "Other-%22one%22");
    world.up(&[]).succeeds();
    assert_eq!(sql(world.url(), "SELECT current_database()"), [["Other-\"one\""]]);
    assert_eq!(sql(&old, "SELECT word FROM kept"), [["here"]]);
}

#[test]
fn a_making_of_the_cluster_that_was_killed_is_made_good_by_the_next_up() {
    let world = World::new();
    let (mut up, gate) = world.up_stopped_at(Point::Middle, &[]);
    let unfinished =
        || crate::support::names(&world.data()).into_iter().find(|name| name.contains("unfinished"));
    let folder = unfinished().expect("a cluster that is being made");
    assert!(!world.data().join("postgres").exists());
    up.signal("KILL");
    assert_eq!(up.code(), 137);

    // Its initdb is still there, and goes on once the new cluster is made.
    world.up(&[]).succeeds();
    assert_eq!(world.states(), ["running", "running", "running"]);
    assert_eq!(sql(world.url(), "SELECT count(*) > 0 FROM pg_proc"), [["t"]]);
    world.down().succeeds();
    gate.open();
    eventually("the old initdb is gone", || world.processes().is_empty().then_some(()));
    assert!(!world.data().join(folder).exists());
    assert_eq!(unfinished(), None);
    world.assert_nothing_left();
    let names = crate::support::names(&world.data());
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
}

#[test]
fn a_pid_file_that_names_a_stranger_harms_nobody() {
    let world = World::with_data(&[]);
    world.kill_stack();
    let pid_file = world.data().join("postgres/postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap();
    world.kill_all();
    assert_eq!(world.processes(), []);
    // After a restart of the machine, any process may have got that number.
    let mut stranger = Spawned::new(std::process::Command::new("sleep").arg("600"));
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", stranger.id())).unwrap();

    world.up(&[]).succeeds();
    world.assert_data();
    assert!(stranger.is_running(), "the stranger was ended");
}
