//! A ceiling for the write units of a second.

use std::time::{Duration, Instant};

/// Spaces requests out so that they take no more than so many units a second, over any time: what
/// was not used is not saved up.
///
/// What a request takes is known for sure only when it is answered; before, it is guessed from the
/// size of its items and from what such guesses have turned out to be, which brings the indexes in.
#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    /// When the units given out so far are paid off.
    free_at: Option<Instant>,
    /// Units consumed for each unit guessed.
    factor: f64,
}

impl Pace {
    /// `per_second` is above 0.
    #[must_use]
    pub const fn new(per_second: f64) -> Self {
        Self { per_second, free_at: None, factor: 1.0 }
    }

    /// The most that one request should take: a second's worth.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.per_second / self.factor).max(1.0)
    }

    /// How long to wait before the next request.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        self.free_at.map_or(Duration::ZERO, |free_at| free_at.saturating_duration_since(now))
    }

    /// A request is sent that takes `guess` units by the size of its items. Returns what it is
    /// expected to take, for [`Pace::settle`].
    pub fn spend(&mut self, now: Instant, guess: f64) -> f64 {
        let expected = guess * self.factor;
        let from = self.free_at.map_or(now, |free_at| free_at.max(now));
        self.free_at = Some(from + self.time_of(expected));
        expected
    }

    /// It took `actual` units; `guess` and `expected` are those of [`Pace::spend`]. A request
    /// that took nothing, or did not say, is settled with what is known of it.
    pub fn settle(&mut self, guess: f64, expected: f64, actual: f64) {
        let (more, less) = (self.time_of(actual - expected), self.time_of(expected - actual));
        self.free_at = self.free_at.map(|free_at| (free_at + more).checked_sub(less).unwrap_or(free_at));
        if guess > 0.0 && actual > 0.0 {
            // Slowly: one batch of rows with an index is not what all will be.
            self.factor += ((actual / guess) - self.factor) / 4.0;
        }
    }

    /// Nothing for what is below 0; no more than a day, whatever the ceiling.
    fn time_of(&self, units: f64) -> Duration {
        Duration::from_secs_f64((units / self.per_second).clamp(0.0, 86_400.0))
    }
}
