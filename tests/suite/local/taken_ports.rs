//! Ports taken by something that cruddur cannot use.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use cruddur::local::{Access, dynamodb, user_pool};

use crate::support::{Run, Sandbox, World, is_free, runtime, sql};

/// Listens on a port and does `answer` with every connection.
fn listener(answer: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    port
}

/// A web server that has never heard of anything.
fn not_found(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write_all(
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot found",
    );
}

/// A web server whose errors are JSON too.
fn json_error(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 4096]);
    let body = r#"{"code":"not_found","message":"no such page"}"#;
    let _ = write!(
        stream,
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// Keeps the connection, and says nothing.
fn silence(stream: TcpStream) {
    std::mem::forget(stream);
}

/// Nothing of the attempt is left.
#[track_caller]
fn assert_nothing_started(world: &World) {
    assert_eq!(world.processes(), []);
    assert_eq!(world.tmp_names(), [""; 0]);
    for name in crate::support::names(&world.data()) {
        assert!(["lock", "stack.log", "stacks"].contains(&name.as_str()), "{name} lies about");
    }
}

#[track_caller]
fn refuses_dynamodb_port(port: u16) {
    let mut world = World::new();
    world.dynamodb_port = port;
    for arguments in [&["--detach"][..], &[], &["--ephemeral"]] {
        Run::of(&mut world.on_ports("up", arguments))
            .exits_with(1)
            .says(&format!("port {port} is taken by something that is not a DynamoDB API"))
            .says("--dynamodb-port");
        assert_nothing_started(&world);
        assert!(is_free(world.postgres_port));
    }
    assert_eq!(world.states()[0], "stopped");
}

#[track_caller]
fn refuses_postgres_port(port: u16) {
    let mut world = World::new();
    world.postgres_port = port;
    for arguments in [&["--detach"][..], &[], &["--ephemeral"]] {
        Run::of(&mut world.on_ports("up", arguments))
            .exits_with(1)
            .says(&format!("port {port} is taken by something that does not accept CONNECTION_URL"))
            .says("--postgres-port");
        assert_nothing_started(&world);
        assert!(is_free(world.dynamodb_port));
    }
    assert_eq!(world.states()[1], "stopped");
}

#[track_caller]
fn refuses_cognito_port(port: u16) {
    let mut world = World::new();
    world.cognito_port = port;
    for arguments in [&["--detach"][..], &[], &["--ephemeral"]] {
        Run::of(&mut world.on_ports("up", arguments))
            .exits_with(1)
            .says(&format!("port {port} is taken by something that is not a Cognito API"))
            .says("--cognito-port");
        assert_nothing_started(&world);
        assert!(is_free(world.dynamodb_port) && is_free(world.postgres_port));
    }
    assert_eq!(world.states()[2], "stopped");
}

#[test]
fn a_web_server_or_a_dynamodb_is_no_cognito() {
    for answer in [not_found, json_error, silence, drop] {
        refuses_cognito_port(listener(answer));
    }
    let server = runtime().block_on(dynamodb::start(0, None, Access::default())).unwrap();
    refuses_cognito_port(server.port());
    runtime().block_on(server.stop());
}

#[test]
fn a_user_pool_is_no_dynamodb() {
    let server = runtime().block_on(user_pool::start(0, None, Access::default(), None)).unwrap();
    refuses_dynamodb_port(server.port());
    runtime().block_on(server.stop());
}

#[test]
fn a_web_server_is_no_dynamodb() {
    refuses_dynamodb_port(listener(not_found));
}

#[test]
fn a_web_server_with_json_errors_is_no_dynamodb() {
    refuses_dynamodb_port(listener(json_error));
}

#[test]
fn a_listener_that_says_nothing_is_no_dynamodb() {
    refuses_dynamodb_port(listener(silence));
}

#[test]
fn a_listener_that_hangs_up_is_no_dynamodb() {
    refuses_dynamodb_port(listener(drop));
}

#[test]
fn a_web_server_is_no_postgresql() {
    refuses_postgres_port(listener(not_found));
}

#[test]
fn a_listener_that_says_nothing_is_no_postgresql() {
    refuses_postgres_port(listener(silence));
}

#[test]
fn a_listener_that_hangs_up_is_no_postgresql() {
    refuses_postgres_port(listener(drop));
}

#[test]
fn a_postgresql_with_another_password_is_not_used() {
    let sandbox = Sandbox::new();
    let url = sandbox.connection_url();
    let port = url.rsplit_once(':').unwrap().1.split_once('/').unwrap().0.parse().unwrap();
    let mut world = World::new();
    world.postgres_port = port;
    world.set_url("cruddurroot", "notthis", "cruddur");
    let run = world
        .up(&[])
        .exits_with(1)
        .says(&format!("port {port} is taken"))
        .says("refuses the role \"cruddurroot\"")
        .says("--postgres-port");
    assert!(!run.stderr.contains("notthis"), "{}", run.stderr);
    assert_nothing_started(&world);
    assert_eq!(sql(&url.replace(sandbox.database(), "postgres"), "SELECT 1"), [["1"]]);
}

#[test]
fn two_ports_the_same_is_an_error_that_starts_nothing() {
    let same: [fn(&mut World); 3] = [
        |world| world.postgres_port = world.dynamodb_port,
        |world| world.cognito_port = world.dynamodb_port,
        |world| world.cognito_port = world.postgres_port,
    ];
    for make_same in same {
        let mut world = World::new();
        make_same(&mut world);
        world.up(&[]).exits_with(4).says("cannot both listen on port").says("--cognito-port N");
        assert_nothing_started(&world);
    }
}

#[test]
fn a_dynamodb_on_the_port_of_postgresql_is_not_used() {
    let server = runtime().block_on(dynamodb::start(0, None, Access::default())).unwrap();
    refuses_postgres_port(server.port());
    runtime().block_on(server.stop());
}
