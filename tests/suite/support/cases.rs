//! How many cases of a property are tried.

use proptest::prelude::*;

/// `usual` cases, or `TEST_TIMES` as many. proptest's own `PROPTEST_CASES` would give every property
/// the same number, however dear its cases are.
pub fn cases(usual: u32) -> ProptestConfig {
    let times = std::env::var("TEST_TIMES").map_or(1, |times| times.parse().expect("TEST_TIMES is a number"));
    ProptestConfig { cases: usual * times, ..ProptestConfig::default() }
}
