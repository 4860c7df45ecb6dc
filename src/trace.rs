//! Telling of requests, for `-v` and `-vv`: services hand over lines, and whoever made
//! the [`Trace`] prints them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::secrets::hide;

/// Shorter texts are replaced nowhere: they occur in everything.
const SHORTEST_SECRET: usize = 8;

/// Where requests are told of: nowhere, a line for each, or the wire too.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Inner>>);

struct Inner {
    wire: bool,
    print: Box<dyn Fn(&str) + Send + Sync>,
    secrets: Mutex<Vec<String>>,
}

impl Trace {
    /// Hands a line for each request to `print`, and with `wire` what was sent and
    /// received.
    #[must_use]
    pub fn new(wire: bool, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Inner { wire, print: Box::new(print), secrets: Mutex::default() })))
    }

    /// Whether anybody listens.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the wire is wanted too.
    #[must_use]
    pub fn shows_wire(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.wire)
    }

    /// From now on `secret` is in no line, wherever it may come from. What is told
    /// should not hold any in the first place.
    pub fn hide(&self, secret: &str) {
        if let Some(inner) = &self.0
            && secret.len() >= SHORTEST_SECRET
        {
            inner.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
        }
    }

    /// Tells of a request that has ended.
    pub fn request(&self, line: impl FnOnce() -> String) {
        if let Some(inner) = &self.0 {
            inner.print(&line());
        }
    }

    /// Tells what was sent or received.
    pub fn wire(&self, text: impl FnOnce() -> String) {
        if let Some(inner) = self.0.as_ref().filter(|inner| inner.wire) {
            inner.print(&text());
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

/// The time since `start`, as it is told.
#[must_use]
pub fn since(start: Instant) -> String {
    format!("{:.1} ms", start.elapsed().as_secs_f64() * 1000.0)
}
