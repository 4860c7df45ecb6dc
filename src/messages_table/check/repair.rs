//! Repairs a group's rows in one transaction. It writes only rows; messages are only checked.

use uuid::Uuid;

use super::super::{items, names};
use super::finding::Write;
use super::verdict::{State, Wanted, shows};
use crate::dynamodb::write::transaction::Transaction;
use crate::dynamodb::{Capacity, Item, MAX_ITEM_BYTES};
use crate::error::Result;
use crate::messages_table::group_rows::sort_key;
use crate::messages_table::{MessagesTable, create_message};
use crate::messaging::{MessageGroup, Participant};

/// Limits of one transaction. The bytes leave a margin.
/// Source: "TransactWriteItems" in the API reference: 100 and 4 MB.
const MAX_ACTIONS: usize = 100;
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// The writes of a repair.
#[derive(Debug, Default)]
pub(super) struct RepairPlan {
    steps: Vec<Step>,
    /// Keys of the rows that the next transaction deletes.
    pub(super) postponed: Vec<(String, String)>,
    /// Owners whose repaired row would exceed the maximum item size.
    pub(super) too_large: Vec<Uuid>,
}

#[derive(Debug)]
enum Step {
    Put(Item),
    Replace { former: Item, item: Item },
    Delete(Item),
    Keep(Item),
}

impl RepairPlan {
    /// Whether it writes nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Keep(_)))
    }

    /// The writes, for output.
    pub(super) fn writes(&self) -> Vec<Write> {
        if self.is_idle() {
            return Vec::new();
        }
        let write = |step: &Step| match step {
            Step::Put(item) | Step::Replace { item, .. } => Write::Put(item.clone()),
            Step::Delete(item) => Write::Delete(item.clone()),
            Step::Keep(item) => Write::Check(item.clone()),
        };
        self.steps.iter().map(write).collect()
    }

    pub(super) fn transaction<'a>(&self, table: &'a MessagesTable) -> Result<Transaction<'a>> {
        let mut transaction = table.transaction();
        for step in &self.steps {
            match step {
                Step::Put(item) => transaction.put_new(item.clone())?,
                Step::Replace { former, item } => transaction.replace(former, item.clone())?,
                Step::Delete(item) => transaction.delete(item)?,
                Step::Keep(item) => transaction.check(item)?,
            }
        }
        Ok(transaction)
    }

    /// Adds the deletions that fit; postpones the others.
    fn delete(&mut self, rows: Vec<Item>) {
        let size = |step: &Step| match step {
            Step::Put(item) | Step::Delete(item) | Step::Keep(item) => items::size(item),
            Step::Replace { former, item } => items::size(former) + items::size(item),
        };
        let mut bytes: usize = self.steps.iter().map(size).sum();
        for row in rows {
            bytes += items::size(&row);
            if self.steps.len() < MAX_ACTIONS && bytes < MAX_BYTES {
                self.steps.push(Step::Delete(row));
            } else {
                self.postponed.push(row_key(&row));
            }
        }
    }
}

impl MessagesTable {
    /// Plans the writes that turn the rows of `state` into `wanted`. `None` when the group has changed
    /// since it was read.
    pub(super) async fn plan(
        &self,
        state: &State,
        wanted: &[Wanted],
        capacity: &mut Capacity,
    ) -> Result<Option<RepairPlan>> {
        let mut plan = RepairPlan::default();
        let mut spare = Vec::new();
        // The message that the rows show must still exist.
        plan.steps.extend(state.latest.newest.clone().map(Step::Keep));
        for wanted in wanted {
            let kept = state.kept(wanted.owner);
            let Some(mut row) = wanted_row(state, wanted, kept) else { continue };
            if kept.is_none_or(|kept| sort_key(kept) != sort_key(&row)) {
                let Some(taken) = self.find_room(state, wanted.owner, &mut row, capacity).await? else {
                    return Ok(None);
                };
                plan.steps.extend(taken.into_iter().map(Step::Keep));
            }
            if items::size(&row) > MAX_ITEM_BYTES {
                plan.too_large.push(wanted.owner);
                continue;
            }
            let same_key = kept.is_some_and(|kept| sort_key(kept) == sort_key(&row));
            match kept {
                None => plan.steps.push(Step::Put(row)),
                Some(kept) if *kept == row => plan.steps.push(Step::Keep(row)),
                Some(kept) if same_key => plan.steps.push(Step::Replace { former: kept.clone(), item: row }),
                Some(kept) => plan.steps.extend([Step::Delete(kept.clone()), Step::Put(row)]),
            }
            let others = state.rows.get(&wanted.owner).into_iter().flatten();
            spare.extend(others.filter(|row| Some(*row) != kept).cloned());
        }
        plan.delete(spare);
        Ok(Some(plan))
    }

    /// Moves `row` to the first microsecond that is free in `owner`'s inbox, or that the kept row
    /// frees. Returns the rows of other groups that were in the way. The transaction checks them: if
    /// one were gone, a later repair would move the row back to its time.
    ///
    /// Returns `None` when the group has a row that was not there before.
    async fn find_room(
        &self,
        state: &State,
        owner: Uuid,
        row: &mut Item,
        capacity: &mut Capacity,
    ) -> Result<Option<Vec<Item>>> {
        let (pk, wanted) = row_key(row);
        let kept = state.kept(owner).map(sort_key);
        let mut taken = Vec::new();
        for later in 0..create_message::TRIES {
            let at = create_message::nudged(&wanted, later);
            row.insert(names::SORT_KEY.to_owned(), items::text(at.as_str()));
            let Some(there) = self.get(pk.clone(), &at, capacity).await? else { break };
            if kept == Some(at.as_str()) {
                break;
            }
            if items::get(&there, names::GROUP_UUID) != state.group.to_string() {
                taken.push(there);
            } else if !state.rows.get(&owner).is_some_and(|rows| rows.contains(&there)) {
                return Ok(None);
            }
        }
        Ok(Some(taken))
    }
}

/// The row as it should be, before `find_room` moves it. `None` when the owner has no row and too
/// little is known to create one.
fn wanted_row(state: &State, wanted: &Wanted, kept: Option<&Item>) -> Option<Item> {
    let newest = state.latest.newest.as_ref();
    let Some(kept) = kept else {
        return Some(items::group_item(&MessageGroup {
            owner_uuid: wanted.owner.to_string(),
            message_group_uuid: state.group.to_string(),
            last_message_at: sort_key(newest?).to_owned(),
            message: items::get(newest?, names::MESSAGE),
            other: wanted.other.clone()?,
        }));
    };
    let mut row = kept.clone();
    if let Some(newest) = newest
        && !shows(kept, newest)
    {
        row.insert(names::SORT_KEY.to_owned(), items::text(sort_key(newest)));
        row.insert(names::MESSAGE.to_owned(), items::text(items::get(newest, names::MESSAGE)));
    }
    if let Some(Participant { user_uuid, user_display_name, user_handle }) = &wanted.other {
        for (name, value) in [
            (names::USER_UUID, user_uuid),
            (names::USER_DISPLAY_NAME, user_display_name),
            (names::USER_HANDLE, user_handle),
        ] {
            row.insert(name.to_owned(), items::text(value));
        }
    }
    Some(row)
}

pub(super) fn row_key(row: &Item) -> (String, String) {
    (items::get(row, names::PARTITION_KEY), sort_key(row).to_owned())
}
