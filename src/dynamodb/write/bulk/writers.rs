//! Limits the number of concurrent requests.

/// The initial limit.
const FIRST: f64 = 4.0;
/// The highest limit.
const MOST: f64 = 32.0;

/// A limit that grows while the table accepts everything, and is halved when it does not. It doubles
/// with each round until the first refusal, then grows by one with each round.
#[derive(Debug)]
pub struct Writers {
    limit: f64,
    has_met_refusal: bool,
    /// Requests from this number on were sent after the last halving.
    since: u64,
}

impl Default for Writers {
    fn default() -> Self {
        Self { limit: FIRST, has_met_refusal: false, since: 0 }
    }
}

impl Writers {
    /// How many requests may be in progress.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and MOST")]
    pub fn limit(&self) -> usize {
        self.limit as usize
    }

    /// A request was accepted completely.
    pub fn taken(&mut self) {
        let step = if self.has_met_refusal { 1.0 / self.limit } else { 1.0 };
        self.limit = (self.limit + step).min(MOST);
    }

    /// Request `number` was refused, at least in part. `next` is the number of the next request to be
    /// sent. Requests that were sent together are refused together, and count once.
    pub fn refused(&mut self, number: u64, next: u64) {
        if number >= self.since {
            self.limit = (self.limit / 2.0).max(1.0);
            self.since = next;
            self.has_met_refusal = true;
        }
    }
}
