//! Pauses before work is tried again. Single requests are retried by the client: `aws/retries.rs`.

use std::time::Duration;

use crate::aws::max_pause;

/// Pauses after this many failed tries, from 1.
pub(crate) async fn pause(tries: u32) {
    tokio::time::sleep(delay(tries)).await;
}

/// The pause after this many failed tries, from 1.
pub(crate) fn delay(tries: u32) -> Duration {
    max_pause(tries).mul_f64(fastrand::f64())
}
