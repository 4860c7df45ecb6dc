//! The rows per table that `db schema-load`, `db seed` and `db setup` report.

use serde_json::{Value, json};

use super::{load, tables};
use crate::support::{Run, Sandbox, stack};

/// Loads `text` and gives the report's rows.
#[track_caller]
fn report(sandbox: &Sandbox, text: &str) -> Vec<Value> {
    sandbox.write("file.sql", text);
    let run = sandbox.cruddur(["db", "seed", "file.sql", "-o", "json"]).succeeds();
    let json = run.json();
    let tables = json["tables"].as_array().unwrap().clone();
    assert_eq!(json["count"], tables.len());
    tables
}

/// A row of the report on a table of the schema `public`.
fn row(table: &str, rows: i64, [inserted, updated, deleted]: [i64; 3]) -> Value {
    json!({
        "schema": "public", "table": table, "rows": rows,
        "inserted": inserted, "updated": updated, "deleted": deleted,
    })
}

#[test]
fn a_load_reports_each_table_that_it_wrote_to() {
    let sandbox = Sandbox::with_database();
    let run = sandbox.cruddur(["db", "schema-load", "-o", "json"]).succeeds();
    assert_eq!(
        run.json(),
        json!({"tables": [row("activities", 0, [0; 3]), row("users", 0, [0; 3])], "count": 2, "statements": 4})
    );
    let run = sandbox.cruddur(["db", "seed"]).succeeds();
    assert_eq!(
        run.stdout,
        "TABLE              ROWS  INSERTED  UPDATED  DELETED\n\
         public.activities  1     1         0        0\n\
         public.users       3     3         0        0\n"
    );
    // Loaded again, it adds nobody, and says so.
    let run = sandbox.cruddur(["db", "seed", "-o", "ndjson"]).succeeds();
    assert_eq!(run.ndjson(), [row("activities", 1, [0; 3]), row("users", 3, [0; 3])]);
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);
}

#[test]
fn a_user_lost_by_a_stray_semicolon_shows() {
    let sandbox = Sandbox::with_database();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    let seed = "INSERT INTO users (display_name, handle, email, cognito_user_id)\n\
        SELECT 'Quinn', 'quinn', 'quinn@example.com', 'MOCK';\n\
        SELECT 'Ruth', 'ruth', 'ruth@example.com', 'MOCK';\n";
    assert_eq!(report(&sandbox, seed), [row("users", 1, [1, 0, 0])]);
}

#[test]
fn inserts_updates_and_deletes_are_told_apart() {
    let sandbox = Sandbox::with_database();
    load(
        &sandbox,
        "CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE TABLE c (n int); CREATE TABLE d (n int);\n\
         INSERT INTO a SELECT generate_series(1, 10); INSERT INTO c VALUES (1); INSERT INTO d VALUES (1);",
    )
    .succeeds();
    let text = "INSERT INTO a VALUES (11); UPDATE a SET n = -n WHERE n <= 2; DELETE FROM a WHERE n = 5;\n\
        DELETE FROM b; SELECT * FROM c; TRUNCATE d; CREATE TABLE e AS SELECT 1 AS n;\n\
        CREATE TABLE f (); DROP TABLE f; CREATE TEMP TABLE g AS SELECT 1; CREATE INDEX ON c (n);";
    assert_eq!(
        report(&sandbox, text),
        [
            row("a", 10, [1, 2, 1]),
            // Written to in vain, and emptied, are worth a line; only read is not.
            row("b", 0, [0; 3]),
            row("d", 0, [0; 3]),
            row("e", 1, [1, 0, 0]),
        ]
    );
}

#[test]
fn what_triggers_and_routines_write_is_reported() {
    let sandbox = Sandbox::with_database();
    let text = "CREATE SCHEMA \"odd \"\"one\"; CREATE TABLE \"odd \"\"one\".\"Log\" (n int); CREATE TABLE a (n int);\n\
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS\n\
        $$ BEGIN INSERT INTO \"odd \"\"one\".\"Log\" VALUES (new.n); RETURN new; END $$;\n\
        CREATE TRIGGER note AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION note();\n\
        INSERT INTO a VALUES (1), (2); SELECT pg_catalog.set_config('search_path', '', false);\n";
    let mut log = row("Log", 2, [2, 0, 0]);
    log["schema"] = "odd \"one".into();
    assert_eq!(report(&sandbox, text), [log, row("a", 2, [2, 0, 0])]);
}

#[test]
fn partitions_are_reported_where_their_rows_are() {
    let sandbox = Sandbox::with_database();
    let text = "CREATE TABLE a (n int) PARTITION BY RANGE (n);\n\
        CREATE TABLE low PARTITION OF a FOR VALUES FROM (0) TO (10);\n\
        CREATE TABLE high PARTITION OF a FOR VALUES FROM (10) TO (20);\n\
        INSERT INTO a VALUES (1), (2), (11);";
    assert_eq!(report(&sandbox, text), [row("high", 1, [1, 0, 0]), row("low", 2, [2, 0, 0])]);
}

#[test]
fn a_table_that_the_role_may_not_read_has_no_number_and_hides_no_other() {
    let sandbox = Sandbox::with_database();
    let role = format!("writer_{}", sandbox.database());
    load(
        &sandbox,
        format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'w'; CREATE TABLE a (n int); CREATE TABLE b (n int);\n\
             GRANT INSERT ON a TO {role}; GRANT INSERT, SELECT ON b TO {role};"
        ),
    )
    .succeeds();
    sandbox.write("file.sql", "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1), (2);");
    let url = stack().url_of(&format!("{role}:w"), sandbox.database());
    let run = Run::of(sandbox.command(["db", "seed", "file.sql", "-o", "json"]).env("CONNECTION_URL", url))
        .succeeds();
    let mut unread = row("a", 0, [1, 0, 0]);
    unread["rows"] = Value::Null;
    assert_eq!(run.json()["tables"], json!([unread, row("b", 2, [2, 0, 0])]));
    assert_eq!(sandbox.sql("SELECT count(*) FROM a"), [["1"]]);
}

#[test]
fn a_file_that_writes_to_no_table_reports_none() {
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "SELECT 1");
    let run = sandbox.cruddur(["db", "seed", "file.sql", "-o", "json"]).succeeds();
    assert_eq!(run.json(), json!({"tables": [], "count": 0, "statements": 1}));
    assert_eq!(sandbox.cruddur(["db", "seed", "file.sql"]).succeeds().stdout, "");
}

#[test]
fn a_file_that_fails_reports_nothing() {
    let sandbox = Sandbox::with_database();
    sandbox.write("file.sql", "CREATE TABLE a (); SELECT nosuch");
    let run = sandbox.cruddur(["db", "seed", "file.sql", "-o", "json"]).exits_with(1);
    assert_eq!(run.stdout, "");
    assert!(tables(&sandbox).is_empty());
}

#[test]
fn setup_reports_what_both_files_have_made() {
    let sandbox = Sandbox::new();
    let run = sandbox.cruddur(["db", "setup"]).succeeds();
    assert_eq!(run.stdout, "");
    let report: Vec<&str> = run.stderr.lines().skip_while(|line| !line.starts_with("TABLE")).collect();
    assert_eq!(
        report,
        [
            "TABLE              ROWS  INSERTED  UPDATED  DELETED",
            "public.activities  1     1         0        0",
            "public.users       3     3         0        0",
            "skipped the Cognito user ids: AWS_COGNITO_USER_POOL_ID is empty",
        ]
    );
    sandbox.write("schema.sql", "CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE b (); CREATE TABLE gone ();");
    sandbox.write("seed.sql", "INSERT INTO a VALUES (2); DROP TABLE gone;");
    let run = sandbox.cruddur(["db", "setup", "--schema", "schema.sql", "--seed", "seed.sql"]).succeeds();
    let report: Vec<&str> =
        run.stderr.lines().skip_while(|line| !line.starts_with("TABLE")).skip(1).collect();
    assert_eq!(
        report[..2],
        ["public.a     2     2         0        0", "public.b     0     0         0        0"]
    );
}
