//! `local up` in the foreground.

use crate::support::{Point, Spawned, World, eventually, signal, sql};

#[test]
fn sigint_stops_it_and_leaves_nothing() {
    stops_on("INT");
}

#[test]
fn sigterm_stops_it_and_leaves_nothing() {
    stops_on("TERM");
}

#[test]
fn sighup_stops_it_and_leaves_nothing() {
    stops_on("HUP");
}

#[track_caller]
fn stops_on(name: &str) {
    let world = World::new();
    let mut up = world.foreground(&[]);
    assert_eq!(world.pid(), up.id());
    assert_eq!(sql(world.url(), "SELECT 1"), [["1"]]);
    up.signal(name);
    assert_eq!(up.code(), 0);
    world.assert_nothing_left();
    assert_eq!(world.states(), ["stopped", "stopped", "stopped"]);
}

#[test]
fn an_open_session_and_half_a_request_do_not_hold_up_the_end() {
    use std::io::Write as _;

    let world = World::new();
    let mut up = world.foreground(&[]);
    let session = crate::support::runtime().block_on(async {
        let (client, connection) = tokio_postgres::connect(world.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    });
    let mut half = std::net::TcpStream::connect(("127.0.0.1", world.dynamodb_port)).unwrap();
    half.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{").unwrap();
    up.signal("TERM");
    assert_eq!(up.code(), 0);
    world.assert_nothing_left();
    drop((session, half));
}

#[test]
fn down_stops_it_too() {
    let world = World::new();
    let mut up = world.foreground(&[]);
    world.down().succeeds().says("stopped");
    assert_eq!(up.code(), 0);
    world.assert_nothing_left();
}

#[test]
fn it_says_where_the_services_are_on_stderr() {
    let world = World::new();
    let mut up = Spawned::new(&mut world.on_ports("up", &[]));
    up.says("ready");
    up.signal("INT");
    let run = up.ends().succeeds();
    let said: Vec<&str> = run.stderr.lines().collect();
    assert!(said[0].ends_with(&format!("http://localhost:{}", world.dynamodb_port)), "{said:?}");
    assert!(said[1].ends_with(&format!("localhost:{}/cruddur", world.postgres_port)), "{said:?}");
    assert!(said[said.len() - 2].contains("ready"), "{said:?}");
    assert_eq!(said.last(), Some(&"stopped"));
    assert_eq!(run.stdout, "");
}

#[test]
fn a_postgresql_that_ends_by_itself_ends_the_stack() {
    let world = World::new();
    let mut up = world.foreground(&[]);
    let postmaster = postmaster(&world);
    signal(postmaster, "QUIT");
    assert_eq!(up.code(), 1);
    eventually("its processes are gone", || world.processes().is_empty().then_some(()));
    world.assert_nothing_left();
    assert!(!world.data().join("stack.json").exists());
}

fn postmaster(world: &World) -> u32 {
    let text = std::fs::read_to_string(world.data().join("postgres/postmaster.pid")).unwrap();
    text.lines().next().unwrap().trim().parse().unwrap()
}

#[test]
fn sigterm_during_the_start_leaves_nothing() {
    let world = World::new();
    let (mut up, _gate) = world.up_stopped_at(Point::After, &[]);
    up.signal("TERM");
    assert_eq!(up.code(), 143);
    world.assert_nothing_left();
    world.up(&[]).succeeds();
    assert_eq!(sql(world.url(), "SELECT 1"), [["1"]]);
}

#[test]
fn a_detached_start_that_nobody_waits_for_any_more_stops_by_itself() {
    let world = World::new();
    let (mut up, gate) = world.up_stopped_at(Point::After, &["--detach"]);
    // Not INT: what a shell runs in the background ignores it, and so do its children.
    up.signal("TERM");
    assert_eq!(up.code(), 143);
    gate.open();
    eventually("its processes are gone", || world.processes().is_empty().then_some(()));
    world.assert_nothing_left();
}
