//! Explains what a pattern costs the app, what it costs cruddur, and what the alternatives would cost.
//! The requests are sent by a client that records them and holds writes back.

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

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Figures {
    /// The service charged it just now. An emulator's figure is its own estimate.
    Measured,
    /// Computed from the sizes of the items themselves.
    Computed,
    /// Estimated from the table size that DescribeTable reports.
    Estimated,
    /// No figure: this cannot be done, or the cost is not known.
    None,
}

/// A request as it goes over the wire, and its result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// The operation.
    pub operation: String,
    /// Its body.
    pub request: Value,
    /// The read units charged; `None` when it was not sent.
    pub read_units: Option<f64>,
    /// Items returned.
    pub returned: u64,
    /// Items read.
    pub scanned: u64,
    /// Bytes of the items returned, by DynamoDB's rules.
    pub bytes: usize,
}

/// One way to do what a pattern does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// How it differs from the others.
    pub way: &'static str,
    /// Read units; `None` when it cannot be done, or the cost is not known.
    pub read_units: Option<f64>,
    /// Write units; 0 if it only reads.
    pub write_units: Option<f64>,
    /// Where the read units come from.
    pub read_figures: Figures,
    /// Where the write units come from: always the sizes of the items, because nothing is written.
    pub write_figures: Figures,
    /// An explanation.
    pub note: String,
    /// Its requests, where they differ from the pattern's own.
    pub requests: Vec<Request>,
}

/// A pattern, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The app's way first, then cruddur's if it differs.
    pub alternatives: Vec<Alternative>,
    /// What the explanation itself consumed.
    pub usage: Usage,
}

/// A client that records its requests and holds writes back.
pub struct Recording {
    /// The table for the pattern to use.
    pub table: MessagesTable,
    recorder: Recorder,
    keeps_items: bool,
    app: Vec<Exchange>,
}

impl MessagesTable {
    /// A recording copy of this client, for a pattern that only reads.
    pub fn recording(&self) -> Recording {
        self.watch(false)
    }

    /// A recording copy of this client, for a pattern that also writes. It keeps the items that it
    /// reads: their sizes before a write matter.
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
    /// Marks everything sent so far as the app's requests. For a pattern that writes, they are derived
    /// from cruddur's instead.
    pub fn was_the_app(&mut self) {
        self.app = self.recorder.take();
    }

    /// Explains the recorded requests. Figures that would cost more than the pattern itself are
    /// estimated, unless `measure` is set.
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
