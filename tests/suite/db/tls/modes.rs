//! `sslmode`

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use super::{is_encrypted, probe, refused};
use crate::support::{
    Certificate, PLAIN_ONLY, Run, Sandbox, TLS_ONLY, USER, error_response, read_request, tls_server,
};

#[test]
fn each_mode_encrypts_as_libpq_does() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    let ca = server.ca().display().to_string();
    for (parameters, encrypted) in [
        (String::new(), true),
        ("sslmode=disable".to_owned(), false),
        ("sslmode=allow".to_owned(), false),
        ("sslmode=prefer".to_owned(), true),
        ("sslmode=require".to_owned(), true),
        ("ssl=true".to_owned(), true),
        (format!("sslmode=require&sslrootcert={ca}"), true),
        (format!("sslmode=verify-ca&sslrootcert={ca}"), true),
        (format!("sslmode=verify-full&sslrootcert={ca}"), true),
        (format!("sslrootcert={}&sslmode=verify%2Dfull", ca.replace('/', "%2F")), true),
        // Given twice, the last counts.
        ("sslmode=require&sslmode=disable".to_owned(), false),
    ] {
        let url = server.url("localhost", &parameters);
        let seen = is_encrypted(&server, probe(&sandbox).env("CONNECTION_URL", url));
        assert_eq!(seen, encrypted, "{parameters}");
    }
}

#[test]
fn libpqs_words_take_the_same() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    let spaced = sandbox.path().join("the 'CA' file.crt");
    std::fs::copy(server.ca(), &spaced).unwrap();
    let file = spaced.display().to_string().replace('\'', "\\'");
    let words = |host: &str| {
        format!(
            "host={host} hostaddr=127.0.0.1 port={} user={USER} password='s3cr@t/p%ss:w?rd#' dbname=postgres \
             sslmode = verify-full sslrootcert='{file}'",
            server.port()
        )
    };
    assert!(is_encrypted(&server, probe(&sandbox).env("CONNECTION_URL", words("db.example.com"))));
    refused(&server, probe(&sandbox).env("CONNECTION_URL", words("db2.example.com")))
        .says("not for db2.example.com");
}

#[test]
fn a_server_without_tls_is_no_server_for_who_asks_for_it() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "create"]).succeeds();
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("{}?sslmode={mode}", sandbox.connection_url());
        Run::of(probe(&sandbox).env("CONNECTION_URL", url))
            .exits_with(4)
            .says(&format!("offers no TLS, but sslmode={mode} requires it"))
            .says(
                "Hint: add sslmode=disable to CONNECTION_URL, but only where the network itself is trusted",
            );
    }
    for mode in ["disable", "allow", "prefer"] {
        let url = format!("{}?sslmode={mode}", sandbox.connection_url());
        Run::of(probe(&sandbox).env("CONNECTION_URL", url)).succeeds();
    }
    assert_eq!(sandbox.sql("SELECT * FROM seen"), [["f"], ["f"], ["f"]]);
}

#[test]
fn a_server_that_lets_in_with_tls_only_or_without_only_decides_where_the_mode_leaves_it_open() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    let with = |role: &str, mode: &str| {
        let mut command = probe(&sandbox);
        command.env("CONNECTION_URL", server.url_of(role, "localhost", &format!("sslmode={mode}")));
        command
    };
    for (role, mode, encrypted) in [
        (TLS_ONLY, "allow", true),
        (TLS_ONLY, "prefer", true),
        (TLS_ONLY, "require", true),
        (PLAIN_ONLY, "prefer", false),
        (PLAIN_ONLY, "allow", false),
        (PLAIN_ONLY, "disable", false),
    ] {
        assert_eq!(is_encrypted(&server, &mut with(role, mode)), encrypted, "{role} {mode}");
    }
    refused(&server, &mut with(TLS_ONLY, "disable"))
        .says("refuses the role \"tls_only\"")
        .says("Hint: if the server requires TLS, add sslmode=verify-full to CONNECTION_URL");
    let run = refused(&server, &mut with(PLAIN_ONLY, "require")).says("refuses the role \"plain_only\"");
    assert!(!run.stderr.contains("requires TLS"), "{}", run.stderr);
}

#[test]
fn the_password_is_bound_to_the_encrypted_channel() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    let with = |parameters: &str| {
        let mut command = probe(&sandbox);
        command.env("CONNECTION_URL", server.url("localhost", parameters));
        command
    };
    assert!(is_encrypted(&server, &mut with("sslmode=require&channel_binding=require")));
    // Without a channel there is nothing to bind to.
    Run::of(&mut with("sslmode=disable&channel_binding=require"))
        .exits_with(1)
        .says("cannot sign in to PostgreSQL at localhost:");
}

#[test]
fn a_mode_that_is_none_is_named_by_its_setting() {
    let sandbox = Sandbox::new();
    for mode in ["sometimes", "VERIFY-FULL", "verify_full", "%20require"] {
        let url = format!("{}?sslmode={mode}", sandbox.connection_url());
        Run::of(probe(&sandbox).env("CONNECTION_URL", url))
            .exits_with(4)
            .says("CONNECTION_URL is not a PostgreSQL connection URL: its sslmode is not valid");
        Run::of(probe(&sandbox).env("CONNECTION_URL", sandbox.connection_url()).env("PGSSLMODE", mode))
            .exits_with(4)
            .says("PGSSLMODE is not a valid sslmode");
    }
}

#[test]
fn over_a_socket_of_this_machine_there_is_no_tls_to_ask_for() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path().join("socket");
    std::fs::create_dir(&folder).unwrap();
    let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let first = read_request(&mut stream).unwrap();
        stream.write_all(&error_response("53300", "full up")).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        first
    });
    let url = format!("host={} user=nina password=x dbname=cruddur sslmode=verify-full", folder.display());
    Run::of(probe(&sandbox).env("CONNECTION_URL", url))
        .exits_with(1)
        .says("accepts no more connections: full up");
    assert_eq!(server.join().unwrap(), 196_608, "version 3.0 of the protocol, and no request for TLS");
}
