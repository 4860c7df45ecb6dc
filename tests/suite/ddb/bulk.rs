//! The bulk writer, through the library: every item there at the end, exactly once, whatever the
//! service does meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use cruddur::dynamodb::{BulkOptions, BulkWriter, Pace};
use cruddur::error::Kind;
use cruddur::messages_table::key_schema;

use crate::support::{Fault, Item, Proxy, Sandbox, TABLE, runtime, store_at, text};

/// The messages table, empty, and a proxy before it.
struct Faulty {
    sandbox: Sandbox,
    proxy: Proxy,
}

impl Faulty {
    fn new(plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let sandbox = Sandbox::new();
        sandbox.cruddur(["ddb", "schema-load"]).succeeds();
        let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", plan);
        Self { sandbox, proxy }
    }

    /// A writer, with `work` to do in the runtime.
    fn with_writer<T>(&self, options: BulkOptions, work: impl AsyncFnOnce(BulkWriter) -> T) -> T {
        let db = store_at(self.proxy.port());
        runtime().block_on(async { work(db.bulk_writer(TABLE, key_schema(), options)).await })
    }

    /// Writes items 0 to `count`, and asserts that they are there.
    fn write(&self, count: usize) -> cruddur::dynamodb::BulkWritten {
        let written = self.with_writer(BulkOptions::default(), async |mut writer| {
            for number in 0..count {
                writer.put(item(number)).await.unwrap();
            }
            writer.finish().await.unwrap()
        });
        assert_eq!((written.put, written.deleted), (count as u64, 0));
        self.assert_numbers(0..count);
        written
    }

    /// Exactly these items are there.
    #[track_caller]
    fn assert_numbers(&self, expected: std::ops::Range<usize>) {
        let mut found: Vec<String> = self.sandbox.items().iter().map(|item| text(item, "sk")).collect();
        found.sort();
        let expected: Vec<String> = expected.map(|number| format!("{number:06}")).collect();
        assert_eq!(found, expected);
    }
}

fn item(number: usize) -> Item {
    strings(&[
        ("pk", "MSG#bulk"),
        ("sk", &format!("{number:06}")),
        ("message", "“Ahoj” \u{1f410}\n\t\"\\\u{1}"),
    ])
}

fn strings(attributes: &[(&str, &str)]) -> Item {
    let value = |value: &&str| AttributeValue::S((*value).to_owned());
    attributes.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
}

#[test]
fn nothing_is_lost_or_doubled_whatever_happens() {
    let faulty = Faulty::new(|call| match call % 11 {
        1 => Some(Fault::TakeOnly(7)),
        2 => Some(Fault::Error(500, "InternalServerError")),
        3 => Some(Fault::TakeOnly(0)),
        5 => Some(Fault::LoseAnswer),
        6 => Some(Fault::Error(400, "ProvisionedThroughputExceededException")),
        8 => Some(Fault::Broken(503, "<html>later</html>")),
        9 => Some(Fault::Error(400, "ThrottlingException")),
        _ => None,
    });
    let written = faulty.write(700);
    assert!(written.retried > 100, "{written:?}");
    assert_eq!(text(&faulty.sandbox.items()[0], "message"), "“Ahoj” \u{1f410}\n\t\"\\\u{1}");
}

#[test]
fn no_batch_has_more_than_twenty_five_requests_and_only_the_last_has_fewer() {
    let faulty = Faulty::new(|_| None);
    faulty.write(260);
    let mut batches = faulty.proxy.batches();
    batches.sort_unstable();
    assert_eq!(batches, [vec![10], vec![25; 10]].concat());
}

#[test]
fn large_items_make_small_batches() {
    let faulty = Faulty::new(|_| None);
    faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for number in 0..16 {
            let mut item = item(number);
            // Six bytes each on the wire.
            item.insert("message".to_owned(), AttributeValue::S("\u{1}".repeat(190_000)));
            writer.put(item).await.unwrap();
        }
        writer.finish().await.unwrap();
    });
    faulty.assert_numbers(0..16);
    assert!(faulty.proxy.batches().len() > 1);
    assert!(faulty.proxy.requests().iter().all(|request| request.body.len() <= 16 * 1024 * 1024));
}

#[test]
fn several_requests_are_under_way_at_a_time() {
    let faulty = Faulty::new(|call| (call < 8).then_some(Fault::Hold));
    faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for number in 0..600 {
            writer.put(item(number)).await.unwrap();
        }
        let ended = tokio::spawn(async move { writer.finish().await });
        tokio::task::block_in_place(|| faulty.proxy.holds(8));
        assert_eq!(faulty.proxy.calls(), 8, "a few at first, and no more");
        faulty.proxy.release();
        assert!(ended.await.unwrap().unwrap().writers > 8, "and more when all goes well");
    });
    faulty.assert_numbers(0..600);
}

#[test]
fn a_table_that_has_enough_gets_one_request_at_a_time() {
    // Three rounds of refusals, of eight, of four and of two, and some more; then the next call is held.
    let faulty = Faulty::new(|call| match call {
        0..16 => Some(Fault::TakeOnly(0)),
        16 => Some(Fault::Hold),
        _ => None,
    });
    faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for number in 0..200 {
            writer.put(item(number)).await.unwrap();
        }
        let ended = tokio::spawn(async move { writer.finish().await });
        tokio::task::block_in_place(|| faulty.proxy.holds(1));
        assert_eq!(faulty.proxy.calls(), 17, "nothing else is sent meanwhile");
        faulty.proxy.release();
        ended.await.unwrap().unwrap();
    });
    faulty.assert_numbers(0..200);
}

#[test]
fn the_ceiling_spaces_requests_out() {
    let start = Instant::now();
    let mut pace = Pace::new(50.0);
    assert_eq!(pace.wait(start), Duration::ZERO);
    assert!((pace.spend(start, 25.0) - 25.0).abs() < 1e-9);
    assert_eq!(pace.wait(start), Duration::from_millis(500));
    // The index took as much again.
    pace.settle(25.0, 25.0, 50.0);
    assert_eq!(pace.wait(start), Duration::from_secs(1));
    let later = start + Duration::from_secs(1);
    assert_eq!(pace.wait(later), Duration::ZERO);
    // Which the next guess knows of.
    let expected = pace.spend(later, 25.0);
    assert!(expected > 25.0 && expected < 50.0, "{expected}");
    // A refusal took nothing.
    pace.settle(25.0, expected, 0.0);
    assert!(pace.wait(later) < Duration::from_millis(1));
    // What was not used is not saved up.
    let much_later = later + Duration::from_secs(1000);
    pace.spend(much_later, 50.0);
    assert!(pace.wait(much_later) >= Duration::from_secs(1));
}

#[test]
fn over_any_time_the_ceiling_holds() {
    let start = Instant::now();
    let mut pace = Pace::new(100.0);
    let (mut now, mut units) = (start, 0.0);
    for _ in 0..1000 {
        now += pace.wait(now);
        // Items with an index: twice what their size says.
        let expected = pace.spend(now, 20.0);
        pace.settle(20.0, expected, 40.0);
        units += 40.0;
    }
    let rate = (units - 40.0) / (now - start).as_secs_f64();
    assert!((99.0..=100.1).contains(&rate), "{rate}");
}

#[test]
fn a_ceiling_makes_batches_no_larger_than_a_seconds_worth() {
    let faulty = Faulty::new(|_| None);
    let options = BulkOptions { max_wcu: Some(8.0), total: None };
    faulty.with_writer(options, async |mut writer| {
        for number in 0..16 {
            writer.put(item(number)).await.unwrap();
        }
        writer.finish().await.unwrap();
    });
    assert_eq!(faulty.proxy.batches(), [8, 8]);
}

#[test]
fn writes_to_one_key_keep_their_order_and_never_share_a_batch() {
    let faulty = Faulty::new(|call| (call % 3 == 1).then_some(Fault::TakeOnly(2)));
    faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for round in 0..6 {
            for number in 0..40 {
                let mut item = item(number);
                item.insert("message".to_owned(), AttributeValue::S(format!("round {round}")));
                writer.put(&item).await.unwrap();
                if number % 2 == 1 {
                    writer.delete(&item).await.unwrap();
                }
            }
        }
        writer.finish().await.unwrap();
    });
    for call in faulty.proxy.called_with() {
        let requests = call["RequestItems"][TABLE].as_array().unwrap();
        let key = |request: &serde_json::Value| {
            let item = request.pointer("/PutRequest/Item").or(request.pointer("/DeleteRequest/Key")).unwrap();
            item["sk"].to_string()
        };
        let keys: BTreeSet<String> = requests.iter().map(key).collect();
        assert_eq!(keys.len(), requests.len(), "no two on the same key");
    }
    let left = faulty.sandbox.items_of("MSG#bulk");
    assert_eq!(left.len(), 20, "every other one is deleted in the end");
    assert!(left.iter().all(|item| text(item, "message") == "round 5"));
}

#[test]
fn many_writes_to_one_key_go_one_by_one() {
    let faulty = Faulty::new(|_| None);
    let written = faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for round in 0..21 {
            let item =
                strings(&[("pk", "MSG#bulk"), ("sk", "000000"), ("message", &format!("round {round}"))]);
            writer.put(item).await.unwrap();
        }
        writer.finish().await.unwrap()
    });
    assert_eq!(written.put, 21);
    assert_eq!(faulty.proxy.batches(), [1; 21]);
    assert_eq!(text(&faulty.sandbox.items()[0], "message"), "round 20");
}

#[test]
fn what_is_surely_written_is_counted_from_the_first() {
    // The first batch is held, the others are not.
    let faulty = Faulty::new(|call| (call == 0).then_some(Fault::Hold));
    faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for number in 0..150 {
            writer.put(item(number)).await.unwrap();
        }
        tokio::task::block_in_place(|| {
            faulty.proxy.holds(1);
            crate::support::eventually("five batches are written", || {
                (writer.progress().written() == 125).then_some(())
            });
        });
        let body = faulty.proxy.called_with()[0].to_string();
        let first = (0..150_u64).find(|number| body.contains(&format!("{number:06}"))).unwrap();
        assert_eq!(writer.done_through(), first, "none of those after it count");
        faulty.proxy.release();
        writer.flush().await.unwrap();
        assert_eq!(writer.done_through(), 150);
        writer.finish().await.unwrap();
    });
}

#[test]
fn stopped_it_finishes_what_is_on_its_way_and_begins_nothing() {
    let faulty = Faulty::new(|call| (call < 8).then_some(Fault::Hold));
    let written = faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for number in 0..400 {
            writer.put(item(number)).await.unwrap();
        }
        tokio::task::block_in_place(|| faulty.proxy.holds(8));
        let stopped = tokio::spawn(async move {
            let written = writer.stop().await.unwrap();
            (written, writer.done_through())
        });
        tokio::task::yield_now().await;
        faulty.proxy.release();
        let (written, done_through) = stopped.await.unwrap();
        assert_eq!(written.put, done_through);
        assert!(written.put >= 200 && written.put < 400, "{written:?}");
        written.put
    });
    assert_eq!(faulty.sandbox.items().len() as u64, written);
}

#[test]
fn a_table_that_takes_nothing_any_more_ends_it_in_part() {
    let faulty = Faulty::new(|call| (call > 2).then_some(Fault::Error(400, "ValidationException")));
    let error = faulty.with_writer(BulkOptions::default(), async |mut writer| {
        for number in 0..10_000 {
            if let Err(error) = writer.put(item(number)).await {
                return error;
            }
        }
        writer.finish().await.unwrap_err()
    });
    assert_eq!(error.kind(), Kind::Partial);
    assert!(error.message().contains("; 75 writes are done"), "{error}");
    assert_eq!(faulty.sandbox.items().len(), 75);
}

#[test]
fn other_tables_have_other_keys() {
    let sandbox = Sandbox::new();
    sandbox.create_table("things");
    let db = sandbox.store();
    runtime().block_on(async {
        let key = db.table_schema("things").await.unwrap().key;
        assert_eq!(key.to_string(), "id (text)");
        let mut writer = db.bulk_writer("things", &key, BulkOptions::default());
        for number in 0..30 {
            let item: Item = HashMap::from([
                ("id".to_owned(), AttributeValue::S(number.to_string())),
                ("n".to_owned(), AttributeValue::N("1e3".to_owned())),
                ("b".to_owned(), AttributeValue::B(vec![0_u8, 255].into())),
            ]);
            writer.put(item).await.unwrap();
        }
        assert!(writer.put(strings(&[("name", "keyless")])).await.is_err());
        assert_eq!(writer.finish().await.unwrap().put, 30);
    });
    let count = sandbox.dynamodb().scan().table_name("things").send();
    assert_eq!(runtime().block_on(count).unwrap().count, 30);
}
