//! Stored times in every shape that is about.

use proptest::prelude::*;

/// 2024-03-01 in UTC, in microseconds.
const START: i64 = 1_709_251_200_000_000;

prop_compose! {
    /// An instant of a few days, so that offsets matter, in microseconds; and how
    /// somebody stored it. Often in the same second as another.
    pub fn stored_time()(
        offset in prop_oneof![Just(0), Just(-5 * 3600), -14 * 3600..14 * 3600_i64],
    )(time in time_at(offset)) -> (i64, String) {
        time
    }
}

/// The same, always in UTC.
pub fn utc_time() -> impl Strategy<Value = (i64, String)> {
    time_at(0)
}

prop_compose! {
    fn time_at(offset: i64)(
        seconds in prop_oneof![3 => 0..400_000_i64, 1 => 200_000..200_003_i64],
        micros in prop_oneof![Just(0), Just(500_000), 0..1_000_000_i64],
        suffix in 0..4_u8,
        is_short in any::<bool>(),
    ) -> (i64, String) {
        let offset = if suffix < 2 { offset / 60 * 60 } else { 0 };
        let instant = START + seconds * 1_000_000 + micros;
        let wall = jiff::Timestamp::from_microsecond(instant + offset * 1_000_000).unwrap();
        let mut fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        if is_short {
            fraction.truncate(fraction.trim_end_matches('0').len());
        }
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
        let suffix = match suffix {
            0 => format!("{sign}{hours:02}:{minutes:02}"),
            1 => format!("{sign}{hours:02}{minutes:02}"),
            2 => "Z".to_owned(),
            _ => String::new(),
        };
        (instant, format!("{}{fraction}{suffix}", wall.strftime("%Y-%m-%dT%H:%M:%S")))
    }
}
