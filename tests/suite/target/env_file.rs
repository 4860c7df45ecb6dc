//! `.env`

use std::path::Path;
use std::process::Command;

use crate::support::{Recorder, Run, Sandbox};

/// `ddb list-tables` in `folder`, with nothing set but what a `.env` says.
fn list(sandbox: &Sandbox, folder: &Path, flags: &[&str]) -> Command {
    let mut command = sandbox.command(["ddb", "list-tables"]);
    command.args(flags).current_dir(folder).env_remove("AWS_ENDPOINT_URL_DYNAMODB");
    command
}

/// Which access key id signs, when the `.env` is `text`.
#[track_caller]
fn signer(sandbox: &Sandbox, text: impl AsRef<[u8]>) -> String {
    let server = Recorder::start();
    sandbox.write(".env", text);
    Run::of(&mut list(sandbox, sandbox.path(), &["--endpoint-url", &server.url()])).succeeds();
    signed(&server)
}

#[track_caller]
fn signed(server: &Recorder) -> String {
    let authorization = server.header("authorization").unwrap();
    authorization.split_once("Credential=").unwrap().1.split_once('/').unwrap().0.to_owned()
}

#[test]
fn the_nearest_file_upward_counts_and_a_folder_of_that_name_does_not() {
    let sandbox = Sandbox::new();
    let deep = sandbox.path().join("a/b/c");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::create_dir(deep.join(".env")).unwrap();
    let use_file = |folder: &Path| {
        let server = Recorder::start();
        std::fs::write(folder.join(".env"), format!("AWS_ENDPOINT_URL={}", server.url())).unwrap();
        server
    };
    let far = use_file(sandbox.path());
    Run::of(&mut list(&sandbox, &deep, &[])).succeeds();
    assert_eq!(far.connections(), 1);
    let near = use_file(&sandbox.path().join("a"));
    Run::of(&mut list(&sandbox, &deep, &[])).succeeds();
    assert_eq!((far.connections(), near.connections()), (1, 1));
    Run::of(&mut list(&sandbox, sandbox.path(), &[])).succeeds();
    assert_eq!((far.connections(), near.connections()), (2, 1));
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let sandbox = Sandbox::new();
    let [flag, environment, file] = [Recorder::start(), Recorder::start(), Recorder::start()];
    let count = || [flag.connections(), environment.connections(), file.connections()];
    sandbox.write(".env", format!("AWS_ENDPOINT_URL_DYNAMODB={}", file.url()));
    Run::of(&mut list(&sandbox, sandbox.path(), &[])).succeeds();
    assert_eq!(count(), [0, 0, 1]);
    Run::of(list(&sandbox, sandbox.path(), &[]).env("AWS_ENDPOINT_URL_DYNAMODB", environment.url()))
        .succeeds();
    assert_eq!(count(), [0, 1, 1]);
    Run::of(
        list(&sandbox, sandbox.path(), &["--endpoint-url", &flag.url()])
            .env("AWS_ENDPOINT_URL_DYNAMODB", environment.url()),
    )
    .succeeds();
    assert_eq!(count(), [1, 1, 1]);
}

#[test]
fn the_file_supplies_the_connection_urls() {
    let (local, prod) = (Sandbox::new(), Sandbox::new());
    local.write(
        ".env",
        format!("CONNECTION_URL={}\nPROD_CONNECTION_URL={}\n", local.connection_url(), prod.production_url()),
    );
    Run::of(local.command(["db", "create"]).env_remove("CONNECTION_URL")).succeeds();
    assert!(local.database_exists() && !prod.database_exists());
    Run::of(local.command(["db", "create", "--prod"]).env_remove("CONNECTION_URL")).succeeds();
    assert!(prod.database_exists());
}

#[test]
fn a_file_may_be_named_or_all_be_refused() {
    let sandbox = Sandbox::new();
    let [nearest, named] = [Recorder::start(), Recorder::start()];
    sandbox.write(".env", format!("AWS_ENDPOINT_URL={}", nearest.url()));
    sandbox.write("other.env", format!("AWS_ENDPOINT_URL={}", named.url()));
    Run::of(&mut list(&sandbox, sandbox.path(), &["--env-file", "other.env"])).succeeds();
    assert_eq!((nearest.connections(), named.connections()), (0, 1));
    let nowhere = format!("no-such-{}", sandbox.database());
    Run::of(
        sandbox.command(["ddb", "drop", &nowhere, "--no-env-file"]).env_remove("AWS_ENDPOINT_URL_DYNAMODB"),
    )
    .exits_with(1)
    .says("http://localhost:8000");
    assert_eq!((nearest.connections(), named.connections()), (0, 1));
    Run::of(&mut list(&sandbox, sandbox.path(), &["--no-env-file", "--env-file", "other.env"])).exits_with(2);
}

#[test]
fn a_named_file_that_cannot_be_read_is_an_error() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path().join("folder")).unwrap();
    sandbox.write("binary.env", b"A=\xff\n");
    for file in ["missing.env", "folder", "binary.env"] {
        Run::of(&mut list(&sandbox, sandbox.path(), &["--env-file", file]))
            .exits_with(4)
            .says(&format!("Error: cannot read {file}"));
    }
}

#[test]
fn a_bad_line_is_named_and_never_shown() {
    let sandbox = Sandbox::new();
    let path = sandbox.path().join(".env").canonicalize().unwrap();
    for (text, line) in [
        ("hunter2\n", 1),
        ("A=1\n\n# fine\nPASSWORD hunter2\nB=2\n", 4),
        ("A=1\nPASSWORD='hunter2\nB=2\n", 2),
        ("A=1\nPASSWORD=\"hunter2\nB=2\n", 2),
        ("A=1\r\nPASSWORD=hunter2 and more\r\nB=2\r\n", 2),
        ("\u{feff}A=1\nB=\"one\ntwo\"\nhunter2 is it\n", 4),
        ("A=1\n=hunter2\n", 2),
        ("A=1\nhunter2 is it # why\nhunter2 is it\n", 2),
        ("A='1\n\n2'\n\nhunter2", 5),
        ("A=1\nB=2\nPASSWORD=hunter2\0\nC=3\n", 3),
    ] {
        sandbox.write(".env", text);
        let run = sandbox
            .cruddur(["ddb", "list-tables"])
            .exits_with(4)
            .says(&format!("{}:{line}: not a NAME=value line", path.display()));
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        assert_eq!(run.stdout, "");
        sandbox.cruddur(["ddb", "list-tables", "--no-env-file"]).succeeds();
    }
}

#[test]
fn quotes_comments_line_endings_and_a_byte_order_mark_are_read() {
    let sandbox = Sandbox::new();
    for (text, expected) in [
        ("AWS_ACCESS_KEY_ID=PLAIN", "PLAIN"),
        ("AWS_ACCESS_KEY_ID=PLAIN\r\nAWS_SECRET_ACCESS_KEY=x\r\n", "PLAIN"),
        ("\u{feff}AWS_ACCESS_KEY_ID=MARKED\n", "MARKED"),
        ("# AWS_ACCESS_KEY_ID=OFF\n\n  # more\nAWS_ACCESS_KEY_ID=ON # a comment\n", "ON"),
        ("export AWS_ACCESS_KEY_ID=EXPORTED\n", "EXPORTED"),
        ("AWS_ACCESS_KEY_ID='A $B #c \"d\"'\n", "A $B #c \"d\""),
        ("AWS_ACCESS_KEY_ID=\"A #b 'c' \\\"d\\\"\"\n", "A #b 'c' \"d\""),
        ("AWS_ACCESS_KEY_ID='ONE'\nAWS_ACCESS_KEY_ID='TWO'\n", "ONE"),
        ("AWS_ACCESS_KEY_ID=\n", "local"),
    ] {
        assert_eq!(signer(&sandbox, text), expected, "{text:?}");
    }
}
