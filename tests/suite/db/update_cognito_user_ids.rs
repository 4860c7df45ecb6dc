//! `db update-cognito-user-ids`, and `db setup` with a pool

use std::process::Command;

use serde_json::{Value, json};

use super::{load, users_as_written};
use crate::support::{
    BIG, COGNITO_ENDPOINT, Fault, Pool, Proxy, Run, Sandbox, Session, Spawned, big_pool, eventually, moto,
    silent_port,
};

const UPDATE: [&str; 2] = ["db", "update-cognito-user-ids"];

/// The seed's three, and rows that differ from the big pool in every way.
fn table() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "setup"]).succeeds();
    sandbox.allow_twins();
    let known = big_pool().sub("walker-060");
    let rows: String = [
        ("walker-000", "MOCK"),
        ("walker-059", "an-older-sub"),
        ("walker-060", known.as_str()),
        ("walker-124", "MOCK"),
        ("walker-001", "MOCK"),
        ("walker-001", "another-sub"),
        ("twin", "MOCK"),
        ("fresh", "MOCK"),
        ("gone", "MOCK"),
        ("left", "the-sub-of-one-who-left"),
        ("Nina", "MOCK"),
    ]
    .map(|(handle, id)| format!("('A person', '{handle}', '{handle}@example.com', '{id}')"))
    .join(", ");
    load(&sandbox, format!("INSERT INTO users (display_name, handle, email, cognito_user_id) VALUES {rows}"))
        .succeeds();
    sandbox
}

fn ids(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql("SELECT handle, cognito_user_id FROM users ORDER BY handle COLLATE \"C\", cognito_user_id COLLATE \"C\"")
}

/// What the table holds once the big pool has been applied to it.
fn expected_ids() -> Vec<[String; 2]> {
    let sub = |name: &str| big_pool().sub(name);
    [
        ("Nina", "MOCK".to_owned()),
        ("fresh", sub("fresh")),
        ("gone", sub("gone")),
        ("left", "the-sub-of-one-who-left".to_owned()),
        ("nina", sub("nina")),
        ("oscar", "MOCK".to_owned()),
        ("petra", "MOCK".to_owned()),
        ("twin", "MOCK".to_owned()),
        ("walker-000", sub("walker-000")),
        ("walker-001", "MOCK".to_owned()),
        ("walker-001", "another-sub".to_owned()),
        ("walker-059", sub("walker-059")),
        ("walker-060", sub("walker-060")),
        ("walker-124", sub("walker-124")),
    ]
    .map(|(handle, id)| [handle.to_owned(), id])
    .to_vec()
}

/// Those of a document with this result: handle, old and new.
fn lines(document: &Value, result: &str) -> Vec<[Value; 3]> {
    let users = document["users"].as_array().unwrap().iter();
    users
        .filter(|user| user["result"] == result)
        .map(|user| ["handle", "old", "new"].map(|name| user[name].clone()))
        .collect()
}

#[test]
fn what_matches_is_updated_and_the_rest_is_told() {
    let sandbox = table();
    let run =
        sandbox.cruddur_with_pool(big_pool(), &["db", "update-cognito-user-ids", "-o", "json"]).succeeds();
    assert_eq!(ids(&sandbox), expected_ids());

    let document = run.json();
    let sub = |name: &str| json!(big_pool().sub(name));
    let updated = |handle: &str, old: &str| [json!(handle), json!(old), sub(handle)];
    assert_eq!(
        lines(&document, "updated"),
        [
            updated("fresh", "MOCK"),
            updated("gone", "MOCK"),
            updated("nina", "MOCK"),
            updated("walker-000", "MOCK"),
            updated("walker-059", "an-older-sub"),
            updated("walker-124", "MOCK"),
        ]
    );
    assert_eq!(lines(&document, "unchanged"), [[json!("walker-060"), sub("walker-060"), sub("walker-060")]]);
    assert_eq!(
        lines(&document, "not_in_pool"),
        [("Nina", "MOCK"), ("left", "the-sub-of-one-who-left"), ("oscar", "MOCK"), ("petra", "MOCK")]
            .map(|(handle, old)| [json!(handle), json!(old), Value::Null])
    );
    let alone = lines(&document, "not_in_table");
    assert_eq!(alone.len(), 120);
    assert_eq!(alone[0], [json!("walker-002"), Value::Null, sub("walker-002")]);
    let nameless = lines(&document, "no_handle");
    assert_eq!(nameless.len(), 4);
    assert!(nameless.iter().all(|[handle, old, _]| handle.is_null() && old.is_null()));
    let ambiguous = lines(&document, "ambiguous");
    let mut twins = [big_pool().sub("twin-a"), big_pool().sub("twin-b")];
    twins.sort();
    assert_eq!(
        ambiguous[..3],
        [
            [json!("twin"), json!("MOCK"), Value::Null],
            [json!("twin"), Value::Null, json!(twins[0])],
            [json!("twin"), Value::Null, json!(twins[1])],
        ]
    );
    assert_eq!(ambiguous.len(), 6, "two rows and a pool user share walker-001");
    assert!(ambiguous[3..].iter().all(|[handle, ..]| handle == "walker-001"));

    let tally = json!({
        "updated": 6, "unchanged": 1, "not_in_table": 120, "not_in_pool": 4, "no_handle": 4, "ambiguous": 6,
        "still_mock": 5, "added": 0, "not_added": 0,
    });
    assert_eq!((&document["tally"], &document["dry_run"]), (&tally, &json!(false)));
    assert_eq!(document["count"], 141);
    let still: Vec<&Value> =
        document["users"].as_array().unwrap().iter().filter(|user| user["still_mock"] == true).collect();
    assert_eq!(still.len(), 5);
    run.says(&format!("read {BIG} users from {} on http://127.0.0.1:", big_pool().id)).says(
        "6 updated, 1 unchanged\n120 in the pool but not in the table\n4 in the table but not in the pool\n\
         4 without a handle\n6 ambiguous\n5 still MOCK\n",
    );
}

#[test]
fn a_table_leaves_out_the_unchanged_and_ndjson_does_not() {
    let sandbox = table();
    let run = sandbox.cruddur_with_pool(big_pool(), &UPDATE).succeeds();
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["RESULT", "HANDLE", "EMAIL", "OLD", "NEW"]);
    assert_eq!(lines.len(), 1 + 140);
    let sub = big_pool().sub("walker-059");
    assert!(lines.contains(&vec!["updated", "walker-059", "walker-059@example.com", "an-older-sub", &sub]));
    assert!(!run.stdout.contains("walker-060"));
    let all =
        sandbox.cruddur_with_pool(big_pool(), &["db", "update-cognito-user-ids", "-o", "ndjson"]).succeeds();
    assert_eq!(all.ndjson().len(), 141);
}

#[test]
fn doing_it_again_writes_nothing() {
    let sandbox = table();
    sandbox.cruddur_with_pool(big_pool(), &UPDATE).succeeds();
    let before = users_as_written(&sandbox);
    sandbox.cruddur_with_pool(big_pool(), &UPDATE).succeeds().says("0 updated, 7 unchanged");
    assert_eq!(users_as_written(&sandbox), before);
}

#[test]
fn a_dry_run_shows_the_same_and_writes_nothing() {
    let sandbox = table();
    let before = users_as_written(&sandbox);
    let json = ["db", "update-cognito-user-ids", "-o", "json"];
    let mut command = sandbox.with_pool(big_pool(), &json);
    let dry = Run::of(command.arg("--dry-run")).succeeds().says("6 would be updated");
    assert_eq!(users_as_written(&sandbox), before);
    let real = sandbox.cruddur_with_pool(big_pool(), &json).succeeds();
    assert_eq!(dry.json()["dry_run"], true);
    assert_eq!(dry.json()["users"], real.json()["users"]);
}

#[test]
fn strict_is_exit_code_5_after_the_update() {
    let sandbox = table();
    let strict = ["db", "update-cognito-user-ids", "--strict"];
    let before = users_as_written(&sandbox);
    let mut command = sandbox.with_pool(big_pool(), &strict);
    Run::of(command.arg("--dry-run")).exits_with(5).says("134 unmatched, 5 still MOCK; nothing was changed");
    assert_eq!(users_as_written(&sandbox), before);
    sandbox
        .cruddur_with_pool(big_pool(), &strict)
        .exits_with(5)
        .says("134 unmatched, 5 still MOCK; matched users are up to date");
    assert_eq!(ids(&sandbox), expected_ids());
}

#[test]
fn strict_is_content_when_everybody_matches() {
    let (sandbox, pool) = (Sandbox::new(), Pool::new());
    sandbox.cruddur(["db", "setup"]).succeeds();
    let strict = ["db", "update-cognito-user-ids", "--strict"];
    pool.add(["nina", "oscar"].map(|name| (name, Some(name))));
    sandbox.cruddur_with_pool(&pool, &strict).exits_with(5).says("1 unmatched, 1 still MOCK");
    pool.add([("petra", Some("petra"))]);
    sandbox.cruddur_with_pool(&pool, &strict).succeeds().says("1 updated, 2 unchanged\n");
    assert!(sandbox.sql("SELECT 1 FROM users WHERE cognito_user_id = 'MOCK'").is_empty());
}

#[test]
fn a_listing_that_breaks_off_changes_nothing() {
    let sandbox = table();
    let before = users_as_written(&sandbox);
    let plan = |call| (call > 1).then_some(Fault::Error(500, "InternalErrorException"));
    let proxy = Proxy::new(moto().url(), "ListUsers", plan);
    let mut command = sandbox.with_pool(big_pool(), &UPDATE);
    let run = Run::of(command.env(COGNITO_ENDPOINT, proxy.url())).exits_with(1).says("cannot list the users");
    assert_eq!(run.stdout, "");
    assert_eq!(users_as_written(&sandbox), before);
}

#[test]
fn a_row_that_cannot_be_updated_keeps_all_from_being_updated() {
    let sandbox = table();
    let sub = big_pool().sub("walker-124");
    load(&sandbox, format!("ALTER TABLE users ADD CONSTRAINT not_that CHECK (cognito_user_id <> '{sub}')"))
        .succeeds();
    let before = users_as_written(&sandbox);
    let run = sandbox.cruddur_with_pool(big_pool(), &UPDATE).exits_with(1).says("not_that");
    assert_eq!(run.stdout, "");
    assert_eq!(users_as_written(&sandbox), before);
}

#[test]
fn a_row_that_is_silently_not_updated_keeps_all_from_being_updated() {
    let sandbox = table();
    load(
        &sandbox,
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE TRIGGER no BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.handle = 'nina') EXECUTE FUNCTION no();",
    )
    .succeeds();
    let before = users_as_written(&sandbox);
    sandbox
        .cruddur_with_pool(big_pool(), &UPDATE)
        .exits_with(1)
        .says("5 rows were updated instead of 6, so it was rolled back");
    assert_eq!(users_as_written(&sandbox), before);
}

fn until_somebody_waits_for_users(sandbox: &Sandbox) {
    let waiting = "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE NOT granted AND relation = 'users'::regclass AND datname = current_database()";
    eventually("a wait for the lock", || (!sandbox.sql(waiting).is_empty()).then_some(()));
}

#[test]
fn a_change_under_way_is_waited_for_and_seen() {
    let (sandbox, pool) = (Sandbox::new(), Pool::new());
    sandbox.cruddur(["db", "setup"]).succeeds();
    pool.add([("nina", Some("nina"))]);
    sandbox.allow_twins();
    let insert = "INSERT INTO users (display_name, handle, email, cognito_user_id) \
        VALUES ('Another Nina', 'nina', 'another@example.com', 'MOCK')";
    let other = Session::having_run(&sandbox.connection_url(), "other", insert);
    let mut command = sandbox.with_pool(&pool, &UPDATE);
    let mut run = Spawned::new(&mut command);
    until_somebody_waits_for_users(&sandbox);
    other.commit();
    assert_eq!(run.code(), 0);
    assert_eq!(
        sandbox.sql("SELECT cognito_user_id FROM users WHERE handle = 'nina'"),
        [["MOCK"], ["MOCK"]],
        "two rows have the handle by now"
    );
}

#[test]
fn a_table_other_than_ours_is_told_what_it_lacks() {
    let sandbox = super::Sandbox::with_database();
    let schema_load = "cruddur db schema-load";
    let update = || sandbox.cruddur_with_pool(big_pool(), &UPDATE).exits_with(1).says(schema_load);
    update().says("relation \"public.users\" does not exist");
    load(&sandbox, "CREATE TABLE users (uuid uuid, handle text)").succeeds();
    update()
        .says("\"cognito_user_id\" does not exist")
        .says("needs the columns uuid, handle and cognito_user_id");
}

/// The update of a production that is `prod`.
fn on_prod(local: &Sandbox, prod: &Sandbox, pool: &Pool) -> Command {
    let mut command = local.with_pool(pool, &UPDATE);
    command
        .args(["--prod", "--endpoint-url", &moto().url()])
        .env("PROD_CONNECTION_URL", prod.production_url())
        .env("AWS_ACCESS_KEY_ID", "production")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    command
}

#[test]
fn in_production_an_id_is_replaced_only_when_that_is_confirmed() {
    let sandbox = table();
    let before = ids(&sandbox);
    let name = sandbox.sql("SELECT current_database()")[0][0].clone();
    let lost = "1 Cognito id other than MOCK would be replaced (walker-059)";
    let update = |more: &[&str]| Run::of(on_prod(&sandbox, &sandbox, big_pool()).args(more));
    update(&[]).exits_with(3).says(lost).says(&format!("--yes --confirm {name}"));
    update(&["--yes", "--confirm", "another"]).exits_with(3).says("nothing was done");
    update(&["--dry-run"]).succeeds().says(lost);
    assert_eq!(ids(&sandbox), before);
    update(&["--yes", "--confirm", &name]).succeeds().says("6 updated");
    assert_eq!(ids(&sandbox), expected_ids());
}

#[test]
fn what_was_confirmed_must_still_be_so() {
    let sandbox = table();
    let name = sandbox.sql("SELECT current_database()")[0][0].clone();
    let update = "UPDATE users SET cognito_user_id = 'new' WHERE handle = 'walker-059'";
    let other = Session::having_run(&sandbox.connection_url(), "other", update);
    let mut command = on_prod(&sandbox, &sandbox, big_pool());
    command.args(["--yes", "--confirm", &name]);
    let mut run = Spawned::new(&mut command);
    until_somebody_waits_for_users(&sandbox);
    other.commit();
    assert_eq!(run.code(), 3);
    assert_eq!(sandbox.sql("SELECT handle FROM users WHERE cognito_user_id = 'new'"), [["walker-059"]]);
    assert_eq!(sandbox.sql("SELECT cognito_user_id FROM users WHERE handle = 'fresh'"), [["MOCK"]]);
}

#[test]
fn production_is_updated_by_its_own_flag_only() {
    let (local, prod, pool) = (Sandbox::new(), Sandbox::new(), Pool::new());
    for sandbox in [&local, &prod] {
        sandbox.cruddur(["db", "setup"]).succeeds();
    }
    pool.add([("nina", Some("nina"))]);
    Run::of(&mut on_prod(&local, &prod, &pool))
        .succeeds()
        .says("*** PROD *** PostgreSQL at 127.0.0.1:")
        .says("1 updated");
    let nina = "SELECT cognito_user_id FROM users WHERE handle = 'nina'";
    assert_eq!(prod.sql(nina), [[pool.sub("nina")]]);
    assert_eq!(local.sql(nina), [["MOCK"]]);
}

#[test]
fn setup_ends_with_it_when_a_pool_is_configured() {
    let (sandbox, pool) = (Sandbox::new(), Pool::new());
    pool.add(["nina", "oscar", "zoe"].map(|name| (name, Some(name))));
    let run = sandbox.cruddur_with_pool(&pool, &["db", "setup"]).succeeds();
    assert!(
        run.stderr.ends_with("2 updated, 0 unchanged\n1 in the pool but not in the table\n1 in the table but not in the pool\n1 still MOCK\n"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
    assert_eq!(
        ids(&sandbox),
        [["nina", &pool.sub("nina")], ["oscar", &pool.sub("oscar")], ["petra", "MOCK"]]
    );
    let mut command = sandbox.command(["db", "setup", "--user-pool-id", &pool.id]);
    Run::of(command.env(COGNITO_ENDPOINT, moto().url())).succeeds().says("2 updated");
}

#[test]
fn setup_says_in_a_line_that_it_skips_it() {
    let run = Sandbox::new().cruddur(["db", "setup"]).succeeds();
    let skipped: Vec<&str> = run.stderr.lines().filter(|line| line.contains("skipped")).collect();
    assert_eq!(skipped, ["skipped the Cognito user ids: AWS_COGNITO_USER_POOL_ID is empty"]);
}

#[test]
fn setup_with_a_pool_out_of_reach_is_done_in_part() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.with_pool(big_pool(), &["db", "setup"]);
    Run::of(command.env(COGNITO_ENDPOINT, format!("http://127.0.0.1:{}", silent_port())))
        .exits_with(5)
        .says("the database is ready, but without its Cognito user ids: ")
        .says("run this step alone: cruddur db update-cognito-user-ids");
    assert_eq!(sandbox.sql("SELECT count(*) FROM users WHERE cognito_user_id = 'MOCK'"), [["3"]]);
}

#[test]
fn setup_drops_nothing_when_the_pool_is_set_wrong() {
    let sandbox = table();
    let before = users_as_written(&sandbox);
    sandbox.cruddur(["db", "setup", "--user-pool-id", "people"]).exits_with(2).says("--user-pool-id");
    let mut command = sandbox.with_pool(big_pool(), &["db", "setup"]);
    Run::of(command.env(COGNITO_ENDPOINT, "localhost:5000")).exits_with(4).says(COGNITO_ENDPOINT);
    assert_eq!(users_as_written(&sandbox), before);
}
