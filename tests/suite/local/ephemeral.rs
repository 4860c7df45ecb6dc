//! `local up --ephemeral`

use crate::support::{World, names, sql};

/// What `status` needs, and what the detached process has to say.
#[track_caller]
fn assert_holds_no_data(world: &World) {
    let names = names(&world.data());
    let known = ["lock", "ports.json", "stack.json", "stack.log", "stacks"];
    assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
}

#[test]
fn detached_it_keeps_nothing() {
    let world = World::with_data(&["--ephemeral"]);
    world.assert_data();
    assert_holds_no_data(&world);
    assert_eq!(world.tmp_names().len(), 1);
    let report = world.status(&["-o", "json"]).succeeds().json();
    assert_eq!(report["ephemeral"], true);
    assert_eq!(report["data_dir"], world.tmp().join(&world.tmp_names()[0]).to_str().unwrap());

    world.down().succeeds();
    world.assert_nothing_left();
    assert_holds_no_data(&world);
    assert!(!world.data().join("stack.json").exists());

    world.up(&["--ephemeral"]).succeeds();
    assert_eq!(sql(world.url(), "SELECT to_regclass('kept')"), [["∅"]]);
    let tables = crate::support::runtime().block_on(world.dynamodb().list_tables().send()).unwrap();
    assert_eq!(tables.table_names(), [""; 0]);
}

#[test]
fn in_the_foreground_it_keeps_nothing() {
    let world = World::new();
    let mut up = world.foreground(&["--ephemeral"]);
    world.put_data();
    up.signal("INT");
    assert_eq!(up.code(), 0);
    world.assert_nothing_left();
    assert_holds_no_data(&world);
}

#[test]
fn the_next_up_clears_away_a_killed_one() {
    let world = World::with_data(&["--ephemeral"]);
    let before = world.tmp_names();
    world.kill_stack();
    assert_eq!(world.tmp_names(), before);

    world.up(&[]).succeeds();
    assert_eq!(world.tmp_names(), [""; 0]);
    assert_eq!(sql(world.url(), "SELECT to_regclass('kept')"), [["∅"]]);
    world.down().succeeds();
    world.assert_nothing_left();
}

#[test]
fn down_clears_away_a_killed_one() {
    let world = World::new();
    world.up(&["--ephemeral"]).succeeds();
    world.kill_stack();
    world.down().succeeds();
    world.assert_nothing_left();
    assert_holds_no_data(&world);
}

#[test]
fn it_leaves_the_kept_data_alone() {
    let world = World::with_data(&[]);
    world.down().succeeds();
    world.up(&["--ephemeral"]).succeeds();
    assert_eq!(sql(world.url(), "SELECT to_regclass('kept')"), [["∅"]]);
    world.down().succeeds();
    world.up(&[]).succeeds();
    world.assert_data();
}
