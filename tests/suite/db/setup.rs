//! `db setup`

use super::{load, tables};
use crate::support::{Run, Sandbox, Session};

#[test]
fn setup_makes_a_seeded_database_out_of_nothing() {
    let sandbox = Sandbox::new();
    let run = sandbox.cruddur(["db", "setup"]).succeeds();
    for step in ["created the database", "of the built-in db/schema.sql", "of the built-in db/seed.sql"] {
        assert!(run.stderr.contains(step), "{}", run.stderr);
    }
    assert_eq!(
        sandbox.sql("SELECT handle, cognito_user_id FROM users ORDER BY 1 LIMIT 2"),
        [["nina", "MOCK"], ["oscar", "MOCK"]]
    );
}

#[test]
fn setup_replaces_what_was_there() {
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE old (); CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.old ();").succeeds();
    sandbox.cruddur(["db", "setup"]).succeeds().says("dropped the database");
    assert_eq!(tables(&sandbox), ["activities", "users"]);
    assert!(sandbox.sql("SELECT 1 FROM pg_namespace WHERE nspname = 'elsewhere'").is_empty());
}

#[test]
fn the_invented_people_keep_their_uuids_and_so_their_conversations() {
    let people = |sandbox: &Sandbox| sandbox.sql("SELECT handle, uuid FROM users ORDER BY handle");
    let sandbox = Sandbox::seeded();
    let before = people(&sandbox);
    // What DynamoDB holds of them lasts longer than this version.
    assert_eq!(
        before,
        [
            ["nina", "21d15e52-31e9-4d96-9895-eaa0e12f3f0e"],
            ["oscar", "20b3b6f7-c8bb-4623-a2c5-159b3940ae52"],
            ["petra", "264ac1ec-36e6-409c-8b84-f83878b9fa2d"]
        ]
    );
    sandbox.cruddur(["db", "setup"]).succeeds();
    assert_eq!(people(&sandbox), before);
    let run = sandbox.cruddur(["ddb", "patterns", "list-conversations"]).succeeds();
    assert!(run.stdout.contains("Oscar Lindqvist (oscar)"), "{}", run.stdout);
    sandbox.cruddur(["ddb", "check"]).succeeds();
    // Nobody comes twice, not even under another name.
    sandbox.sql("UPDATE users SET handle = 'oskar' WHERE handle = 'oscar'");
    sandbox.cruddur(["db", "seed"]).succeeds();
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);
}

#[test]
fn setup_takes_files_of_ones_own() {
    let sandbox = Sandbox::new();
    sandbox.write("my-schema.sql", "CREATE TABLE users (handle text)");
    sandbox.write("my-seed.sql", "INSERT INTO users VALUES ('quinn')");
    sandbox.cruddur(["db", "setup", "--schema", "my-schema.sql", "--seed", "my-seed.sql"]).succeeds();
    assert_eq!(sandbox.sql("SELECT * FROM users"), [["quinn"]]);
}

#[test]
fn setup_refuses_production_and_touches_nothing() {
    let (local, prod) = (Sandbox::new(), Sandbox::new());
    for sandbox in [&local, &prod] {
        sandbox.cruddur(["db", "create"]).succeeds();
        load(sandbox, "CREATE TABLE precious AS SELECT 1 AS one").succeeds();
    }
    for arguments in [["--prod", "db", "setup"], ["db", "--prod", "setup"], ["db", "setup", "--prod"]] {
        Run::of(local.command(arguments).env("PROD_CONNECTION_URL", prod.production_url()))
            .exits_with(3)
            .says("works only on local databases");
        local.cruddur(arguments).exits_with(3);
    }
    for sandbox in [&local, &prod] {
        assert_eq!(tables(sandbox), ["precious"]);
        assert_eq!(sandbox.sql("SELECT one FROM precious"), [["1"]]);
    }
}

#[test]
fn a_file_that_cannot_be_read_or_cut_leaves_the_old_database() {
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE old ()").succeeds();
    sandbox.write("good.sql", "CREATE TABLE new ()");
    sandbox.write("open.sql", "CREATE TABLE new ();\nINSERT INTO new VALUES ('never closed");
    sandbox.write("commit.sql", "CREATE TABLE new ();\nCOMMIT;");
    sandbox.write("binary.sql", b"SELECT 1;\nSELECT '\xff'");
    for (bad, place) in [
        ("missing.sql", "cannot read missing.sql"),
        ("open.sql", "open.sql:2:"),
        ("commit.sql", "commit.sql:2:"),
        ("binary.sql", "binary.sql:2:"),
    ] {
        sandbox.cruddur(["db", "setup", "--schema", bad]).exits_with(1).says(place);
        sandbox.cruddur(["db", "setup", "--schema", "good.sql", "--seed", bad]).exits_with(1).says(place);
        assert_eq!(tables(&sandbox), ["old"], "{bad}");
    }
}

#[test]
fn setup_of_a_database_in_use_leaves_it() {
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE old ()").succeeds();
    let session = Session::open(&sandbox.connection_url(), "app");
    sandbox
        .cruddur(["db", "setup"])
        .exits_with(1)
        .says("1 other session")
        .says("Hint: close the sessions, or end them with: cruddur db setup --force\n");
    assert!(session.is_alive());
    assert_eq!(tables(&sandbox), ["old"]);
    sandbox.cruddur(["db", "setup", "--force"]).succeeds().says("ended 1 other session:");
    assert!(!session.is_alive());
    assert_eq!(tables(&sandbox), ["activities", "users"]);
}
