//! Partitions read in the order of their times, against the embedded DynamoDB.

use std::sync::OnceLock;

use aws_sdk_dynamodb::types::AttributeValue;
use cruddur::messages_table::{Direction, MessagesTable, Span, Timeline};
use cruddur::messaging::{Message, TimeRange, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{Item, Sandbox, cases, runtime, stored_time, utc_time};

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

/// The rows of a group, in the order of their instants.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    rows_of(stored_time())
}

/// The same, all of them in UTC.
fn utc_rows() -> impl Strategy<Value = Vec<Row>> {
    rows_of(utc_time())
}

fn rows_of(time: impl Strategy<Value = Row>) -> impl Strategy<Value = Vec<Row>> {
    let row = prop_oneof![6 => time, 1 => not_a_time()];
    prop::collection::vec(row, 0..12).prop_map(|mut rows| {
        rows.sort();
        // The key is the text: another instant cannot have the same.
        rows.dedup_by(|a, b| a.1 == b.1);
        rows
    })
}

/// One table and one connection for all cases; each has a group of its own.
fn shared() -> &'static (Sandbox, MessagesTable) {
    static SHARED: OnceLock<(Sandbox, MessagesTable)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let sandbox = Sandbox::new();
        sandbox.cruddur(["ddb", "schema-load"]).succeeds();
        let table = sandbox.messages_table();
        (sandbox, table)
    })
}

fn table() -> &'static MessagesTable {
    &shared().1
}

fn put(rows: &[Row]) -> Uuid {
    let group = Uuid::new_v4();
    let string = |text: String| AttributeValue::S(text);
    shared().0.put_all(rows.iter().map(|(_, key)| {
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
fn all(group: Uuid, range: TimeRange, direction: Direction, exact: bool) -> Vec<String> {
    let span = Span { range, exact, ..Span::default() };
    runtime().block_on(async {
        let mut timeline = table().messages(group, direction, span).unwrap();
        rest(&mut timeline).await
    })
}

async fn rest(timeline: &mut Timeline<'_, Message>) -> Vec<String> {
    let mut keys = Vec::new();
    while let Some(rows) = timeline.next().await.unwrap() {
        assert!(!rows.is_empty(), "an empty lot");
        keys.extend(rows.into_iter().map(|message| message.sent_at));
    }
    keys
}

/// The pages of a range, each newest first, and whether one was read by instants.
fn pages(group: Uuid, range: TimeRange, size: usize, exact: bool) -> (Vec<Vec<String>>, bool) {
    let (mut pages, mut was_exact) = (Vec::new(), false);
    let mut cursor: Option<String> = None;
    runtime().block_on(async {
        loop {
            // A cursor keeps its range.
            let range = if cursor.is_none() { range } else { TimeRange::default() };
            let span = Span { range, flags: String::new(), cursor: cursor.as_deref(), exact };
            let mut timeline = table().messages(group, Direction::Backward, span).unwrap();
            let page = timeline.page(size).await.unwrap();
            assert!(page.rows.len() == size || page.cursor.is_none(), "a page that is not full");
            pages.push(page.rows.into_iter().map(|message| message.sent_at).collect());
            was_exact |= timeline.is_exact();
            cursor = page.cursor;
            if cursor.is_none() {
                return (pages, was_exact);
            }
        }
    })
}

/// What is left of rows when their order within a second does not matter.
fn seconds(rows: &[Row], keys: &[String]) -> Vec<i64> {
    let place = |key: &String| rows.iter().find(|row| row.1 == *key).unwrap().0;
    keys.iter().map(|key| place(key).div_euclid(1_000_000)).collect()
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort();
    keys
}

/// The rows of a range, in their order.
fn inside(rows: &[Row], range: TimeRange) -> Vec<Row> {
    let micros = |time: Timestamp| time.microseconds();
    let is_inside = |place: i64| {
        range.since.is_none_or(|since| micros(since) <= place)
            && range.until.is_none_or(|until| place < micros(until))
    };
    rows.iter().filter(|(place, _)| is_inside(*place)).cloned().collect()
}

prop_compose! {
    /// A range of some days or hours; it may begin or end in the second of a row.
    fn range()(
        (since, _) in stored_time(),
        length in prop_oneof![1..200_000_000_000_i64, 1..3_000_000_i64],
        ends in (any::<bool>(), any::<bool>()),
    ) -> TimeRange {
        TimeRange { since: ends.0.then(|| time(since)), until: ends.1.then(|| time(since + length)) }
    }
}

/// Seldom 1, which takes the most requests.
fn page_size() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(1), 4 => 2..7_usize]
}

fn time(micros: i64) -> Timestamp {
    jiff::Timestamp::from_microsecond(micros).unwrap().into()
}

proptest! {
    // A request is dear here, so each group that is filled is read eight times: 1,000 times in all.
    #![proptest_config(cases(125))]

    #[test]
    fn pages_neither_repeat_nor_lose_a_row(
        rows in prop_oneof![rows(), utc_rows()],
        readings in prop::array::uniform8((range(), page_size(), any::<bool>())),
    ) {
        let group = put(&rows);
        let has_offset = rows.iter().any(|(_, key)| Timestamp::has_offset(key));
        for (range, size, exact) in readings {
            let mut expected = keys(&inside(&rows, range));
            expected.reverse();
            let (pages, was_exact) = pages(group, range, size, exact);
            let shown = pages.concat();
            if exact {
                prop_assert_eq!(shown, expected, "by instants");
                continue;
            }
            if !has_offset {
                prop_assert!(!was_exact);
                prop_assert_eq!(seconds(&rows, &shown), seconds(&rows, &expected));
                for page in pages {
                    let in_order: Vec<String> =
                        expected.iter().filter(|key| page.contains(*key)).cloned().collect();
                    prop_assert_eq!(page, in_order, "a page is in order");
                }
            }
            if was_exact || !has_offset || range == TimeRange::default() {
                prop_assert_eq!(sorted(shown), sorted(expected));
            } else {
                // Plain reading may not see a row whose offset brings it into the range.
                prop_assert!(shown.iter().all(|key| expected.contains(key)));
                let mut once = sorted(shown.clone());
                once.dedup();
                prop_assert_eq!(once.len(), shown.len(), "a row comes once");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn rows_come_in_the_order_of_their_instants_both_ways(rows in rows(), range in range()) {
        let group = put(&rows);
        let mut expected = keys(&inside(&rows, range));
        prop_assert_eq!(all(group, range, Direction::Forward, true), &expected[..]);
        expected.reverse();
        prop_assert_eq!(all(group, range, Direction::Backward, true), &expected[..]);
        // Read whole, they are in that order whether it was asked for or not.
        let mut expected = keys(&rows);
        prop_assert_eq!(all(group, TimeRange::default(), Direction::Forward, false), &expected[..]);
        expected.reverse();
        prop_assert_eq!(all(group, TimeRange::default(), Direction::Backward, false), &expected[..]);
    }

    #[test]
    fn plain_reading_of_utc_is_in_the_order_of_the_instants(rows in utc_rows(), range in range()) {
        let group = put(&rows);
        let mut expected = keys(&inside(&rows, range));
        prop_assert_eq!(all(group, range, Direction::Forward, false), &expected[..]);
        expected.reverse();
        prop_assert_eq!(all(group, range, Direction::Backward, false), expected);
    }

    #[test]
    fn plain_reading_shows_rows_of_the_range_and_all_if_its_pages_do(
        rows in rows(),
        range in range(),
        size in 1..5_usize,
    ) {
        let group = put(&rows);
        let expected = sorted(keys(&inside(&rows, range)));
        let (_, was_exact) = pages(group, range, size, false);
        for direction in [Direction::Forward, Direction::Backward] {
            let shown = all(group, range, direction, false);
            prop_assert!(shown.iter().all(|key| expected.contains(key)));
            prop_assert!(!was_exact || sorted(shown) == expected);
        }
    }

    #[test]
    fn a_cursor_goes_on_forward_too(
        rows in rows(),
        range in range(),
        size in 1..5_usize,
        exact in (any::<bool>(), any::<bool>()),
    ) {
        let group = put(&rows);
        let found = runtime().block_on(async {
            let span = Span { range, exact: exact.0, ..Span::default() };
            let mut first = table().messages(group, Direction::Backward, span).unwrap();
            let page = first.page(size).await.unwrap();
            let mut shown: Vec<String> = page.rows.into_iter().map(|message| message.sent_at).collect();
            shown.reverse();
            let span = Span { cursor: Some(&page.cursor?), exact: exact.1, ..Span::default() };
            let mut timeline = table().messages(group, Direction::Forward, span).unwrap();
            Some([rest(&mut timeline).await, shown].concat())
        });
        let Some(found) = found else { return Ok(()) };
        let expected = keys(&inside(&rows, range));
        if exact.0 {
            prop_assert_eq!(&found, &expected);
        }
        if exact.1 || range == TimeRange::default() {
            prop_assert_eq!(sorted(found), sorted(expected));
        } else {
            prop_assert!(found.iter().all(|key| expected.contains(key)));
        }
    }

    #[test]
    fn a_census_counts_every_row(rows in rows()) {
        let group = put(&rows);
        let (census, is_unfinished) = runtime().block_on(async {
            let mut timeline =
                table().messages(group, Direction::Backward, Span::default()).unwrap();
            (timeline.census().await.unwrap(), timeline.is_unfinished())
        });
        let undated = rows.iter().filter(|(_, key)| key.parse::<Timestamp>().is_err()).count() as u64;
        prop_assert_eq!(census.undated, undated);
        let dated = rows.len() as u64 - undated;
        prop_assert_eq!(census.years.into_iter().collect::<Vec<_>>(), if dated > 0 { vec![(2024, dated)] } else { vec![] });
        prop_assert_eq!(is_unfinished, rows.iter().any(|(_, key)| Timestamp::has_offset(key)));
    }
}

/// By its text the oldest, by its instant the newest.
const HIDDEN: [(i64, &str); 3] =
    [(2, "2024-03-01T09:00:00+00:00"), (1, "2024-03-01T08:00:00+00:00"), (3, "2024-03-01T05:00:00-05:00")];

#[test]
fn a_row_of_another_offset_beyond_the_page_is_found_where_that_is_asked_for() {
    let group = put(&HIDDEN.map(|(at, key)| (at, key.to_owned())));
    let (exact, _) = pages(group, TimeRange::default(), 1, true);
    assert_eq!(exact.concat(), [HIDDEN[2].1, HIDDEN[0].1, HIDDEN[1].1]);
    // The app does not see it either; it comes when its key is read.
    let (plain, was_exact) = pages(group, TimeRange::default(), 1, false);
    assert_eq!(plain.concat(), [HIDDEN[0].1, HIDDEN[1].1, HIDDEN[2].1]);
    assert!(was_exact);
}

#[test]
fn a_page_that_meets_another_offset_reads_on_until_its_rows_are_certain() {
    let rows = [(3, "2024-03-01T14:00:00+05:00"), (1, "2024-03-01T08:00:00Z"), (2, "2024-03-01T08:30:00Z")];
    let group = put(&rows.map(|(at, key)| (at, key.to_owned())));
    let (pages, was_exact) = pages(group, TimeRange::default(), 1, false);
    assert_eq!(pages.concat(), [rows[0].1, rows[2].1, rows[1].1]);
    assert!(was_exact);
}
