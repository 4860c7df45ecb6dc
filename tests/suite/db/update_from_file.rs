//! `db update-cognito-user-ids --from`

use std::fmt::Write as _;
use std::fs::{self, File};

use serde_json::json;

use super::{load, users_as_written};
use crate::support::{Recorder, Run, Sandbox, World, big_pool, sql};

const FROM: [&str; 3] = ["db", "update-cognito-user-ids", "--from"];

fn update(sandbox: &Sandbox, file: &str) -> Run {
    Run::of(sandbox.command(FROM).arg(file))
}

fn nina(sandbox: &Sandbox) -> String {
    sandbox.sql("SELECT cognito_user_id FROM users WHERE handle = 'nina'").remove(0).remove(0)
}

#[test]
fn a_saved_list_takes_the_place_of_the_pool() {
    let sandbox = Sandbox::new();
    for format in ["json", "ndjson"] {
        sandbox.cruddur(["db", "setup"]).succeeds();
        let saved =
            sandbox.cruddur_with_pool(big_pool(), &["cognito", "list-users", "-o", format]).succeeds();
        sandbox.write("users", &saved.stdout);
        let unasked = Recorder::start();
        let mut command = sandbox.command(FROM);
        command.arg("users").env(crate::support::COGNITO_ENDPOINT, unasked.url());
        command.env("AWS_COGNITO_USER_POOL_ID", &big_pool().id);
        Run::of(&mut command).succeeds().says(
            "1 updated, 0 unchanged\n127 in the pool but not in the table\n2 in the table but not in the pool\n\
             4 without a handle\n2 ambiguous\n2 still MOCK",
        );
        assert_eq!(unasked.connections(), 0);
        assert_eq!(nina(&sandbox), big_pool().sub("nina"));
    }
}

#[test]
fn a_map_of_handles_is_read_too() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let map = sandbox.cruddur_with_pool(big_pool(), &["cognito", "list-users", "--map"]).succeeds().stdout;
    sandbox.write("map.json", &map);
    update(&sandbox, "map.json").succeeds().says("1 updated, 0 unchanged\n");
    assert_eq!(nina(&sandbox), big_pool().sub("nina"));

    // Handles that are called as a user's fields are, and one that is there twice.
    let [a, b, c] = [1, 2, 3].map(|n| format!("8d1f2c30-5a77-4e0b-9c41-2b6f0e9a7d1{n}"));
    let map =
        format!(r#"{{"email":"{a}","handle":"{b}","nina":"{c}","oscar":"{a}","sub":"{b}","oscar":"{c}"}}"#);
    sandbox.write("map.json", map);
    let document = Run::of(sandbox.command(FROM).args(["map.json", "-o", "json"])).succeeds().json();
    assert_eq!(document["tally"]["updated"], 1);
    assert_eq!(document["tally"]["not_in_table"], 3, "email, handle and sub: {document}");
    assert_eq!(nina(&sandbox), c);
    assert_eq!(sandbox.sql("SELECT cognito_user_id FROM users WHERE handle = 'oscar'"), [["MOCK"]]);

    sandbox.write("map.json", "{}");
    update(&sandbox, "map.json")
        .succeeds()
        .says("0 updated, 0 unchanged\n3 in the table but not in the pool");
}

#[test]
fn a_list_may_come_through_a_pipe() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let file = sandbox.write("users.json", r#"{"users":[{"handle":"nina","sub":"sub-1"}],"count":1}"#);
    let mut command = sandbox.command(FROM);
    Run::reading(command.arg("-"), File::open(file).unwrap()).succeeds();
    assert_eq!(nina(&sandbox), "sub-1");
}

#[test]
fn what_the_aws_cli_prints_is_read_too() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let user = |attributes| json!({ "Username": "x", "Enabled": true, "Attributes": attributes });
    let named =
        json!([{ "Name": "preferred_username", "Value": "nina" }, { "Name": "sub", "Value": "sub-2" }]);
    let nameless = json!([{ "Name": "sub", "Value": "sub-3" }]);
    sandbox.write("aws.json", json!({ "Users": [user(named), user(nameless)] }).to_string());
    update(&sandbox, "aws.json").succeeds().says("1 updated, 0 unchanged").says("1 without a handle");
    assert_eq!(nina(&sandbox), "sub-2");
}

#[test]
fn what_is_no_list_names_the_line_and_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let before = users_as_written(&sandbox);
    let whole =
        sandbox.cruddur_with_pool(big_pool(), &["cognito", "list-users", "-o", "json"]).succeeds().stdout;
    let cut: String = whole.split_inclusive('\n').take(50).collect();
    let good = "{\"handle\":\"nina\",\"sub\":\"sub-1\"}\n";
    for (text, line) in [
        (String::new(), 1),
        ("\n\n".to_owned(), 1),
        ("nina,sub-1\n".to_owned(), 1),
        ("[]".to_owned(), 1),
        (cut, 51),
        ("{\n  \"nina\": \"not a sub\"\n}".to_owned(), 3),
        (format!("{good}{good}{{\"handle\":\"nina\"}}\n"), 3),
        (format!("{good}{{\"handle\":\"nina\",\"sub\":\"\"}}\n"), 2),
        (format!("{good}{{\"handle\":\"nina\",\"sub\":7}}\n"), 2),
        (format!("{good}{{\"handle\":"), 2),
        ("{\"users\":[\n{\"handle\":\"nina\",\"sub\":\"sub-1\"},\n{\"handle\":\"oscar\"}\n]}".to_owned(), 3),
        ("{\"Users\":[\n{\"Attributes\":[]}]}".to_owned(), 2),
        ("{\"Users\":[],\"NextToken\":\"there is more\"}".to_owned(), 1),
    ] {
        sandbox.write("bad.json", &text);
        update(&sandbox, "bad.json")
            .exits_with(1)
            .says(&format!("Error: bad.json:{line}: not a saved list of users: "))
            .says("cognito list-users -o json > users.json");
    }
    sandbox.write("latin.json", b"{\"users\":[\n{\"handle\":\"ni\xf1a\"}]}");
    update(&sandbox, "latin.json").exits_with(1).says("latin.json:2: not UTF-8");
    update(&sandbox, "missing.json").exits_with(1).says("cannot read missing.json");
    Run::of(sandbox.command(FROM).args(["bad.json", "--user-pool-id", "us-east-1_a"])).exits_with(2);
    assert_eq!(users_as_written(&sandbox), before);
}

#[test]
fn handles_and_subs_are_values_never_sql() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    let handle = r#"o'brien"; DROP TABLE users; -- \ {,} NULL"#;
    let insert = format!(
        "INSERT INTO users (display_name, handle, email, cognito_user_id) \
         VALUES ('Invented', '{}', 'o@example.com', 'MOCK')",
        handle.replace('\'', "''")
    );
    load(&sandbox, insert).succeeds();
    sandbox.write("users.json", json!({ "users": [{ "handle": handle, "sub": "{\"s'u,b}" }] }).to_string());
    update(&sandbox, "users.json").succeeds().says("1 updated");
    assert_eq!(sandbox.sql("SELECT cognito_user_id FROM users WHERE handle LIKE 'o''%'"), [["{\"s'u,b}"]]);
}

#[test]
fn ten_thousand_users_take_a_few_statements() {
    let world = World::new();
    world.up(&[]).succeeds();
    world.cruddur(["db", "setup"]).succeeds();
    sql(
        world.url(),
        "INSERT INTO users (display_name, handle, email, cognito_user_id) \
         SELECT 'A person', 'user-' || n, n || '@example.com', 'MOCK' FROM generate_series(1, 10000) AS n",
    );
    let mut saved = String::new();
    for number in 1..=10_000 {
        writeln!(saved, r#"{{"handle":"user-{number}","sub":"sub-{number}"}}"#).unwrap();
    }
    fs::write(world.path().join("users.ndjson"), saved).unwrap();
    sql(world.url(), "ALTER DATABASE cruddur SET log_statement = 'all'");
    let log = world.data().join("postgres.log");
    let before = fs::read_to_string(&log).unwrap().len();
    Run::of(world.command(FROM).arg("users.ndjson")).succeeds().says("10000 updated, 0 unchanged");

    let log = fs::read_to_string(&log).unwrap();
    let kinds = ["statement: ", "execute "];
    let statements: Vec<&str> =
        log[before..].lines().filter(|line| kinds.iter().any(|kind| line.contains(kind))).collect();
    assert!((3..=8).contains(&statements.len()), "{statements:#?}");
    assert_eq!(statements.iter().filter(|line| line.contains("UPDATE public.users")).count(), 1);
    assert_eq!(
        sql(
            world.url(),
            "SELECT count(*), count(DISTINCT xmin::text) FROM users \
             WHERE cognito_user_id = replace(handle, 'user', 'sub')"
        ),
        [["10000", "1"]]
    );
}
