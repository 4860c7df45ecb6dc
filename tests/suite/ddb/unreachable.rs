//! Every `ddb` command when nothing serves DynamoDB.

use std::net::Ipv4Addr;

use tokio::net::TcpSocket;

use crate::support::{Sandbox, runtime};

const COMMANDS: [&[&str]; 6] = [
    &["ddb", "schema-load"],
    &["ddb", "list-tables", "-o", "json"],
    &["ddb", "drop", "cruddur-messages"],
    &["ddb", "scan", "-o", "json"],
    &["ddb", "patterns", "get-conversation", "-o", "json"],
    &["ddb", "seed"],
];

#[test]
fn nothing_on_the_port_leads_to_local_up() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    // Bound and never listening: nobody else gets the port, and it refuses.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let place = format!("http://{}", socket.local_addr().unwrap());
    let list = ["ddb", "patterns", "list-conversations"];
    for command in COMMANDS.into_iter().chain([&list[..]]) {
        let run = sandbox
            .cruddur(command.iter().chain(&["--endpoint-url", &place]))
            .exits_with(1)
            .says(&format!("cannot reach DynamoDB at {place}"))
            .says("run: cruddur local up");
        assert_eq!(run.stdout, "", "{command:?}");
    }
}

#[test]
fn something_else_on_the_port_is_called_so() {
    let sandbox = Sandbox::new();
    let app = axum::Router::new().fallback(|| async { "<html>Hello</html>" });
    let listener = runtime().block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let server = runtime().spawn(async move { axum::serve(listener, app).await.unwrap() });
    sandbox
        .cruddur(["ddb", "list-tables", "--endpoint-url", &place])
        .exits_with(1)
        .says("is not a DynamoDB API");
    server.abort();
}
