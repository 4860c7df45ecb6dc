//! The charge for a pattern's writes, from the items before and after.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;

use super::super::{items, names};
use crate::dynamodb::Item;
use crate::dynamodb::item::size::{TRANSACTED, change_units, entry_units, item as size, read_units};

/// Write units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Charge {
    /// For the table.
    pub(super) table: usize,
    /// For the index.
    pub(super) index: usize,
}

/// What an index projects besides the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Projection {
    All,
    /// The attributes of a row that describe the other participant.
    Include,
    KeysOnly,
}

/// A write: the item before and after.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) before: Option<Item>,
    pub(super) after: Option<Item>,
}

impl Charge {
    /// The charge for `transaction`. `former` has the items that were read before.
    pub(super) fn of(transaction: &TransactWriteItemsInput, former: &ItemsBefore) -> Self {
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
            charge.table += TRANSACTED * change_units(before, after);
            if writes {
                charge.index += Projection::All.units(before, after);
            }
        }
        charge
    }

    /// The charge for `changes` as individual writes, with an index of this projection.
    pub(super) fn of_each(changes: &[Change], projection: Projection) -> Self {
        changes.iter().fold(Self::default(), |sum, change| {
            let (before, after) = (change.before.as_ref(), change.after.as_ref());
            let index = projection.units(before, after);
            Self { table: sum.table + change_units(before, after), index: sum.index + index }
        })
    }

    pub(super) const fn total(self) -> usize {
        self.table + self.index
    }
}

/// The items that were read, by key.
#[derive(Default)]
pub(super) struct ItemsBefore(HashMap<(String, String), Item>);

impl ItemsBefore {
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

impl Projection {
    /// The keys of the table and of the index.
    const KEYS: [&'static str; 3] = [names::PARTITION_KEY, names::SORT_KEY, names::GROUP_UUID];
    const INCLUDED: [&'static str; 3] = [names::USER_UUID, names::USER_DISPLAY_NAME, names::USER_HANDLE];

    /// The index entry of an item; `None` if it names no group.
    pub(super) fn entry(self, item: &Item) -> Option<Item> {
        let holds = |name: &str| match self {
            Self::All => true,
            Self::Include => Self::KEYS.contains(&name) || Self::INCLUDED.contains(&name),
            Self::KeysOnly => Self::KEYS.contains(&name),
        };
        let entry =
            item.iter().filter(|(name, _)| holds(name)).map(|(name, value)| (name.clone(), value.clone()));
        item.contains_key(names::GROUP_UUID).then(|| entry.collect())
    }

    /// The read units of a Query of the index that finds these rows.
    pub(super) fn read_units(self, rows: &[Item]) -> f64 {
        let entries = rows.iter().filter_map(|row| self.entry(row));
        read_units(entries.map(|entry| size(&entry)).sum(), false)
    }

    /// The write units of a change in the index.
    fn units(self, before: Option<&Item>, after: Option<&Item>) -> usize {
        let [before, after] = [before, after].map(|item| item.and_then(|item| self.entry(item)));
        entry_units(before.as_ref(), after.as_ref(), &[names::GROUP_UUID, names::SORT_KEY])
    }
}
