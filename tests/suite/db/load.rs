//! `db schema-load` and `db seed`: what they leave in the database.

use super::{load, tables};
use crate::support::Sandbox;

/// Column, type, nullable, default; in order.
fn columns(sandbox: &Sandbox, table: &str) -> Vec<Vec<String>> {
    sandbox.sql(&format!(
        "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
    ))
}

#[test]
fn the_schema_is_the_one_the_app_reads() {
    let sandbox = Sandbox::with_database();
    sandbox.cruddur(["db", "schema-load"]).succeeds().says("ran 4 statements of the built-in db/schema.sql");
    assert_eq!(
        columns(&sandbox, "users"),
        [
            ["uuid", "uuid", "NO", "gen_random_uuid()"],
            ["display_name", "text", "NO", "∅"],
            ["handle", "text", "NO", "∅"],
            ["email", "text", "NO", "∅"],
            ["cognito_user_id", "text", "NO", "∅"],
            ["created_at", "timestamp without time zone", "NO", "CURRENT_TIMESTAMP"],
        ]
    );
    assert_eq!(
        columns(&sandbox, "activities"),
        [
            ["uuid", "uuid", "NO", "gen_random_uuid()"],
            ["user_uuid", "uuid", "NO", "∅"],
            ["message", "text", "NO", "∅"],
            ["replies_count", "integer", "YES", "0"],
            ["reposts_count", "integer", "YES", "0"],
            ["likes_count", "integer", "YES", "0"],
            ["reply_to_activity_uuid", "uuid", "YES", "∅"],
            ["expires_at", "timestamp without time zone", "YES", "∅"],
            ["created_at", "timestamp without time zone", "NO", "CURRENT_TIMESTAMP"],
        ]
    );
    assert_eq!(
        sandbox.sql(
            "SELECT table_name, column_name FROM information_schema.table_constraints \
             JOIN information_schema.key_column_usage USING (constraint_name, table_name) \
             WHERE constraint_type = 'PRIMARY KEY' AND table_constraints.table_schema = 'public' ORDER BY 1"
        ),
        [["activities", "uuid"], ["users", "uuid"]]
    );
    assert_eq!(tables(&sandbox), ["activities", "users"]);
}

#[test]
fn an_activity_needs_no_more_than_a_user_and_a_message() {
    let sandbox = Sandbox::with_database();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    load(&sandbox, "INSERT INTO activities (user_uuid, message) VALUES (gen_random_uuid(), 'hello')")
        .succeeds()
        .says("ran 1 statement of file.sql");
    assert_eq!(
        sandbox.sql(
            "SELECT uuid IS NOT NULL, replies_count, reposts_count, likes_count, expires_at, \
             created_at > localtimestamp - interval '1 hour' FROM activities"
        ),
        [["t", "0", "0", "0", "∅", "t"]]
    );
}

#[test]
fn loading_the_schema_again_begins_anew() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["0"]]);
    assert_eq!(sandbox.sql("SELECT count(*) FROM activities"), [["0"]]);
}

#[test]
fn the_seed_brings_users_who_await_their_cognito_ids() {
    let sandbox = Sandbox::with_database();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    sandbox.cruddur(["db", "seed"]).succeeds().says("of the built-in db/seed.sql");
    let users = sandbox.sql("SELECT handle, cognito_user_id, email FROM users ORDER BY handle");
    let handles: Vec<&str> = users.iter().map(|user| user[0].as_str()).collect();
    // The first two are whom `ddb seed` looks for unless told otherwise.
    assert_eq!(handles, ["nina", "oscar", "petra"]);
    for user in &users {
        assert_eq!(user[1], "MOCK");
        assert!(user[2].ends_with("@example.com"), "{}", user[2]);
    }
    assert_eq!(
        sandbox.sql("SELECT handle FROM activities JOIN users ON users.uuid = user_uuid"),
        [["nina"]],
        "an activity of a user who is there"
    );
    sandbox.cruddur(["db", "seed"]).succeeds();
    assert_eq!(
        sandbox.sql("SELECT handle, cognito_user_id, email FROM users ORDER BY handle"),
        users,
        "nobody twice"
    );
    assert_eq!(sandbox.sql("SELECT count(*) FROM activities"), [["1"]]);
}

#[test]
fn a_file_of_ones_own_takes_the_place_of_the_built_in_one() {
    let sandbox = Sandbox::with_database();
    sandbox.write("schema.sql", "CREATE TABLE users (handle text);");
    sandbox.write("seed.sql", "INSERT INTO users VALUES ('quinn');\n");
    sandbox.cruddur(["db", "schema-load", "schema.sql"]).succeeds().says("ran 1 statement of schema.sql");
    sandbox.cruddur(["db", "seed", "seed.sql"]).succeeds().says("ran 1 statement of seed.sql");
    assert_eq!(sandbox.sql("SELECT * FROM users"), [["quinn"]]);
    assert_eq!(tables(&sandbox), ["users"]);
}

#[test]
fn a_schema_as_found_in_the_world_loads_twice() {
    let sandbox = Sandbox::with_database();
    sandbox.write(
        "schema.sql",
        "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\";\r\n\
         DROP TABLE IF EXISTS public.users cascade;\r\n\
         CREATE TABLE public.users (\r\n\
         \x20 uuid UUID DEFAULT uuid_generate_v4() PRIMARY KEY,\r\n\
         \x20 handle text NOT NULL\r\n\
         );\r\n",
    );
    for _ in 0..2 {
        sandbox.cruddur(["db", "schema-load", "schema.sql"]).succeeds();
    }
    load(&sandbox, "INSERT INTO users (handle) VALUES ('quinn')").succeeds();
    assert_eq!(sandbox.sql("SELECT count(DISTINCT uuid) FROM users"), [["1"]]);
    assert_eq!(sandbox.sql("SELECT extname FROM pg_extension WHERE extname = 'uuid-ossp'"), [["uuid-ossp"]]);
}

#[test]
fn an_extension_whose_files_are_missing_says_what_to_install() {
    let sandbox = Sandbox::with_database();
    let text = "CREATE TABLE a ();\nCREATE EXTENSION IF NOT EXISTS \"not-installed\";\n";
    let run = load(&sandbox, text)
        .exits_with(1)
        .says("file.sql:2: extension \"not-installed\" is not available")
        .says("[0A000]");
    assert!(run.stderr.contains("Hint: PostgreSQL's own extensions, such as uuid-ossp"), "{}", run.stderr);
    assert!(run.stderr.contains("install postgresql-contrib"), "{}", run.stderr);
    assert!(tables(&sandbox).is_empty());
    // What else is not supported is no matter of packages.
    let run = load(&sandbox, "CREATE TABLE a (n int PRIMARY KEY) INHERITS (a)").exits_with(1);
    assert!(!run.stderr.contains("contrib"), "{}", run.stderr);
}
