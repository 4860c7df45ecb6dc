//! What the check prints, how it ends, and what it asks first.

use serde_json::json;

use super::*;
use crate::support::{Fault, Proxy};

/// One group to be mended and one that cannot be.
fn half_mendable() -> Sandbox {
    let [_, oscar] = rows();
    let behind = row(GROUP, &at(1), &NINA, &OSCAR, "text 1");
    group_with([behind, oscar, item(&[("pk", "ACT#1"), ("sk", "x")])])
}

#[test]
fn what_is_mended_in_part_ends_with_5() {
    let sandbox = half_mendable();
    let repair =
        check(&sandbox, &["--repair"]).exits_with(5).says("repaired 1 broken promise").says("1 left");
    assert_eq!(repair.json()["mended"], 1);
    let again = check(&sandbox, &["--repair"]).exits_with(1).says("1 × unparsable-key");
    assert_eq!(promises(&again), ["unparsable-key"]);
}

#[test]
fn every_format_tells_the_same() {
    let sandbox = half_mendable();
    let document =
        check(&sandbox, &[]).exits_with(1).says("1 can be repaired; run: cruddur ddb check --repair");
    assert_eq!(document.json()["count"], 2);
    let lines = sandbox.cruddur(["ddb", "check", "--skip-users", "-o", "ndjson"]).exits_with(1).ndjson();
    assert_eq!(lines, findings(&document));
    assert_eq!(
        lines[1],
        json!({
            "promise": "row-behind",
            "message_group_uuid": GROUP,
            "pk": format!("GRP#{}", NINA.uuid),
            "sk": at(1),
            "detail": format!("the newest message is at {}", at(3)),
            "mendable": true,
            "mended": false,
        })
    );
    let table = sandbox.cruddur(["ddb", "check", "--skip-users"]).exits_with(1).stdout;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect())
        .collect();
    assert_eq!(rows[0], ["PROMISE", "GROUP", "KEY", "WHAT IS BROKEN", "REPAIR"]);
    assert_eq!((rows[1][0], rows[1].last()), ("unparsable-key", Some(&"by hand")));
    assert_eq!((rows[2][0], rows[2][1], rows[2].last()), ("row-behind", GROUP, Some(&"possible")));
    assert_eq!(rows.len(), 3);
}

#[test]
fn a_clean_table_prints_no_row() {
    let sandbox = group_with(rows());
    for format in ["table", "ndjson"] {
        assert_eq!(sandbox.cruddur(["ddb", "check", "--skip-users", "-o", format]).succeeds().stdout, "");
    }
}

#[test]
fn a_dry_run_shows_what_the_repair_does_and_writes_nothing() {
    let [nina, oscar] = rows();
    let sandbox = group_with([
        row(GROUP, &at(0), &NINA, &OSCAR, "text 0"),
        row(GROUP, &at(1), &NINA, &OSCAR, "text 1"),
    ]);
    let before = sorted(sandbox.items());
    let proxy = Proxy::new(sandbox.endpoint(), "TransactWriteItems", |_| None);
    let mut dry = command(&sandbox, &["--repair", "--dry-run"]);
    let planned = Run::of(dry.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).exits_with(1);
    assert_eq!(proxy.calls(), 0);
    assert_eq!(sorted(sandbox.items()), before);
    let planned =
        planned.says("would write 4 items in 1 transaction, some 14 write units; nothing was written");
    assert_eq!(planned.json()["mended"], 0);

    // Done by hand, that is what the repair makes of it.
    let writes: Vec<Value> = findings(&planned)
        .iter()
        .flat_map(|finding| finding["writes"].as_array().cloned().unwrap_or_default())
        .collect();
    let mut expected: Vec<Item> = before.clone();
    for write in &writes {
        let attributes = write["item"].as_object().unwrap();
        let pairs: Vec<(&str, &str)> =
            attributes.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let item = item(&pairs);
        match write["action"].as_str().unwrap() {
            "put" => expected.push(item),
            "delete" => expected.retain(|other| *other != item),
            "check" => assert!(before.contains(&item), "{item:?}"),
            other => panic!("{other}"),
        }
    }
    let repair = check(&sandbox, &["--repair"]).succeeds();
    assert_eq!(sorted(sandbox.items()), sorted(expected));
    assert_eq!(sorted(sandbox.items_of("GRP#")), sorted(vec![nina, oscar]));
    assert_eq!(repair.json()["consumed_capacity"]["write"]["total"], 14.0);
    assert_eq!(findings(&repair)[0]["writes"], json!(writes));
}

#[test]
fn in_production_a_repair_asks_for_the_tables_name_and_a_check_does_not() {
    let sandbox = half_mendable();
    let before = sorted(sandbox.items());
    let on_prod = |flags: &[&str]| {
        let mut prod = command(&sandbox, flags);
        prod.env_remove("AWS_ENDPOINT_URL_DYNAMODB")
            .args(["--prod", "--endpoint-url", &sandbox.endpoint(), "--region", "us-east-1"])
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        Run::of(&mut prod)
    };
    on_prod(&[]).exits_with(1).says("cruddur ddb check --repair --prod");
    on_prod(&["--repair", "--dry-run"]).exits_with(1).says("*** PROD *** DynamoDB at");
    let refused = on_prod(&["--repair"]).exits_with(3).says("--yes --confirm cruddur-messages");
    assert_eq!(refused.stdout, "");
    on_prod(&["--repair", "--yes", "--confirm", "another"]).exits_with(3);
    assert_eq!(sorted(sandbox.items()), before);
    on_prod(&["--repair", "--yes", "--confirm", TABLE]).exits_with(5);
    assert_ne!(sorted(sandbox.items()), before);
}

#[test]
fn without_postgresql_nothing_is_read_and_a_flag_is_named() {
    let sandbox = half_mendable();
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |_| None);
    let mut check = sandbox.command(["ddb", "check"]);
    Run::of(check.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()))
        .exits_with(1)
        .says("there is no database")
        .says("--skip-users");
    assert_eq!(proxy.calls(), 0);
}

#[test]
fn a_table_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    check(&sandbox, &[]).exits_with(1).says("there is no table \"cruddur-messages\"").says("ddb schema-load");
    let other = check(&sandbox, &["--table", "another"]).exits_with(1).says("\"another\"");
    assert_eq!(other.stdout, "");
}

#[test]
fn a_scan_that_is_throttled_goes_on_later() {
    let sandbox = group_with(rows());
    let proxy = Proxy::new(sandbox.endpoint(), "Scan", |call| {
        (call < 7).then_some(Fault::Error(400, "ProvisionedThroughputExceededException"))
    });
    let mut check = command(&sandbox, &[]);
    let run = Run::of(check.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds();
    assert_eq!(run.json()["read"]["items"], 6);
}

#[test]
fn a_refusal_half_way_says_what_is_mended() {
    const OTHER: &str = "3c1d7a52-0a4e-4e0b-9a57-1f1f6f0f8a02";
    let [nina, oscar] = rows();
    let regroup = |item: Item| {
        let is_message = text(&item, "pk").starts_with("MSG#");
        let pk = format!("MSG#{OTHER}");
        let time = text(&item, "sk").replace("000001+", "000009+");
        let moved = with(item, &[("sk", &time)]);
        if is_message { with(moved, &[("pk", &pk)]) } else { with(moved, &[("message_group_uuid", OTHER)]) }
    };
    let sandbox = group_with([nina]);
    sandbox.put_all(messages().into_iter().chain([oscar]).map(regroup));
    let proxy = Proxy::new(sandbox.endpoint(), "TransactWriteItems", |call| {
        (call > 0).then_some(Fault::Error(400, "AccessDeniedException"))
    });
    let mut repair = command(&sandbox, &["--repair"]);
    let run = Run::of(repair.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()))
        .exits_with(5)
        .says("cannot repair the group")
        .says("1 broken promise repaired before that");
    let mended: Vec<bool> =
        findings(&run).iter().map(|finding| finding["mended"].as_bool().unwrap()).collect();
    assert_eq!(mended.iter().filter(|mended| **mended).count(), 1);
    assert_eq!(sandbox.items_of("GRP#").len(), 3);
    check(&sandbox, &["--repair"]).succeeds();
    assert_clean(&sandbox);
}

#[test]
fn segments_find_what_one_scan_finds() {
    let groups = (0..30).map(|n| format!("3c1d7a52-0a4e-4e0b-9a57-1f1f6f0f8b{n:02}"));
    let sandbox = table_of(groups.flat_map(|group| {
        [&NINA, &OSCAR]
            .into_iter()
            .enumerate()
            .map(move |(n, sender)| message(&group, &at(n), sender, "hello"))
    }));
    let one = check(&sandbox, &[]).exits_with(1);
    assert_eq!(promises(&one), ["no-row"; 30]);
    let four = check(&sandbox, &["--segments", "4"]).exits_with(1);
    assert_eq!(findings(&four), findings(&one));
    assert_eq!(four.json()["read"], one.json()["read"]);
    check(&sandbox, &["--segments", "0"]).exits_with(2);
}
