//! Importing over what is there.

use serde_json::json;

use super::{assert_same, by_key, joined, with_items, with_table};
use crate::support::{Run, Sandbox, TABLE};

/// 20 items exported, and a table in which 5 of them are, changed, and one other.
fn changed() -> (Sandbox, Sandbox, String) {
    let (from, to) = (with_items(20), with_table());
    from.cruddur(["ddb", "export", "all.ndjson"]).succeeds();
    for number in 0..5 {
        let (pk, sk) = (format!("MSG#{number:03}"), format!("{number:06}"));
        to.put(&[("pk", &pk), ("sk", &sk), ("message", "mine")]);
    }
    to.put(&[("pk", "MSG#other"), ("sk", "1"), ("message", "mine")]);
    let path = from.path().join("all.ndjson").to_str().unwrap().to_owned();
    (from, to, path)
}

fn mine(sandbox: &Sandbox) -> usize {
    let is_mine = |item: &&crate::support::Item| {
        item.get("message").is_some_and(|text| text.as_s().is_ok_and(|text| text == "mine"))
    };
    by_key(sandbox).values().filter(is_mine).count()
}

#[test]
fn a_table_with_items_is_refused_unless_it_is_said_what_becomes_of_them() {
    let (_from, to, path) = changed();
    let before = by_key(&to);
    to.cruddur(["ddb", "import", &path])
        .exits_with(3)
        .says("already has items")
        .says("--replace")
        .says("--keep-existing");
    to.cruddur(["ddb", "import", &path, "--replace", "--keep-existing"]).exits_with(2);
    let input = std::fs::read(&path).unwrap();
    Run::with_input(&mut to.command(["ddb", "import", "-"]), input).exits_with(3);
    assert_eq!(by_key(&to), before);
}

#[test]
fn replace_overwrites_what_has_the_same_key() {
    let (from, to, path) = changed();
    to.cruddur(["ddb", "import", &path, "--replace"]).succeeds().says("imported 20 items");
    assert_eq!(mine(&to), 1, "what is not in the file stays");
    to.delete("MSG#other", "1");
    assert_same(&from, &to);
}

#[test]
fn keep_existing_adds_what_is_missing() {
    let (_from, to, path) = changed();
    to.cruddur(["ddb", "import", &path, "--keep-existing"])
        .succeeds()
        .says("imported 15 items")
        .says("left 5 items unchanged");
    assert_eq!((mine(&to), by_key(&to).len()), (6, 21));
    let again = to.cruddur(["ddb", "import", &path, "--keep-existing", "-o", "json"]).succeeds().json();
    assert_eq!((&again["put"], &again["kept"]), (&json!(0), &json!(20)));
}

#[test]
fn of_two_items_with_one_key_the_first_is_kept() {
    let to = with_table();
    let line = |number: usize| json!({ "pk": { "S": "MSG#1" }, "sk": { "S": "1" }, "n": { "N": number.to_string() } });
    let text = joined((0..100).map(line));
    let file = to.write("twice.ndjson", text);
    to.cruddur(["ddb", "import", file.to_str().unwrap(), "--keep-existing"]).succeeds();
    assert_eq!(by_key(&to).values().next().unwrap()["n"].as_n().unwrap(), "0");
}

/// `cruddur` with `--prod` on this world's own DynamoDB.
fn in_production(to: &Sandbox, arguments: &[&str]) -> Run {
    let endpoint = to.endpoint();
    let mut command = to.command(arguments.iter().copied().chain(["--prod", "--endpoint-url", &endpoint]));
    command
        .env("PROD_CONNECTION_URL", to.production_url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1");
    Run::of(&mut command)
}

#[test]
fn over_existing_items_in_production_the_name_is_needed() {
    let (_from, to, path) = changed();
    let before = by_key(&to);
    in_production(&to, &["ddb", "import", &path, "--replace"])
        .exits_with(3)
        .says("needs confirmation in production")
        .says("20 items of")
        .says(&format!("--yes --confirm {TABLE}"));
    in_production(&to, &["ddb", "import", &path, "--replace", "--yes", "--confirm", "another"]).exits_with(3);
    in_production(&to, &["ddb", "import", &path]).exits_with(3);
    assert_eq!(by_key(&to), before);
    in_production(&to, &["ddb", "import", &path, "--replace", "--yes", "--confirm", TABLE]).succeeds();
    assert_eq!(mine(&to), 1);
}

#[test]
fn into_an_empty_table_nothing_is_asked_even_in_production() {
    let (from, to) = (with_items(10), with_table());
    from.cruddur(["ddb", "export", "all.ndjson"]).succeeds();
    in_production(&to, &["ddb", "import", from.path().join("all.ndjson").to_str().unwrap()]).succeeds();
    assert_same(&from, &to);
}
