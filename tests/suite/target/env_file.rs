//! `.env`

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Recorder, Run, Sandbox, in_others_hands};

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

#[test]
fn a_file_that_others_control_is_read_only_when_it_is_named() {
    let sandbox = Sandbox::new();
    let server = Recorder::start();
    let folder = sandbox.path().join("project");
    let below = folder.join("src/deep");
    fs::create_dir_all(&below).unwrap();
    let file = folder.join(".env");
    fs::write(&file, format!("AWS_ENDPOINT_URL={}\n", server.url())).unwrap();
    let shown = file.canonicalize().unwrap().display().to_string();
    let refused = |why: &str| {
        let refused = Run::of(&mut list(&sandbox, &below, &[])).exits_with(3);
        refused.says(&format!("{shown} is not read: {why}")).says("--env-file").says("--no-env-file");
        assert_eq!(server.connections(), 0);
    };
    in_others_hands(&folder, &file, refused);
    Run::of(&mut list(&sandbox, &below, &["--env-file", &shown])).succeeds();
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_folder_of_cruddurs_own_is_no_matter_for_the_file() {
    let sandbox = Sandbox::new();
    let psql = sandbox.path().join("psql");
    fs::write(&psql, "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n").unwrap();
    fs::set_permissions(&psql, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["CRUDDUR_POSTGRES_BINDIR", "CRUDDUR_DATA_DIR", "CRUDDUR_STATE_DIR"] {
        sandbox.write(".env", format!("TZ=UTC\n{name}={}\n", sandbox.path().display()));
        for flags in [&[][..], &["--env-file", ".env"]] {
            let mut connect = sandbox.command(["db", "connect"]);
            connect.args(flags).env_remove("CRUDDUR_POSTGRES_BINDIR").env_remove("CRUDDUR_STATE_DIR");
            Run::of(&mut connect).exits_with(4).says(&format!(".env:2: {name} names a folder"));
        }
    }
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn what_programs_go_by_stays_out_of_them() {
    let sandbox = Sandbox::new();
    let told = "PATH HOME TMPDIR LD_PRELOAD LD_LIBRARY_PATH PSQLRC PSQL_PAGER BASH_ENV XDG_CONFIG_HOME \
                AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_CA_BUNDLE SSL_CERT_FILE";
    let names: Vec<&str> = told.split(' ').filter(|name| !name.is_empty()).collect();
    let lines: Vec<String> = names.iter().map(|name| format!("{name}=/from/the/file\n")).collect();
    let lines = lines.concat();
    sandbox.write(".env", format!("{lines}AWS_PROFILE='a \"b\" $c\\d'\nTZ=Asia/Kathmandu\n"));
    let mut exec = sandbox.command(["local", "exec", "--", "env", "-u", "CONNECTION_URL"]);
    for name in names.iter().filter(|name| !["PATH", "HOME", "TMPDIR"].contains(name)) {
        exec.env_remove(name);
    }
    let run = Run::of(exec.env_remove("AWS_PROFILE").env_remove("TZ")).succeeds();
    assert!(!run.stdout.contains("/from/the/file"), "{}", run.stdout);
    assert!(run.stdout.contains("AWS_PROFILE=a \"b\" $c\\d\n"), "{}", run.stdout);
    assert!(run.stdout.contains("TZ=Asia/Kathmandu\n"), "{}", run.stdout);

    let mut show = sandbox.command(["config", "show", "-o", "ndjson"]);
    let rows = Run::of(show.env_remove("AWS_CONFIG_FILE")).succeeds().ndjson();
    let row = rows.iter().find(|row| row["name"] == "AWS_CONFIG_FILE").unwrap();
    assert_eq!(row["value"], Value::Null);
    assert!(row["ignored"][0]["source"].as_str().unwrap().contains("/.env:"), "{row}");
}
