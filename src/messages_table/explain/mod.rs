//! What a pattern costs the app, what it costs here, and what other ways to the same
//! would be. The requests are sent, on a client that keeps account of them and lets
//! no write out.

mod alternatives;
mod app;
mod count;
mod measure;
mod projection;
mod recorder;
mod writes;

use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use serde::Serialize;
use serde_json::Value;

use crate::dynamodb::{Capacity, Usage};
use crate::error::Result;
use crate::messages_table::MessagesTable;
use recorder::{Exchange, Recorder};

/// How a figure is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Figures {
    /// The service charged it just now; an emulator's figure is its estimate.
    Measured,
    /// By the sizes of the very items.
    Computed,
    /// By the size of the table that DescribeTable tells.
    Estimated,
    /// There are none: it cannot be done, or nobody knows.
    None,
}

/// A request, as it goes over the wire, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// The operation.
    pub operation: String,
    /// Its body.
    pub request: Value,
    /// The read units it was charged; `None` when it was not sent.
    pub read_units: Option<f64>,
    /// Items returned.
    pub returned: u64,
    /// Items read.
    pub scanned: u64,
    /// Bytes of the items returned, by DynamoDB's rules.
    pub bytes: usize,
}

/// A way to do what a pattern does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// What is different about it.
    pub way: &'static str,
    /// Read units; `None` when it cannot be done, or is not known.
    pub read_units: Option<f64>,
    /// Write units; 0 for what only reads.
    pub write_units: Option<f64>,
    /// How the units read are known.
    pub read_figures: Figures,
    /// How the units written are known: from the sizes of the items, for nothing is
    /// written.
    pub write_figures: Figures,
    /// In words.
    pub note: String,
    /// Its requests, where they differ from those of the pattern itself.
    pub requests: Vec<Request>,
}

/// A pattern, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The app's first, then cruddur's if that is another.
    pub alternatives: Vec<Alternative>,
    /// What explaining it has consumed.
    pub usage: Usage,
}

/// A client that keeps account of what it sends, and lets no write out.
pub struct Recording {
    /// For the pattern to use.
    pub table: MessagesTable,
    recorder: Recorder,
    keeps_items: bool,
    app: Vec<Exchange>,
}

impl MessagesTable {
    /// A client like this one, for a pattern that only reads.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.watch(false)
    }

    /// A client like this one, for a pattern that also writes. What it reads is
    /// kept: the sizes of items before a write count.
    #[must_use]
    pub fn recording_writes(&self) -> Recording {
        self.watch(true)
    }

    fn watch(&self, keeps_items: bool) -> Recording {
        let recorder = Recorder::new(keeps_items);
        let table = Self { db: self.db.rehearsing(), name: self.name.clone() };
        Recording { table: table.recorded(&recorder), recorder, keeps_items, app: Vec::new() }
    }

    fn recorded(&self, recorder: &Recorder) -> Self {
        let db = self.db.intercepted(SharedInterceptor::new(recorder.clone()));
        Self { db, name: self.name.clone() }
    }
}

impl Recording {
    /// What was sent until now is what the app sends. Where it writes, that is known
    /// from what cruddur does.
    pub fn was_the_app(&mut self) {
        self.app = self.recorder.take();
    }

    /// Explains what the client was used for. Figures that would cost more than the
    /// pattern itself are estimates, unless `measure` is set.
    pub async fn explain(self, measure: bool) -> Result<Explanation> {
        let sent = self.recorder.take();
        let explainer = alternatives::Explainer::new(&self, measure, &sent).await?;
        let (alternatives, mut read) = explainer.alternatives().await?;
        for answer in self.app.iter().chain(&sent).filter_map(|exchange| exchange.answer.as_ref()) {
            read.merge(&answer.capacity);
        }
        Ok(Explanation {
            alternatives,
            usage: self.table.db.usage(read, Capacity::new(self.table.db.is_emulated())),
        })
    }
}

impl From<&Exchange> for Request {
    fn from(exchange: &Exchange) -> Self {
        let answer = exchange.answer.as_ref();
        Self {
            operation: exchange.operation.clone(),
            request: exchange.request.clone(),
            read_units: answer.map(|answer| answer.capacity.total),
            returned: answer.map_or(0, |answer| answer.capacity.returned),
            scanned: answer.map_or(0, |answer| answer.capacity.scanned),
            bytes: answer.map_or(0, |answer| answer.bytes),
        }
    }
}
