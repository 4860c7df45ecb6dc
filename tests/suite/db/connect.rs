//! `cruddur db connect`

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Certificate, PASSWORD, Run, Sandbox, Spawned, USER, stack, tls_server};

/// A psql that writes down how it was called, and ends with code 7.
fn recording_psql(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.path().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let script = "#!/bin/sh\n\
                  if [ \"$1\" = --version ]; then echo \"psql (PostgreSQL) ${FAKE_VERSION:-15.18}\"; exit; fi\n\
                  cd \"$(dirname \"$0\")\" && echo $$ > pid && printf '%s\\n' \"$@\" > argv && env -0 > environ\n\
                  exit 7\n";
    let psql = folder.join("psql");
    std::fs::write(&psql, script).unwrap();
    std::fs::set_permissions(&psql, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// `db connect` with the recording psql, whose folder goes first on the `PATH`.
fn connect(sandbox: &Sandbox) -> Command {
    let mut path = OsString::from(recording_psql(sandbox));
    path.push(":/usr/bin:/bin");
    let mut command = sandbox.command(["db", "connect"]);
    command.env("PATH", path).env_remove("CRUDDUR_POSTGRES_BINDIR");
    command
}

/// What the recording psql has written down: its arguments and its `PG*` variables.
fn recorded(sandbox: &Sandbox) -> (Vec<String>, BTreeMap<String, String>) {
    let read = |name: &str| std::fs::read_to_string(sandbox.path().join("bin").join(name)).unwrap();
    let arguments = read("argv").lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    let variables = read("environ")
        .split('\0')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.starts_with("PG"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    (arguments, variables)
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn psql_is_told_by_its_environment_and_its_code_is_ours() {
    let sandbox = Sandbox::new();
    let run = Run::of(connect(&sandbox).args(["--", "-c", "SELECT 1", "--no-psqlrc"])).exits_with(7);
    let port = stack().port().to_string();
    assert_eq!(run.stderr, format!("LOCAL PostgreSQL at 127.0.0.1:{port}/{}\n", sandbox.database()));
    let (arguments, environment) = recorded(&sandbox);
    assert_eq!(arguments, ["-c", "SELECT 1", "--no-psqlrc"]);
    let expected = variables(&[
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGUSER", USER),
        ("PGPASSWORD", PASSWORD),
        ("PGDATABASE", sandbox.database()),
        ("PGSSLMODE", "prefer"),
        ("PGCONNECT_TIMEOUT", "10"),
    ]);
    assert_eq!(environment, expected);
}

#[test]
fn psql_takes_the_place_of_the_process() {
    let sandbox = Sandbox::new();
    let mut command = connect(&sandbox);
    let mut psql = Spawned::new(&mut command);
    let pid = psql.id();
    assert_eq!(psql.code(), 7);
    assert_eq!(std::fs::read_to_string(sandbox.path().join("bin/pid")).unwrap().trim(), pid.to_string());
}

#[test]
fn what_is_resolved_holds_and_leftovers_do_not() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("passwords", "db.example.com:5433:shop:nina:from the file\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let ca = sandbox.write("ca.crt", "");
    let url = format!(
        "postgresql://nina@db.example.com:5433/shop?sslmode=verify-ca&sslrootcert={}&connect_timeout=3",
        ca.display()
    );
    let mut command = connect(&sandbox);
    command.env("CONNECTION_URL", url).env("PGPASSFILE", file).env("PGAPPNAME", "me");
    for leftover in ["PGHOSTADDR", "PGDATABASE", "PGUSER"] {
        command.env(leftover, "203.0.113.1");
    }
    Run::of(&mut command).exits_with(7);
    let expected = variables(&[
        ("PGHOST", "db.example.com"),
        ("PGPORT", "5433"),
        ("PGUSER", "nina"),
        ("PGPASSWORD", "from the file"),
        ("PGDATABASE", "shop"),
        ("PGSSLMODE", "verify-ca"),
        ("PGSSLROOTCERT", ca.to_str().unwrap()),
        ("PGCONNECT_TIMEOUT", "3"),
        ("PGAPPNAME", "me"),
    ]);
    assert_eq!(recorded(&sandbox), (vec![], expected));
    // Without a password, psql asks for it.
    Run::of(connect(&sandbox).env("CONNECTION_URL", "postgresql://nina@localhost/shop")).exits_with(7);
    assert!(!recorded(&sandbox).1.contains_key("PGPASSWORD"));
}

#[test]
fn production_is_verified_as_cruddur_does_it_by_each_version_of_psql() {
    let sandbox = Sandbox::new();
    let bundle = sandbox.write("bundle.crt", "");
    let bundle = bundle.to_str().unwrap();
    for (version, parameters, mode, roots) in [
        ("15.18 (Debian 15.18-0+deb12u1)", "", "verify-full", Some(bundle)),
        ("9.6.24", "", "verify-full", Some(bundle)),
        ("16.4", "", "verify-full", Some("system")),
        ("17beta1", "", "verify-full", Some("system")),
        ("17.2", "?sslmode=verify-ca", "verify-ca", Some(bundle)),
        ("17.2", "?sslmode=require", "require", None),
        ("17.2", "?sslmode=disable", "disable", None),
    ] {
        let url = format!("postgresql://nina:x@db.example.com/shop{parameters}");
        Run::of(
            connect(&sandbox)
                .arg("--prod")
                .env("PROD_CONNECTION_URL", url)
                .env("FAKE_VERSION", version)
                .env("SSL_CERT_FILE", bundle),
        )
        .exits_with(7)
        .says("*** PROD *** PostgreSQL at db.example.com:5432/shop\n");
        let (_, environment) = recorded(&sandbox);
        assert_eq!(environment["PGSSLMODE"], mode);
        assert_eq!(environment.get("PGSSLROOTCERT").map(String::as_str), roots, "{version} {parameters}");
    }
}

#[test]
fn a_folder_with_a_server_alone_leaves_psql_to_the_path() {
    let sandbox = Sandbox::new();
    let server = sandbox.path().join("server");
    std::fs::create_dir(&server).unwrap();
    let connect = || Run::of(connect(&sandbox).env("CRUDDUR_POSTGRES_BINDIR", &server));
    connect().exits_with(7);
    std::fs::write(server.join("psql"), "#!/bin/sh\nexit 8\n").unwrap();
    std::fs::set_permissions(server.join("psql"), std::fs::Permissions::from_mode(0o755)).unwrap();
    connect().exits_with(8);
}

#[test]
fn without_psql_the_command_that_installs_it_is_told() {
    let sandbox = Sandbox::new();
    let empty = sandbox.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    Run::of(sandbox.command(["db", "connect"]).env("PATH", &empty).env("CRUDDUR_POSTGRES_BINDIR", &empty))
        .exits_with(4)
        .says("Error: psql is not on this machine\nHint: to install it run: ")
        .says(" install ");
    // A file that cannot be run is none.
    std::fs::write(empty.join("psql"), "").unwrap();
    Run::of(sandbox.command(["db", "connect"]).env("PATH", &empty).env("CRUDDUR_POSTGRES_BINDIR", &empty))
        .exits_with(4)
        .says("psql is not on this machine");
}

#[test]
fn the_real_psql_works_on_the_resolved_database() {
    let sandbox = Sandbox::with_database();
    let run = sandbox
        .cruddur(["db", "connect", "--", "-XAtc", "SELECT current_database(), current_user"])
        .succeeds();
    assert_eq!(run.stdout, format!("{}|{USER}\n", sandbox.database()));
    let prod = Run::of(
        sandbox
            .command(["db", "connect", "--prod", "--", "-XAtc", "SELECT current_database()"])
            .env("PROD_CONNECTION_URL", sandbox.production_url()),
    )
    .succeeds();
    assert_eq!(prod.stdout, format!("{}\n", sandbox.database()));
    // psql's own code for a script that fails, and what it reads from stdin.
    let mut psql = sandbox.command(["db", "connect", "--", "-X", "-v", "ON_ERROR_STOP=1"]);
    Run::with_input(&mut psql, "CREATE TABLE made (n int);\nSELECT nonsense;\n").exits_with(3);
    assert_eq!(sandbox.sql("SELECT count(*) FROM made"), [["0"]]);
}

#[test]
fn the_real_psql_verifies_what_cruddur_would() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::OtherNames);
    let root = format!("sslrootcert={}", server.ca().display());
    let psql = |host: &str| {
        Run::of(
            sandbox
                .command(["db", "connect", "--prod", "--"])
                .args(["-XAtc", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"])
                .env("PROD_CONNECTION_URL", server.url(host, &format!("hostaddr=127.0.0.1&{root}"))),
        )
    };
    assert_eq!(psql("other.example.com").succeeds().stdout, "t\n");
    let run = psql("db.example.com").exits_with(2);
    assert_eq!(run.stdout, "");
    // The system's CAs, which this version of psql may know by a file alone.
    let server_ca = server.ca();
    let run = Run::of(
        sandbox
            .command(["db", "connect", "--prod", "--", "-XAtc", "SELECT 1"])
            .env("PROD_CONNECTION_URL", server.url("other.example.com", "hostaddr=127.0.0.1"))
            .env("SSL_CERT_FILE", server_ca),
    );
    assert_eq!(run.succeeds().stdout, "1\n");
}
