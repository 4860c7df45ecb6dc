//! Two runs of one command at once: the second waits for the first, and finds what it has done.

use regex_lite::Regex;
use serde_json::json;

use crate::support::{
    COGNITO_ENDPOINT, Fault, Pool, Proxy, Run, Sandbox, Session, Spawned, StatementRecorder, TABLE, boto3,
    eventually, moto, sql, stack, text,
};

/// The advisory locks that are waited for in this world's database, or in `database`.
fn waiting(database: &str) -> usize {
    let query = format!(
        "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = '{database}'"
    );
    sql(&stack().url("postgres"), &query).len()
}

/// Two conversations of one group would be twice the messages.
#[test]
fn of_two_seeds_of_one_group_the_second_replaces_the_first() {
    let sandbox = Sandbox::set_up();
    let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", |_| Some(Fault::Hold));
    let mut seed = sandbox.command(["ddb", "seed", "--endpoint-url", proxy.url()]);
    let first = Spawned::new(seed.args(["--timeout", "1h"]));
    proxy.holds(1);
    let mut second = Spawned::new(&mut sandbox.command(["ddb", "seed"]));
    second.says("waiting for another seed of the group 5ae290ed-55d1-47a0-bc6d-fe2bc2700399");
    eventually("the lock is waited for", || (waiting(sandbox.database()) == 1).then_some(()));
    // Another group is nobody's business, and a dry run takes no lock.
    let other = "0b7f4a52-6d0c-4c8e-9d53-7a1f2e9c4b10";
    sandbox.cruddur(["ddb", "seed", "--message-group-uuid", other]).succeeds();
    sandbox.cruddur(["ddb", "seed", "--dry-run"]).succeeds();
    proxy.release();
    first.ends().succeeds();
    let said = second.ends().succeeds().stderr;
    assert!(said.contains("wrote 62 messages") && said.contains("deleted 64 items"), "{said}");
    let scan = boto3(&sandbox.endpoint(), "dynamodb", "scan", &json!({ "TableName": TABLE }));
    assert_eq!(scan["Count"], 2 * 64);
    assert_eq!(sandbox.items().iter().filter(|item| text(item, "pk").ends_with("bc2700399")).count(), 62);
    sandbox.cruddur(["ddb", "check"]).succeeds();
}

/// People who get their uuids here, in a table that forbids nothing.
fn own_people() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path().join("db")).unwrap();
    sandbox.write(
        "db/schema.sql",
        "CREATE TABLE users (uuid uuid DEFAULT gen_random_uuid() PRIMARY KEY, display_name text, handle text, \
         email text, cognito_user_id text, created_at timestamp DEFAULT current_timestamp)",
    );
    let person = |handle: &str| {
        format!(
            "INSERT INTO users (display_name, handle, email, cognito_user_id) \
             SELECT '{handle}', '{handle}', '{handle}@example.com', 'MOCK' \
             WHERE NOT EXISTS (SELECT FROM users WHERE handle = '{handle}');\n"
        )
    };
    sandbox.write("db/seed.sql", ["nina", "oscar", "petra"].map(person).concat());
    sandbox.cruddur(["db", "create"]).succeeds();
    sandbox.cruddur(["db", "schema-load"]).succeeds();
    sandbox
}

#[test]
fn of_three_seeds_of_the_database_one_adds_the_people() {
    let sandbox = own_people();
    let url = sandbox.connection_url();
    let holder = Session::having_run(&url, "holder", "LOCK TABLE users IN SHARE MODE");
    let seed = || Spawned::new(&mut sandbox.command(["db", "seed"]));
    let first = seed();
    let blocked = "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE NOT granted AND relation = 'users'::regclass AND datname = current_database()";
    eventually("the first one inserts", || (!sandbox.sql(blocked).is_empty()).then_some(()));
    let mut others = [seed(), seed()];
    for other in &mut others {
        other.says("another run is writing to the database; waiting for it");
    }
    eventually("both wait", || (waiting(sandbox.database()) == 2).then_some(()));
    sandbox.cruddur(["db", "seed", "--dry-run"]).succeeds();
    drop(holder);
    first.ends().succeeds();
    for other in others {
        other.ends().succeeds();
    }
    assert_eq!(
        sandbox.sql("SELECT handle, count(*) FROM users GROUP BY handle ORDER BY 1"),
        [["nina", "1"], ["oscar", "1"], ["petra", "1"]]
    );
}

#[test]
fn of_two_setups_of_the_database_the_second_makes_it_anew() {
    let sandbox = Sandbox::new();
    let pool = Pool::new();
    pool.add([("nina", Some("nina"))]);
    // At the end of the first one, when it is connected to the new database.
    let proxy = Proxy::new(moto().url(), "ListUsers", |_| Some(Fault::Hold));
    let mut setup = sandbox.with_pool(&pool, &["db", "setup"]);
    let first = Spawned::new(setup.args(["--timeout", "1h"]).env(COGNITO_ENDPOINT, proxy.url()));
    proxy.holds(1);
    let mut second = Spawned::new(&mut sandbox.command(["db", "setup"]));
    let word = format!("another run is setting up the database {:?}; waiting for it", sandbox.database());
    second.says(&word);
    let mut third = Spawned::new(&mut sandbox.command(["setup", "--table", "third"]));
    third.says(&word);
    proxy.release();
    first.ends().succeeds();
    second.ends().succeeds();
    third.ends().succeeds();
    assert_eq!(sandbox.sql("SELECT handle FROM users ORDER BY 1"), [["nina"], ["oscar"], ["petra"]]);
}

#[test]
fn a_handle_is_one_users() {
    let sandbox = Sandbox::set_up();
    let twin = "DO $$ BEGIN INSERT INTO users (display_name, handle, email, cognito_user_id) \
        VALUES ('N', 'nina', 'n@example.com', 'MOCK'); \
        EXCEPTION WHEN unique_violation THEN INSERT INTO activities (user_uuid, message) \
        SELECT uuid, 'refused' FROM users WHERE handle = 'nina'; END $$";
    sandbox.sql(twin);
    assert_eq!(sandbox.sql("SELECT count(*) FROM activities WHERE message = 'refused'"), [["1"]]);
    assert_eq!(sandbox.sql("SELECT count(*) FROM users WHERE handle = 'nina'"), [["1"]]);
}

#[test]
fn what_a_constraint_refuses_is_said_in_words() {
    let sandbox = Sandbox::seeded();
    sandbox.sql("CREATE UNIQUE INDEX ON users (lower(handle))");
    let rename = ["ddb", "rename-user", "nina", "--new-handle", "Oscar"];
    sandbox.cruddur(rename).exits_with(1).says("the handle \"Oscar\" is taken").says("nothing was written");
    assert_eq!(sandbox.user("nina").display_name, "Nina Okafor");
    let invent = ["ddb", "seed", "--conversations", "1", "--messages", "1", "--users", "2"];
    sandbox.cruddur(invent).succeeds();
    sandbox.sql("UPDATE users SET uuid = gen_random_uuid(), handle = upper(handle) WHERE handle ~ '_'");
    let run = sandbox.cruddur(invent).exits_with(1);
    run.says("another user has one of the handles; nothing was added").says("already exists");
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["5"]]);
}

/// `cruddur` on a PostgreSQL whose answers to COMMIT are lost.
fn losing_commits(sandbox: &Sandbox, words: &[&str]) -> Run {
    let url = sandbox.connection_url();
    let port = Regex::new(r":(\d+)/").unwrap();
    let losing = StatementRecorder::losing_commits(port.captures(&url).unwrap()[1].parse().unwrap());
    let place = format!(":{}/", losing.port());
    let mut command = sandbox.command(words);
    command.env("CRUDDUR_STATE_DIR", sandbox.path().join("state"));
    let run = Run::of(command.env("CONNECTION_URL", port.replace(&url, place.as_str()).as_ref()));
    assert!(losing.statements().contains(&"COMMIT".to_owned()), "{:?}", losing.statements());
    run
}

#[test]
fn a_rename_whose_commit_is_not_answered_goes_on_with_the_same_command() {
    let sandbox = Sandbox::seeded();
    let rename = ["ddb", "rename-user", "nina", "--new-handle", "nina-b"];
    let copies =
        |handle: &str| sandbox.items().iter().filter(|item| text(item, "user_handle") == handle).count();
    let before = copies("nina");
    losing_commits(&sandbox, &rename)
        .exits_with(1)
        .says("cannot rename the user on 127.0.0.1")
        .says("it may have been committed")
        .says("run the same command again");
    // It was kept, and no copy was renamed.
    assert_eq!(sandbox.user("nina-b").display_name, "Nina Okafor");
    assert_eq!((copies("nina"), copies("nina-b")), (before, 0));
    sandbox.cruddur(rename).succeeds().says("copies remain");
    assert_eq!((copies("nina"), copies("nina-b")), (0, before));
    let items = sandbox.items();
    let run = sandbox.cruddur(rename).succeeds().says("nothing to do");
    run.says("no user has the handle \"nina\"");
    assert_eq!(sandbox.items().len(), items.len());
}

#[test]
fn invented_users_whose_commit_is_not_answered_are_there_for_the_next_run() {
    let sandbox = Sandbox::set_up();
    let seed = ["ddb", "seed", "--conversations", "2", "--messages", "3", "--users", "4"];
    losing_commits(&sandbox, &seed)
        .exits_with(1)
        .says("cannot add the users on 127.0.0.1")
        .says("it may have been committed")
        .says("run the same command again");
    assert_eq!(sandbox.sql("SELECT count(*) FROM users WHERE handle ~ '_'"), [["4"]]);
    assert!(sandbox.items().is_empty());
    let mut again = sandbox.command(seed);
    Run::of(again.env("CRUDDUR_STATE_DIR", sandbox.path().join("state")))
        .succeeds()
        .says("added 0 users")
        .says("wrote 2 conversations");
    assert_eq!(sandbox.sql("SELECT count(*) FROM users WHERE handle ~ '_'"), [["4"]]);
    assert_eq!(sandbox.items().len(), 2 * (3 + 2));
}

#[test]
fn a_file_whose_commit_is_not_answered_may_have_been_kept() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "create"]).succeeds();
    losing_commits(&sandbox, &["db", "schema-load"]).exits_with(1).says("it may have been committed");
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["0"]]);
}
