//! Items whose time to live has passed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dynoxide::Database;

/// The shortest time between two sweeps.
const INTERVAL: Duration = Duration::from_mins(1);

/// Deletes expired items when somebody asks for something, so that an idle stack has nothing to do.
#[derive(Default)]
pub(super) struct Expiry {
    swept_at: Mutex<Option<Instant>>,
}

impl Expiry {
    /// Deletes what has expired, unless that was done a short time ago. Without a table that has a time to
    /// live, this is one query.
    pub(super) async fn sweep_if_due(&self, database: &Database) {
        {
            let mut swept_at = self.swept_at.lock().unwrap_or_else(PoisonError::into_inner);
            if swept_at.is_some_and(|at| at.elapsed() < INTERVAL) {
                return;
            }
            *swept_at = Some(Instant::now());
        }
        let database = database.clone();
        // What cannot be deleted now is left for the next sweep, as on AWS.
        let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    }

    /// Lets the next request sweep.
    pub(super) fn set_due(&self) {
        *self.swept_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
