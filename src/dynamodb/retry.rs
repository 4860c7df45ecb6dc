//! Pauses before work is tried again. Single requests are retried by the client: `aws/retries.rs`.

use std::time::Duration;

/// The pause after the first failed try. It doubles with each further one, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Pauses after this many failed tries, from 1.
pub(crate) async fn pause(tries: u32) {
    tokio::time::sleep(delay(tries)).await;
}

/// The pause after this many failed tries, from 1.
///
/// Full jitter: writers that were refused together do not retry together.
pub(crate) fn delay(tries: u32) -> Duration {
    let ceiling = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(MAX_PAUSE);
    ceiling.mul_f64(fastrand::f64())
}

/// Retries while the service has no capacity: 16 seconds of pauses on average, 31 at most.
pub(crate) const MAX_RETRIES: u32 = 12;
