//! Web pages that try to use the stack. A browser sends the page's origin, and in `Host`
//! the name that it looked up.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use axum::body::Body;
use cruddur::local::{Access, dynamodb};
use http::{Request, StatusCode};

use crate::support::{HttpAnswer, Run, Sandbox, TABLE, World, dynamodb_request, runtime, send_http};

const PAGE: &str = "http://localhost:3000";

/// DeleteTable with further headers.
fn delete_table(endpoint: &str, headers: &[(&str, &str)]) -> HttpAnswer {
    let mut request = dynamodb_request(endpoint, "DeleteTable");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send_http(request.body(Body::from(format!(r#"{{"TableName":"{TABLE}"}}"#))).unwrap())
}

fn preflight(endpoint: &str, origin: &str) -> HttpAnswer {
    let request = Request::options(endpoint)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-amz-target");
    send_http(request.body(Body::empty()).unwrap())
}

/// An SDK's client, which sends no origin, finds the table.
#[track_caller]
fn assert_table_is_there(sandbox: &Sandbox) {
    let tables = runtime().block_on(sandbox.dynamodb().list_tables().send()).unwrap();
    assert_eq!(tables.table_names(), [TABLE]);
}

#[track_caller]
fn assert_refused(answer: &HttpAnswer) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(error["__type"], "com.amazon.coral.service#AccessDeniedException");
    assert!(error["message"].as_str().unwrap().contains("the local stack does not"), "{error}");
    assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{answer:?}");
}

fn with_table() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let sandbox = with_table();
    for origin in ["https://evil.example.com", "null", PAGE, "http://localhost:8000", ""] {
        assert_refused(&delete_table(&sandbox.endpoint(), &[("origin", origin)]));
        assert_refused(&preflight(&sandbox.endpoint(), origin));
    }
    assert_table_is_there(&sandbox);
}

#[test]
fn a_page_whose_name_leads_here_changes_nothing() {
    let sandbox = with_table();
    for host in [
        "evil.example.com",
        "evil.example.com:8000",
        "localhost.evil.example.com",
        "0.0.0.0:8000",
        "a@localhost",
    ] {
        // DNS rebinding makes it the page's own origin, and a browser sends none with GET.
        assert_refused(&delete_table(&sandbox.endpoint(), &[("host", host)]));
        let get = Request::get(sandbox.endpoint()).header("host", host).body(Body::empty()).unwrap();
        assert_refused(&send_http(get));
    }
    assert_table_is_there(&sandbox);
}

#[test]
fn this_machines_own_names_are_served() {
    let sandbox = with_table();
    let port = sandbox.endpoint().rsplit_once(':').unwrap().1.to_owned();
    for host in
        ["localhost", "LOCALHOST:1", "127.0.0.1", &format!("localhost:{port}"), &format!("[::1]:{port}")]
    {
        let request = dynamodb_request(&sandbox.endpoint(), "ListTables").header("host", host);
        let answer = send_http(request.body(Body::from("{}")).unwrap());
        assert_eq!(answer.status, StatusCode::OK, "{host}: {answer:?}");
        assert!(answer.body.contains(TABLE), "{answer:?}");
    }
}

/// The first line of what comes back for `head`.
fn raw(endpoint: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_request_without_a_host_is_served_and_one_with_two_names_must_mean_us_with_both() {
    let sandbox = with_table();
    let end = "Connection: close\r\n\r\n";
    let own = "Host: localhost\r\n";
    let foreign = "Host: evil.example.com\r\n";
    let cases = [
        (format!("GET / HTTP/1.0\r\n{end}"), "200"),
        (format!("GET http://localhost/ HTTP/1.1\r\n{own}{end}"), "200"),
        (format!("GET http://evil.example.com/ HTTP/1.1\r\n{own}{end}"), "403"),
        (format!("GET / HTTP/1.1\r\n{own}{foreign}{end}"), "403"),
        (format!("GET / HTTP/1.1\r\n{foreign}{own}{end}"), "403"),
    ];
    for (head, status) in cases {
        let line = raw(&sandbox.endpoint(), &head);
        assert_eq!(line.split(' ').nth(1), Some(status), "{head}{line}");
    }
}

#[test]
fn a_page_that_follows_an_allowed_request_on_the_same_connection_is_refused() {
    let sandbox = with_table();
    let mut stream = TcpStream::connect(sandbox.endpoint().strip_prefix("http://").unwrap()).unwrap();
    let body = format!(r#"{{"TableName":"{TABLE}"}}"#);
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let foreign = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example.com\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.DeleteTable\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c\r\nX-Amz-Date: d\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(format!("{head}{foreign}").as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert!(answers.starts_with("HTTP/1.1 200") && answers.contains("HTTP/1.1 403"), "{answers}");
    assert_table_is_there(&sandbox);
}

#[test]
fn an_origin_that_is_allowed_is_served_and_no_other() {
    let access = Access {
        origins: vec![PAGE.parse().unwrap()],
        hosts: vec!["db.internal".parse().unwrap()],
        ..Access::default()
    };
    let server = runtime().block_on(dynamodb::start(0, None, access)).unwrap();
    let endpoint = server.url();
    let answer = preflight(&endpoint, PAGE);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert_eq!(answer.header("access-control-allow-methods"), "POST");
    assert_eq!(answer.header("access-control-allow-headers"), "content-type,x-amz-target");
    assert_eq!(answer.header("vary"), "origin");

    let list = |headers: &[(&str, &str)]| {
        let mut request = dynamodb_request(&endpoint, "ListTables");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send_http(request.body(Body::from("{}")).unwrap())
    };
    let answer = list(&[("origin", PAGE)]);
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, r#"{"TableNames":[]}"#));
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert_eq!(list(&[]).header("access-control-allow-origin"), "");
    assert_eq!(list(&[("host", "db.internal:8000")]).status, StatusCode::OK);

    for origin in ["http://localhost:3001", "https://localhost:3000", "http://localhost", "null"] {
        assert_refused(&preflight(&endpoint, origin));
        assert_refused(&list(&[("origin", origin)]));
    }
    // The page of a name that leads here is foreign all the same.
    assert_refused(&list(&[("host", "db.internal"), ("origin", "http://db.internal")]));
    runtime().block_on(server.stop());
}

#[test]
fn the_flags_reach_the_stack_in_the_background_and_that_of_exec() {
    let world = World::new();
    // A browser writes no port that is the scheme's own.
    let flags = ["--allow-origin=https://App.example.com:443", "--allow-host=host.docker.internal"];
    world.up(&flags).succeeds();
    let origin = "https://app.example.com";
    assert_eq!(preflight(&world.endpoint(), origin).header("access-control-allow-origin"), origin);
    let host = ("host", "host.docker.internal:8000");
    assert!(delete_table(&world.endpoint(), &[host]).body.contains("ResourceNotFoundException"));
    assert_refused(&preflight(&world.endpoint(), PAGE));

    // It runs, but not as asked for.
    world.up(&flags).succeeds().says("already running");
    world
        .up(&["--allow-origin", PAGE])
        .exits_with(1)
        .says(&format!("does not allow {PAGE}"))
        .says("cruddur local down");
    assert_refused(&preflight(&world.endpoint(), PAGE));

    let script = "echo $AWS_ENDPOINT_URL; read go";
    let mut exec = world.command(["local", "exec", "--allow-origin", PAGE, "--", "sh", "-c", script]);
    let mut exec = crate::support::Spawned::piped(&mut exec);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(exec.child.stdout.take().unwrap()), &mut line)
        .unwrap();
    assert_eq!(preflight(line.trim(), PAGE).header("access-control-allow-origin"), PAGE);
    assert_refused(&preflight(line.trim(), origin));
    drop(exec.child.stdin.take());
    exec.code();
}

#[test]
fn what_is_no_origin_and_no_host_is_a_usage_error() {
    let world = World::new();
    for flag in [
        "--allow-origin=*",
        "--allow-origin=null",
        "--allow-origin=localhost:3000",
        "--allow-origin=http://localhost:3000/app",
        "--allow-origin=http://*.example.com",
        "--allow-host=*",
        "--allow-host=db:8000",
        "--allow-host=http://db",
        "--allow-host=",
    ] {
        Run::of(&mut world.on_ports("up", &[flag])).exits_with(2).says(flag.split_once('=').unwrap().0);
    }
    assert!(!world.data().exists());
}
