//! How many segments are read at the same time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::dynamodb::Concurrency;

/// At first, and at most.
const FIRST: usize = 4;
pub(super) const MOST: usize = 8;

/// Lets as many pages be read at the same time as pays.
pub(super) struct Turns {
    permits: Semaphore,
    state: Mutex<State>,
}

struct State {
    concurrency: Concurrency,
    /// How many permits there are, in use or not.
    permits: usize,
}

/// The permission to read a page, and to hold it until it is taken.
pub(super) struct Turn<'a> {
    permit: SemaphorePermit<'a>,
    number: u64,
}

impl Turns {
    pub(super) fn new() -> Self {
        let state = State { concurrency: Concurrency::new(FIRST, MOST), permits: FIRST };
        Self { permits: Semaphore::new(FIRST), state: Mutex::new(state) }
    }

    /// Waits for a turn; `None` after [`Turns::close`].
    pub(super) async fn begin(&self) -> Option<Turn<'_>> {
        let permit = self.permits.acquire().await.ok()?;
        Some(Turn { permit, number: self.state().concurrency.sent() })
    }

    /// A turn if there is one now.
    pub(super) fn try_begin(&self) -> Option<Turn<'_>> {
        let permit = self.permits.try_acquire().ok()?;
        Some(Turn { permit, number: self.state().concurrency.sent() })
    }

    /// The page was read within this time.
    pub(super) fn read(&self, turn: &Turn, took: Duration) {
        self.state().concurrency.answered(turn.number, took);
    }

    /// The page was taken.
    pub(super) fn end(&self, turn: Turn) {
        let mut state = self.state();
        let limit = state.concurrency.limit();
        if limit < state.permits {
            turn.permit.forget();
            state.permits -= 1;
        } else {
            self.permits.add_permits(limit - state.permits);
            state.permits = limit;
        }
    }

    /// Lets no further page be read.
    pub(super) fn close(&self) {
        self.permits.close();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
