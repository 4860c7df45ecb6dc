//! Ctrl-C and SIGTERM, for commands that go on until they are told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Context as _, Error, Kind, Result};

/// The requests to stop from now on, instead of a sudden end.
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
        let catch = |kind| signal(kind).or_failed(|| "cannot catch signals".to_owned());
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
