//! What a transaction will be charged, from the sizes of the items before and after.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;

use super::super::size::{item as size, write_units};
use super::super::{Item, items, names};

/// Each action of a transaction takes its units twice; an index is told of it
/// afterwards, and charges once.
/// Source: "Amazon DynamoDB Transactions: How it works" in the developer guide.
const TRANSACTED: usize = 2;

/// Write units of a transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Charge {
    /// Of the table.
    pub(super) table: usize,
    /// Of the index.
    pub(super) index: usize,
    /// Of the table for the same puts and deletes one by one. A condition that
    /// only looks is left out of these.
    pub(super) single: usize,
}

impl Charge {
    /// What `transaction` takes; `former` has the items that were read before.
    pub(super) fn of(transaction: &TransactWriteItemsInput, former: &Former) -> Self {
        let mut charge = Self::default();
        for action in transaction.transact_items() {
            let (before, after, writes) = if let Some(put) = action.put() {
                (former.get(put.item()), Some(put.item()), true)
            } else if let Some(delete) = action.delete() {
                (former.get(delete.key()), None, true)
            } else if let Some(check) = action.condition_check() {
                (former.get(check.key()), None, false)
            } else {
                continue;
            };
            let units = write_units(before.map_or(0, size).max(after.map_or(0, size)));
            charge.table += TRANSACTED * units;
            if writes {
                charge.single += units;
                charge.index += index_units(before, after);
            }
        }
        charge
    }

    pub(super) fn add(&mut self, other: Self) {
        self.table += other.table;
        self.index += other.index;
        self.single += other.single;
    }
}

/// The items that were read, by key.
#[derive(Default)]
pub(super) struct Former(HashMap<(String, String), Item>);

impl Former {
    pub(super) fn add(&mut self, item: &Item) {
        self.0.insert(key(item), item.clone());
    }

    fn get(&self, item: &Item) -> Option<&Item> {
        self.0.get(&key(item))
    }
}

fn key(item: &Item) -> (String, String) {
    (items::get(item, names::PARTITION_KEY), items::get(item, names::SORT_KEY))
}

/// The units of the index, which has all of an item that names a group. An entry
/// that stays where it is takes the larger of both sizes.
fn index_units(before: Option<&Item>, after: Option<&Item>) -> usize {
    let entry = |item: &&Item| item.contains_key(names::GROUP_UUID);
    let (before, after) = (before.filter(entry), after.filter(entry));
    match (before, after) {
        (None, None) => 0,
        (Some(item), None) | (None, Some(item)) => write_units(size(item)),
        (Some(before), Some(after)) if before == after => 0,
        (Some(before), Some(after)) => {
            let [was, is] = [before, after].map(|item| write_units(size(item)));
            let moves = before.get(names::GROUP_UUID) != after.get(names::GROUP_UUID)
                || before.get(names::SORT_KEY) != after.get(names::SORT_KEY);
            if moves { was + is } else { was.max(is) }
        }
    }
}
