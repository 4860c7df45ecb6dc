//! Limits the units consumed per second.

use std::time::{Duration, Instant};

/// Spaces requests so that they consume at most this many units per second, over any period. Unused
/// units are not saved up.
///
/// What a request consumes is known only from its response. Until then it is estimated from the size of
/// its items and from how far off earlier estimates were, which accounts for the indexes.
#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    /// When the units spent so far are paid off.
    free_at: Option<Instant>,
    /// Units consumed per unit guessed.
    factor: f64,
}

impl Pace {
    /// `per_second` must be above 0.
    pub const fn new(per_second: f64) -> Self {
        Self { per_second, free_at: None, factor: 1.0 }
    }

    /// The most that one request should consume: one second's worth, in guessed units.
    pub fn share(&self) -> f64 {
        (self.per_second / self.factor).max(1.0)
    }

    /// How long to wait before the next request.
    pub fn wait(&self, now: Instant) -> Duration {
        self.free_at.map_or(Duration::ZERO, |free_at| free_at.saturating_duration_since(now))
    }

    /// Records that a request is sent; `guess` is its units by the size of its items. Returns the units it
    /// is expected to consume, for [`Pace::settle`].
    pub fn spend(&mut self, now: Instant, guess: f64) -> f64 {
        let expected = guess * self.factor;
        let from = self.free_at.map_or(now, |free_at| free_at.max(now));
        self.free_at = Some(from + self.time_of(expected));
        expected
    }

    /// Records that the request consumed `actual` units; `guess` and `expected` are those of
    /// [`Pace::spend`]. If the response does not say, `actual` is the caller's estimate.
    pub fn settle(&mut self, guess: f64, expected: f64, actual: f64) {
        let (more, less) = (self.time_of(actual - expected), self.time_of(expected - actual));
        self.free_at = self.free_at.map(|free_at| (free_at + more).checked_sub(less).unwrap_or(free_at));
        if guess > 0.0 && actual > 0.0 {
            // Adjust slowly: one batch of rows with an index does not represent them all.
            self.factor += ((actual / guess) - self.factor) / 4.0;
        }
    }

    /// The time that these units take: none if negative, and at most a day, however low the limit.
    fn time_of(&self, units: f64) -> Duration {
        Duration::from_secs_f64((units / self.per_second).clamp(0.0, 86_400.0))
    }
}
