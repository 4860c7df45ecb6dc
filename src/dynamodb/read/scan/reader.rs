//! Reading the pages of a segment.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::pages::Pages;
use super::request::{ScanPage, Start};
use super::turns::{Turn, Turns};
use crate::aws::telling_page_end;
use crate::dynamodb::item::json::typed_item;
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

/// A page that is being read, and the turn to do so.
struct Reading<'a> {
    turn: Turn<'a>,
    /// Where it begins.
    start: Start,
    /// Known before the page is decoded.
    end: oneshot::Receiver<Box<RawValue>>,
    /// Stops when dropped.
    page: JoinSet<Result<SegmentRead>>,
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
        let mut ahead = None;
        while start != Start::End {
            let reading = if let Some(reading) = ahead.take() {
                reading
            } else {
                let Some(turn) = plan.turns.begin().await else { return };
                plan.start(turn, segment, start)
            };
            let Reading { turn, end, mut page, .. } = reading;
            // The service reads the next page while this one is decoded and written.
            if let Some(end) = end.await.ok().and_then(|end| typed_item(end.get().as_bytes()).ok())
                && let Some(turn) = plan.turns.try_begin()
            {
                ahead = Some(plan.start(turn, segment, Start::After(end)));
            }
            let Some(Ok(part)) = page.join_next().await else { return };
            if let Ok(part) = &part {
                plan.turns.read(&turn, part.took);
            }
            let failed = part.is_err();
            start =
                part.as_ref().map_or(Start::End, |part| Start::after(part.page.last_evaluated_key.clone()));
            // An attempt can time out after it has told its end, and its retry end elsewhere.
            ahead = ahead.filter(|ahead| ahead.start == start);
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
    /// Starts to read the page of a segment that begins at `start`.
    fn start<'a>(self: &'a Arc<Self>, turn: Turn<'a>, segment: usize, start: Start) -> Reading<'a> {
        let (teller, end) = oneshot::channel();
        let (plan, from) = (Arc::clone(self), start.clone());
        let mut page = JoinSet::new();
        page.spawn(async move { telling_page_end(teller, plan.page(segment, from)).await });
        Reading { turn, start, end, page }
    }

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
