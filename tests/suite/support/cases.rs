//! How many cases of a property are tried.

use proptest::prelude::*;

/// `usual` cases, and as much more as `PROPTEST_CASES` is more than 1,000: each property keeps its share.
pub fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = u64::from(usual) * asked.unwrap_or(1000_u64) / 1000;
    ProptestConfig { cases: u32::try_from(cases).unwrap_or(u32::MAX).max(1), ..ProptestConfig::default() }
}
