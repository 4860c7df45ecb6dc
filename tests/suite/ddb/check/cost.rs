//! What a check consumes: the scan, and little more.

use cruddur::messaging::Timestamp;
use serde_json::json;
use tokio::task::block_in_place;

use super::*;
use crate::support::{Fault, Proxy, boto3};

/// The time of a message so many minutes before the end of 2024, by the clock of an
/// offset in hours.
fn clock(minute: i64, offset: i64) -> String {
    let time = jiff::Timestamp::from_second(1_735_689_540 - minute * 60 + offset * 3600).unwrap();
    let offset = if offset == 0 { "+00:00".to_owned() } else { format!("{offset:+03}:00") };
    format!("{}{offset}", time.strftime("%Y-%m-%dT%H:%M:%S.%6f"))
}

fn two_rows(at: &str, text: &str) -> [Item; 2] {
    [row(GROUP, at, &NINA, &OSCAR, text), row(GROUP, at, &OSCAR, &NINA, text)]
}

/// 2,000 messages, one a minute, and rows that show the newest of them.
fn long_group() -> Sandbox {
    let words = "a message that is about as long as messages are".repeat(2);
    let messages = (0..2000).map(|minute| {
        let sender = if minute % 2 == 0 { &NINA } else { &OSCAR };
        message(GROUP, &clock(minute, 0), sender, &words)
    });
    table_of(messages.chain(two_rows(&clock(0, 0), &words)))
}

/// The units of a check, which are a tenth above those of boto3's scan at most.
#[track_caller]
fn assert_cheap(sandbox: &Sandbox, run: &Run) -> f64 {
    let scan = json!({ "TableName": TABLE, "ReturnConsumedCapacity": "TOTAL" });
    let answer = boto3(&sandbox.endpoint(), "dynamodb", "scan", &scan);
    let scan = answer["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap();
    assert!(scan > 60.0 && answer.get("LastEvaluatedKey").is_none(), "{scan}");
    let check = run.json()["consumed_capacity"]["total"].as_f64().unwrap();
    assert!(check >= scan && check <= 1.1 * scan, "{check} units, of which the scan is {scan}");
    check - scan
}

/// A check in which `meanwhile` happens once the table has been read.
fn check_after_scan(sandbox: &Sandbox, meanwhile: impl Fn() + Send + Sync + 'static) -> Run {
    let proxy = Proxy::new(sandbox.endpoint(), "Query", move |call| {
        if call == 0 {
            block_in_place(&meanwhile);
        }
        None::<Fault>
    });
    Run::of(command(sandbox, &[]).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()))
}

#[test]
fn a_healthy_table_costs_its_scan_and_that_is_said_before() {
    let sandbox = long_group();
    let run = check(&sandbox, &[]).succeeds();
    // Each page is rounded up.
    assert!(assert_cheap(&sandbox, &run) <= 0.5);
    let said = run.stderr.split("reading the whole table: about ").nth(1).expect("what it will cost");
    let units: f64 = said.split(' ').next().unwrap().parse().unwrap();
    let used = run.json()["consumed_capacity"]["total"].as_f64().unwrap();
    assert!((units - used).abs() <= 1.0, "{units} before, {used} after");
}

#[test]
fn a_late_message_in_a_long_group_costs_a_few_reads() {
    let sandbox = long_group();
    sandbox.put_item(message(GROUP, &clock(-1, 0), &NINA, "late"));
    let run = check(&sandbox, &[]).exits_with(1);
    assert_eq!(promises(&run), ["row-behind"; 2]);
    assert_cheap(&sandbox, &run);
}

#[test]
fn a_late_message_whose_rows_have_followed_by_the_second_look_costs_a_few_reads() {
    for offset in [0, -5, 5] {
        let sandbox = long_group();
        let late = message(GROUP, &clock(-1, offset), &NINA, "late");
        sandbox.put_item(late.clone());
        let (before, after) = (sandbox.items_of("GRP#"), two_rows(&text(&late, "sk"), "late"));
        let sandbox = std::sync::Arc::new(sandbox);
        let other = std::sync::Arc::clone(&sandbox);
        let run = check_after_scan(&sandbox, move || {
            for row in &before {
                delete(&other, row);
            }
            other.put_all(after.clone());
        });
        let run = run.succeeds();
        assert_eq!(promises(&run), [""; 0], "offset {offset}");
        assert!(assert_cheap(&sandbox, &run) > 1.0, "there was a second look");
    }
}

#[test]
fn a_group_with_another_offset_whose_rows_are_true_is_not_looked_at_again() {
    let sandbox = long_group();
    let late = clock(-1, -5);
    assert!(late < clock(0, 0) && late.parse::<Timestamp>().unwrap() > clock(0, 0).parse().unwrap());
    for row in sandbox.items_of("GRP#") {
        delete(&sandbox, &row);
    }
    sandbox.put_all([message(GROUP, &late, &NINA, "late")].into_iter().chain(two_rows(&late, "late")));
    let run = check(&sandbox, &[]).succeeds();
    assert!(assert_cheap(&sandbox, &run) <= 0.5);
}

#[test]
fn a_row_behind_a_message_of_another_offset_is_found() {
    let sandbox = long_group();
    sandbox.put_item(message(GROUP, &clock(-1, -5), &NINA, "late"));
    let run = check(&sandbox, &["--repair"]).succeeds();
    assert_eq!(promises(&run), ["row-behind"; 2]);
    assert_eq!(
        sandbox.items_of("GRP#").iter().map(|row| text(row, "message")).collect::<Vec<_>>(),
        ["late"; 2]
    );
}

#[test]
fn a_table_whose_size_is_not_known_is_read_all_the_same() {
    let sandbox = group_with(rows());
    let proxy =
        Proxy::new(sandbox.endpoint(), "DescribeTable", |_| Some(Fault::Error(400, "AccessDeniedException")));
    Run::of(command(&sandbox, &[]).env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url()))
        .succeeds()
        .says("reading the whole table; its size is not known");
}
