//! Settings that the stack cannot be brought up with.

use crate::support::{Run, World};

#[test]
fn a_connection_url_without_a_password_is_refused() {
    for url in
        ["postgresql://postgres@localhost:15432/cruddur", "postgresql://postgres:@localhost:15432/cruddur"]
    {
        for verb in [&["local", "up", "--detach"][..], &["local", "exec", "--", "true"]] {
            let world = World::new();
            let mut command = world.command(verb);
            command.env("CONNECTION_URL", url);
            if verb[1] == "up" {
                let ports = (world.dynamodb_port, world.postgres_port);
                command.args([
                    "--dynamodb-port",
                    &ports.0.to_string(),
                    "--postgres-port",
                    &ports.1.to_string(),
                ]);
            }
            Run::of(&mut command)
                .exits_with(4)
                .says("CONNECTION_URL has no password")
                .says("Hint: add one: postgresql://USER:PASSWORD@");
            assert_no_data(&world);
        }
    }
}

#[test]
fn a_connection_url_that_leads_elsewhere_is_refused() {
    for host in ["db.example.com", "192.0.2.7"] {
        let world = World::new();
        let mut command = world.on_ports("up", &["--detach"]);
        command.env("CONNECTION_URL", format!("postgresql://postgres:pw@{host}:5432/cruddur"));
        Run::of(&mut command).exits_with(4).says(host).says("Hint: set its host to localhost");
        assert!(!world.data().exists());
        world.assert_nothing_left();
    }
}

#[test]
fn without_postgresql_there_is_a_command_that_installs_it() {
    for verb in ["up", "exec"] {
        let world = World::new();
        let mut command = match verb {
            "up" => world.on_ports("up", &["--detach"]),
            _ => world.command(["local", "exec", "--", "sh", "-c", "echo it ran"]),
        };
        let empty = world.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        let run = Run::of(command.env("CRUDDUR_POSTGRES_BINDIR", &empty))
            .exits_with(4)
            .says("PostgreSQL's server binaries (postgres, initdb) are not on this machine")
            .says("Hint: to install them run: ")
            .says(" install ");
        assert_eq!(run.stdout, "");
        assert_no_data(&world);
    }
}

#[test]
fn the_stack_and_prod_exclude_each_other() {
    let world = World::new();
    for arguments in [
        &["--prod", "local", "up"][..],
        &["local", "up", "--prod"],
        &["local", "down", "--prod"],
        &["local", "status", "--prod"],
        &["local", "--prod", "exec", "true"],
    ] {
        world.cruddur(arguments).exits_with(2).says("cannot be used with --prod");
    }
    assert!(!world.data().exists());
}

#[test]
fn arguments_that_make_no_sense_are_usage_errors() {
    let world = World::new();
    for arguments in [
        &["local", "up", "--dynamodb-port", "0"][..],
        &["local", "up", "--postgres-port", "65536"],
        &["local", "up", "--detach", "--background"],
        &["local", "up", "production"],
        &["local", "exec"],
        &["local", "exec", "--"],
        &["local"],
    ] {
        world.cruddur(arguments).exits_with(2);
    }
    assert!(!world.data().exists());
}

#[test]
fn a_data_directory_by_flag_wins() {
    let world = World::new();
    let other = world.path().join("by flag");
    let flag = format!("--data-dir={}", other.display());
    world.up(&[&flag]).succeeds();
    assert!(other.join("postgres/PG_VERSION").exists());
    assert_eq!(crate::support::names(&world.data()), ["stacks"], "that it is there is known");
    world.status(&[&flag]).succeeds();
    world.cruddur(["local", "down", &flag]).succeeds().says("stopped");
    world.assert_nothing_left();
}

#[test]
fn a_relative_data_directory_is_the_same_from_everywhere_after_the_start() {
    let world = World::new();
    world.up(&["--data-dir=here/there"]).succeeds();
    let report = world.status(&["--data-dir=here/there", "-o", "json"]).succeeds().json();
    assert_eq!(report["data_dir"], world.path().join("here/there").to_str().unwrap());
    let absolute = format!("--data-dir={}", world.path().join("here/there").display());
    world.cruddur(["local", "down", &absolute]).succeeds().says("stopped");
    world.assert_nothing_left();
}

/// Nothing but the lock and the log is there, and nothing runs.
#[track_caller]
fn assert_no_data(world: &World) {
    world.assert_nothing_left();
    let names = crate::support::names(&world.data());
    assert!(names.iter().all(|name| ["lock", "stack.log", "stacks"].contains(&name.as_str())), "{names:?}");
}
