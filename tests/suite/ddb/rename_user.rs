//! `ddb rename-user`

use std::process::Command;

use serde_json::json;

use crate::support::{GROUP, Item, Proxy, Run, Sandbox, Session, at_a_terminal, text};

pub const NEW: [&str; 4] = ["--new-handle", "nina-b", "--display-name", "Nina O'Brien ⚓"];

pub fn words<'a>(handle: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["ddb", "rename-user", handle][..], more].concat()
}

/// A seeded world in which nina has three conversations, and others have one
/// that is none of hers: 31, 1, 0 messages from her, a row each about her.
pub fn busy() -> Sandbox {
    let sandbox = Sandbox::seeded();
    for (from, to) in [("nina", "petra"), ("petra", "oscar"), ("oscar", "nina")] {
        let create =
            ["ddb", "patterns", "create-conversation", "--from", from, "--to", to, "--allow-duplicate"];
        sandbox.cruddur(create.iter().chain(&["Ahoy"])).succeeds();
    }
    sandbox
}

/// What an item says, without the names.
fn without_names(item: &Item) -> Vec<(String, String)> {
    let mut attributes: Vec<_> = item
        .keys()
        .filter(|name| !["user_handle", "user_display_name"].contains(&name.as_str()))
        .map(|name| (name.clone(), text(item, name)))
        .collect();
    attributes.sort();
    attributes
}

/// All items, in order, without the names.
pub fn bare(sandbox: &Sandbox) -> Vec<Vec<(String, String)>> {
    let mut items: Vec<_> = sandbox.items().iter().map(without_names).collect();
    items.sort();
    items
}

/// How many copies of nina's names there are, each as `expected`.
#[track_caller]
pub fn assert_names(sandbox: &Sandbox, handle: &str, display_name: &str) -> usize {
    let user = sandbox.user(handle);
    assert_eq!(user.display_name, display_name);
    let uuid = user.uuid.to_string();
    let (hers, others): (Vec<Item>, Vec<Item>) =
        sandbox.items().into_iter().partition(|item| text(item, "user_uuid") == uuid);
    for item in &hers {
        assert_eq!(
            (text(item, "user_handle"), text(item, "user_display_name")),
            (handle.into(), display_name.into())
        );
    }
    for item in others {
        let known = [("oscar", "Oscar Lindqvist"), ("petra", "Petra Novak")];
        let names = (text(&item, "user_handle"), text(&item, "user_display_name"));
        assert!(known.iter().any(|(handle, name)| names == ((*handle).into(), (*name).into())), "{item:?}");
    }
    hers.len()
}

#[test]
fn every_copy_is_renamed_and_nothing_else() {
    let sandbox = busy();
    let before = bare(&sandbox);
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateItem", |_| None);
    let more = [&NEW[..], &["-o", "json", "--endpoint-url", proxy.url()]].concat();
    let run = sandbox.cruddur(words("nina", &more)).succeeds();
    assert_eq!(assert_names(&sandbox, "nina-b", "Nina O'Brien ⚓"), 35);
    assert_eq!(bare(&sandbox), before);
    assert_eq!(sandbox.sql("SELECT count(*) FROM users WHERE handle = 'nina'"), [["0"]]);
    assert_eq!(sandbox.sql("SELECT count(*) FROM users"), [["3"]]);
    let document = run.json();
    assert_eq!(
        document["copies"],
        json!([
            { "kind": "users", "found": 1, "renamed": 1 },
            { "kind": "messages", "found": 32, "renamed": 32 },
            { "kind": "group rows", "found": 3, "renamed": 3 },
        ])
    );
    // The estimate holds: a unit for each of 35 items, and one for each of three in the index.
    assert_eq!(document["estimated_write_units"], 38);
    assert_eq!(document["consumed_capacity"]["write"]["total"], 38.0);
    assert_eq!(document["consumed_capacity"]["write"]["table"], 35.0);
    assert_eq!(document["dry_run"], false);
    run.says("LOCAL PostgreSQL at")
        .says("LOCAL DynamoDB at")
        .says("nina (Nina Okafor) becomes nina-b (Nina O'Brien ⚓)")
        .says("to rename: 32 messages and 3 group rows in 3 groups\nthat takes an estimated 38 write units\n")
        .says("set preferred_username to \"nina-b\"");
    let operations = proxy.operations();
    assert_eq!(operations.iter().filter(|name| *name == "UpdateItem").count(), 35);
    assert!(
        operations
            .iter()
            .all(|name| ["ListTables", "Query", "GetItem", "UpdateItem"].contains(&name.as_str())),
        "{operations:?}"
    );
}

#[test]
fn one_name_alone() {
    let sandbox = busy();
    let run = sandbox.cruddur(words("nina", &["--display-name", "Nina the Second"])).succeeds();
    assert!(!run.stderr.contains("preferred_username"), "{}", run.stderr);
    assert_names(&sandbox, "nina", "Nina the Second");
    sandbox.cruddur(words("nina", &["--new-handle", "ñandú"])).succeeds();
    assert_names(&sandbox, "ñandú", "Nina the Second");
}

#[test]
fn a_copy_that_was_left_behind_is_brought_in_line() {
    let sandbox = busy();
    sandbox.sql("UPDATE users SET display_name = 'Nina Changed' WHERE handle = 'nina'");
    let run = sandbox.cruddur(words("nina", &["--display-name", "Nina Changed"])).succeeds();
    run.says("nina is already called Nina Changed; copies remain");
    assert_names(&sandbox, "nina", "Nina Changed");
    let run = sandbox.cruddur(words("nina", &["--display-name", "Nina Changed", "-o", "ndjson"])).succeeds();
    assert!(run.ndjson().iter().all(|copies| copies["found"] == 0 && copies["renamed"] == 0), "{run:?}");
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let sandbox = busy();
    let (items, users) = (sandbox.items(), sandbox.sql("SELECT u::text, xmin FROM users u ORDER BY 1"));
    let proxy = Proxy::new(sandbox.endpoint(), "UpdateItem", |_| None);
    let more = [&NEW[..], &["--dry-run", "-o", "json", "--endpoint-url", proxy.url()]].concat();
    let dry = sandbox.cruddur(words("nina", &more)).succeeds();
    let operations = proxy.operations();
    assert!(
        operations
            .iter()
            .all(|name| ["ListTables", "Query", "GetItem", "DescribeTable"].contains(&name.as_str())),
        "{operations:?}"
    );
    let key = |item: &Item| (text(item, "pk"), text(item, "sk"));
    let sorted = |mut items: Vec<Item>| {
        items.sort_by_key(key);
        items
    };
    assert_eq!(sorted(sandbox.items()), sorted(items));
    assert_eq!(sandbox.sql("SELECT u::text, xmin FROM users u ORDER BY 1"), users);
    assert_eq!(dry.json()["dry_run"], true);
    assert_eq!(dry.json()["copies"][1], json!({ "kind": "messages", "found": 32, "renamed": 0 }));
    let run = sandbox.cruddur(words("nina", &NEW)).succeeds();
    let plan = |run: &Run| run.stderr.lines().find(|line| line.starts_with("to rename")).unwrap().to_owned();
    assert_eq!(plan(&dry), plan(&run));
}

#[test]
fn nothing_is_written_when_the_names_are_wrong() {
    let sandbox = busy();
    let long = "x".repeat(400 * 1024);
    let mut big = sandbox.items_of("MSG#").remove(0);
    big.insert(
        "message".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::S("x".repeat(400 * 1024 - 230)),
    );
    big.insert(
        "user_uuid".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::S(sandbox.user("nina").uuid.to_string()),
    );
    let before = bare(&sandbox);
    for (handle, more, code, says) in [
        ("nina", &["--new-handle", "oscar"][..], 1, "the handle \"oscar\" is taken"),
        ("nina", &["--new-handle", ""], 2, "--new-handle is empty"),
        ("nina", &["--new-handle", "nina b"], 2, "white space"),
        ("nina", &["--new-handle", "@nina"], 2, "\"@\""),
        ("nina", &["--display-name", " "], 2, "--display-name is empty"),
        ("nina", &["--display-name", "a\u{1b}[2Jb"], 2, "control characters"),
        ("nina", &[], 2, "required"),
        ("olga", &["--new-handle", "olga-b"], 1, "no user has the handle \"olga\""),
        // A slip of the pen looks like a rename that is done. It says so, and does nothing.
        ("nian", &["--new-handle", "nina"], 0, "no user has the handle \"nian\""),
    ] {
        sandbox.cruddur(words(handle, more)).exits_with(code).says(says);
    }
    assert_eq!(bare(&sandbox), before);
    assert_names(&sandbox, "nina", "Nina Okafor");
    sandbox.put_item(big);
    sandbox
        .cruddur(words("nina", &["--display-name", &long[..100]]))
        .exits_with(1)
        .says("the names are too long");
    assert_names(&sandbox, "nina", "Nina Okafor");
}

#[test]
fn a_users_table_that_others_hold_is_not_waited_for_long() {
    let sandbox = busy();
    let url = sandbox.connection_url();
    let holder = Session::having_run(&url, "holder", "LOCK TABLE users IN ROW EXCLUSIVE MODE");
    let run = sandbox.cruddur(words("nina", &NEW)).exits_with(1).says("cannot rename the user on 127.0.0.1");
    run.says("lock timeout").says("run it again");
    assert!(holder.is_alive());
    assert_eq!(assert_names(&sandbox, "nina", "Nina Okafor"), 35);
}

#[test]
fn a_handle_that_two_have_names_nobody() {
    let sandbox = busy();
    sandbox.allow_twins();
    sandbox.sql(
        "INSERT INTO users (display_name, handle, email, cognito_user_id) VALUES \
         ('One', 'twin', 'one@example.com', 'MOCK'), ('Two', 'twin', 'two@example.com', 'MOCK')",
    );
    sandbox.cruddur(words("twin", &["--new-handle", "single"])).exits_with(1).says("more than one user");
    sandbox.cruddur(words("nina", &["--new-handle", "twin"])).exits_with(1).says("more than one user");
    assert_names(&sandbox, "nina", "Nina Okafor");
}

#[test]
fn a_user_without_a_message_is_renamed_too() {
    let sandbox = Sandbox::seeded();
    let run = sandbox.cruddur(words("petra", &["--new-handle", "petra-b"])).succeeds();
    run.says("to rename: 0 messages and 0 group rows in 0 groups\nthat takes an estimated 0 write units");
    assert_eq!(sandbox.user("petra-b").display_name, "Petra Novak");
}

#[test]
fn rows_are_found_wherever_they_are() {
    let sandbox = busy();
    // The same group twice in oscar's inbox, one row where it should be, one not.
    let nina = sandbox.user("nina").uuid.to_string();
    let mut rows = sandbox.items_of(&format!("GRP#{}", sandbox.user("oscar").uuid));
    rows.retain(|row| text(row, "message_group_uuid") == GROUP && text(row, "user_uuid") == nina);
    let mut spare = rows.remove(0);
    spare.insert(
        "sk".to_owned(),
        aws_sdk_dynamodb::types::AttributeValue::S("2020-01-01T00:00:00Z".to_owned()),
    );
    sandbox.put_item(spare);
    // The index lags behind: then the inbox is read, for the row that is not at its place.
    let lagging = Proxy::new(sandbox.endpoint(), "Query", |_| None).with_empty_index();
    sandbox.cruddur(words("nina", &["--new-handle", "nina-b", "--endpoint-url", lagging.url()])).succeeds();
    sandbox.cruddur(words("nina-b", &NEW)).succeeds();
    assert_eq!(assert_names(&sandbox, "nina-b", "Nina O'Brien ⚓"), 36);
}

#[test]
fn messages_of_a_group_that_her_inbox_does_not_name_stay_as_they_are() {
    let sandbox = busy();
    let nina = sandbox.user("nina").uuid.to_string();
    sandbox.put(&[
        ("pk", "MSG#0b7e4f3c-9a51-4c8e-8f2d-6d1f6d3b2a10"),
        ("sk", "2030-01-01T00:00:00.000000+00:00"),
        ("message", "nobody finds me"),
        ("user_uuid", &nina),
        ("user_handle", "nina"),
        ("user_display_name", "Nina Okafor"),
    ]);
    sandbox.cruddur(words("nina", &NEW)).succeeds();
    let stray = sandbox.items_of("MSG#0b7e4f3c").remove(0);
    assert_eq!(text(&stray, "user_handle"), "nina");
}

fn on_prod(sandbox: &Sandbox, more: &[&str]) -> Command {
    let mut command = sandbox.command(words("nina", &[&NEW[..], more].concat()));
    command
        .args(["--prod", "--endpoint-url", &sandbox.endpoint()])
        .env("PROD_CONNECTION_URL", sandbox.production_url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1");
    command
}

#[test]
fn in_production_it_is_confirmed_by_the_handle() {
    let sandbox = busy();
    Run::of(&mut on_prod(&sandbox, &[]))
        .exits_with(3)
        .says("*** PROD *** PostgreSQL at")
        .says("*** PROD *** DynamoDB at")
        .says("an estimated 38 write units")
        .says("this renames nina and 35 copies in the table \"cruddur-messages\"")
        .says("--yes --confirm nina");
    Run::of(&mut on_prod(&sandbox, &["--yes", "--confirm", "oscar"])).exits_with(3).says("does not match");
    Run::of(&mut on_prod(&sandbox, &["--dry-run"])).succeeds();
    assert_names(&sandbox, "nina", "Nina Okafor");
    Run::of(&mut on_prod(&sandbox, &["--yes", "--confirm", "nina"])).succeeds();
    assert_names(&sandbox, "nina-b", "Nina O'Brien ⚓");
}

#[test]
fn a_terminal_sees_a_progress_bar_and_nothing_else_does() {
    let sandbox = busy();
    let mut command = sandbox.command(words("nina", &["--new-handle", "nina-b"]));
    command.env("TERM", "xterm");
    let run = Run::of(&mut at_a_terminal(&command, 100)).succeeds();
    assert!(run.stdout.contains("renaming [") && run.stdout.contains("/35"), "{:?}", run.stdout);
    assert_names(&sandbox, "nina-b", "Nina Okafor");
    let run = sandbox.cruddur(words("nina-b", &["--new-handle", "nina"])).succeeds();
    assert!(!run.stderr.contains("renaming") && !run.stdout.contains("renaming"), "{run:?}");
}
