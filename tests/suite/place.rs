//! The order of rows, and the keys that a range of time lies between.

use cruddur::messaging::{MAX_OFFSET, SortPosition, TimeRange, Timestamp, Zone};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::support::{stored_time, utc_time};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn place(micros: i64) -> SortPosition {
    let instant = jiff::Timestamp::from_microsecond(micros).unwrap();
    Timestamp::from(instant).into()
}

#[test]
fn a_text_that_is_no_time_stands_where_it_sorts_in_utc() {
    for (text, before, from) in [
        ("2024", "2023-12-31T23:59:59.999999Z", "2024-01-01T00:00:00Z"),
        ("2024-02-30T00:00:00Z", "2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00Z"),
        ("2024-01-01 18:00:00+00:00", "2023-12-31T23:59:59.999999Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T18:00:00.5 or so", "2024-01-01T18:00:00.499999Z", "2024-01-01T18:00:00.5Z"),
    ] {
        assert!(SortPosition::of(before) < SortPosition::of(text), "{text} stands before {before}");
        assert_eq!(SortPosition::of(text), SortPosition::of(from), "{text}");
    }
    assert!(SortPosition::of("yesterday") > SortPosition::of("9999-12-30T22:00:00.999999Z"));
    assert!(SortPosition::of("!") <= SortPosition::of("0001-01-01T00:00:00Z"));
}

#[test]
fn a_range_without_ends_has_no_bounds() {
    assert_eq!(TimeRange::default().keys(), (None, None));
    assert!(TimeRange::default().contains(SortPosition::of("yesterday")));
}

#[test]
fn the_bounds_of_a_range_are_as_near_as_offsets_let_them() {
    let range =
        TimeRange { since: Some(at("2024-03-02T00:00:00Z")), until: Some(at("2024-03-03T00:00:00.5Z")) };
    let (first, end) = range.keys();
    assert_eq!(first.as_deref(), Some("2024-03-01T23:59:59.999999"));
    assert_eq!(end.as_deref(), Some("2024-03-03T00:00:00~"));
    let (first, end) = range.wide_keys();
    assert_eq!(first.as_deref(), Some("2024-03-01T08:59:59.999999"));
    assert_eq!(end.as_deref(), Some("2024-03-03T15:00:00~"));
}

#[test]
fn a_year_is_one_of_utc() {
    let year = TimeRange::year(2024);
    assert_eq!(year.as_year(), Some(2024));
    assert_eq!(year.keys(), (Some("2024".to_owned()), Some("2024~".to_owned())));
    let other = TimeRange { until: Some(at("2025-01-01T00:00:00.000001Z")), ..year };
    assert_eq!(other.as_year(), None);
    assert_eq!(year.since, Some(at("2024-01-01T00:00:00Z")));
    assert_eq!(year.until, Some(at("2025-01-01T00:00:00Z")));
    assert!(!year.contains(SortPosition::of("2024-01-01T00:30:00+01:00")));
    assert!(year.contains(SortPosition::of("2023-12-31T23:30:00-01:00")));
    assert!(!year.contains(SortPosition::of("2025-01-01T00:00:00Z")));
    let last = TimeRange::year(9999);
    assert_eq!(last.until, None);
    assert!(last.contains(SortPosition::of("yesterday")));
    // A year before time began ends there.
    assert_eq!(TimeRange::year(1).since, Some(at("0001-01-01T00:00:00Z")));
}

#[test]
fn the_ends_of_time_have_no_bounds() {
    let ends = ["0001-01-01T00:00:00Z", "9999-12-30T22:00:00.999999Z"].map(at);
    assert_eq!(SortPosition::from(ends[0]).first_key(), None);
    assert_eq!(SortPosition::from(ends[1]).end_key(), None);
    assert_eq!(SortPosition::from(ends[0]).end_key().as_deref(), Some("0001-01-01T14:59:59~"));
}

#[test]
fn distances_are_told_in_one_unit() {
    let now = at("2024-03-31T12:00:00Z");
    for (time, distance) in [
        ("2024-03-31T12:00:00Z", "just now"),
        ("2024-03-31T11:59:00.5Z", "just now"),
        ("2024-03-31T11:59:00Z", "1 min ago"),
        ("2024-03-31T11:00:01Z", "59 min ago"),
        ("2024-03-31T09:00:00Z", "3 h ago"),
        ("2024-03-30T12:00:01Z", "23 h ago"),
        ("2024-03-30T12:00:00Z", "1 day ago"),
        ("2024-03-18T12:00:00Z", "13 days ago"),
        ("2024-03-17T12:00:00Z", "2 weeks ago"),
        ("2024-01-30T12:00:00Z", "2 months ago"),
        ("2023-04-02T12:00:00Z", "11 months ago"),
        ("2023-04-01T12:00:00Z", "1 year ago"),
        ("2014-03-31T12:00:00Z", "10 years ago"),
        ("2024-03-31T15:10:00Z", "in 3 h"),
        ("2024-03-31T12:00:30Z", "just now"),
    ] {
        assert_eq!(at(time).distance(now), distance, "{time}");
    }
}

proptest! {
    #[test]
    fn the_place_of_a_time_is_its_instant((micros, text) in stored_time()) {
        prop_assert_eq!(SortPosition::of(&text), place(micros), "{}", text);
    }

    #[test]
    fn nothing_of_a_range_lies_outside_of_its_bounds(
        (_, text) in prop_oneof![stored_time(), "2024-0[1-9Tx :.+-]{0,24}".prop_map(|text| (0, text))],
        (since, _) in stored_time(),
        length in 1..100_000_000_000_i64,
    ) {
        let instant = |micros| Some(jiff::Timestamp::from_microsecond(micros).unwrap().into());
        let range = TimeRange { since: instant(since), until: instant(since + length) };
        if range.contains(SortPosition::of(&text)) {
            let bounds = if Timestamp::has_offset(&text) { range.wide_keys() } else { range.keys() };
            prop_assert!(bounds.0.unwrap() <= text, "{}", text);
            prop_assert!(text < bounds.1.unwrap(), "{}", text);
            prop_assert!(range.wide_keys().0.unwrap() <= text && text < range.wide_keys().1.unwrap());
        }
    }

    #[test]
    fn a_row_of_utc_inside_of_the_bounds_is_within_a_second_of_the_range(
        (micros, text) in utc_time(),
        (edge, _) in stored_time(),
    ) {
        if place(edge).lower_key().unwrap() <= text {
            // `21Z` sorts after `21.999999`, the bound of what begins at 22.
            prop_assert!(micros >= edge - 1_000_000, "{}", text);
        }
        if text < place(edge).upper_key().unwrap() {
            prop_assert!(micros < edge + 1_000_000, "{}", text);
        }
    }

    #[test]
    fn what_lies_inside_of_the_bounds_is_near_the_range((micros, text) in stored_time(), (edge, _) in stored_time()) {
        // Twice: a key may lie on the other side of its instant.
        let near = 2 * i64::try_from(MAX_OFFSET.as_micros()).unwrap() + 1_000_000;
        if place(edge).first_key().unwrap() <= text {
            prop_assert!(micros > edge - near, "{}", text);
        }
        if text < place(edge).end_key().unwrap() {
            prop_assert!(micros < edge + near, "{}", text);
        }
    }

    #[test]
    fn texts_that_are_no_times_stand_in_their_own_order(a in "[0-9T:.xZ +-]{1,26}", b in "[0-9T:.xZ +-]{1,26}") {
        prop_assume!(a.parse::<Timestamp>().is_err() && b.parse::<Timestamp>().is_err());
        prop_assert!((a <= b) == ((SortPosition::of(&a), &a) <= (SortPosition::of(&b), &b)), "{} {}", a, b);
    }

    #[test]
    fn any_text_has_a_place(text in any::<String>()) {
        let place = SortPosition::of(&text);
        prop_assert!(place.first_key().is_none_or(|first| SortPosition::of(&first) <= place));
        prop_assert!(place.end_key().is_none_or(|end| SortPosition::of(&end) >= place));
    }

    #[test]
    fn a_wall_clock_in_a_zone_and_its_year_agree(year in 2..9998_i16, seconds in 0..86_400_i64) {
        let range = TimeRange::year(year);
        let inside = range.since.unwrap();
        prop_assert_eq!(Zone::utc().year(inside), year);
        let before = inside.before(SignedDuration::from_secs(seconds + 1).unsigned_abs());
        prop_assert_eq!(Zone::utc().year(before), year - 1);
    }
}
