//! The line that says what was consumed.

use cruddur::dynamodb::Capacity;
use cruddur::output::consumed::{Consumed, Price, dollars};
use proptest::prelude::*;

use crate::support::cases;

const WRITE: Consumed = Consumed {
    estimated: false,
    read: Some(0.5),
    write: Some(14.0),
    requests: 2,
    items: 5,
    scanned: 0,
    price: Some(Price::MillionCalls(8.8125)),
};

#[test]
fn units_requests_items_and_money_are_one_line() {
    let line = |consumed: Consumed| consumed.to_string();
    assert_eq!(line(WRITE), "consumed 0.5 read + 14 write units, 2 requests, 5 items; $8.81 a million calls");
    let one = Consumed { read: None, write: Some(1.0), requests: 1, items: 1, ..WRITE };
    assert_eq!(line(one), "consumed 1 write unit, 1 request, 1 item; $8.81 a million calls");
    let filtered = Consumed { write: None, requests: 1, items: 3, scanned: 62, ..WRITE };
    assert_eq!(line(filtered), "consumed 0.5 read units, 1 request, 3 of 62 items; $8.81 a million calls");
    let estimated = Consumed { estimated: true, price: Some(Price::ThisRun(0.0127)), ..WRITE };
    assert_eq!(line(estimated), "estimated 0.5 read + 14 write units, 2 requests, 5 items; $0.01 this run");
    let nothing = Consumed::default();
    assert_eq!(line(nothing), "consumed 0 read units, 0 requests, 0 items");
}

#[test]
fn what_does_not_fit_is_said_in_fewer_words_and_then_rounded() {
    let line = |consumed: Consumed| consumed.to_string();
    let long = Consumed { read: Some(124.5), write: Some(380.0), requests: 102, items: 700, ..WRITE };
    assert_eq!(line(long), "consumed 124.5 read + 380 write, 102 requests, 700 items; $8.81 a million");
    let large = Consumed {
        estimated: true,
        read: None,
        write: Some(123_456_789.0),
        requests: 4_938_272,
        items: 123_456_789,
        price: Some(Price::ThisRun(77.16)),
        ..WRITE
    };
    assert_eq!(line(large), "estimated 123456789 write units, 4938272 requests, 123456789 items; $77.16");
    let larger = Consumed { read: Some(61_728_394.5), ..large };
    assert_eq!(line(larger), "estimated 62M read + 123M write, 4.9M requests, 123M items; $77.16");
}

#[test]
fn what_two_requests_consumed_is_added() {
    let capacity = |units: f64, count: u64, index: &str, estimated| Capacity {
        total: 3.0 * units,
        table: 2.0 * units,
        indexes: [(index.to_owned(), units)].into(),
        pages: 1,
        estimated,
        returned: count,
        scanned: 2 * count,
        written: 3 * count,
    };
    let mut sum = capacity(1.5, 5, "a", false);
    sum.merge(&capacity(2.0, 7, "a", true));
    sum.merge(&capacity(4.0, 11, "b", false));
    let expected = Capacity {
        total: 22.5,
        table: 15.0,
        indexes: [("a".to_owned(), 3.5), ("b".to_owned(), 4.0)].into(),
        pages: 3,
        estimated: true,
        returned: 23,
        scanned: 46,
        written: 69,
    };
    assert_eq!(sum, expected);
}

#[test]
fn money_has_the_digits_that_matter() {
    for (usd, said) in [
        (0.0, "$0.00"),
        (0.000_01, "<$0.0001"),
        (0.0625, "$0.0625"),
        (0.375, "$0.375"),
        (0.5, "$0.50"),
        (0.070_75, "$0.0708"),
        (8.8125, "$8.81"),
        (1_234_567.5, "$1,234,567.50"),
    ] {
        assert_eq!(dollars(usd), said);
    }
}

/// Counts of up to nine digits, each number of digits as likely as the others.
fn up_to_nine_digits() -> impl Strategy<Value = u64> {
    (0..=9_u32).prop_flat_map(|digits| 0..10_u64.pow(digits))
}

#[expect(clippy::cast_precision_loss, reason = "nine digits")]
fn units() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(up_to_nine_digits().prop_map(|halves| halves as f64 / 2.0))
}

fn price() -> impl Strategy<Value = Option<Price>> {
    let usd = (-9_i32..9, 0.0..10.0).prop_map(|(magnitude, digits)| digits * 10_f64.powi(magnitude));
    let price = (usd, any::<bool>())
        .prop_map(|(usd, is_run)| if is_run { Price::ThisRun(usd) } else { Price::MillionCalls(usd) });
    proptest::option::of(price)
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn the_line_always_fits(
        estimated: bool,
        read in units(),
        write in units(),
        requests in up_to_nine_digits(),
        items in up_to_nine_digits(),
        scanned in up_to_nine_digits(),
        price in price(),
    ) {
        let scanned = if write.is_some() { 0 } else { scanned };
        let line = Consumed { estimated, read, write, requests, items, scanned, price }.to_string();
        prop_assert!(line.len() <= 80, "{} columns: {line}", line.len());
        for word in ["request", "item"] {
            prop_assert!(line.contains(word), "{line}");
        }
        prop_assert_eq!(line.contains('$'), price.is_some());
    }
}
