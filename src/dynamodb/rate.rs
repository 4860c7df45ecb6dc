//! A ceiling of units a second, held by all who share it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket that holds what one second brings in. It begins full.
///
/// What a request consumes is known afterwards: reserve an estimate before it,
/// and settle the difference when the answer is there. Whoever reserves more than
/// there is waits until it has come in, in the order of asking. So within any `t`
/// seconds `t + 1` seconds' worth is consumed, give or take the last estimates.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    /// Below zero when more is reserved than has come in.
    units: f64,
    at: Instant,
}

impl Rate {
    /// A ceiling of so many units a second, from `now` on.
    #[must_use]
    pub fn new(per_second: f64, now: Instant) -> Self {
        Self { per_second, level: Mutex::new(Level { units: per_second, at: now }) }
    }

    /// Units a second.
    #[must_use]
    pub const fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Reserves so many units; how long to wait before using them.
    #[must_use]
    pub fn reserve(&self, units: f64, now: Instant) -> Duration {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let earned = now.saturating_duration_since(level.at).as_secs_f64() * self.per_second;
        level.units = (level.units + earned).min(self.per_second) - units;
        level.at = level.at.max(now);
        Duration::try_from_secs_f64(-level.units / self.per_second).unwrap_or_default()
    }

    /// Corrects what was reserved by what was consumed.
    pub fn settle(&self, reserved: f64, consumed: f64) {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        level.units += reserved - consumed;
    }
}
