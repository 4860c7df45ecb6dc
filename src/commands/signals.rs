//! Ctrl-C and SIGTERM, for commands that go on until they are told to stop: the first asks for it, the
//! second ends the process, whatever it is doing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Context as _, Error, Kind, Result};

/// Whether the next signal ends the process: nobody listens, or one has come already. Once they are
/// caught, they have no effect of their own any more.
static ENDS: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The first request to stop from now on, instead of a sudden end.
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
    /// Starts to catch them.
    pub(in crate::commands) fn catch() -> Result<Self> {
        if ENDS.get().is_none() {
            let ends = Arc::new(AtomicBool::new(false));
            for signal in [SIGINT, SIGTERM] {
                // In this order: the first one is let through, and arms it for the second. The
                // process ends in the handler itself, so that nothing can be in the way.
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

    /// The next request.
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
    /// The end of a command that was stopped before it was done.
    pub(in crate::commands) fn unfinished(self) -> Error {
        match self {
            Self::Interrupt => Error::new(Kind::Interrupted, "interrupted"),
            // 128 and the signal's number, by the shell's custom.
            Self::Terminate => Error::new(Kind::Child(128 + 15), "terminated"),
        }
    }
}
