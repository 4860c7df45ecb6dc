//! Reading the pages of a segment.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use tokio::sync::mpsc;

use super::pages::Pages;
use super::request::{ScanPage, Start};
use super::turns::Turns;
use crate::dynamodb::item::size;
use crate::dynamodb::{Capacity, DynamoDb, Item};
use crate::error::Result;

/// What all requests of a scan have in common.
pub(super) struct ScanPlan {
    pub(super) db: DynamoDb,
    pub(super) table: String,
    pub(super) index: Option<String>,
    pub(super) segments: usize,
    pub(super) filter: Option<String>,
    pub(super) projection: Option<String>,
    pub(super) names: Option<HashMap<String, String>>,
    pub(super) values: Option<HashMap<String, AttributeValue>>,
    pub(super) consistent: bool,
    pub(super) pages: Pages,
    pub(super) turns: Turns,
}

/// A page, and what it consumed.
pub(super) struct SegmentRead {
    pub(super) page: ScanPage,
    pub(super) capacity: Capacity,
    /// From the request to the answer.
    took: Duration,
}

/// Takes segments from `left` and reads each to its end. Stops when none is left, a read fails, or the
/// receiver is gone.
pub(super) async fn read(
    plan: Arc<ScanPlan>,
    left: Arc<Mutex<VecDeque<(usize, Start)>>>,
    parts: mpsc::Sender<Result<SegmentRead>>,
) {
    loop {
        let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((segment, mut start)) = next else { return };
        while start != Start::End {
            let Some(turn) = plan.turns.begin().await else { return };
            let part = plan.page(segment, start).await;
            if let Ok(part) = &part {
                plan.turns.read(&turn, part.took);
            }
            let failed = part.is_err();
            start =
                part.as_ref().map_or(Start::End, |part| Start::after(part.page.last_evaluated_key.clone()));
            if parts.send(part).await.is_err() || failed {
                return;
            }
            plan.turns.end(turn);
        }
    }
}

impl Start {
    /// Where to continue after a page with this `last_evaluated_key`.
    pub fn after(key: Option<Item>) -> Self {
        key.map_or(Self::End, Self::After)
    }
}

impl ScanPlan {
    /// Reads the page of a segment that begins at `start`.
    pub(super) async fn page(&self, segment: usize, start: Start) -> Result<SegmentRead> {
        let allowance = self.pages.admit().await;
        let number = |number: usize| i32::try_from(number).ok().filter(|_| self.segments > 1);
        let key = match start {
            Start::After(key) => Some(key),
            Start::Beginning | Start::End => None,
        };
        let begin = Instant::now();
        let request = self
            .db
            .client
            .scan()
            .table_name(&self.table)
            .set_index_name(self.index.clone())
            .set_limit(allowance.limit)
            .set_segment(number(segment))
            .set_total_segments(number(self.segments))
            .set_filter_expression(self.filter.clone())
            .set_projection_expression(self.projection.clone())
            .set_expression_attribute_names(self.names.clone())
            .set_expression_attribute_values(self.values.clone())
            .set_consistent_read(self.consistent.then_some(true))
            .set_exclusive_start_key(key);
        let answer = request.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        let answer = answer.map_err(|error| self.db.error("cannot scan", &self.table, &error))?;
        let took = begin.elapsed();
        let mut capacity = Capacity::new(self.db.is_emulated());
        capacity.add(&answer);
        let items = answer.items.unwrap_or_default();
        let scanned = u64::try_from(answer.scanned_count).unwrap_or_default();
        // If the engine does not report capacity, the returned items set the pace.
        let is_reported = answer.consumed_capacity.is_some();
        self.pages.settle(allowance, scanned, if is_reported { capacity.total } else { units_of(&items) });
        let page = ScanPage { segment, items, last_evaluated_key: answer.last_evaluated_key, scanned };
        Ok(SegmentRead { page, capacity, took })
    }
}

/// What reading these items would consume on AWS, eventually consistent.
fn units_of(items: &[Item]) -> f64 {
    size::read_units(items.iter().map(size::item).sum(), false)
}
