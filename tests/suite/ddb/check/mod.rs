//! `ddb check`

mod cost;
mod crash;
mod listed;
mod mended;
mod modes;
mod random;
mod writers;

use std::process::Command;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::support::{Item, Run, Sandbox, TABLE, runtime, text};

pub const GROUP: &str = "3c1d7a52-0a4e-4e0b-9a57-1f1f6f0f8a01";

pub struct Person {
    pub uuid: &'static str,
    pub name: &'static str,
    pub handle: &'static str,
}

pub const NINA: Person =
    Person { uuid: "9b2f0c34-57a1-4b7c-8d1e-0c5f6a7b8c01", name: "Nina Okafor", handle: "nina" };
pub const OSCAR: Person =
    Person { uuid: "9b2f0c34-57a1-4b7c-8d1e-0c5f6a7b8c02", name: "Oscar Lindqvist", handle: "oscar" };
pub const PETRA: Person =
    Person { uuid: "9b2f0c34-57a1-4b7c-8d1e-0c5f6a7b8c03", name: "Petra Novak", handle: "petra" };

/// The time of the message with this number.
pub fn at(number: usize) -> String {
    format!("2024-05-06T07:{:02}:{:02}.000001+00:00", number / 60, number % 60)
}

pub fn item(attributes: &[(&str, &str)]) -> Item {
    let attribute =
        |(name, value): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()));
    attributes.iter().map(attribute).collect()
}

pub fn message(group: &str, at: &str, sender: &Person, text: &str) -> Item {
    item(&[
        ("pk", &format!("MSG#{group}")),
        ("sk", at),
        ("message", text),
        ("message_uuid", &uuid::Uuid::new_v4().to_string()),
        ("user_uuid", sender.uuid),
        ("user_display_name", sender.name),
        ("user_handle", sender.handle),
    ])
}

pub fn row(group: &str, at: &str, owner: &Person, other: &Person, text: &str) -> Item {
    item(&[
        ("pk", &format!("GRP#{}", owner.uuid)),
        ("sk", at),
        ("message", text),
        ("message_group_uuid", group),
        ("user_uuid", other.uuid),
        ("user_display_name", other.name),
        ("user_handle", other.handle),
    ])
}

/// `row` with other values.
pub fn with(mut item: Item, attributes: &[(&str, &str)]) -> Item {
    item.extend(self::item(attributes));
    item
}

/// Nina's and Oscar's rows of [`GROUP`] as they should be: showing message 3.
pub fn rows() -> [Item; 2] {
    [row(GROUP, &at(3), &NINA, &OSCAR, "text 3"), row(GROUP, &at(3), &OSCAR, &NINA, "text 3")]
}

/// Four messages of [`GROUP`], by Nina and Oscar in turn.
pub fn messages() -> Vec<Item> {
    (0..4).map(|n| message(GROUP, &at(n), [&NINA, &OSCAR][n % 2], &format!("text {n}"))).collect()
}

/// A table with these items, and no users in `PostgreSQL`.
pub fn table_of(items: impl IntoIterator<Item = Item>) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load"]).succeeds();
    sandbox.put_all(items);
    sandbox
}

/// The messages of [`GROUP`], and these rows.
pub fn group_with(rows: impl IntoIterator<Item = Item>) -> Sandbox {
    table_of(messages().into_iter().chain(rows))
}

/// The same with Nina, Oscar and Petra in `PostgreSQL`.
pub fn known_group_with(rows: impl IntoIterator<Item = Item>) -> Sandbox {
    let sandbox = Sandbox::set_up();
    for person in [NINA, OSCAR, PETRA] {
        sandbox.sql(&format!(
            "UPDATE activities SET user_uuid = '{0}' WHERE user_uuid IN (SELECT uuid FROM users WHERE handle = '{1}'); \
             UPDATE users SET uuid = '{0}' WHERE handle = '{1}'",
            person.uuid, person.handle
        ));
    }
    sandbox.put_all(messages().into_iter().chain(rows));
    sandbox
}

/// `ddb check -o json` without `PostgreSQL`, still to be run.
pub fn command(sandbox: &Sandbox, flags: &[&str]) -> Command {
    let mut command = sandbox.command(["ddb", "check", "-o", "json", "--skip-users"]);
    command.args(flags);
    command
}

pub fn check(sandbox: &Sandbox, flags: &[&str]) -> Run {
    Run::of(&mut command(sandbox, flags))
}

/// The names of the promises that a run found broken.
pub fn promises(run: &Run) -> Vec<String> {
    findings(run).iter().map(|finding| finding["promise"].as_str().unwrap().to_owned()).collect()
}

pub fn findings(run: &Run) -> Vec<Value> {
    run.json()["findings"].as_array().unwrap().clone()
}

/// The items as one can compare them.
pub fn sorted(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_key(|item| (text(item, "pk"), text(item, "sk")));
    items
}

pub fn delete(sandbox: &Sandbox, item: &Item) {
    let request = sandbox
        .dynamodb()
        .delete_item()
        .table_name(TABLE)
        .key("pk", item["pk"].clone())
        .key("sk", item["sk"].clone())
        .send();
    runtime().block_on(request).unwrap();
}

/// The check finds `broken`, all of it mendable; the repair leaves the table with
/// the messages it had and `rows`, and a second check finds nothing.
#[track_caller]
pub fn assert_mended(sandbox: &Sandbox, broken: &[&str], rows: impl IntoIterator<Item = Item>) {
    let messages = sandbox.items_of("MSG#");
    let before = sorted(sandbox.items());
    let found = check(sandbox, &[]).exits_with(1);
    assert_eq!(promises(&found), broken, "{}", found.stdout);
    assert!(findings(&found).iter().all(|finding| finding["mendable"] == true), "{}", found.stdout);
    assert_eq!(sorted(sandbox.items()), before, "a check alone writes nothing");

    let repair = check(sandbox, &["--repair"]).succeeds();
    assert_eq!(promises(&repair), broken);
    assert!(findings(&repair).iter().all(|finding| finding["mended"] == true), "{}", repair.stdout);
    assert_eq!(sorted(sandbox.items_of("GRP#")), sorted(rows.into_iter().collect()));
    assert_eq!(sandbox.items_of("MSG#"), messages);
    assert_clean(sandbox);
}

/// The check finds `broken`, none of it mendable; the repair changes nothing.
#[track_caller]
pub fn assert_listed(sandbox: &Sandbox, broken: &[&str]) {
    let before = sorted(sandbox.items());
    for flags in [&[][..], &["--repair"]] {
        let found = check(sandbox, flags).exits_with(1);
        assert_eq!(promises(&found), broken, "{}", found.stdout);
        assert!(findings(&found).iter().all(|finding| finding["mendable"] == false), "{}", found.stdout);
        assert_eq!(sorted(sandbox.items()), before);
    }
}

#[track_caller]
pub fn assert_clean(sandbox: &Sandbox) {
    let clean = check(sandbox, &[]).succeeds();
    assert_eq!(clean.json()["count"], 0);
}
