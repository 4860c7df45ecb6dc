//! Users that DynamoDB names and PostgreSQL does not have.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::common::count;
use crate::error::Result;
use crate::messages_table::{MessagesTable, Relinked};
use crate::messaging::User;
use crate::postgres::Session;

/// How many of the first group rows were read, and how many name an unknown user.
pub(super) struct Strangers {
    pub(super) rows: usize,
    pub(super) strange: usize,
}

impl Strangers {
    /// A quick check: one request to each.
    pub(super) async fn look(table: &MessagesTable, session: &Session) -> Result<Self> {
        let rows = table.users_of_first_rows().await?;
        let uuids: BTreeSet<Uuid> = rows.iter().flatten().copied().collect();
        let uuids: Vec<Uuid> = uuids.into_iter().collect();
        let known: HashSet<Uuid> =
            session.users_by_uuid(&uuids).await?.into_iter().map(|user| user.uuid).collect();
        let is_strange = |users: &&[Uuid; 2]| !users.iter().all(|user| known.contains(user));
        Ok(Self { rows: rows.len(), strange: rows.iter().filter(is_strange).count() })
    }

    /// Describes it in one line.
    pub(super) fn line(&self, table: &str) -> String {
        let rows = count(self.rows, "group row");
        let verb = if self.strange == 1 { "names" } else { "name" };
        format!("{} of {rows} in {table:?} {verb} users who are not in the database", self.strange)
    }
}

/// The result of [`relink`].
pub(super) struct Given {
    pub(super) done: Relinked,
    /// Groups of users whose handles nobody has.
    pub(super) left: usize,
}

/// Relinks items of unknown users to the users who now have their handles.
pub(super) async fn relink(table: &MessagesTable, session: &Session) -> Result<Given> {
    let mut namings = table.namings().await?;
    let uuids: Vec<Uuid> = namings.keys().copied().collect();
    for user in session.users_by_uuid(&uuids).await? {
        namings.remove(&user.uuid);
    }
    let mut users: HashMap<Uuid, User> = HashMap::new();
    for (former, naming) in &namings {
        let mut handles = naming.handles.iter();
        // Two handles may be two people.
        if let (Some(handle), None) = (handles.next(), handles.next())
            && let Some(user) = session.find_user(handle).await?
        {
            users.insert(*former, user);
        }
    }
    let mut of_groups: BTreeMap<&String, bool> = BTreeMap::new();
    for (former, naming) in &namings {
        for group in &naming.groups {
            *of_groups.entry(group).or_default() |= !users.contains_key(former);
        }
    }
    let mut done = Relinked::default();
    for group in of_groups.keys() {
        let given = table.relink_group(group, &users).await?;
        done.rows += given.rows;
        done.messages += given.messages;
    }
    Ok(Given { done, left: of_groups.values().filter(|is_left| **is_left).count() })
}
