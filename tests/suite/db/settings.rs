//! The `PG*` variables and the password file, where the URL leaves something out.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{PASSWORD, Recorder, Run, Sandbox, USER, silent_port, stack};

/// `db seed` of a file that leaves in the database who was there.
fn probe(sandbox: &Sandbox) -> Command {
    sandbox.write(
        "probe.sql",
        "CREATE TABLE IF NOT EXISTS seen (name text, work_mem text);\n\
         INSERT INTO seen SELECT current_setting('application_name'), current_setting('work_mem');",
    );
    let mut command = sandbox.command(["db", "seed", "probe.sql"]);
    command.env_remove("CONNECTION_URL");
    command
}

/// All that it takes, by variables.
fn with_all(command: &mut Command, sandbox: &Sandbox) {
    command
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", stack().port().to_string())
        .env("PGUSER", USER)
        .env("PGPASSWORD", PASSWORD)
        .env("PGDATABASE", sandbox.database());
}

fn password_file(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.write(name, text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn variables_fill_in_what_the_url_leaves_out_and_no_more() {
    let sandbox = Sandbox::with_database();
    let (port, name) = (stack().port(), sandbox.database().to_owned());
    for url in [
        None,
        Some("postgresql://".to_owned()),
        Some("postgresql:///".to_owned()),
        Some(format!("postgresql://127.0.0.1/{name}")),
        Some(format!("postgresql://{USER}@127.0.0.1:{port}")),
        Some(format!("user={USER}")),
        Some("host='' port='' password=''".to_owned()),
    ] {
        let mut command = probe(&sandbox);
        with_all(&mut command, &sandbox);
        command.envs(url.as_ref().map(|url| ("CONNECTION_URL", url)));
        Run::of(&mut command).succeeds().says(&format!("LOCAL PostgreSQL at 127.0.0.1:{port}/{name}\n"));
    }
    assert_eq!(sandbox.sql("SELECT count(*), min(name) FROM seen"), [["7", "cruddur"]]);
    // What the URL says holds.
    let mut command = probe(&sandbox);
    command.env("CONNECTION_URL", sandbox.connection_url());
    for (variable, wrong) in [
        ("PGHOST", "203.0.113.1"),
        ("PGHOSTADDR", "203.0.113.1"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "wrong"),
        ("PGDATABASE", "nowhere"),
    ] {
        command.env(variable, wrong);
    }
    Run::of(&mut command).succeeds();
}

#[test]
fn the_env_file_counts_like_the_environment() {
    let sandbox = Sandbox::with_database();
    sandbox.write(
        ".env",
        format!("PGPORT={}\nPGUSER={USER}\nPGPASSWORD='{PASSWORD}'\nPGDATABASE=nowhere\n", stack().port()),
    );
    Run::of(probe(&sandbox).env("PGDATABASE", sandbox.database())).succeeds();
    assert_eq!(sandbox.sql("SELECT count(*) FROM seen"), [["1"]]);
    sandbox.write(".env", "PGPORT=many\n");
    Run::of(&mut probe(&sandbox)).exits_with(4).says("PGPORT (from ").says("/.env:1) is not a valid port");
}

#[test]
fn how_the_session_is_to_be_is_read_too() {
    let sandbox = Sandbox::with_database();
    let mut command = probe(&sandbox);
    with_all(&mut command, &sandbox);
    command.env("PGAPPNAME", "the tests").env("PGOPTIONS", "-c work_mem=7MB").env("PGCONNECT_TIMEOUT", "5");
    command.env("PGSSLMODE", "disable").env("PGTARGETSESSIONATTRS", "read-write");
    // And what makes no difference here is none.
    command.env("PGGSSENCMODE", "disable").env("PGSSLMINPROTOCOLVERSION", "TLSv1.2");
    Run::of(&mut command).succeeds();
    assert_eq!(sandbox.sql("SELECT * FROM seen"), [["the tests", "7MB"]]);
    let url = format!(
        "{}?application_name=by%20URL&options=-c%20work_mem%3D8MB&gssencmode=disable&keepalives_count=3",
        sandbox.connection_url()
    );
    Run::of(command.env("CONNECTION_URL", url)).succeeds();
    assert_eq!(sandbox.sql("SELECT * FROM seen ORDER BY 1"), [["by URL", "8MB"], ["the tests", "7MB"]]);
}

#[test]
fn a_bad_value_is_named_by_its_variable() {
    let sandbox = Sandbox::new();
    for (variable, value, says) in [
        ("PGPORT", "many", "PGPORT is not a valid port"),
        ("PGPORT", "70000", "PGPORT is not a valid port"),
        ("PGCONNECT_TIMEOUT", "soon", "PGCONNECT_TIMEOUT is not a valid connect_timeout"),
        ("PGHOSTADDR", "localhost", "PGHOSTADDR is not a valid hostaddr"),
        ("PGTARGETSESSIONATTRS", "any old", "PGTARGETSESSIONATTRS is not a valid target_session_attrs"),
        ("PGCHANNELBINDING", "yes", "PGCHANNELBINDING is not a valid channel_binding"),
    ] {
        Run::of(probe(&sandbox).env(variable, value)).exits_with(4).says(says);
    }
}

#[test]
fn what_cruddur_does_not_do_is_refused_and_not_passed_over() {
    let sandbox = Sandbox::with_database();
    for (variable, keyword, value, why) in [
        ("PGSERVICE", "service", "mine", "cruddur reads no service files"),
        ("PGSSLCERT", "sslcert", "me.crt", "cruddur sends no client certificates"),
        ("PGSSLKEY", "sslkey", "me.key", "cruddur sends no client certificates"),
        ("PGSSLCRL", "sslcrl", "old.crl", "cruddur reads no revocation lists"),
        ("PGREQUIREPEER", "requirepeer", "postgres", "does not check the account"),
        ("PGREQUIREAUTH", "require_auth", "scram-sha-256", "does not restrict authentication methods"),
        ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version", "TLSv1.3", "uses TLS 1.2 or 1.3"),
    ] {
        Run::of(probe(&sandbox).env("CONNECTION_URL", sandbox.connection_url()).env(variable, value))
            .exits_with(4)
            .says(&format!("{variable} is set, but "))
            .says(why);
        let url = format!("{}?{keyword}={value}", sandbox.connection_url());
        Run::of(probe(&sandbox).env("CONNECTION_URL", url))
            .exits_with(4)
            .says(&format!("CONNECTION_URL sets {keyword}, but "))
            .says(why);
    }
    let url = format!("{}?gssencmode=require", sandbox.connection_url());
    Run::of(probe(&sandbox).env("CONNECTION_URL", url)).exits_with(4).says("its gssencmode is not valid");
}

#[test]
fn a_variable_alone_leads_no_local_command_to_another_machine() {
    let sandbox = Sandbox::new();
    for (variable, value) in
        [("PGHOST", "db.example.com"), ("PGHOST", "localhost,db.example.com"), ("PGHOSTADDR", "203.0.113.1")]
    {
        for command in ["setup", "drop", "create"] {
            Run::of(sandbox.command(["db", command]).env_remove("CONNECTION_URL").env(variable, value))
                .exits_with(4)
                .says(&format!("{variable} points to {value}, but without CONNECTION_URL"))
                .says("set CONNECTION_URL to postgresql://");
        }
    }
}

#[test]
fn nothing_but_its_url_says_where_production_is() {
    let (sandbox, elsewhere) = (Sandbox::with_database(), Recorder::start());
    let port = elsewhere.port().to_string();
    let on_prod = |url: &str, variables: &[(&str, &str)]| {
        let mut command = probe(&sandbox);
        command.arg("--prod").env("PROD_CONNECTION_URL", url).envs(variables.iter().copied());
        Run::of(&mut command)
    };
    // What the URL leaves out is missing, whatever the environment has.
    let leftovers =
        [("PGHOST", "127.0.0.1"), ("PGHOSTADDR", "127.0.0.1"), ("PGPORT", &port), ("PGDATABASE", "nowhere")];
    let run = on_prod(&format!("postgresql://{USER}:x@/cruddur"), &leftovers);
    run.exits_with(4).says("it names no host").says(
        "Warning: ignored with --prod: PGHOST, PGHOSTADDR, PGPORT; only PROD_CONNECTION_URL says where",
    );
    on_prod(&format!("postgresql://{USER}:x@127.0.0.1:1"), &leftovers)
        .exits_with(4)
        .says("it names no database")
        .says("ignored with --prod: PGHOSTADDR, PGDATABASE; ");
    on_prod("postgresql://nina:x@127.0.0.1/cruddur?sslmode=disable", &[("PGPORT", &port)])
        .says("at 127.0.0.1:5432/");
    let run = on_prod(&sandbox.production_url(), &leftovers).succeeds();
    run.says("ignored with --prod: PGHOSTADDR; ");
    // Who asks may come from anywhere.
    let url = format!("postgresql://127.0.0.1:{}/{}?sslmode=disable", stack().port(), sandbox.database());
    let run = on_prod(&url, &[("PGUSER", USER), ("PGPASSWORD", PASSWORD)]).succeeds();
    assert!(!run.stderr.contains("PG"), "{}", run.stderr);
    on_prod("", &[("PGHOST", "127.0.0.1")]).exits_with(4).says("PROD_CONNECTION_URL is not set");
    assert_eq!(sandbox.sql("SELECT count(*) FROM seen"), [["2"]]);
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn the_password_file_has_what_nothing_else_has() {
    let sandbox = Sandbox::with_database();
    let (port, name) = (stack().port(), sandbox.database());
    let password = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    let url = format!("postgresql://{USER}@127.0.0.1:{port}/{name}");
    let on = |url: &str, file: Option<&PathBuf>| {
        let mut command = probe(&sandbox);
        Run::of(command.env("CONNECTION_URL", url).envs(file.map(|file| ("PGPASSFILE", file))))
    };
    let line = |text: &str| password_file(&sandbox, "passwords", &format!("{text}\n"));
    for good in [
        format!("127.0.0.1:{port}:{name}:{USER}:{password}"),
        format!("*:*:*:*:{PASSWORD}"),
        format!(
            "# all of them\n\nelsewhere:*:*:*:wrong\n*:1:*:*:wrong\n*:*:x:*:wrong\n*:*:*:x:wrong\n*:*:*:{USER}:{password}\n*:*:*:*:wrong"
        ),
        format!("127.0.0.1:\\{port}:*:*:{password}"),
    ] {
        on(&url, Some(&line(&good))).succeeds();
    }
    for none in ["", "#*:*:*:*:wrong", "*:*:*:wrong", "\\*:*:*:*:wrong", "127.0.0.1:*:*:*:"] {
        on(&url, Some(&line(none))).exits_with(4).says("asks for a password, but none is set");
    }
    let wrong = line("*:*:*:*:wrong");
    on(&url, Some(&wrong))
        .exits_with(4)
        .says(&format!("Hint: check the user and the password in CONNECTION_URL and {}\n", wrong.display()));
    // A password that is given goes before it, and a file that is named before the usual one.
    on(&sandbox.connection_url(), Some(&wrong)).succeeds();
    password_file(&sandbox, ".pgpass", &format!("*:*:*:*:{password}\n"));
    on(&url, None).succeeds();
    on(&url, Some(&wrong)).exits_with(4);
    on(&format!("{url}?passfile={}", wrong.display()), None).exits_with(4);
    on(&url, Some(&PathBuf::from("/dev/null"))).exits_with(4).says("none is set");
    on(&url, Some(&sandbox.path().join("missing"))).exits_with(4).says("none is set");
    std::fs::set_permissions(&wrong, std::fs::Permissions::from_mode(0o640)).unwrap();
    on(&url, Some(&wrong))
        .exits_with(4)
        .says(&format!("{} holds passwords, but others can read it", wrong.display()))
        .says(&format!("run: chmod 600 {}", wrong.display()));
}

#[test]
fn several_hosts_are_tried_in_turn_until_one_knows_us() {
    let sandbox = Sandbox::with_database();
    let (port, gone) = (stack().port(), silent_port());
    let name = sandbox.database();
    for url in [
        format!("postgresql://{USER}@127.0.0.1:{gone},127.0.0.1:{port}/{name}"),
        format!("postgresql://{USER}@127.0.0.1:{port},127.0.0.1:{gone}/{name}?load_balance_hosts=random"),
        format!(
            "host=localhost,localhost hostaddr=127.0.0.1,127.0.0.1 port={gone},{port} user={USER} dbname={name}"
        ),
    ] {
        Run::of(probe(&sandbox).env("CONNECTION_URL", url).env("PGPASSWORD", PASSWORD)).succeeds();
    }
    let other = Recorder::start();
    let url = format!("postgresql://{USER}:wrong@127.0.0.1:{port},127.0.0.1:{}/{name}", other.port());
    Run::of(probe(&sandbox).env("CONNECTION_URL", url)).exits_with(4);
    assert_eq!(other.connections(), 0, "who is refused by one is not sent to the next");
    for (lists, says) in [
        (format!("host=a,b port=1,2,3 user={USER} dbname={name}"), "its numbers of hosts and ports differ"),
        (
            format!("host=a hostaddr=127.0.0.1,127.0.0.2 user={USER} dbname={name}"),
            "its numbers of hosts and addresses differ",
        ),
        (format!("host=a,,b user={USER} dbname={name}"), "it names no host"),
    ] {
        Run::of(probe(&sandbox).env("CONNECTION_URL", lists)).exits_with(4).says(says);
    }
}
