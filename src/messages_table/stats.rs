//! Statistics of a table from one streamed scan. No items are kept.
//!
//! The items of a partition arrive consecutively, so each partition is totalled before the next one of
//! its segment begins. This makes the hottest partitions exact, however many there are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::items::get;
use super::names;
use crate::dynamodb::item::size;
use crate::dynamodb::{Item, ScanPage};
use crate::messaging::Timestamp;

/// The statistics so far.
#[derive(Debug)]
pub struct Stats {
    kinds: BTreeMap<ItemKind, Sum>,
    largest: Option<Largest>,
    /// The current partition of each segment.
    open: Vec<Option<Partition>>,
    partitions: u64,
    by_items: Hottest,
    by_bytes: Hottest,
    oldest: Option<(Timestamp, String)>,
    newest: Option<(Timestamp, String)>,
    unparsed: u64,
    key: Vec<String>,
}

/// The partitions with the most of something, in descending order.
#[derive(Debug)]
struct Hottest {
    most: usize,
    by: fn(&Partition) -> u64,
    held: Vec<Partition>,
}

/// The kind of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ItemKind {
    /// A message.
    Message,
    /// A group's row in an inbox.
    GroupRow,
    /// Neither: not one of the app's items.
    Other,
}

/// Number of items and bytes, as the service counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Number of items.
    pub items: u64,
    /// Their bytes, names and values.
    pub bytes: u64,
}

/// The largest item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Largest {
    /// Its key.
    pub key: BTreeMap<String, String>,
    /// Its bytes.
    pub bytes: u64,
}

/// One of the hottest partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its key.
    pub partition: String,
    /// Its items.
    pub items: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// The statistics of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// All items.
    pub total: Sum,
    /// By kind.
    pub kinds: BTreeMap<&'static str, Sum>,
    /// The largest item.
    pub largest: Option<Largest>,
    /// Number of distinct partition keys.
    pub partitions: u64,
    /// The partitions with the most items, in descending order.
    pub hottest_by_items: Vec<Partition>,
    /// The partitions with the most bytes, in descending order.
    pub hottest_by_bytes: Vec<Partition>,
    /// The sort key of the earliest instant, as written.
    pub oldest: Option<String>,
    /// The sort key of the latest instant, as written.
    pub newest: Option<String>,
    /// Messages and rows whose sort key is not a date and time.
    pub unparsed_times: u64,
}

impl Stats {
    /// Empty statistics. `key` has the names of the table's key attributes, partition key first. The
    /// scan has `segments` segments, and the `top` hottest partitions are kept.
    pub fn new(key: Vec<String>, segments: usize, top: usize) -> Self {
        let hottest = |by| Hottest { most: top, by, held: Vec::new() };
        Self {
            kinds: [ItemKind::Message, ItemKind::GroupRow, ItemKind::Other]
                .map(|kind| (kind, Sum::default()))
                .into(),
            largest: None,
            open: (0..segments).map(|_| None).collect(),
            partitions: 0,
            by_items: hottest(|partition| partition.items),
            by_bytes: hottest(|partition| partition.bytes),
            oldest: None,
            newest: None,
            unparsed: 0,
            key,
        }
    }

    /// Counts a page.
    pub fn add(&mut self, page: &ScanPage) {
        let mut open = self.open.get_mut(page.segment).and_then(Option::take);
        for item in &page.items {
            open = Some(self.item(item, open));
        }
        if page.last_evaluated_key.is_some() {
            if let Some(place) = self.open.get_mut(page.segment) {
                *place = open;
            }
        } else if let Some(partition) = open {
            self.close(&partition);
        }
    }

    /// Counts an item that follows those of `open`, and returns the partition that is open afterwards.
    fn item(&mut self, item: &Item, open: Option<Partition>) -> Partition {
        let bytes = u64::try_from(size::item(item)).unwrap_or(u64::MAX);
        let partition = self.key.first().map(|name| get(item, name)).unwrap_or_default();
        let kind = ItemKind::of(&partition);
        self.kinds.entry(kind).or_default().add(bytes);
        if self.largest.as_ref().is_none_or(|largest| largest.bytes < bytes) {
            let key = self.key.iter().map(|name| (name.clone(), get(item, name))).collect();
            self.largest = Some(Largest { key, bytes });
        }
        if kind != ItemKind::Other {
            self.time(get(item, names::SORT_KEY));
        }
        match open {
            Some(mut same) if same.partition == partition => {
                same.items += 1;
                same.bytes += bytes;
                same
            }
            other => {
                if let Some(partition) = other {
                    self.close(&partition);
                }
                Partition { partition, items: 1, bytes }
            }
        }
    }

    fn close(&mut self, partition: &Partition) {
        self.partitions += 1;
        self.by_items.offer(partition);
        self.by_bytes.offer(partition);
    }

    fn time(&mut self, written: String) {
        let Ok(at) = written.parse::<Timestamp>() else {
            self.unparsed += 1;
            return;
        };
        if self.oldest.as_ref().is_none_or(|(oldest, _)| at < *oldest) {
            self.oldest = Some((at, written.clone()));
        }
        if self.newest.as_ref().is_none_or(|(newest, _)| *newest < at) {
            self.newest = Some((at, written));
        }
    }

    /// The final report.
    pub fn report(self) -> Report {
        let mut total = Sum::default();
        for sum in self.kinds.values() {
            total.items += sum.items;
            total.bytes += sum.bytes;
        }
        Report {
            total,
            kinds: self.kinds.iter().map(|(kind, sum)| (kind.name(), *sum)).collect(),
            largest: self.largest,
            partitions: self.partitions,
            hottest_by_items: self.by_items.held,
            hottest_by_bytes: self.by_bytes.held,
            oldest: self.oldest.map(|(_, written)| written),
            newest: self.newest.map(|(_, written)| written),
            unparsed_times: self.unparsed,
        }
    }
}

impl Hottest {
    fn offer(&mut self, partition: &Partition) {
        let weight = (self.by)(partition);
        let place = self.held.partition_point(|held| {
            let other = (self.by)(held);
            other > weight || (other == weight && held.partition < partition.partition)
        });
        if place < self.most {
            self.held.insert(place, partition.clone());
            self.held.truncate(self.most);
        }
    }
}

impl ItemKind {
    fn of(partition: &str) -> Self {
        if partition.starts_with(names::MESSAGE_PREFIX) {
            Self::Message
        } else if partition.starts_with(names::GROUP_PREFIX) {
            Self::GroupRow
        } else {
            Self::Other
        }
    }

    /// The name in JSON.
    const fn name(self) -> &'static str {
        match self {
            Self::Message => "messages",
            Self::GroupRow => "group_rows",
            Self::Other => "other",
        }
    }
}

impl Sum {
    const fn add(&mut self, bytes: u64) {
        self.items += 1;
        self.bytes += bytes;
    }
}
