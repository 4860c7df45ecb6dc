//! The capacity that a command's requests consume.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::{Capacity as SdkCapacity, ConsumedCapacity};
use serde::Serialize;

use super::DynamoDb;

/// Capacity units of one kind, added up over the requests of one command, and the items they were for.
///
/// A read unit covers 4 KB; an eventually consistent read takes half a unit. A write unit covers 1 KB.
/// Source: "Read and write operations" in DynamoDB's developer guide.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Capacity {
    /// All units, of the table and its indexes.
    pub total: f64,
    /// The table's own.
    pub table: f64,
    /// Each index's, by name.
    pub indexes: BTreeMap<String, f64>,
    /// Requests that were answered.
    pub pages: usize,
    /// Whether the figures are an emulator's estimates, not AWS's bill.
    #[serde(skip)]
    pub estimated: bool,
    /// Items returned.
    #[serde(skip)]
    pub returned: u64,
    /// Items read, before the filter. These are charged.
    #[serde(skip)]
    pub scanned: u64,
    /// Items put, updated and deleted.
    #[serde(skip)]
    pub written: u64,
}

impl Capacity {
    /// Nothing consumed yet. `estimated` if an emulator gives the figures.
    pub(crate) fn new(estimated: bool) -> Self {
        Self { estimated, ..Self::default() }
    }

    /// Adds the figures of one response to a read.
    pub(crate) fn add(&mut self, answer: &impl ReadAnswer) {
        let (returned, scanned) = answer.items();
        self.returned += returned;
        self.scanned += scanned;
        self.add_request(answer);
    }

    /// Adds the figures of one response to a write of this many items, which the response does not count.
    pub(crate) fn add_written(&mut self, answer: &impl Answer, items: usize) {
        self.written += items as u64;
        self.add_request(answer);
    }

    fn add_request(&mut self, answer: &impl Answer) {
        self.pages += 1;
        answer.consumed().iter().for_each(|consumed| self.add_units(consumed));
    }

    fn add_units(&mut self, consumed: &ConsumedCapacity) {
        let units = |capacity: &SdkCapacity| capacity.capacity_units().unwrap_or_default();
        let total = consumed.capacity_units().unwrap_or_default();
        let indexes = [consumed.global_secondary_indexes(), consumed.local_secondary_indexes()];
        for (name, capacity) in indexes.into_iter().flatten().flatten() {
            *self.indexes.entry(name.clone()).or_default() += units(capacity);
        }
        self.total += total;
        self.table += consumed.table().map_or(total, units);
    }

    /// Adds what another request of the same command consumed.
    pub fn merge(&mut self, other: &Self) {
        self.estimated |= other.estimated;
        self.total += other.total;
        self.table += other.table;
        self.pages += other.pages;
        self.returned += other.returned;
        self.scanned += other.scanned;
        self.written += other.written;
        for (name, units) in &other.indexes {
            *self.indexes.entry(name.clone()).or_default() += units;
        }
    }
}

/// What a command has consumed, and where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Read units, and the items they were for.
    pub read: Capacity,
    /// Write units.
    pub write: Capacity,
    /// The region whose prices apply.
    pub region: String,
    /// Whether the figures are an emulator's estimates, not AWS's bill.
    pub estimated: bool,
}

impl DynamoDb {
    /// `read` and `write`, as consumed by this client.
    pub fn usage(&self, read: Capacity, write: Capacity) -> Usage {
        let region = self.endpoint().region().to_owned();
        Usage { read, write, region, estimated: self.is_emulated() }
    }
}

/// The response to a request that consumes capacity. Every request sets
/// `ReturnConsumedCapacity::Indexes`.
pub(crate) trait Answer {
    /// Its figures, one per table.
    fn consumed(&self) -> &[ConsumedCapacity];
}

/// The response to a request that reads.
pub(crate) trait ReadAnswer: Answer {
    /// Items returned, and items read to find them.
    fn items(&self) -> (u64, u64);
}

fn one(consumed: Option<&ConsumedCapacity>) -> &[ConsumedCapacity] {
    consumed.map(std::slice::from_ref).unwrap_or_default()
}

fn number(count: i32) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

impl Answer for QueryOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        one(self.consumed_capacity())
    }
}

impl ReadAnswer for QueryOutput {
    fn items(&self) -> (u64, u64) {
        (number(self.count()), number(self.scanned_count()))
    }
}

impl Answer for ScanOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        one(self.consumed_capacity())
    }
}

impl ReadAnswer for ScanOutput {
    fn items(&self) -> (u64, u64) {
        (number(self.count()), number(self.scanned_count()))
    }
}

impl Answer for GetItemOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        one(self.consumed_capacity())
    }
}

impl ReadAnswer for GetItemOutput {
    fn items(&self) -> (u64, u64) {
        let found = u64::from(self.item().is_some());
        (found, found)
    }
}

impl Answer for BatchWriteItemOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        self.consumed_capacity()
    }
}

impl Answer for TransactWriteItemsOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        self.consumed_capacity()
    }
}

impl Answer for PutItemOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        one(self.consumed_capacity())
    }
}

impl Answer for UpdateItemOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        one(self.consumed_capacity())
    }
}

impl Answer for DeleteItemOutput {
    fn consumed(&self) -> &[ConsumedCapacity] {
        one(self.consumed_capacity())
    }
}
