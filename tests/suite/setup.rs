//! `cruddur setup`: what is missing is made, and what is there is left as it is.

use std::collections::BTreeMap;

use crate::support::{Pool, Run, Sandbox, Session, TABLE, runtime, text};

const STEPS: [&str; 6] = ["database", "schema", "people", "table", "conversation", "Cognito ids"];

/// What the run said of each step: `done`, `unchanged`, `skipped`, `failed` or `would do`.
fn said(run: &Run) -> BTreeMap<&'static str, &str> {
    let line = |step: &str| {
        let lines = run.stderr.lines();
        let is_of_step =
            |line: &&str| line.get(10..).is_some_and(|line| line.starts_with(&format!("  {step}")));
        let mut of_step = lines.filter(is_of_step);
        let line = of_step.next().unwrap_or_else(|| panic!("nothing of {step}: {}", run.stderr));
        assert_eq!(of_step.next(), None, "more than a line of {step}");
        line[..12].trim()
    };
    STEPS.map(|step| (step, line(step))).into()
}

/// The steps of which it said so.
fn with<'a>(run: &'a Run, word: &str) -> Vec<&'a str> {
    let said = said(run);
    STEPS.into_iter().filter(|step| said[step] == word).collect()
}

fn users(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql("SELECT *, xmin FROM users ORDER BY handle")
}

/// The items' texts, by their keys.
type Items = BTreeMap<(String, String), String>;

fn items(sandbox: &Sandbox) -> Items {
    let items = sandbox.items().into_iter();
    items.map(|item| ((text(&item, "pk"), text(&item, "sk")), text(&item, "message"))).collect()
}

/// What is in both, down to the rows' versions.
fn everything(sandbox: &Sandbox) -> (Vec<Vec<String>>, Items) {
    (users(sandbox), items(sandbox))
}

fn drop_table(sandbox: &Sandbox) {
    runtime().block_on(sandbox.dynamodb().delete_table().table_name(TABLE).send()).unwrap();
}

#[test]
fn out_of_nothing_it_makes_everything_and_again_it_makes_nothing() {
    let sandbox = Sandbox::new();
    let run = sandbox.cruddur(["setup"]).succeeds();
    assert_eq!(with(&run, "done"), STEPS[..5]);
    assert_eq!(with(&run, "skipped"), ["Cognito ids"]);
    run.says("AWS_COGNITO_USER_POOL_ID is empty");
    let list = ["ddb", "patterns", "list-conversations"];
    assert!(sandbox.cruddur(list).succeeds().stdout.contains("Oscar Lindqvist (oscar)"));
    sandbox.cruddur(["ddb", "check"]).succeeds();
    let before = everything(&sandbox);
    let run = sandbox.cruddur(["setup"]).succeeds();
    assert_eq!(with(&run, "unchanged"), STEPS[..5]);
    assert_eq!(everything(&sandbox), before);
}

#[test]
fn only_what_is_missing_is_made() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["setup"]).succeeds();
    let again = |made: &[&str]| {
        let dry = sandbox.cruddur(["setup", "--dry-run"]).succeeds();
        assert_eq!(with(&dry, "would do"), made, "{}", dry.stderr);
        let run = sandbox.cruddur(["setup"]).succeeds();
        assert_eq!(with(&run, "done"), made, "{}", run.stderr);
        sandbox.cruddur(["ddb", "check"]).succeeds();
    };
    let (people, conversation) = everything(&sandbox);
    drop_table(&sandbox);
    again(&["table", "conversation"]);
    assert_eq!(users(&sandbox), people);
    assert_eq!(items(&sandbox).len(), conversation.len());
    sandbox.sql("DELETE FROM users");
    let before = items(&sandbox);
    again(&["people"]);
    assert_eq!(items(&sandbox), before);
    for (pk, sk) in items(&sandbox).into_keys() {
        sandbox.delete(&pk, &sk);
    }
    again(&["conversation"]);
    sandbox.sql("DROP TABLE users, activities");
    again(&["schema", "people"]);
    sandbox.cruddur(["db", "drop"]).succeeds();
    again(&["database", "schema", "people"]);
}

#[test]
fn a_conversation_that_an_interrupted_setup_has_begun_is_completed() {
    let sandbox = Sandbox::seeded();
    let whole = items(&sandbox);
    for (pk, sk) in whole.keys().filter(|(pk, _)| pk.starts_with("GRP#")).chain(whole.keys().take(9)) {
        sandbox.delete(pk, sk);
    }
    let run = sandbox.cruddur(["setup"]).succeeds();
    assert_eq!(with(&run, "done"), ["conversation"]);
    let texts = |items: Items| items.into_values().collect::<Vec<_>>();
    assert_eq!(texts(items(&sandbox)), texts(whole));
    sandbox.cruddur(["ddb", "check"]).succeeds();
}

#[test]
fn what_somebody_has_made_stays() {
    let sandbox = Sandbox::set_up();
    sandbox.sql("DELETE FROM users WHERE handle <> 'nina'");
    sandbox.sql("ALTER TABLE users ADD bio text");
    sandbox.put(&[
        ("pk", "MSG#5ae290ed-55d1-47a0-bc6d-fe2bc2700399"),
        ("sk", "2024-03-01T10:00:00.000000+00:00"),
        ("message", "mine"),
    ]);
    let before = everything(&sandbox);
    let run = sandbox.cruddur(["setup"]).succeeds().says("cruddur ddb check --repair");
    assert_eq!(with(&run, "unchanged"), STEPS[..4]);
    assert_eq!(everything(&sandbox), before);
    // Tables, but none of users: nothing is guessed, and what can go on goes on.
    let other = Sandbox::new();
    other.cruddur(["db", "create"]).succeeds();
    other.sql("CREATE TABLE precious AS SELECT 1 AS one");
    let run = other.cruddur(["setup"]).exits_with(5).says("there are tables, but no users table");
    assert_eq!(with(&run, "failed"), ["schema"]);
    assert_eq!(with(&run, "done"), ["table"]);
    assert_eq!(other.sql("SELECT one FROM precious"), [["1"]]);
    assert!(other.sql("SELECT 1 FROM pg_tables WHERE tablename = 'users'").is_empty());
}

#[test]
fn a_table_that_differs_is_brought_up_to_date_and_keeps_its_items() {
    let sandbox = Sandbox::seeded();
    let before = everything(&sandbox);
    let index = "message-group-sk-index";
    let update = aws_sdk_dynamodb::types::GlobalSecondaryIndexUpdate::builder()
        .delete(
            aws_sdk_dynamodb::types::DeleteGlobalSecondaryIndexAction::builder()
                .index_name(index)
                .build()
                .unwrap(),
        )
        .build();
    let request = sandbox.dynamodb().update_table().table_name(TABLE).global_secondary_index_updates(update);
    runtime().block_on(request.send()).unwrap();
    let dry = sandbox.cruddur(["setup", "--dry-run"]).succeeds();
    assert_eq!(with(&dry, "would do"), ["table"]);
    assert!(dry.stdout.contains("UpdateTable"), "{}", dry.stdout);
    let run = sandbox.cruddur(["setup"]).succeeds().says(index);
    assert_eq!(with(&run, "done"), ["table"]);
    assert_eq!(everything(&sandbox), before);
    let run = sandbox.cruddur(["setup"]).succeeds();
    assert_eq!(with(&run, "unchanged"), STEPS[..5]);
    // A key is for ever.
    drop_table(&sandbox);
    sandbox.create_table(TABLE);
    let run = sandbox.cruddur(["setup"]).exits_with(5).says("another definition").says("ddb schema-load");
    assert_eq!(with(&run, "failed"), ["table"]);
}

#[test]
fn begun_anew_nothing_of_before_is_left() {
    let sandbox = Sandbox::seeded();
    sandbox.sql("CREATE TABLE old ()");
    sandbox.put(&[("pk", "CONFIG"), ("sk", "1"), ("message", "old")]);
    let before = everything(&sandbox);
    let dry = sandbox.cruddur(["setup", "--fresh", "--dry-run"]).succeeds();
    assert_eq!(with(&dry, "would do"), STEPS[..5]);
    for part in ["DROP DATABASE", "CREATE DATABASE", "DeleteTable", "CreateTable"] {
        assert!(dry.stdout.contains(part), "{part}: {}", dry.stdout);
    }
    assert_eq!(everything(&sandbox), before);
    let session = Session::open(&sandbox.connection_url(), "app");
    sandbox.cruddur(["setup", "--fresh"]).exits_with(1).says("cruddur setup --fresh --force");
    assert_eq!(everything(&sandbox), before);
    let run = sandbox.cruddur(["setup", "--fresh", "--force"]).succeeds();
    assert!(!session.is_alive());
    assert_eq!(with(&run, "done"), STEPS[..5]);
    assert!(sandbox.sql("SELECT 1 FROM pg_tables WHERE tablename = 'old'").is_empty());
    assert!(sandbox.items().iter().all(|item| text(item, "pk") != "CONFIG"));
    assert_eq!(sandbox.items().len(), 64);
}

#[test]
fn a_file_that_cannot_be_read_leaves_what_was_to_go() {
    let sandbox = Sandbox::seeded();
    std::fs::create_dir(sandbox.path().join("db")).unwrap();
    sandbox.write("db/seed.sql", "INSERT INTO users (handle) VALUES (:'nobody_set_this')");
    let before = everything(&sandbox);
    sandbox.cruddur(["setup", "--fresh"]).exits_with(1).says("the variable nobody_set_this is not set");
    assert_eq!(everything(&sandbox), before);
    // It is not needed where there are people.
    sandbox.cruddur(["setup"]).succeeds();
    let run = sandbox.cruddur(["setup", "--fresh", "--built-in"]).succeeds();
    assert_eq!(with(&run, "done"), STEPS[..5]);
}

#[test]
fn a_step_that_fails_keeps_no_other_from_being_done() {
    let sandbox = Sandbox::new();
    let nowhere = ["setup", "--endpoint-url", "http://127.0.0.1:9"];
    let run = sandbox.cruddur(nowhere).exits_with(5).says("1 step failed");
    assert_eq!(with(&run, "failed"), ["table"]);
    assert_eq!(with(&run, "skipped"), ["conversation", "Cognito ids"]);
    assert_eq!(users(&sandbox).len(), 3);
    let run = sandbox.cruddur(["setup"]).succeeds();
    assert_eq!(with(&run, "done"), ["table", "conversation"]);
    let other = Sandbox::new();
    let url = "postgresql://postgres:password@127.0.0.1:9/cruddur";
    let run = Run::of(other.command(["setup"]).env("CONNECTION_URL", url)).exits_with(5);
    assert_eq!(with(&run, "failed"), ["database"]);
    assert_eq!(with(&run, "done"), ["table"]);
    let run = Run::of(other.command(nowhere).env("CONNECTION_URL", url)).exits_with(1);
    assert_eq!(with(&run, "failed"), ["database", "table"]);
}

#[test]
fn people_of_ones_own_are_found_by_their_variables_or_left_out() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path().join("db")).unwrap();
    let row = |number: u8| format!("('Person', :'user{number}_username', 'person@example.com', 'MOCK')");
    let seed = "INSERT INTO users (display_name, handle, email, cognito_user_id) VALUES ";
    sandbox.write("db/seed.sql", format!("{seed}('Person', 'quinn', 'quinn@example.com', 'MOCK')"));
    let run = sandbox.cruddur(["setup"]).succeeds().says("user1_username and user2_username");
    assert_eq!(with(&run, "skipped"), ["conversation", "Cognito ids"]);
    sandbox.write("db/seed.sql", format!("{seed}{}, {}", row(1), row(2)));
    sandbox.write(".env", "user1_username=robin\nuser2_username=sasha\n");
    let run = sandbox.cruddur(["setup", "--fresh"]).succeeds().says("62 messages between robin and sasha");
    assert_eq!(with(&run, "skipped"), ["Cognito ids"]);
    sandbox.cruddur(["ddb", "check"]).succeeds();
    // Who was named and is not there is a failure.
    sandbox.write(".env", "user1_username=nobody\n");
    drop_table(&sandbox);
    let run =
        sandbox.cruddur(["setup"]).exits_with(5).says("\"nobody\"").says("existing handles: robin, sasha");
    assert_eq!(with(&run, "failed"), ["conversation"]);
}

#[test]
fn the_cognito_ids_of_a_configured_pool_are_filled_in_once() {
    let sandbox = Sandbox::new();
    let pool = Pool::new();
    pool.add([("one", Some("nina")), ("two", Some("petra"))]);
    let run = sandbox.cruddur_with_pool(&pool, &["setup"]).succeeds().says("2 updated");
    assert_eq!(with(&run, "done"), STEPS);
    let ids = sandbox.sql("SELECT handle, cognito_user_id FROM users ORDER BY handle");
    assert_eq!(ids[0], ["nina".to_owned(), pool.sub("one")]);
    let before = everything(&sandbox);
    let run = sandbox.cruddur_with_pool(&pool, &["setup"]).succeeds();
    assert_eq!(with(&run, "unchanged"), STEPS);
    assert_eq!(everything(&sandbox), before);
    // A pool that is not there was configured all the same.
    let run =
        sandbox.cruddur_with_pool(&pool, &["setup", "--user-pool-id", "us-east-1_nowhere"]).exits_with(5);
    assert_eq!(with(&run, "failed"), ["Cognito ids"]);
    assert_eq!(with(&run, "unchanged"), STEPS[..5]);
}

#[test]
fn production_is_refused_and_nothing_is_touched() {
    let (local, prod) = (Sandbox::new(), Sandbox::new());
    for arguments in [vec!["setup", "--prod"], vec!["--prod", "setup", "--fresh", "--force"]] {
        Run::of(local.command(arguments).env("PROD_CONNECTION_URL", prod.production_url()))
            .exits_with(3)
            .says("works only on local databases");
    }
    assert!(!local.database_exists() && !prod.database_exists());
}
