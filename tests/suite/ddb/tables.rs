//! `ddb list-tables` and `drop`

use serde_json::{Value, json};

use crate::support::{Fault, Proxy, Run, Sandbox, Spawned, TABLE};

fn names(tables: &Value) -> Vec<&str> {
    tables.as_array().unwrap().iter().map(|table| table["name"].as_str().unwrap()).collect()
}

#[test]
fn list_tables_reads_every_page() {
    let sandbox = Sandbox::new();
    let created: Vec<String> = (0..130).map(|number| format!("table-{number:03}")).collect();
    for name in &created {
        sandbox.create_table(name);
    }
    let run = sandbox.cruddur(["ddb", "list-tables", "-o", "json"]).succeeds();
    assert_eq!(names(&run.json()["tables"]), created);
    let run = sandbox.cruddur(["ddb", "list-tables"]).succeeds();
    assert_eq!(run.stdout.lines().skip(1).collect::<Vec<_>>(), created);
}

#[test]
fn tables_are_listed_in_every_format() {
    let sandbox = Sandbox::new();
    for name in ["zebras", "apples"] {
        sandbox.create_table(name);
    }
    let list = |format| sandbox.cruddur(["ddb", "list-tables", "-o", format]).succeeds();
    assert_eq!(list("table").stdout, "TABLE\napples\nzebras\n");
    assert_eq!(
        list("json").json(),
        json!({ "tables": [{ "name": "apples" }, { "name": "zebras" }], "count": 2 })
    );
    assert_eq!(list("ndjson").ndjson(), [json!({ "name": "apples" }), json!({ "name": "zebras" })]);
}

#[test]
fn no_tables_are_no_rows_and_a_word_on_stderr() {
    let sandbox = Sandbox::new();
    let list = |format| sandbox.cruddur(["ddb", "list-tables", "-o", format]).succeeds().says("no tables");
    assert_eq!(list("table").stdout, "");
    assert_eq!(list("json").json(), json!({ "tables": [], "count": 0 }));
    assert_eq!(list("ndjson").stdout, "");
}

#[test]
fn a_dropped_table_is_gone_and_no_other() {
    let sandbox = Sandbox::new();
    sandbox.create_table("old");
    sandbox.create_table("older");
    sandbox.cruddur(["ddb", "drop", "old"]).succeeds().says("dropped");
    assert!(sandbox.describe("old").is_none());
    assert!(sandbox.describe("older").is_some());
}

#[test]
fn a_drop_does_not_wait_for_the_end_of_a_table_that_somebody_makes_in_its_place() {
    let sandbox = Sandbox::seeded();
    let proxy = Proxy::new(sandbox.endpoint(), "DeleteTable", |_| Some(Fault::HoldAnswer));
    let drop = &mut sandbox.command(["ddb", "drop", TABLE, "--endpoint-url", proxy.url()]);
    let mut run = Spawned::new(drop.args(["--timeout", "1h"]));
    proxy.holds(1);
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    proxy.release();
    assert_eq!(run.code(), 0);
    assert!(sandbox.describe(TABLE).is_some());
    assert!(sandbox.items().is_empty());
}

#[test]
fn dropping_a_missing_table_names_the_nearest() {
    let sandbox = Sandbox::new();
    for name in [TABLE, "invoices", "cruddur-photos"] {
        sandbox.create_table(name);
    }
    sandbox
        .cruddur(["ddb", "drop", "crudder-mesages"])
        .exits_with(1)
        .says("no table \"crudder-mesages\"")
        .says("did you mean \"cruddur-messages\"?");
    assert!(sandbox.describe(TABLE).is_some());
}

#[test]
fn nothing_alike_means_no_guess() {
    let sandbox = Sandbox::new();
    sandbox.create_table("invoices");
    let run = sandbox.cruddur(["ddb", "drop", TABLE]).exits_with(1).says("cruddur ddb list-tables");
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
}

#[test]
fn a_drop_needs_a_table() {
    Sandbox::new().cruddur(["ddb", "drop"]).exits_with(2);
}

/// `cruddur --prod` against the sandbox, with credentials in the environment.
fn prod(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let endpoint = sandbox.endpoint();
    let mut command = sandbox.command(arguments.iter().chain(&["--prod", "--endpoint-url", &endpoint]));
    command
        .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1");
    Run::of(&mut command)
}

#[test]
fn a_drop_in_production_needs_the_name_twice() {
    let sandbox = Sandbox::new();
    sandbox.create_table("precious");
    let there = |run: Run| {
        assert!(sandbox.describe("precious").is_some(), "{}", run.stderr);
        run
    };
    there(prod(&sandbox, &["ddb", "drop", "precious"]).exits_with(3)).says("--yes --confirm precious");
    let wrong = ["ddb", "drop", "precious", "--yes", "--confirm", "Precious"];
    there(prod(&sandbox, &wrong).exits_with(3)).says("nothing was done");
    there(prod(&sandbox, &["ddb", "drop", "precious", "--yes"]).exits_with(2));
    there(prod(&sandbox, &["ddb", "drop", "precious", "--confirm", "precious"]).exits_with(2));
    prod(&sandbox, &["ddb", "drop", "precious", "--yes", "--confirm", "precious"]).succeeds();
    assert!(sandbox.describe("precious").is_none());
}

#[test]
fn hints_keep_the_target() {
    let sandbox = Sandbox::new();
    prod(&sandbox, &["ddb", "drop", TABLE, "--yes", "--confirm", TABLE])
        .exits_with(1)
        .says("cruddur ddb list-tables --prod");
    prod(&sandbox, &["ddb", "scan"]).exits_with(1).says("cruddur ddb schema-load --prod");
}
