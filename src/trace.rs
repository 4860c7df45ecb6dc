//! Traces requests, for `-v` and `-vv`, and reports long waits. Services pass lines to the
//! [`Trace`], and its creator prints them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::error::span;
use crate::secrets::hide;

/// Shorter secrets are not hidden, because they occur everywhere.
const SHORTEST_SECRET: usize = 8;

/// How long to wait for an answer before reporting it.
pub const SILENCE: Duration = Duration::from_secs(3);

type Print = Box<dyn Fn(&str) + Send + Sync>;

/// Where requests are traced: nowhere, as one line each, or with the wire data. And where long
/// waits are reported.
#[derive(Clone, Default)]
pub struct Trace {
    requests: Option<Arc<Inner>>,
    waits: Option<Arc<Waits>>,
}

struct Inner {
    wire: bool,
    print: Print,
    secrets: Mutex<Vec<String>>,
}

struct Waits {
    print: Print,
    /// The lines printed, with their times: many requests may wait for the same thing.
    printed: Mutex<Vec<(String, Instant)>>,
}

/// A wait, which ends when this is dropped.
#[derive(Debug)]
pub struct Wait(Option<AbortHandle>);

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(timer) = &self.0 {
            timer.abort();
        }
    }
}

impl Trace {
    /// Passes a line for each request to `print`, and with `wire` also what was sent and received.
    #[must_use]
    pub fn of_requests(self, wire: bool, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let inner = Inner { wire, print: Box::new(print), secrets: Mutex::default() };
        Self { requests: Some(Arc::new(inner)), ..self }
    }

    /// Passes a line for each long wait to `print`.
    #[must_use]
    pub fn of_waits(self, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { waits: Some(Arc::new(Waits { print: Box::new(print), printed: Mutex::default() })), ..self }
    }

    /// Reports a wait, unless the same line was printed within `limit`.
    pub fn waits(&self, limit: Duration, line: impl FnOnce() -> String) {
        if let Some(waits) = &self.waits {
            waits.tell(limit, line());
        }
    }

    /// Starts a wait for `what`, which ends when the result is dropped: after `limit`, or with the
    /// answer. Must be called within a runtime.
    pub fn wait(&self, limit: Duration, what: impl FnOnce() -> String + Send + 'static) -> Wait {
        let Some(waits) = self.waits.clone().filter(|_| limit > SILENCE) else { return Wait(None) };
        let timer = tokio::spawn(async move {
            tokio::time::sleep(SILENCE).await;
            waits.tell(limit, format!("still waiting for {}; gives up after {}", what(), span(limit)));
        });
        Wait(Some(timer.abort_handle()))
    }

    /// Whether requests are traced.
    pub const fn is_on(&self) -> bool {
        self.requests.is_some()
    }

    /// Whether anything is traced or reported.
    pub const fn is_heard(&self) -> bool {
        self.requests.is_some() || self.waits.is_some()
    }

    /// Whether wire data is traced.
    pub fn shows_wire(&self) -> bool {
        self.requests.as_ref().is_some_and(|inner| inner.wire)
    }

    /// Hides `secret` in all lines from now on, wherever it comes from. Lines should not contain
    /// secrets in the first place.
    pub fn hide(&self, secret: &str) {
        if let Some(inner) = &self.requests
            && secret.len() >= SHORTEST_SECRET
        {
            inner.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
        }
    }

    /// Traces a finished request.
    pub fn request(&self, line: impl FnOnce() -> String) {
        if let Some(inner) = &self.requests {
            inner.print(&line());
        }
    }

    /// Traces what was sent or received.
    pub fn wire(&self, text: impl FnOnce() -> String) {
        if let Some(inner) = self.requests.as_ref().filter(|inner| inner.wire) {
            inner.print(&text());
        }
    }
}

impl Waits {
    /// Prints `line`, unless it was printed within `limit`.
    fn tell(&self, limit: Duration, line: String) {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.retain(|(_, at)| at.elapsed() < limit);
        if printed.iter().all(|(other, _)| *other != line) {
            (self.print)(&line);
            printed.push((line, Instant::now()));
        }
    }
}

impl Inner {
    fn print(&self, text: &str) {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let text = hide(text, secrets.iter().map(String::as_str));
        drop(secrets);
        (self.print)(&text);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "Trace(on)" } else { "Trace(off)" })
    }
}

/// The time since `start`, as a trace shows it.
pub fn since(start: Instant) -> String {
    format!("{:.1} ms", start.elapsed().as_secs_f64() * 1000.0)
}
