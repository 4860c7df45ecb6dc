//! Partitions read in the order of their times, against the embedded DynamoDB.

use std::sync::OnceLock;

use aws_sdk_dynamodb::types::AttributeValue;
use cruddur::dynamodb::{Direction, Span};
use cruddur::messaging::{TimeRange, Timestamp, Zone};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{Item, Sandbox, TABLE, runtime, stored_time};

/// A row: where it stands, in microseconds since 1970, and its sort key.
type Row = (i64, String);

/// What is no time, among the days of [`stored_time`].
fn not_a_time() -> impl Strategy<Value = Row> {
    prop::sample::select(vec![
        (i64::MIN, "!"),
        (1_709_337_600_000_000, "2024-03-02"),
        (1_709_337_600_000_000, "2024-03-02 23:00:00+00:00"),
        (1_709_380_800_000_000, "2024-03-02T12:00:00 in the morning"),
        (i64::MAX, "yesterday"),
    ])
    .prop_map(|(place, text)| (place, text.to_owned()))
}

/// The rows of a group, in the order that they should be read in.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = prop_oneof![6 => stored_time(), 1 => not_a_time()];
    prop::collection::vec(row, 0..12).prop_map(|mut rows| {
        rows.sort();
        // The key is the text: another instant cannot have the same.
        rows.dedup_by(|a, b| a.1 == b.1);
        rows
    })
}

/// One table for all cases; each has a group of its own.
fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let sandbox = Sandbox::new();
        sandbox.cruddur(["ddb", "schema-load"]).succeeds();
        sandbox
    })
}

fn put(rows: &[Row]) -> Uuid {
    let group = Uuid::new_v4();
    let string = |text: String| AttributeValue::S(text);
    sandbox().put_all(rows.iter().map(|(_, key)| {
        Item::from([
            ("pk".to_owned(), string(format!("MSG#{group}"))),
            ("sk".to_owned(), string(key.clone())),
        ])
    }));
    group
}

fn keys(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|(_, key)| key.clone()).collect()
}

/// All of a range, read in one direction.
fn all(group: Uuid, range: TimeRange, direction: Direction) -> Vec<String> {
    let store = sandbox().store();
    let span = Span { range, ..Span::default() };
    runtime().block_on(async {
        let mut timeline = store.messages(TABLE, group, direction, span).unwrap();
        let mut keys = Vec::new();
        while let Some(rows) = timeline.next().await.unwrap() {
            assert!(!rows.is_empty(), "an empty lot");
            keys.extend(rows.into_iter().map(|message| message.sent_at));
        }
        keys
    })
}

/// The pages of a range, each newest first.
fn pages(group: Uuid, range: TimeRange, size: usize) -> Vec<Vec<String>> {
    let store = sandbox().store();
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    runtime().block_on(async {
        loop {
            // A cursor keeps its range.
            let range = if cursor.is_none() { range } else { TimeRange::default() };
            let span = Span { range, flags: String::new(), cursor: cursor.as_deref() };
            let mut timeline = store.messages(TABLE, group, Direction::Backward, span).unwrap();
            let page = timeline.page(size).await.unwrap();
            pages.push(page.rows.into_iter().map(|message| message.sent_at).collect());
            cursor = page.cursor;
            if cursor.is_none() {
                return pages;
            }
        }
    })
}

fn time(micros: i64) -> Timestamp {
    jiff::Timestamp::from_microsecond(micros).unwrap().into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_come_in_the_order_of_their_instants_both_ways(rows in rows()) {
        let group = put(&rows);
        let mut expected = keys(&rows);
        prop_assert_eq!(all(group, TimeRange::default(), Direction::Forward), &expected[..]);
        expected.reverse();
        prop_assert_eq!(all(group, TimeRange::default(), Direction::Backward), expected);
    }

    #[test]
    fn pages_neither_repeat_nor_lose_a_row(rows in rows(), size in 1..5_usize) {
        let group = put(&rows);
        let mut expected = keys(&rows);
        expected.reverse();
        let pages = pages(group, TimeRange::default(), size);
        prop_assert_eq!(pages.concat(), &expected[..]);
        for page in &pages[..pages.len() - 1] {
            prop_assert_eq!(page.len(), size);
        }
        prop_assert_eq!(pages.len(), expected.len().div_ceil(size).max(1), "a page with nothing on it");
    }

    #[test]
    fn a_range_holds_what_lies_in_it_and_nothing_else(
        rows in rows(),
        (since, _) in stored_time(),
        length in 1..200_000_000_000_i64,
        ends in (any::<bool>(), any::<bool>()),
        size in 1..5_usize,
    ) {
        let until = since + length;
        let range = TimeRange {
            since: ends.0.then(|| time(since)),
            until: ends.1.then(|| time(until)),
        };
        let mut inside = rows.clone();
        inside.retain(|(place, _)| (!ends.0 || *place >= since) && (!ends.1 || *place < until));
        let mut expected = keys(&inside);
        let group = put(&rows);
        prop_assert_eq!(all(group, range, Direction::Forward), &expected[..]);
        expected.reverse();
        prop_assert_eq!(all(group, range, Direction::Backward), &expected[..]);
        prop_assert_eq!(pages(group, range, size).concat(), expected);
    }

    #[test]
    fn a_cursor_goes_on_forward_too(rows in rows(), size in 1..5_usize) {
        let group = put(&rows);
        let store = sandbox().store();
        let rest = runtime().block_on(async {
            let mut first =
                store.messages(TABLE, group, Direction::Backward, Span::default()).unwrap();
            let cursor = first.page(size).await.unwrap().cursor?;
            let span = Span { cursor: Some(&cursor), ..Span::default() };
            let mut timeline = store.messages(TABLE, group, Direction::Forward, span).unwrap();
            let mut rest = Vec::new();
            while let Some(rows) = timeline.next().await.unwrap() {
                rest.extend(rows.into_iter().map(|message| message.sent_at));
            }
            Some(rest)
        });
        let expected = &keys(&rows)[..rows.len().saturating_sub(size)];
        prop_assert_eq!(rest.unwrap_or_default(), expected);
    }

    #[test]
    fn a_census_counts_every_row(rows in rows()) {
        let group = put(&rows);
        let store = sandbox().store();
        let census = runtime().block_on(async {
            let mut timeline =
                store.messages(TABLE, group, Direction::Backward, Span::default()).unwrap();
            timeline.census(&Zone::utc()).await.unwrap()
        });
        let undated = rows.iter().filter(|(_, key)| key.parse::<Timestamp>().is_err()).count() as u64;
        prop_assert_eq!(census.undated, undated);
        let dated = rows.len() as u64 - undated;
        prop_assert_eq!(census.years.into_iter().collect::<Vec<_>>(), if dated > 0 { vec![(2024, dated)] } else { vec![] });
    }
}

#[test]
fn a_row_of_another_offset_beyond_the_page_is_not_missed() {
    // By its text the oldest, by its instant the newest.
    let rows = [
        (2, "2024-03-01T09:00:00+00:00".to_owned()),
        (1, "2024-03-01T08:00:00+00:00".to_owned()),
        (3, "2024-03-01T05:00:00-05:00".to_owned()),
    ];
    let group = put(&rows);
    let pages = pages(group, TimeRange::default(), 1);
    assert_eq!(pages.concat(), [&*rows[2].1, &rows[0].1, &rows[1].1]);
}

#[test]
fn pages_cost_no_more_than_their_rows_and_the_margin_beyond() {
    // A message a day: no other row lies in the margin.
    let times: Vec<Row> = (0..3_000)
        .map(|day| {
            let time = time(1_000_000_000_000_000 + day * 86_400_000_000);
            (day, time.to_string())
        })
        .collect();
    let group = put(&times);
    let store = sandbox().store();
    runtime().block_on(async {
        let mut timeline = store.messages(TABLE, group, Direction::Backward, Span::default()).unwrap();
        let page = timeline.page(20).await.unwrap();
        assert_eq!(page.rows.len(), 20);
        // 21 rows of some 90 bytes, in one request.
        assert_eq!((timeline.capacity().pages, timeline.capacity().total.to_string()), (1, "0.5".to_owned()));
        let range = TimeRange {
            since: Some(time(1_000_000_000_000_000 + 10 * 86_400_000_000)),
            until: Some(time(1_000_000_000_000_000 + 20 * 86_400_000_000)),
        };
        let mut timeline =
            store.messages(TABLE, group, Direction::Forward, Span { range, ..Span::default() }).unwrap();
        let rows = timeline.next().await.unwrap().unwrap();
        assert_eq!(rows.len(), 10);
        assert_eq!(timeline.next().await.unwrap(), None);
        assert_eq!((timeline.capacity().pages, timeline.capacity().total.to_string()), (1, "0.5".to_owned()));
    });
}
