//! Scan: every item of a table or an index, page by page, in parallel segments.

mod pages;
mod reader;
mod request;
mod segments;
mod turns;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::pages::Pages;
use self::reader::{ScanPlan, SegmentRead, read};
pub use self::request::{ScanPage, ScanRequest, Segments, Start};
use self::turns::{MOST, Turns};
use crate::dynamodb::item::expression::Placeholders;
use crate::dynamodb::{Capacity, DynamoDb, Usage};
use crate::error::Result;

/// A scan in progress. Call [`Scan::next_page`] until it returns `None`.
///
/// The second page is not requested until the caller asks for it, once it is done with the first. From
/// then on, pages are read ahead, of as many segments at the same time as pays, 8 at most.
pub struct Scan {
    plan: Arc<ScanPlan>,
    starts: Vec<Start>,
    left: Option<usize>,
    stage: Stage,
    /// What it has consumed so far.
    pub capacity: Capacity,
}

enum Stage {
    First,
    Second,
    Reading {
        parts: mpsc::Receiver<Result<SegmentRead>>,
        /// Dropping these stops the readers.
        _readers: JoinSet<()>,
    },
    Done,
}

impl DynamoDb {
    /// Starts a scan. Reads no items yet; describes the table if the number of segments or the index
    /// requires it.
    pub async fn scan(&self, request: ScanRequest) -> Result<Scan> {
        let segments = self.segments(&request).await?;
        let mut placeholders = Placeholders::default();
        let filter = request.filter.as_ref().map(|filter| filter.write(&mut placeholders));
        let projection = request.attributes.as_ref().map(|paths| paths.write(&mut placeholders));
        let mut starts = request.start;
        starts.resize(segments, Start::Beginning);
        let limit = request.limit;
        // Not with a filter: a small page may have no matching item.
        let most = limit.filter(|_| filter.is_none());
        let pages = Pages::new(self.is_emulated(), segments, request.max_rcu, most);
        let plan = ScanPlan {
            db: self.clone(),
            table: request.table,
            index: request.index,
            segments,
            filter,
            projection,
            names: placeholders.names(),
            values: placeholders.values(),
            consistent: request.consistent,
            pages,
            turns: Turns::new(),
        };
        Ok(Scan {
            plan: Arc::new(plan),
            starts,
            left: limit,
            stage: Stage::First,
            capacity: Capacity::new(self.is_emulated()),
        })
    }
}

impl Scan {
    /// The number of segments.
    pub fn segments(&self) -> usize {
        self.plan.segments
    }

    /// What it has consumed so far, and where.
    pub fn usage(&self) -> Usage {
        self.plan.db.usage(self.capacity.clone(), Capacity::default())
    }

    /// The next page, which may be empty; `None` after the last one, and then [`Scan::capacity`] is complete.
    ///
    /// Dropping the future loses no page.
    pub async fn next_page(&mut self) -> Result<Option<ScanPage>> {
        if self.left == Some(0) {
            self.finish().await;
        }
        if matches!(self.stage, Stage::Second) {
            self.stage = self.read_ahead();
        }
        let part = match &mut self.stage {
            Stage::First => self.first().await?,
            Stage::Reading { parts, .. } => parts.recv().await.transpose()?,
            Stage::Second | Stage::Done => None,
        };
        let Some(part) = part else {
            self.stage = Stage::Done;
            return Ok(None);
        };
        self.capacity.merge(&part.capacity);
        let mut page = part.page;
        if let Some(left) = &mut self.left {
            page.items.truncate(*left);
            *left -= page.items.len();
            if *left == 0 {
                self.plan.turns.close();
            }
        }
        Ok(Some(page))
    }

    /// Counts what the pages consume that were requested before the limit was reached.
    async fn finish(&mut self) {
        if let Stage::Reading { parts, .. } = &mut self.stage {
            while let Some(part) = parts.recv().await {
                // Nobody misses a page that fails now.
                if let Ok(part) = part {
                    self.capacity.merge(&part.capacity);
                }
            }
        }
        self.stage = Stage::Done;
    }

    /// Reads the first page, and none ahead.
    async fn first(&mut self) -> Result<Option<SegmentRead>> {
        let Some(segment) = self.starts.iter().position(|start| *start != Start::End) else {
            return Ok(None);
        };
        let part = self.plan.page(segment, self.starts[segment].clone()).await?;
        self.starts[segment] = Start::after(part.page.last_evaluated_key.clone());
        self.stage = Stage::Second;
        Ok(Some(part))
    }

    /// Starts to read all remaining pages.
    fn read_ahead(&mut self) -> Stage {
        let left = std::mem::take(&mut self.starts).into_iter().enumerate();
        let left: VecDeque<(usize, Start)> = left.filter(|(_, start)| *start != Start::End).collect();
        let mut readers = JoinSet::new();
        let (sender, parts) = mpsc::channel(1);
        let count = left.len().min(MOST);
        let left = Arc::new(Mutex::new(left));
        for _ in 0..count {
            readers.spawn(read(Arc::clone(&self.plan), Arc::clone(&left), sender.clone()));
        }
        Stage::Reading { parts, _readers: readers }
    }
}
