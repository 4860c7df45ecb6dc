//! What the service charges for requests that a pattern does not send itself.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};

use super::alternatives::Explainer;
use super::recorder::Recorder;
use super::{Figures, Request};
use crate::dynamodb::Capacity;
use crate::dynamodb::read::page::Reading;
use crate::error::Result;

const EXPLAINING: &str = "cannot explain the pattern";

/// Figures that the service was asked for, or that stand in for them.
pub(super) struct Measurement {
    pub(super) units: Option<f64>,
    pub(super) figures: Figures,
    pub(super) note: String,
    pub(super) requests: Vec<Request>,
}

impl Explainer<'_> {
    /// Sends `query` page after page and tells what it was charged. Without
    /// `--measure` it is one page at most.
    pub(super) async fn count(
        &mut self,
        query: QueryFluentBuilder,
        pages: Option<usize>,
    ) -> Result<Measurement> {
        let most = pages.unwrap_or(if self.measure { usize::MAX } else { 1 });
        let query = query.select(Select::Count);
        let (mut start, mut done) = (query.get_exclusive_start_key().clone(), 0);
        loop {
            let query = query.clone().set_exclusive_start_key(start);
            let page = self.table.page(query, EXPLAINING, &mut Capacity::default()).await?;
            (start, done) = (page.last_evaluated_key, done + 1);
            if start.is_none() || done == most {
                return Ok(self.found(start.is_some() && pages.is_none()));
            }
        }
    }

    pub(super) async fn count_scan(&mut self, scan: ScanFluentBuilder) -> Result<Measurement> {
        let mut start = None;
        loop {
            let scan = scan.clone().set_exclusive_start_key(start);
            let reading = Reading { what: EXPLAINING, table: self.table.name() };
            let page = self.table.db().scan_page(scan, reading, &mut Capacity::default()).await?;
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(self.found(false));
            }
        }
    }

    /// What has been measured just now; its first request stands for all pages.
    fn found(&mut self, is_cut: bool) -> Measurement {
        let log = self.recorder.take();
        let mut sum = Capacity::default();
        for answer in log.iter().filter_map(|exchange| exchange.answer.as_ref()) {
            sum.merge(&answer.capacity);
        }
        self.spent.merge(&sum);
        let first = log.first().map(|exchange| Request {
            read_units: Some(sum.total),
            returned: sum.returned,
            scanned: sum.scanned,
            ..Request::from(exchange)
        });
        Measurement {
            units: Some(sum.total),
            figures: Figures::Measured,
            note: if is_cut {
                "more than 1 MB, of which this is the first; --measure reads on".to_owned()
            } else {
                String::new()
            },
            requests: first.into_iter().collect(),
        }
    }

    /// The Scan that would be sent.
    pub(super) async fn held_back(&self, query: &QueryInput, index: Option<String>) -> Option<Request> {
        let recorder = Recorder::holding();
        let recorded = self.table.recorded(&recorder);
        // It never leaves, so there is nothing to hear.
        let _ = scan_like(&recorded.db.client, query, index).send().await;
        recorder.take().first().map(Request::from)
    }
}

impl Measurement {
    /// Nothing yet, and all of it to be measured.
    pub(super) fn measured(note: impl Into<String>) -> Self {
        Self { units: Some(0.0), figures: Figures::Measured, note: note.into(), requests: Vec::new() }
    }

    /// No figures, and why.
    pub(super) fn nothing(note: impl Into<String>) -> Self {
        Self { units: None, figures: Figures::None, note: note.into(), requests: Vec::new() }
    }

    pub(super) fn add_units(&mut self, units: f64) {
        self.units = self.units.map(|sum| sum + units);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.add_units(other.units.unwrap_or_default());
        if !other.note.is_empty() {
            self.note = format!("{}; {}", self.note, other.note);
        }
        self.requests.extend(other.requests);
    }
}

/// `query` once more.
pub(super) fn repeated(client: &Client, query: &QueryInput) -> QueryFluentBuilder {
    client
        .query()
        .set_table_name(query.table_name.clone())
        .set_index_name(query.index_name.clone())
        .set_limit(query.limit)
        .set_consistent_read(query.consistent_read)
        .set_scan_index_forward(query.scan_index_forward)
        .set_exclusive_start_key(query.exclusive_start_key.clone())
        .set_filter_expression(query.filter_expression.clone())
        .set_key_condition_expression(query.key_condition_expression.clone())
        .set_expression_attribute_names(query.expression_attribute_names.clone())
        .set_expression_attribute_values(query.expression_attribute_values.clone())
}

/// The Scan that finds what `query` does, by a filter on everything.
pub(super) fn scan_like(client: &Client, query: &QueryInput, index: Option<String>) -> ScanFluentBuilder {
    let key = query.key_condition_expression.clone();
    let filter = match (key, &query.filter_expression) {
        (Some(key), Some(filter)) => Some(format!("({key}) AND ({filter})")),
        (key, filter) => key.or_else(|| filter.clone()),
    };
    client
        .scan()
        .set_table_name(query.table_name.clone())
        .set_consistent_read(query.consistent_read)
        .set_index_name(index)
        .set_filter_expression(filter)
        .set_expression_attribute_names(query.expression_attribute_names.clone())
        .set_expression_attribute_values(query.expression_attribute_values.clone())
        .select(Select::Count)
        .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
}
