//! What others on the machine can read of the stack: nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use tokio_postgres::NoTls;

use crate::support::{Run, World, eventually, runtime, signal, sql};

const SECRET: &str = "hunter2-of-the-test";

/// Everything below a folder, and itself.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(everything(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[track_caller]
fn assert_closed(folder: &Path) {
    let all = everything(folder);
    for path in &all {
        let metadata = fs::symlink_metadata(path).unwrap();
        // Root's PostgreSQL runs as another account, which passes through as the group.
        let passage = [folder.to_owned(), folder.join("stacks")].contains(path) && geteuid().is_root();
        let expected = match (metadata.is_dir(), passage) {
            (true, true) => 0o710,
            (true, false) => 0o700,
            (false, _) => 0o600,
        };
        assert_eq!(format!("{:o}", metadata.mode() & 0o777), format!("{expected:o}"), "{path:?}");
    }
    for name in [
        "lock",
        "ports.json",
        "stack.json",
        "stack.log",
        "postgres.log",
        "dynamodb.sqlite",
        "user-pool.sqlite",
        "postgres/PG_VERSION",
    ] {
        assert!(all.contains(&folder.join(name)), "{name} is not there");
    }
}

/// `local up --detach` in a shell that lets everybody do everything.
fn up_with_an_open_umask(world: &World) -> Run {
    let script = format!(
        "umask 0; exec \"$0\" local up --detach --dynamodb-port={} --postgres-port={}",
        world.dynamodb_port, world.postgres_port
    );
    Run::of(&mut world.command_of("sh", ["-c", &script, env!("CARGO_BIN_EXE_cruddur")]))
}

#[test]
fn files_and_folders_are_the_users_alone_whatever_the_umask() {
    let world = World::new();
    up_with_an_open_umask(&world).succeeds();
    world.put_data();
    assert_closed(&world.data());
}

#[test]
fn what_an_earlier_version_has_left_open_is_closed_by_the_next_up() {
    let world = World::with_data(&[]);
    world.down().succeeds();
    fs::set_permissions(world.data(), Permissions::from_mode(0o755)).unwrap();
    for name in ["lock", "stack.log", "postgres.log", "dynamodb.sqlite", "user-pool.sqlite"] {
        fs::set_permissions(world.data().join(name), Permissions::from_mode(0o644)).unwrap();
    }
    fs::write(world.data().join("postgres.log"), format!("STATEMENT: {SECRET}")).unwrap();
    world.up(&[]).succeeds();
    world.assert_data();
    assert_closed(&world.data());
    assert!(!log(&world).contains(SECRET), "what it wrote is gone");
}

#[test]
fn an_ephemeral_stack_is_as_closed() {
    let world = World::new();
    world.up(&["--ephemeral"]).succeeds();
    let folder = world.tmp().join(&world.tmp_names()[0]);
    for path in everything(&folder) {
        let others = if path == folder && geteuid().is_root() { 0o067 } else { 0o077 };
        assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & others, 0, "{path:?}");
    }
}

fn log(world: &World) -> String {
    fs::read_to_string(world.data().join("postgres.log")).unwrap()
}

#[test]
fn values_of_statements_stay_out_of_the_log() {
    let world = World::new();
    world.up(&[]).succeeds();
    sql(
        world.url(),
        &format!("CREATE TABLE logins (pw text UNIQUE); INSERT INTO logins VALUES ('{SECRET}')"),
    );
    let failing = [
        format!("SELECT 1 '{SECRET}' oops"),
        format!("SELECT \"{SECRET}\""),
        format!("SELECT '{SECRET}'::int"),
        format!("SELECT '{SECRET}' FROM nowhere"),
        format!("INSERT INTO logins VALUES ('{SECRET}')"),
        format!(
            "DO $$ BEGIN RAISE EXCEPTION '{SECRET}' USING DETAIL = '{SECRET}', HINT = '{SECRET}'; END $$"
        ),
        format!("DO $$ BEGIN RAISE WARNING '{SECRET}'; PERFORM '{SECRET}'::int; END $$"),
        format!("ALTER ROLE nobody_of_that_name PASSWORD '{SECRET}'"),
    ];
    let fails = |statement: &str| {
        runtime().block_on(async {
            let (client, connection) = tokio_postgres::connect(world.url(), NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(statement).await.expect_err("it fails")
        })
    };
    for statement in &failing {
        fails(statement);
    }
    runtime().block_on(async {
        let (client, connection) = tokio_postgres::connect(world.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.query("SELECT $1::text::int", &[&SECRET]).await.expect_err("it fails");
    });
    let file = world.path().join("seed.sql");
    fs::write(&file, "INSERT INTO nowhere VALUES (:'pw');").unwrap();
    let mut seed = world.command(["db", "seed", file.to_str().unwrap()]);
    Run::of(seed.args(["--set", &format!("pw={SECRET}")])).exits_with(1);

    // A session that is ended, and one that crashes, in the middle of a statement.
    for how in ["TERM", "KILL"] {
        let sleeping = std::thread::scope(|scope| {
            let sleeping = scope.spawn(|| fails(&format!("SELECT pg_sleep(600), '{SECRET}'")));
            let pid = eventually("it sleeps", || {
                let rows = sql(world.url(), "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
                rows.first().map(|row| row[0].parse().unwrap())
            });
            signal(pid, how);
            sleeping.join().unwrap()
        });
        assert!(sleeping.is_closed() || sleeping.code().is_some(), "{sleeping}");
    }
    // Until it has recovered, PostgreSQL may not stop when it is asked to.
    let log = eventually("the server has recovered from the session that was killed", || {
        Some(log(&world)).filter(|log| {
            let after = log.split_once("was terminated by signal 9").map(|(_, after)| after);
            after.is_some_and(|after| after.contains("ready to accept connections"))
        })
    });
    assert!(!log.contains(SECRET), "{log}");
    assert!(!fs::read_to_string(world.data().join("stack.log")).unwrap().contains(SECRET));
}
