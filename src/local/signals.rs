//! The signals that end a stack, and those that `exec` forwards.

use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::error::{Context as _, Result};

/// The caught signals; those that ask for an end come first.
const SIGNALS: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2];

/// The signals sent to this process from now on, without their default effect.
pub(super) struct Signals {
    receiver: mpsc::UnboundedReceiver<Signal>,
}

impl Signals {
    /// Starts catching them.
    pub(super) fn catch() -> Result<Self> {
        let (sender, receiver) = mpsc::unbounded_channel();
        for number in SIGNALS {
            let mut stream =
                signal(SignalKind::from_raw(number as i32)).or_failed(|| format!("cannot catch {number}"))?;
            let sender = sender.clone();
            tokio::spawn(
                async move { while stream.recv().await.is_some() && sender.send(number).is_ok() {} },
            );
        }
        Ok(Self { receiver })
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        match self.receiver.recv().await {
            Some(signal) => signal,
            // Does not happen: the senders live as long as the runtime.
            None => std::future::pending().await,
        }
    }

    /// The next signal that asks for an end.
    pub(super) async fn end(&mut self) -> Signal {
        loop {
            let signal = self.next().await;
            if !matches!(signal, Signal::SIGUSR1 | Signal::SIGUSR2) {
                return signal;
            }
        }
    }
}
