//! Rereads a suspect: consistently, as of one moment, in as few reads as possible.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::super::{items, names};
use super::repair::row_key;
use super::suspects::Suspect;
use super::trace::uuid;
use super::verdict::{Known, State};
use crate::dynamodb::retry::pause;
use crate::dynamodb::{Capacity, Item};
use crate::error::Result;
use crate::messages_table::MessagesTable;
use crate::messages_table::group_rows::{Latest, READING, sort_key};
use crate::messaging::Timestamp;

/// How often a group that others are writing to is read or repaired again. This takes a few seconds at
/// most; the next run can deal with the rest.
pub(super) const TRIES: u32 = 8;
/// Maximum rows of one group read from the index; it should have two.
const MAX_ROWS: i32 = 300;

impl MessagesTable {
    /// The group as of one moment: its newest message is the same before and after its rows are read.
    /// `None` when that never happens.
    ///
    /// When the rows are as they should be, the message is not read a second time. When offsets are
    /// mixed, the search by instant for the newest message only runs if the rows do not lead to it.
    pub(super) async fn settled_state(
        &self,
        suspect: &Suspect,
        capacity: &mut Capacity,
    ) -> Result<Option<State>> {
        let group = suspect.group.to_string();
        let is_sound = |state: &State| state.judge(suspect, &Known::new()).findings.is_empty();
        let mut by_instant = false;
        let mut latest = self.latest_message(&group, by_instant, capacity).await?;
        for tries in 1..=TRIES {
            let newest = latest.newest.as_ref().map(sort_key);
            let rows = self.group_rows(suspect, newest, capacity).await?;
            let state = State { group: suspect.group, latest, rows };
            let is_mixed =
                suspect.has_offsets || state.items().any(|item| Timestamp::has_offset(sort_key(item)));
            if is_mixed && !by_instant {
                if let Some(state) = self.shown_state(suspect, &state, capacity).await?
                    && is_sound(&state)
                {
                    return Ok(Some(state));
                }
                by_instant = true;
                latest = self.latest_message(&group, by_instant, capacity).await?;
                continue;
            }
            if is_sound(&state) {
                return Ok(Some(state));
            }
            let after = self.latest_message(&group, by_instant, capacity).await?;
            if after == state.latest {
                return Ok(Some(state));
            }
            latest = after;
            pause(tries).await;
        }
        Ok(None)
    }

    /// The group with the message that its rows show as the newest, if that message exists and no newer
    /// one is known.
    async fn shown_state(
        &self,
        suspect: &Suspect,
        state: &State,
        capacity: &mut Capacity,
    ) -> Result<Option<State>> {
        let Some(row) = state.rows.values().flatten().next() else { return Ok(None) };
        let Some(shown) = self.message_at(&suspect.group.to_string(), sort_key(row), capacity).await? else {
            return Ok(None);
        };
        let at = |item: &Item| items::instant(item).map(Timestamp::microseconds);
        let is_newest =
            at(&shown) >= suspect.newest && at(&shown) >= state.latest.newest.as_ref().and_then(at);
        let latest = Latest { newest: Some(shown), any: true };
        Ok(is_newest.then(|| State { latest, ..state.clone() }))
    }

    /// The group's rows, read consistently: those the index lists and, unless these already are a pair,
    /// those in the inbox of each other user: first at the expected key, then anywhere.
    async fn group_rows(
        &self,
        suspect: &Suspect,
        newest: Option<&str>,
        capacity: &mut Capacity,
    ) -> Result<BTreeMap<Uuid, Vec<Item>>> {
        let group = suspect.group.to_string();
        let mut rows: BTreeMap<Uuid, Vec<Item>> = BTreeMap::new();
        for key in self.indexed_keys(&group, capacity).await? {
            let (pk, sk) = row_key(&key);
            if let Some(owner) = owner_of(&key)
                && let Some(row) = self.get(pk, &sk, capacity).await?
                && items::get(&row, names::GROUP_UUID) == group
            {
                rows.entry(owner).or_default().push(row);
            }
        }
        let named = |item: &Item| uuid(&items::get(item, names::USER_UUID));
        let mut users: BTreeSet<Uuid> = suspect.users().collect();
        users.extend(rows.values().flatten().filter_map(named));
        let is_pair =
            rows.len() == 2 && rows.values().flatten().filter_map(named).all(|user| rows.contains_key(&user));
        if !is_pair {
            for user in users {
                if rows.contains_key(&user) {
                    continue;
                }
                let at_newest = match newest {
                    Some(newest) => self.get(items::inbox_partition(user), newest, capacity).await?,
                    None => None,
                };
                let found = match at_newest.filter(|row| items::get(row, names::GROUP_UUID) == group) {
                    Some(row) => vec![row],
                    None => self.inbox_rows(&user.to_string(), &group, capacity).await?,
                };
                if !found.is_empty() {
                    rows.insert(user, found);
                }
            }
        }
        for of_owner in rows.values_mut() {
            of_owner.sort_by(|a, b| (items::instant(b), sort_key(b)).cmp(&(items::instant(a), sort_key(a))));
        }
        Ok(rows)
    }

    /// The keys of the group's rows in the index, at most `MAX_ROWS`.
    async fn indexed_keys(&self, group: &str, capacity: &mut Capacity) -> Result<Vec<Item>> {
        let query = self
            .db
            .client
            .query()
            .table_name(&self.name)
            .index_name(names::GROUP_INDEX)
            .key_condition_expression("#group = :group")
            .projection_expression("#pk, #sk")
            .expression_attribute_names("#group", names::GROUP_UUID)
            .expression_attribute_names("#pk", names::PARTITION_KEY)
            .expression_attribute_names("#sk", names::SORT_KEY)
            .expression_attribute_values(":group", items::text(group))
            // Newest first: these are enough to judge the rest.
            .scan_index_forward(false)
            .limit(MAX_ROWS);
        Ok(self.page(query, READING, capacity).await?.items.unwrap_or_default())
    }
}

fn owner_of(row: &Item) -> Option<Uuid> {
    uuid(items::get(row, names::PARTITION_KEY).strip_prefix(names::GROUP_PREFIX)?)
}
