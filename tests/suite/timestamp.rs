//! Timestamps: one shape out, many shapes in.

use cruddur::messaging::Timestamp;
use proptest::prelude::*;

use crate::support::cases;

fn parse(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn every_shape_that_is_about_means_its_instant() {
    for (text, instant) in [
        ("2023-03-29T09:45:13.050615+00:00", "2023-03-29T09:45:13.050615+00:00"),
        ("2023-03-29T09:45:13.050615-05:00", "2023-03-29T14:45:13.050615+00:00"),
        ("2023-03-29T09:45:13.050615+0530", "2023-03-29T04:15:13.050615+00:00"),
        ("2023-03-29T09:45:13.050615", "2023-03-29T09:45:13.050615+00:00"),
        ("2023-03-29T09:45:13.050615Z", "2023-03-29T09:45:13.050615+00:00"),
        ("2023-03-29T09:45:13+00:00", "2023-03-29T09:45:13.000000+00:00"),
        ("2023-03-29T09:45:13", "2023-03-29T09:45:13.000000+00:00"),
        ("2023-03-29T09:45:13Z", "2023-03-29T09:45:13.000000+00:00"),
        ("2023-03-29T09:45:13.5+00:00", "2023-03-29T09:45:13.500000+00:00"),
        ("2023-03-29T09:45:13.5-0030", "2023-03-29T10:15:13.500000+00:00"),
        ("2023-03-29T09:45:13+05", "2023-03-29T04:45:13.000000+00:00"),
        ("2023-03-29T09:45:13+05:30:15", "2023-03-29T04:14:58.000000+00:00"),
        ("2023-03-29T09:45:13-14:59", "2023-03-30T00:44:13.000000+00:00"),
        ("2022-12-31T23:30:00-01:00", "2023-01-01T00:30:00.000000+00:00"),
        ("2024-02-29T00:00:00+00:00", "2024-02-29T00:00:00.000000+00:00"),
        ("1969-12-31T23:59:59.999999+00:00", "1969-12-31T23:59:59.999999+00:00"),
    ] {
        assert_eq!(parse(text).to_string(), instant, "{text}");
        assert_eq!(parse(text), parse(instant), "{text}");
    }
}

#[test]
fn digits_beyond_microseconds_are_dropped() {
    for (text, instant) in [
        ("2023-03-29T09:45:13.0506159Z", "2023-03-29T09:45:13.050615+00:00"),
        ("1923-03-29T09:45:13.050615999Z", "1923-03-29T09:45:13.050615+00:00"),
    ] {
        assert_eq!(parse(text), parse(instant), "{text}");
        assert_eq!(parse(text).to_string(), instant, "{text}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "yesterday",
        "2023-03-29",
        "09:45:13",
        "2023-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2023-03-29T25:00:00Z",
        "2023-03-29T09:45:13 and more",
        "-000001-03-29T09:45:13Z",
        "1680083113",
        // A range of keys is a range of time only as long as the clock comes first,
        // in one shape; the app reads no other either.
        "2023-03-29 09:45:13+00:00",
        "2023-03-29t09:45:13+00:00",
        "20230329T094513Z",
        "+002023-03-29T09:45:13Z",
        "2023-03-29T09:45Z",
        "2023-03-29T09:45:60Z",
        "2023-03-29T09:45:13,5Z",
        "2023-03-29T09:45:13.Z",
        "2023-03-29T09:45:13+00:00[UTC]",
        // No clock is so far from UTC.
        "2023-03-29T09:45:13+15:00",
        "2023-03-29T09:45:13-23:59",
        "2023-03-29T09:45:13+05:60",
        "2023-03-29T09:45:13+5",
        "2023-03-29T09:45:13+05:",
        "2023-03-29T09:45:13+05300",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
}

#[test]
fn minutes_before_count_back_over_a_new_year() {
    let time = parse("2024-01-01T00:01:00.000001+00:00");
    assert_eq!(time.minutes_before(0), time);
    assert_eq!(time.minutes_before(2).to_string(), "2023-12-31T23:59:00.000001+00:00");
}

prop_compose! {
    /// Fields of a date and time as Python writes them: years of four digits.
    fn civil()(
        year in 1..=9998_u16, month in 1..=12_u8, day in 1..=28_u8,
        hour in 0..24_u8, minute in 0..60_u8, second in 0..60_u8,
    ) -> String {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

prop_compose! {
    fn offset()(sign in prop::sample::select(vec!['+', '-']), hours in 0..15_u8, minutes in 0..60_u8) -> String {
        format!("{sign}{hours:02}:{minutes:02}")
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn what_is_shown_is_read_back(civil in civil(), micros in 0..1_000_000_u32) {
        let shown = format!("{civil}.{micros:06}+00:00");
        prop_assert_eq!(parse(&shown).to_string(), shown);
    }

    #[test]
    fn the_order_of_texts_is_the_order_of_times(
        a in civil(), b in civil(), micros in 0..1_000_000_u32, offset in offset()
    ) {
        let (a, b) = (parse(&format!("{a}.{micros:06}{offset}")), parse(&format!("{b}.{micros:06}Z")));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.to_string().len(), "2023-03-29T09:45:13.050615+00:00".len());
    }

    #[test]
    fn an_offset_moves_the_instant_by_itself(civil in civil(), offset in offset()) {
        let (hours, minutes) = (offset[1..3].parse::<usize>().unwrap(), offset[4..].parse::<usize>().unwrap());
        let minutes = 60 * hours + minutes;
        let (here, utc) = (parse(&format!("{civil}{offset}")), parse(&civil));
        if offset.starts_with('+') {
            prop_assert_eq!(here, utc.minutes_before(minutes));
        } else {
            prop_assert_eq!(here.minutes_before(minutes), utc);
        }
    }

    #[test]
    fn no_text_panics_and_what_parses_is_shown_to_parse_again(text in any::<String>()) {
        if let Ok(time) = text.parse::<Timestamp>() {
            prop_assert_eq!(parse(&time.to_string()), time);
        }
    }

    #[test]
    fn no_text_like_a_time_panics_either(
        text in "[-+0-9]{0,7}-?[0-9]{0,3}-?[0-9]{0,3}[Tt ]?[0-9]{0,3}:?[0-9]{0,3}:?[0-9]{0,3}[.,]?[0-9]{0,10}[-+Zz]?[0-9:]{0,9}(\\[[A-Za-z/+]{0,9}\\])?"
    ) {
        if let Ok(time) = text.parse::<Timestamp>() {
            prop_assert_eq!(parse(&time.to_string()), time);
        }
    }
}
