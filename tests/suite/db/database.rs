//! `db create` and `db drop`

use uuid::Uuid;

use super::{load, tables};
use crate::support::{
    Answer, MoodyPostgres, Page, Run, Sandbox, Session, Spawned, Stack, USER, eventually, sql, stack,
};

fn exists(name: &str) -> bool {
    let names = sql(&stack().url("postgres"), "SELECT datname FROM pg_database");
    names.into_iter().flatten().any(|found| found == name)
}

fn on(sandbox: &Sandbox, url: &str, arguments: &[&str]) -> Run {
    Run::of(sandbox.command(arguments).env("CONNECTION_URL", url))
}

#[test]
fn create_makes_the_database_and_says_where() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    assert!(!sandbox.database_exists());
    let run = page.add(sandbox.cruddur(["db", "create"]).succeeds());
    assert!(run.stderr.contains(&format!("created the database {:?}", sandbox.database())), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    assert!(sandbox.database_exists());
    page.matches("runs/db/database/create_makes_the_database_and_says_where");
}

#[test]
fn create_of_a_database_that_is_there_says_so_and_keeps_it() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    load(&sandbox, "CREATE TABLE kept (); ").succeeds();
    page.add(sandbox.cruddur(["db", "create"]).succeeds());
    assert_eq!(tables(&sandbox), ["kept"]);
    page.matches("runs/db/database/create_of_a_database_that_is_there_says_so_and_keeps_it");
}

/// A setup that was killed leaves a session that goes on creating the database.
#[test]
fn create_waits_for_a_session_that_creates_the_same() {
    let own = Stack::start();
    let sandbox = Sandbox::new();
    // Only a row of the catalog, because no test can make CREATE DATABASE stop half way.
    let other = Session::having_run(
        &own.url("postgres"),
        "other",
        "CREATE TEMP TABLE row AS SELECT * FROM pg_database WHERE datname = 'template1'; \
         UPDATE row SET oid = 77777, datname = 'both'; INSERT INTO pg_database SELECT * FROM row",
    );
    let mut create = sandbox.command(["db", "create"]);
    let create = Spawned::new(create.env("CONNECTION_URL", own.url("both")));
    let waiting =
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND wait_event_type = 'Lock'";
    eventually("it waits", || (!sql(&own.url("postgres"), waiting).is_empty()).then_some(()));
    other.commit();
    create.ends().succeeds().says("the database \"both\" already exists");
}

#[test]
fn drop_removes_the_database() {
    let mut page = Page::default();
    let sandbox = Sandbox::with_database();
    page.add(sandbox.cruddur(["db", "drop"]).succeeds());
    assert!(!sandbox.database_exists());
    page.matches("runs/db/database/drop_removes_the_database");
}

#[test]
fn drop_of_a_missing_database_fails() {
    let mut page = Page::default();
    let sandbox = Sandbox::new();
    page.add(sandbox.cruddur(["db", "drop"]).exits_with(1));
    page.matches("runs/db/database/drop_of_a_missing_database_fails");
}

#[test]
fn names_that_need_quoting_are_quoted() {
    let sandbox = Sandbox::new();
    let unique = Uuid::new_v4().simple();
    for (name, encoded) in [
        (format!("we\"ird Name {unique}"), format!("we%22ird%20Name%20{unique}")),
        (format!("a/b?c#d%{unique}"), format!("a%2Fb%3Fc%23d%25{unique}")),
        (format!("näme'; --{unique}"), format!("n%C3%A4me%27%3B%20--{unique}")),
        (format!("Select-{unique}"), format!("Select-{unique}")),
    ] {
        let url = stack().url(&encoded);
        on(&sandbox, &url, &["db", "create"]).succeeds();
        assert!(exists(&name), "{name}");
        on(&sandbox, &url, &["db", "create"]).succeeds().says("already exists");
        on(&sandbox, &url, &["db", "setup"]).succeeds();
        assert_eq!(sql(&url, "SELECT current_database(), count(*) FROM users"), [[name.as_str(), "3"]]);
        on(&sandbox, &url, &["db", "drop"]).succeeds();
        assert!(!exists(&name), "{name}");
    }
}

#[test]
fn a_role_that_begins_like_the_app_and_a_password_full_of_separators_work() {
    let sandbox = Sandbox::new();
    assert_eq!(USER, "cruddurroot");
    for separator in ["%40", "%2F", "%25", "%3A", "%3F", "%23"] {
        assert!(sandbox.connection_url().contains(separator));
    }
    sandbox.cruddur(["db", "create"]).succeeds();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    sandbox.cruddur(["db", "seed"]).succeeds();
    assert_eq!(
        sandbox.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"),
        [["cruddurroot"]]
    );
    // The server does check the password.
    let wrong = stack().url_of(&format!("{USER}:s3cr"), sandbox.database());
    on(&sandbox, &wrong, &["db", "drop"]).exits_with(4);
    assert!(sandbox.database_exists());
    sandbox.cruddur(["db", "drop"]).succeeds();
    assert!(!sandbox.database_exists());
}

#[test]
fn the_database_postgres_can_be_the_apps_own() {
    let mut page = Page::default();
    let own = Stack::start();
    let sandbox = Sandbox::new();
    let url = own.url("postgres");
    page.add(on(&sandbox, &url, &["db", "create"]).succeeds());
    on(&sandbox, &url, &["db", "drop"]).succeeds();
    page.add(on(&sandbox, &url, &["db", "drop"]).exits_with(1));
    page.add(on(&sandbox, &url, &["db", "create"]).succeeds());
    for _ in 0..2 {
        on(&sandbox, &url, &["db", "setup"]).succeeds();
        assert_eq!(sql(&url, "SELECT count(*) FROM users"), [["3"]]);
    }
    page.matches("runs/db/database/the_database_postgres_can_be_the_apps_own");
}

/// Each costs the server a process and both sides a sign-in.
#[test]
fn no_command_opens_more_sessions_than_it_needs() {
    let sandbox = Sandbox::new();
    let commands: [(&[&str], usize); 7] = [
        // The one in which the server is asked what it is creates the database, too.
        (&["db", "create"], 1),
        (&["db", "setup", "--built-in"], 3),
        (&["db", "seed", "--built-in"], 1),
        (&["db", "sessions"], 1),
        (&["db", "drop"], 2),
        (&["setup", "--built-in"], 2),
        (&["setup", "--built-in"], 2),
    ];
    for (words, sessions) in commands {
        let server = MoodyPostgres::start(vec![Answer::Forward(stack().port())]);
        let ports = [stack().port(), server.port()].map(|port| format!(":{port}/"));
        let url = sandbox.connection_url().replace(&ports[0], &ports[1]);
        on(&sandbox, &url, words).succeeds();
        assert_eq!(server.connections(), sessions, "{words:?}");
    }
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);
}
