//! `db update-cognito-user-ids --add-missing`

use serde_json::{Value, json};

use super::{load, users_as_written};
use crate::support::{COGNITO_ENDPOINT, Pool, Run, Sandbox, Spawned, moto};
use crate::user_pool::{Local, attempt, attribute};

const ADD: [&str; 3] = ["db", "update-cognito-user-ids", "--add-missing"];

/// Adds a user with these attributes to a pool in moto.
fn create(pool: &Pool, name: &str, attributes: &[(&str, &str)]) {
    let attributes: Vec<Value> =
        attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let arguments = json!({ "Username": name, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
    let made = attempt(&moto().url(), &pool.id, "admin_create_user", &arguments);
    assert!(made.get("refusal").is_none(), "{made}");
}

/// The same with all that a row needs.
fn create_whole(pool: &Pool, handle: &str) {
    let email = format!("{handle}@example.com");
    create(pool, handle, &[("preferred_username", handle), ("name", "A person"), ("email", &email)]);
}

/// The seed's three; of the pool, nina, two to be added, and one for each reason not to be.
fn world() -> (Sandbox, Pool) {
    let (sandbox, pool) = (Sandbox::new(), Pool::new());
    sandbox.cruddur(["db", "setup"]).succeeds();
    pool.add([("nina", Some("nina")), ("twin-a", Some("twin")), ("twin-b", Some("twin")), ("nobody", None)]);
    create(
        &pool,
        "quinn",
        &[("preferred_username", "quinn"), ("name", "Quinn O'Abara"), ("email", "q@example.com")],
    );
    create(&pool, "rosa", &[("preferred_username", "rosa"), ("name", "Rosa"), ("email", "")]);
    create(&pool, "sam", &[("preferred_username", "sam"), ("name", " "), ("email", "sam@example.com")]);
    pool.sign_up("tara", "tara");
    create_whole(&pool, "uma");
    // A row's own user has another handle in the pool.
    let rename = format!("UPDATE users SET cognito_user_id = '{}' WHERE handle = 'petra'", pool.sub("uma"));
    load(&sandbox, rename).succeeds();
    // A row changes from one user to another, who is then without a row.
    create_whole(&pool, "oscar");
    create_whole(&pool, "xena");
    let other = format!("UPDATE users SET cognito_user_id = '{}' WHERE handle = 'oscar'", pool.sub("xena"));
    load(&sandbox, other).succeeds();
    (sandbox, pool)
}

fn table(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.sql(
        "SELECT handle, display_name, email, cognito_user_id FROM users \
         WHERE created_at IS NOT NULL ORDER BY handle COLLATE \"C\"",
    )
}

#[test]
fn whoever_the_table_lacks_is_added_and_who_cannot_be_is_named() {
    let (sandbox, pool) = world();
    let before = users_as_written(&sandbox);
    let dry = Run::of(sandbox.with_pool(&pool, &ADD).arg("--dry-run")).succeeds();
    dry.says("2 would be updated, 0 unchanged, 2 would be added")
        .says("($1 to $4 are the names, handles, emails and ids of 2 users)");
    assert_eq!(users_as_written(&sandbox), before);
    sandbox.cruddur_with_pool(&pool, &ADD[..2]).succeeds().says("in the pool but not in the table");
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);

    let run = sandbox.cruddur_with_pool(&pool, &[&ADD[..], &["-o", "json"]].concat()).succeeds();
    let run = run.says("0 updated, 2 unchanged, 2 added").says("4 in the pool and not added");
    let results: Vec<[String; 2]> = run.json()["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| ["handle", "result"].map(|name| user[name].as_str().unwrap_or_default().to_owned()))
        .collect();
    let expected = [
        ["nina", "unchanged"],
        ["oscar", "unchanged"],
        ["petra", "not_in_pool"],
        ["quinn", "added"],
        ["rosa", "no_email"],
        ["sam", "no_name"],
        ["tara", "unconfirmed"],
        ["twin", "ambiguous"],
        ["twin", "ambiguous"],
        ["uma", "other_handle"],
        ["xena", "added"],
        ["", "no_handle"],
    ];
    assert_eq!(results, expected);
    let rows = table(&sandbox);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[3], ["quinn", "Quinn O'Abara", "q@example.com", &pool.sub("quinn")]);
    assert_eq!(rows[4], ["xena", "A person", "xena@example.com", &pool.sub("xena")]);

    let before = users_as_written(&sandbox);
    let again = sandbox.cruddur_with_pool(&pool, &ADD).succeeds().says("0 updated, 4 unchanged\n");
    let shown: Vec<&str> =
        again.stdout.lines().filter_map(|line| line.split_once("  ")).map(|line| line.0).collect();
    assert!(shown.contains(&"no email") && shown.contains(&"unconfirmed") && shown.contains(&"other handle"));
    assert_eq!(users_as_written(&sandbox), before);
    sandbox.cruddur_with_pool(&pool, &[&ADD[..], &["--strict"]].concat()).exits_with(5);
}

#[test]
fn updates_and_additions_are_one_transaction() {
    let (sandbox, pool) = world();
    load(&sandbox, "ALTER TABLE users ADD CONSTRAINT not_quinn CHECK (handle <> 'quinn')").succeeds();
    let before = users_as_written(&sandbox);
    let run = sandbox.cruddur_with_pool(&pool, &ADD).exits_with(1).says("not_quinn");
    assert_eq!((run.stdout.as_str(), users_as_written(&sandbox)), ("", before.clone()));
    load(
        &sandbox,
        "ALTER TABLE users DROP CONSTRAINT not_quinn;
         CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE TRIGGER no BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.handle = 'quinn') EXECUTE FUNCTION no();",
    )
    .succeeds();
    let run = sandbox.cruddur_with_pool(&pool, &ADD).exits_with(1);
    run.says("1 rows were added instead of 2, so it was rolled back");
    assert_eq!(users_as_written(&sandbox), before);
}

#[test]
fn runs_at_once_add_everybody_once() {
    let (sandbox, pool) = world();
    sandbox.allow_twins();
    let mut runs: Vec<Spawned> = (0..4).map(|_| Spawned::new(&mut sandbox.with_pool(&pool, &ADD))).collect();
    for run in &mut runs {
        assert_eq!(run.code(), 0);
    }
    let handles: Vec<String> = table(&sandbox).into_iter().map(|mut row| row.swap_remove(0)).collect();
    assert_eq!(handles, ["nina", "oscar", "petra", "quinn", "xena"]);
}

#[test]
fn a_saved_list_holds_what_a_row_needs_and_a_map_does_not() {
    let (sandbox, pool) = world();
    let list = |form: &[&str]| {
        sandbox.cruddur_with_pool(&pool, &[&["cognito", "list-users"], form].concat()).succeeds().stdout
    };
    let of_aws = attempt(&moto().url(), &pool.id, "list_users", &json!({}))["answer"].take().to_string();
    for saved in [list(&["-o", "json"]), list(&["-o", "ndjson"]), of_aws] {
        sandbox.write("users", &saved);
        let from = [&ADD[..], &["--from", "users"]].concat();
        let run = sandbox.cruddur([&from[..], &["--dry-run", "-o", "json"]].concat()).succeeds();
        let tally = &run.json()["tally"];
        assert_eq!((&tally["added"], &tally["not_added"]), (&json!(2), &json!(4)), "{saved}");
    }
    sandbox.write("users", list(&["--map"]));
    let run = sandbox.cruddur([&ADD[..], &["--from", "users"]].concat()).succeeds();
    run.says("6 in the pool and not added");
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);
}

#[test]
fn in_production_adding_takes_no_confirmation() {
    let (sandbox, pool) = (Sandbox::new(), Pool::new());
    sandbox.cruddur(["db", "setup"]).succeeds();
    create_whole(&pool, "quinn");
    let mut command = sandbox.with_pool(&pool, &ADD);
    command
        .args(["--prod", "--endpoint-url", &moto().url()])
        .env("PROD_CONNECTION_URL", sandbox.production_url())
        .env("AWS_ACCESS_KEY_ID", "production")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    Run::of(&mut command).succeeds().says("*** PROD *** PostgreSQL at ").says("0 unchanged, 1 added");
    assert_eq!(table(&sandbox)[3][3], pool.sub("quinn"));
}

#[test]
fn who_is_created_in_the_local_pool_is_added() {
    let (sandbox, pool) = (Sandbox::new(), Local::new());
    sandbox.cruddur(["db", "setup"]).succeeds();
    let ours = |words: &[&str]| {
        let mut command = sandbox.command(words);
        command.env(COGNITO_ENDPOINT, pool.0.url()).env_remove("AWS_COGNITO_USER_POOL_ID");
        Run::of(&mut command).succeeds()
    };
    ours(&["cognito", "create-user", "quinn", "--email", "quinn@example.com"]);
    ours(&ADD).says("1 added");
    let user = pool.call("admin_get_user", &json!({ "Username": "quinn@example.com" }));
    let sub = attribute(&user["UserAttributes"], "sub").unwrap();
    assert_eq!(table(&sandbox)[3], ["quinn", "quinn", "quinn@example.com", sub]);
}
