//! `db sessions`

use regex_lite::Regex;
use serde_json::Value;

use super::load;
use crate::support::{Run, Sandbox, Session, USER, sql, stack};

/// What `db sessions` lists, as JSON.
#[track_caller]
fn sessions(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    sandbox.waits_for_cruddur_to_leave();
    let run = Run::of(sandbox.command(["db", "sessions", "-o", "json"]).args(arguments)).succeeds();
    let json = run.json();
    let list = json["sessions"].as_array().unwrap().clone();
    assert_eq!(json["count"], list.len());
    list
}

fn pids(list: &[Value]) -> Vec<i64> {
    list.iter().map(|session| session["pid"].as_i64().unwrap()).collect()
}

#[test]
fn each_session_is_shown_as_the_server_sees_it() {
    let sandbox = Sandbox::with_database();
    let url = sandbox.connection_url();
    let open = [
        (Session::open(&url, "a web app"), "idle"),
        (Session::in_transaction(&url, "a job"), "idle in transaction"),
        (Session::busy(&url, "a report"), "active"),
    ];
    let listed = sessions(&sandbox, &[]);
    assert_eq!(pids(&listed), open.iter().map(|(session, _)| i64::from(session.pid)).collect::<Vec<_>>());
    let time = Regex::new(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+00:00$").unwrap();
    for ((session, state), shown) in open.iter().zip(&listed) {
        let query = format!(
            "SELECT application_name, client_addr || ':' || client_port, \
             to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00'), \
             to_char(query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00'), \
             extract(epoch FROM now() - backend_start) FROM pg_stat_activity WHERE pid = {}",
            session.pid
        );
        let truth = sandbox.sql(&query).remove(0);
        assert_eq!(shown["user"], USER);
        assert_eq!(shown["database"], sandbox.database());
        assert_eq!(shown["state"], *state);
        assert_eq!(shown["application"], truth[0]);
        assert_eq!(shown["client"], truth[1].replace("/32", ""));
        assert_eq!(shown["backend_start"], truth[2]);
        assert_eq!(shown["query_start"], truth[3]);
        assert!(time.is_match(&truth[2]) && time.is_match(&truth[3]));
        let age = shown["age_seconds"].as_f64().unwrap();
        assert!(age >= 0.0 && age <= truth[4].parse().unwrap(), "{age}");
    }
    let run = sandbox.cruddur(["db", "sessions", "-o", "ndjson"]).succeeds();
    assert_eq!(pids(&run.ndjson()), pids(&listed));
    assert_eq!(run.stderr, "", "everything is to be seen, and nothing is to be said");
}

#[test]
fn the_table_is_for_people() {
    let sandbox = Sandbox::with_database();
    let session = Session::in_transaction(&sandbox.connection_url(), "a job");
    sandbox.waits_for_cruddur_to_leave();
    let run = sandbox.cruddur(["db", "sessions"]).succeeds();
    let lines: Vec<&str> = run.stdout.lines().collect();
    let header: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(
        header,
        ["PID", "USER", "DATABASE", "CLIENT", "APPLICATION", "STATE", "AGE", "QUERY", "START"]
    );
    let row = Regex::new(&format!(
        r"^{} +{USER} +{} +127\.0\.0\.1:\d+ +a job +idle in transaction +(\d+m )?\d+s +\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d$",
        session.pid,
        sandbox.database()
    ));
    assert!(row.unwrap().is_match(lines[1]), "{}", run.stdout);
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_database_of_ones_own_choice_or_all_of_them() {
    let (sandbox, other) = (Sandbox::with_database(), Sandbox::with_database());
    let here = Session::open(&sandbox.connection_url(), "here");
    let there = Session::open(&other.connection_url(), "there");
    assert_eq!(pids(&sessions(&sandbox, &[])), [i64::from(here.pid)]);
    assert_eq!(pids(&sessions(&sandbox, &["--database", other.database()])), [i64::from(there.pid)]);
    // Other tests have sessions, too.
    let all = pids(&sessions(&sandbox, &["--all"]));
    assert!(all.contains(&here.pid.into()) && all.contains(&there.pid.into()), "{all:?}");
    let run = sandbox.cruddur(["db", "sessions", "--all", "--database", "x"]).exits_with(2);
    assert_eq!(run.stdout, "");
}

#[test]
fn only_sessions_are_listed_not_the_servers_own_processes() {
    let sandbox = Sandbox::with_database();
    let held = Session::open(&sandbox.connection_url(), "held");
    let all = sessions(&sandbox, &["--all"]);
    assert!(pids(&all).contains(&held.pid.into()));
    for session in &all {
        assert!(session["database"].is_string() && session["user"].is_string(), "{session}");
    }
    let own =
        all.iter().filter(|session| session["application"] == "cruddur" && session["database"] == "postgres");
    let background = sql(
        &stack().url("postgres"),
        "SELECT pid FROM pg_stat_activity WHERE backend_type NOT IN ('client backend', 'walsender')",
    );
    assert!(!background.is_empty());
    for row in background {
        assert!(!pids(&all).contains(&row[0].parse().unwrap()));
    }
    // Other tests may have one each; the one that asks is not among them.
    assert!(own.count() < all.len());
}

#[test]
fn nobody_else_is_worth_a_line() {
    let sandbox = Sandbox::with_database();
    sandbox.waits_for_cruddur_to_leave();
    let run = sandbox.cruddur(["db", "sessions"]).succeeds().says("no other session on 127.0.0.1:");
    assert_eq!(run.stdout, "");
    assert!(sessions(&sandbox, &[]).is_empty());
}

#[test]
fn a_database_that_is_missing_is_an_error_only_where_it_is_asked_for() {
    let (missing, other) = (Sandbox::new(), Sandbox::with_database());
    let held = Session::open(&other.connection_url(), "held");
    missing.cruddur(["db", "sessions"]).exits_with(1).says("Hint: run: cruddur db create\n");
    missing
        .cruddur(["db", "sessions", "--database", "no-such"])
        .exits_with(1)
        .says("there is no database \"no-such\"");
    assert_eq!(pids(&sessions(&missing, &["--database", other.database()])), [i64::from(held.pid)]);
    assert!(pids(&sessions(&missing, &["--all"])).contains(&held.pid.into()));
}

#[test]
fn what_the_role_may_not_see_is_blank_and_told() {
    let sandbox = Sandbox::with_database();
    let role = format!("plain_{}", sandbox.database());
    load(&sandbox, format!("CREATE ROLE {role} LOGIN PASSWORD 'plain'")).succeeds();
    let url = stack().url_of(&format!("{role}:plain"), sandbox.database());
    let held = Session::busy(&sandbox.connection_url(), "held");
    let own = Session::open(&url, "own");
    let run = Run::of(sandbox.command(["db", "sessions", "-o", "json"]).env("CONNECTION_URL", &url))
        .succeeds()
        .says("Hint: only members of pg_monitor see what other roles' sessions do");
    let json = run.json();
    let find = |pid: i32| {
        let mut listed = json["sessions"].as_array().unwrap().iter();
        listed.find(|session| session["pid"] == pid).expect("it is listed").clone()
    };
    let hidden = find(held.pid);
    assert_eq!(hidden["user"], USER);
    for field in ["client", "state", "backend_start", "age_seconds", "query_start"] {
        assert!(hidden[field].is_null(), "{hidden}");
    }
    assert_eq!(find(own.pid)["state"], "idle");
    load(&sandbox, format!("GRANT pg_monitor TO {role}")).succeeds();
    let run = Run::of(sandbox.command(["db", "sessions"]).env("CONNECTION_URL", &url)).succeeds();
    assert!(!run.stderr.contains("pg_monitor") && run.stdout.contains("active"), "{}", run.stderr);
}
