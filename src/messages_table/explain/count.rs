//! Measures the charge for requests that are not part of the pattern.

use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};

use super::alternatives::Explainer;
use super::measure::{Measurement, scan_like};
use super::recorder::Recorder;
use super::{Figures, Request};
use crate::dynamodb::Capacity;
use crate::error::Result;

const EXPLAINING: &str = "cannot explain the pattern";

impl Explainer<'_> {
    /// Sends `query` for at most `pages` pages, and returns what it was charged. Without `pages`, it
    /// reads one page, or all with `--measure`.
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
            let page = scan.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
            let page = page.map_err(|error| self.table.error(EXPLAINING, &error))?;
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(self.found(false));
            }
        }
    }

    /// The total of the requests just sent; the first request stands for all pages.
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
            note: if is_cut { "the first 1 MB; there is more".to_owned() } else { String::new() },
            requests: first.into_iter().collect(),
        }
    }

    /// The Scan, without sending it.
    pub(super) async fn held_back(&self, query: &QueryInput, index: Option<String>) -> Option<Request> {
        let recorder = Recorder::holding();
        let holding = self.table.recorded(&recorder);
        // It is not sent, so the result is ignored.
        let _ = scan_like(&holding.db.client, query, index).send().await;
        recorder.take().first().map(Request::from)
    }
}
