//! How long to wait before trying again.

use std::time::Duration;

/// The pause after the first try in vain; doubles, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Waits after this many tries in vain, from 1.
pub(super) async fn pause(tries: u32) {
    tokio::time::sleep(delay(tries)).await;
}

/// How long to wait after this many tries in vain, from 1.
///
/// Full jitter: writers that were turned away together do not come back together.
pub(super) fn delay(tries: u32) -> Duration {
    let ceiling =
        FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST_PAUSE);
    ceiling.mul_f64(fastrand::f64())
}
