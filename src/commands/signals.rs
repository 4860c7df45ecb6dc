//! Ctrl-C and SIGTERM, for commands that run until told to stop. The first signal asks the command
//! to stop; the second ends the process, whatever it is doing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Context as _, Error, Kind, Result};

/// Whether the next signal ends the process: either nothing listens, or one has arrived already.
/// Needed because a caught signal loses its default effect.
static ENDS: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Catches signals. The first one becomes a request to stop instead of ending the process.
pub(in crate::commands) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// A request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Stop {
    Interrupt,
    Terminate,
}

impl Signals {
    /// Starts catching signals.
    pub(in crate::commands) fn catch() -> Result<Self> {
        if ENDS.get().is_none() {
            let ends = Arc::new(AtomicBool::new(false));
            for signal in [SIGINT, SIGTERM] {
                // The order matters: the first signal passes the conditional shutdown and then arms it for
                // the second. The process ends in the handler itself, so nothing can delay it.
                flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&ends))
                    .and_then(|_| flag::register(signal, Arc::clone(&ends)))
                    .or_failed(cannot)?;
            }
            let _ = ENDS.set(ends);
        }
        ends(false);
        let catch = |kind| signal(kind).or_failed(cannot);
        Ok(Self { interrupt: catch(SignalKind::interrupt())?, terminate: catch(SignalKind::terminate())? })
    }

    /// Waits for the next request.
    pub(in crate::commands) async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        ends(true);
    }
}

fn ends(value: bool) {
    if let Some(ends) = ENDS.get() {
        ends.store(value, Ordering::Relaxed);
    }
}

fn cannot() -> String {
    "cannot catch signals".to_owned()
}

impl Stop {
    /// The error of a command that was stopped before it was done.
    pub(in crate::commands) fn unfinished(self) -> Error {
        match self {
            Self::Interrupt => Error::new(Kind::Interrupted, "interrupted"),
            // 128 plus the signal number, as shells report it.
            Self::Terminate => Error::new(Kind::Child(128 + 15), "terminated"),
        }
    }
}
