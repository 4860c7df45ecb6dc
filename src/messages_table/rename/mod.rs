//! Updates every copy of a user's names, one UpdateItem each.

mod denormalized_copies;
mod relink;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use tokio::task::JoinSet;

use super::items::{key, size, text, to_message};
use super::names;
use crate::aws::{Tries, code, is_not_sent};
use crate::dynamodb::item::size::change_units;
use crate::dynamodb::retry::pause;
use crate::dynamodb::{Capacity, Item, MAX_ITEM_BYTES};
use crate::error::{Error, Result};
use crate::messages_table::MessagesTable;
use crate::messages_table::rename::denormalized_copies::Page;
use crate::messaging::{Participant, Timestamp, User};

pub use relink::{Naming, Relinked};

/// Maximum concurrent updates.
const AT_ONCE: usize = 16;
/// Maximum passes over the copies. After these, writers that keep using the former names make it fail.
const PASSES: u32 = 6;
/// How far back later passes look for new messages, in minutes. A day covers every offset and any clock
/// skew.
const LATER_MINUTES: usize = 24 * 60;

/// What renaming a user will cost.
#[derive(Debug, Clone, PartialEq)]
pub struct RenamePlan {
    /// The user's groups.
    pub groups: usize,
    /// Messages with outdated names.
    pub messages: usize,
    /// Group rows with outdated names.
    pub rows: usize,
    /// Estimated write units of the table.
    pub table_units: usize,
    /// Estimated write units of the index, which holds the group rows.
    pub index_units: usize,
    /// The handles found in these copies.
    pub handles: BTreeSet<String>,
    /// Read units.
    pub read: Capacity,
}

impl RenamePlan {
    /// Copies to rename.
    pub const fn copies(&self) -> usize {
        self.messages + self.rows
    }
}

/// The progress of a rename.
#[derive(Debug, Clone, PartialEq)]
pub struct RenamedCopies {
    /// Messages updated.
    pub messages: usize,
    /// Group rows updated.
    pub rows: usize,
    /// Read units.
    pub read: Capacity,
    /// Write units.
    pub written: Capacity,
}

impl RenamedCopies {
    /// Copies renamed.
    pub const fn copies(&self) -> usize {
        self.messages + self.rows
    }
}

impl MessagesTable {
    /// A count that starts at zero.
    pub fn nothing_renamed(&self) -> RenamedCopies {
        let (read, written) = self.no_capacity();
        RenamedCopies { messages: 0, rows: 0, read, written }
    }

    /// Counts the copies of the user's names that differ from `user`, and what renaming them costs.
    /// Writes nothing.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`], also when the new names do not fit into the item of a long
    /// message.
    pub async fn plan_renaming(&self, user: &User) -> Result<RenamePlan> {
        let (mut read, _) = self.no_capacity();
        let mut copies = self.stale_copies(user, None, &mut read).await?;
        let mut plan = RenamePlan {
            groups: copies.groups(),
            messages: 0,
            rows: 0,
            table_units: 0,
            index_units: 0,
            handles: BTreeSet::new(),
            read: Capacity::default(),
        };
        while let Some(page) = copies.next_page(&mut read).await? {
            let (items, is_indexed) = match page {
                Page::Messages(items) => (items, false),
                Page::Rows(items) => (items, true),
            };
            for item in &items {
                let units = update_units(item, user)?;
                plan.table_units += units;
                plan.index_units += if is_indexed { units } else { 0 };
                plan.handles.insert(to_message(item).sender.user_handle);
            }
            if is_indexed { plan.rows += items.len() } else { plan.messages += items.len() }
        }
        Ok(RenamePlan { read, ..plan })
    }

    /// Renames every copy that differs from `user`, and repeats this until there are none: others may
    /// still write messages with the former names meanwhile, and rows move. `done` counts what has been
    /// done even when this fails or is dropped. `on_progress` is called with the number of copies just
    /// renamed.
    ///
    /// An update never creates an item, and never changes another user's: its condition is that the
    /// item still names this user.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`]; the updates that `done` counts stay done.
    pub async fn rename_copies(
        &self,
        user: &User,
        done: &mut RenamedCopies,
        on_progress: &mut (dyn FnMut(usize) + Send),
    ) -> Result<()> {
        let later = Timestamp::now().minutes_before(LATER_MINUTES).to_string();
        for pass in 0..PASSES {
            if pass > 1 {
                pause(pass).await;
            }
            let since = (pass > 0).then(|| later.clone());
            let found = self.rename_pass(user, since, done, on_progress).await?;
            // A dry run changes nothing, so the next pass would find the same copies.
            if found == 0 || self.db.is_dry_run() {
                return Ok(());
            }
        }
        Err(Error::failed(format!(
            "copies of the former names keep appearing in {:?} on {}: somebody still writes them",
            self.name,
            self.db.endpoint()
        )))
    }

    /// Makes one pass over the copies, and returns how many it found.
    async fn rename_pass(
        &self,
        user: &User,
        since: Option<String>,
        done: &mut RenamedCopies,
        on_progress: &mut (dyn FnMut(usize) + Send),
    ) -> Result<usize> {
        let mut copies = self.stale_copies(user, since, &mut done.read).await?;
        let mut updates = Updates { table: self, user, running: JoinSet::new() };
        let mut found = 0;
        // After an error, running updates are still awaited, so that they are counted.
        let mut result = Ok(());
        while result.is_ok() {
            let page = match copies.next_page(&mut done.read).await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            };
            let (items, is_row) = match page {
                Page::Messages(items) => (items, false),
                Page::Rows(items) => (items, true),
            };
            found += items.len();
            for item in &items {
                updates.start(item, is_row);
                if updates.running.len() >= AT_ONCE
                    && let Err(error) = updates.join_next(done, on_progress).await
                {
                    result = Err(error);
                    break;
                }
            }
        }
        while !updates.running.is_empty() {
            let ended = updates.join_next(done, on_progress).await;
            result = result.and(ended);
        }
        result.map(|()| found)
    }
}

/// Updates in progress.
struct Updates<'a> {
    table: &'a MessagesTable,
    user: &'a User,
    running: JoinSet<Result<Updated>>,
}

/// The outcome of an update.
pub(crate) enum Updated {
    Message(UpdateItemOutput),
    Row(UpdateItemOutput),
    /// The item no longer exists, or names somebody else.
    Gone,
    /// Like `Gone`, but a response was lost: this update itself may have made the change.
    Unheard,
}

impl Updates<'_> {
    fn start(&mut self, item: &Item, is_row: bool) {
        let wanted = Participant::from(self.user);
        let update = self
            .table
            .db
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(key(item)))
            .update_expression("SET #handle = :handle, #display_name = :display_name")
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", names::USER_UUID)
            .expression_attribute_names("#handle", names::USER_HANDLE)
            .expression_attribute_names("#display_name", names::USER_DISPLAY_NAME)
            .expression_attribute_values(":user", text(wanted.user_uuid))
            .expression_attribute_values(":handle", text(wanted.user_handle))
            .expression_attribute_values(":display_name", text(wanted.user_display_name))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        self.running.spawn(send(self.table.clone(), update, is_row));
    }

    async fn join_next(
        &mut self,
        done: &mut RenamedCopies,
        on_progress: &mut (dyn FnMut(usize) + Send),
    ) -> Result<()> {
        let Some(ended) = self.running.join_next().await else { return Ok(()) };
        let updated =
            ended.map_err(|cause| Error::failed("an update ended unexpectedly").because(cause))??;
        let answer = match updated {
            Updated::Gone | Updated::Unheard => return Ok(()),
            Updated::Message(answer) => {
                done.messages += 1;
                answer
            }
            Updated::Row(answer) => {
                done.rows += 1;
                answer
            }
        };
        done.written.add_written(&answer, 1);
        on_progress(1);
        Ok(())
    }
}

pub(crate) async fn send(
    table: MessagesTable,
    update: UpdateItemFluentBuilder,
    is_row: bool,
) -> Result<Updated> {
    let unheard = Tries::default();
    match update.customize().interceptor(unheard.clone()).send().await {
        Ok(answer) if is_row => Ok(Updated::Row(answer)),
        Ok(answer) => Ok(Updated::Message(answer)),
        Err(error) if is_not_sent(&error) => Ok(Updated::Gone),
        Err(error) if code(&error) == Some("ConditionalCheckFailedException") => {
            Ok(if unheard.went_unanswered() { Updated::Unheard } else { Updated::Gone })
        }
        Err(error) => Err(table.error("cannot rename a copy", &error)),
    }
}

/// The write units for changing the names in `item` to those of `user`: those of the larger of both
/// versions. An index that projects all attributes costs the same again.
fn update_units(item: &Item, user: &User) -> Result<usize> {
    let mut renamed = item.clone();
    renamed.insert(names::USER_HANDLE.to_owned(), text(&user.handle));
    renamed.insert(names::USER_DISPLAY_NAME.to_owned(), text(&user.display_name));
    let bytes = size(&renamed);
    if bytes > MAX_ITEM_BYTES {
        let message = to_message(item);
        return Err(Error::failed(format!(
            "the names are too long: the message of {} would exceed DynamoDB's {} KB; nothing was written",
            message.sent_at,
            MAX_ITEM_BYTES / 1024
        )));
    }
    Ok(change_units(Some(item), Some(&renamed)))
}
