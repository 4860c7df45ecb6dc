//! What a snapshot holds, and what a restore brings back.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::support::{LOCAL_POOL, Run, Spawned, TABLE, World, eventually, runtime, sql};

/// Changes everything that `put_data` has left, and adds something.
fn change(world: &World) {
    sql(world.url(), "DROP TABLE kept; CREATE TABLE later (word text)");
    world.cruddur_on_endpoint(["ddb", "drop", "cruddur-messages"]).succeeds();
    let pool = world.user_pool();
    let delete = pool.admin_delete_user().user_pool_id(LOCAL_POOL).username("kept@example.com");
    runtime().block_on(delete.send()).unwrap();
    let create = pool.admin_create_user().user_pool_id(LOCAL_POOL).username("later@example.com");
    runtime().block_on(create.send()).unwrap();
}

/// The data is that of `put_data`, and nothing is left of [`change`].
#[track_caller]
fn assert_restored(world: &World) {
    world.assert_data();
    assert_eq!(sql(world.url(), "SELECT to_regclass('later') IS NULL"), [["t"]]);
    let listed = world.user_pool().list_users().user_pool_id(LOCAL_POOL);
    assert_eq!(runtime().block_on(listed.send()).unwrap().users().len(), 1);
}

fn snapshot(world: &World, arguments: &[&str]) -> Run {
    world.cruddur([&["local", "snapshot"], arguments].concat())
}

fn restore(world: &World, name: &str) -> Run {
    world.cruddur(["local", "restore", name])
}

fn names(world: &World) -> Vec<String> {
    let listed = world.cruddur(["local", "snapshots", "-o", "json"]).succeeds().json();
    let name = |snapshot: &serde_json::Value| snapshot["name"].as_str().unwrap().to_owned();
    listed["snapshots"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn a_running_stack_is_brought_back_and_runs_on_its_ports() {
    let world = World::with_data(&["--allow-host", "stack.example.com"]);
    snapshot(&world, &["before"]).succeeds().says("took the snapshot before");
    let first = world.pid();
    assert_eq!(world.states(), ["running", "running", "running"]);
    change(&world);

    restore(&world, "before").succeeds().says("the stack runs again");
    assert_restored(&world);
    assert_ne!(world.pid(), first);
    // It lets those in that it let in before.
    world.up(&["--allow-host", "stack.example.com"]).succeeds().says("already running");
    // Another time, from the same snapshot.
    change(&world);
    restore(&world, "before").succeeds();
    assert_restored(&world);
}

#[test]
fn a_stopped_stack_is_brought_back_and_stays_stopped() {
    let world = World::with_data(&[]);
    world.down().succeeds();
    snapshot(&world, &["before"]).succeeds();
    world.up(&[]).succeeds();
    change(&world);
    world.down().succeeds();
    restore(&world, "before").succeeds().says("cruddur local up starts the stack");
    world.assert_nothing_left();
    world.up(&[]).succeeds();
    assert_restored(&world);
}

#[test]
fn a_killed_stack_has_a_snapshot_of_what_it_had() {
    let world = World::with_data(&[]);
    world.kill_all();
    snapshot(&world, &["before"]).succeeds();
    world.up(&[]).succeeds();
    change(&world);
    restore(&world, "before").succeeds();
    assert_restored(&world);
}

/// Each number goes to PostgreSQL first and then to DynamoDB, so at any moment PostgreSQL has as many, or
/// one more.
#[test]
fn it_is_one_moment_in_all_stores() {
    let world = World::with_data(&[]);
    sql(world.url(), "CREATE TABLE numbers (n int)");
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                sql(world.url(), &format!("INSERT INTO numbers VALUES ({n})"));
                put_number(&world, n);
            }
            n
        });
        for name in ["one", "two", "three"] {
            snapshot(&world, &[name]).succeeds();
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    let mut last = 0;
    for name in ["one", "two", "three"] {
        restore(&world, name).succeeds();
        let in_postgres = sql(world.url(), "SELECT coalesce(max(n), 0), count(*) FROM numbers");
        assert_eq!(in_postgres[0][0], in_postgres[0][1], "none is missing");
        let in_postgres: u64 = in_postgres[0][0].parse().unwrap();
        let in_dynamodb = numbers(&world);
        assert!((in_dynamodb..=in_dynamodb + 1).contains(&in_postgres), "{in_postgres}, {in_dynamodb}");
        assert!(last < in_postgres && in_postgres <= written, "{last}, {in_postgres}, {written}");
        last = in_postgres;
    }
}

fn put_number(world: &World, n: u64) {
    let put = world
        .dynamodb()
        .put_item()
        .table_name(TABLE)
        .item("pk", AttributeValue::S("NUMBERS".to_owned()))
        .item("sk", AttributeValue::S(format!("{n:09}")))
        .send();
    runtime().block_on(put).unwrap();
}

fn numbers(world: &World) -> u64 {
    let query = world
        .dynamodb()
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S("NUMBERS".to_owned()))
        .select(aws_sdk_dynamodb::types::Select::Count)
        .send();
    u64::try_from(runtime().block_on(query).unwrap().count()).unwrap()
}

#[test]
fn one_that_is_killed_leaves_nothing_and_the_stack_goes_on() {
    let world = World::with_data(&[]);
    // The snapshot waits for this write.
    let writer = rusqlite::Connection::open(world.data().join("dynamodb.sqlite")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let folder = world.data().join("snapshots");
    let mut taking = Spawned::new(&mut world.command(["local", "snapshot", "never"]));
    eventually("the cluster is copied", || {
        let entries = fs::read_dir(&folder).ok()?.flatten();
        let copied = |path: std::path::PathBuf| path.join("postgres/global/pg_control").exists();
        entries.map(|entry| entry.path()).any(copied).then_some(())
    });
    taking.signal("KILL");
    assert_eq!(taking.code(), 128 + 9);
    drop(writer);
    assert_eq!(names(&world), [""; 0]);
    world.assert_data();
    change(&world);

    snapshot(&world, &["next"]).succeeds();
    let left: Vec<_> = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "the snapshot and the lock: {left:?}");
}

#[test]
fn a_restore_that_is_killed_has_done_nothing_or_is_finished() {
    let world = World::with_data(&[]);
    world.down().succeeds();
    snapshot(&world, &["before"]).succeeds();
    world.up(&[]).succeeds();
    change(&world);
    world.down().succeeds();
    let copy = |to: &str| {
        let from = world.data().join("snapshots/before");
        let to = world.data().join(to);
        Run::of(&mut world.command_of("cp", ["-Rp".as_ref(), from.as_path(), to.as_path()])).succeeds();
        to
    };
    // Killed while it copied.
    fs::remove_file(copy("restore.unfinished").join("dynamodb.sqlite")).unwrap();
    world.up(&[]).succeeds();
    assert_eq!(sql(world.url(), "SELECT to_regclass('later') IS NULL"), [["f"]]);
    world.down().succeeds();
    // Killed when one of the three had taken its place.
    fs::rename(copy("restore.ready").join("dynamodb.sqlite"), world.data().join("dynamodb.sqlite")).unwrap();
    world.up(&[]).succeeds();
    assert_restored(&world);
    assert!(!world.data().join("restore.ready").exists());
    restore(&world, "before").succeeds();
    assert!(!world.data().join("restore.unfinished").exists());
}

#[test]
fn a_command_has_a_copy_of_its_own() {
    let mut world = World::new();
    world.up(&[]).succeeds();
    world.put_data();
    snapshot(&world, &["seeded"]).succeeds();
    world.down().succeeds();
    // Whoever restores it may have another password than who took it.
    world.set_url("somebody", "else", "cruddur");
    let cruddur = env!("CARGO_BIN_EXE_cruddur");
    let script = "psql -qAt -c 'SELECT word FROM kept; DROP TABLE kept' \"$CONNECTION_URL\" && \
                  \"$0\" ddb scan -o ndjson && \"$0\" cognito list-users && \"$0\" ddb drop cruddur-messages";
    for _ in 0..2 {
        let run = world.cruddur(["local", "exec", "--from", "seeded", "--", "sh", "-c", script, cruddur]);
        let run = run.succeeds();
        assert!(run.stdout.starts_with("here\n"), "{}", run.stdout);
        assert!(run.stdout.contains(r#""pk":"MSG#1""#), "{}", run.stdout);
        assert!(run.stdout.contains("kept@example.com"), "{}", run.stdout);
        world.assert_nothing_left();
    }
}

#[test]
fn what_cannot_be_taken_or_restored_is_refused_before_anything_is_done() {
    let world = World::new();
    for run in [snapshot(&world, &["x"]), restore(&world, "x"), snapshot(&world, &["--delete", "x"])] {
        run.exits_with(1).says("there is no stack in").says("cruddur local up");
    }
    assert_eq!(names(&world), [""; 0]);
    assert!(!world.data().exists());
    world.up(&[]).succeeds();
    let pid = world.pid();
    for name in ["", "..", ".x", "-x", "a/b", "a b", &"x".repeat(65)] {
        snapshot(&world, &["--", name]).exits_with(2).says("cannot be a snapshot's name");
    }
    restore(&world, "x").exits_with(1).says("there is no snapshot \"x\"").says("cruddur local snapshots");
    snapshot(&world, &["--delete", "x"]).exits_with(1).says("there is no snapshot \"x\"");
    snapshot(&world, &["x"]).succeeds();
    snapshot(&world, &["x"]).exits_with(1).says("already").says("cruddur local snapshot --delete x");
    assert_eq!(world.pid(), pid, "it has run all the time");
    snapshot(&world, &["--delete", "x"]).succeeds();
    assert_eq!(names(&world), [""; 0]);
    world.down().succeeds();

    world.up(&["--ephemeral"]).succeeds();
    for run in [snapshot(&world, &["x"]), restore(&world, "x")] {
        run.exits_with(1);
    }
    assert_eq!(names(&world), [""; 0]);
}

#[test]
fn services_of_others_have_no_snapshot_here() {
    let (world, other) = (World::new(), World::new());
    other.up(&[]).succeeds();
    let mut command = world.on_ports("up", &["--detach"]);
    command.arg(format!("--cognito-port={}", other.cognito_port));
    Run::of(&mut command).succeeds().says("external");
    snapshot(&world, &["x"]).exits_with(1).says("another program runs cognito");
    assert_eq!(names(&world), [""; 0]);
}

#[test]
fn a_tablespace_is_refused_running_or_not() {
    let world = World::new();
    world.up(&[]).succeeds();
    let url = format!("{}?options=-c%20allow_in_place_tablespaces%3Don", world.url());
    sql(&url, "CREATE TABLESPACE elsewhere LOCATION ''");
    snapshot(&world, &["x"]).exits_with(1).says("has a tablespace").says("DROP TABLESPACE");
    world.down().succeeds();
    snapshot(&world, &["x"]).exits_with(1).says("has a tablespace");
    assert_eq!(names(&world), [""; 0]);
    world.up(&[]).succeeds();
    sql(world.url(), "DROP TABLESPACE elsewhere");
    snapshot(&world, &["x"]).succeeds();
}
