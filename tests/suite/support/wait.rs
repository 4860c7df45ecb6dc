//! Waiting for what is bound to happen, with a bound.

use std::time::{Duration, Instant};

/// Nobody waits for so long but for what never comes, however busy the machine is.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Asks until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < TIMEOUT, "it does not come about: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
