//! The steps in DynamoDB: the table, and its conversation.

use super::Setup;
use super::postgres::Base;
use super::steps::{StepOutcome, Steps};
use crate::commands::common::count;
use crate::commands::ddb::{People, lock_group, read_transcript};
use crate::commands::strangers::{Strangers, relink};
use crate::config::PEOPLE_VARIABLES;
use crate::error::{Error, Result};
use crate::messages_table::{Change, Definition, Difference, MessagesTable, Relinked};
use crate::messaging::{Conversation, DEFAULT_GROUP, Timestamp};
use crate::output::Ui;
use crate::postgres::Session;
use StepOutcome::{Already, Done, LeftOut};

/// The state of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Ready,
    /// In a dry run: an earlier step would have created it.
    Later,
    Missing,
}

impl Setup<'_> {
    /// Creates the messages table.
    pub(super) async fn table(&self, ui: &mut Ui, steps: &mut Steps) -> Table {
        let outcome = self.make_table(steps).await;
        let is_changed = matches!(outcome, Ok(Done(_)));
        match (steps.tell(ui, "table", outcome), is_changed && self.cx.dry_run()) {
            (false, _) => Table::Missing,
            (true, true) => Table::Later,
            (true, false) => Table::Ready,
        }
    }

    async fn make_table(&self, steps: &mut Steps) -> Result<StepOutcome> {
        let (db, table) = (self.db, self.table);
        let messages = MessagesTable::new(db, table);
        let name = format!("{table:?}");
        let inspected = if self.is_gone() { None } else { messages.inspect().await? };
        // Either billing mode is fine.
        let billing = inspected.as_ref().map(|found| found.billing).unwrap_or_default();
        let definition = Definition { billing, ..Definition::default() };
        let found = if inspected.is_some() { messages.compare(&definition, |_| ()).await? } else { None };
        let Some(found) = found else {
            let create = messages.create_table(&definition);
            if self.cx.dry_run() {
                steps.plan(db.rehearse(table, create).await?);
            } else if !create.await? {
                // Another run created it in the meantime.
                return Box::pin(self.make_table(steps)).await;
            }
            return Ok(Done(name));
        };
        if found.differences.iter().all(Difference::is_about_units) {
            // Units are tuned to the load, so they are left alone.
            return Ok(Already(name));
        }
        if let Some(lasting) = found.differences.iter().find(|difference| difference.is_for_ever()) {
            return Err(Error::failed(format!("{name} exists with another definition: {lasting}"))
                .hint(format!("to see what to do run: cruddur ddb schema-load{}", self.args.table.flag())));
        }
        let changes: Vec<Change> =
            found.changes.iter().filter(|change| !matches!(change, Change::Units { .. })).cloned().collect();
        let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
        if self.cx.dry_run() {
            steps.plan(messages.rehearse_changes(&found, &changes).await?);
        } else {
            for change in &changes {
                messages.carry_out(&definition, &found, change, |_| ()).await?;
            }
        }
        Ok(Done(format!("{name}: {}", words.join(", "))))
    }

    /// Relinks items of users that now exist under other UUIDs. Prints nothing when there is nothing to do.
    pub(super) async fn links(&self, ui: &mut Ui, steps: &mut Steps, people: &Base, has_table: Table) {
        let (Base::Ready(session), Table::Ready) = (people, has_table) else { return };
        if let Some(outcome) = self.make_links(steps, session).await.transpose() {
            steps.tell(ui, "group rows", outcome);
        }
    }

    async fn make_links(&self, steps: &mut Steps, session: &Session) -> Result<Option<StepOutcome>> {
        let (db, table) = (self.db, self.table);
        let messages = MessagesTable::new(db, table);
        if Strangers::look(&messages, session).await?.strange == 0 {
            return Ok(None);
        }
        let given = relink(&messages, session).await?;
        if self.cx.dry_run() {
            steps.plan(db.withheld());
        }
        let Relinked { rows, messages } = given.done;
        let left = format!("{} with unknown handles", count(given.left, "group"));
        if rows + messages == 0 {
            return Ok(Some(LeftOut(left)));
        }
        let left = if given.left > 0 { format!("; not {left}") } else { String::new() };
        let (rows, messages) = (count(rows, "row"), count(messages, "message"));
        Ok(Some(Done(format!("{rows} and {messages}, relinked by handle{left}"))))
    }

    /// Writes the conversation, if its group has no messages or only a part of them from a setup that was
    /// interrupted.
    pub(super) async fn conversation(&self, ui: &mut Ui, steps: &mut Steps, people: &Base, has_table: Table) {
        let locked = match people {
            Base::Ready(session) if !self.cx.dry_run() => {
                lock_group(ui, session, self.table, DEFAULT_GROUP).await
            }
            _ => Ok(()),
        };
        let outcome = match locked {
            Ok(()) => self.make_conversation(steps, people, has_table).await,
            Err(error) => Err(error),
        };
        steps.tell(ui, "conversation", outcome);
    }

    async fn make_conversation(&self, steps: &mut Steps, base: &Base, state: Table) -> Result<StepOutcome> {
        let (cx, db, table) = (self.cx, self.db, self.table);
        let in_table = MessagesTable::new(db, table);
        if state == Table::Missing {
            return Ok(LeftOut("the table is not ready".to_owned()));
        }
        let is_there = !self.is_gone() && in_table.inspect().await?.is_some();
        let has_messages = is_there && in_table.has_messages_below(DEFAULT_GROUP, LAST).await?;
        if has_messages && in_table.is_shown(DEFAULT_GROUP).await? {
            return Ok(Already("already exists".to_owned()));
        }
        let people = People::resolve(cx, None, None)?;
        let (_, transcript) = read_transcript(None, self.args.built_in)?;
        let texts: Vec<&str> = transcript.lines().iter().map(|line| line.text.as_str()).collect();
        if has_messages && !in_table.has_only(DEFAULT_GROUP, &texts).await? {
            return Ok(LeftOut("it lacks rows; to repair it run: cruddur ddb check --repair".to_owned()));
        }
        let messages = format!("{} messages between {people}", transcript.lines().len());
        let session = match base {
            Base::Missing => return Ok(LeftOut("there are no users".to_owned())),
            // In a dry run the users have no UUIDs yet, so the items cannot be shown.
            Base::Later => return Ok(Done(format!("{messages}, once they exist"))),
            Base::Ready(session) => session,
        };
        if let Some(missing) = people.missing_default(session).await? {
            let variables = PEOPLE_VARIABLES.join(" and ");
            return Ok(LeftOut(format!("no user has the handle {missing}; set {variables}")));
        }
        let [me, other] = people.users(session).await?;
        let conversation =
            Conversation::from_transcript(&transcript, &me, &other, DEFAULT_GROUP, Timestamp::now());
        match (cx.dry_run(), state) {
            (true, Table::Ready) => {
                let write = in_table.replace_conversation(DEFAULT_GROUP, &conversation);
                steps.plan(db.rehearse(table, write).await?);
            }
            (true, _) => steps.plan(db.rehearse(table, in_table.put_conversation(&conversation)).await?),
            (false, _) => _ = in_table.replace_conversation(DEFAULT_GROUP, &conversation).await?,
        }
        Ok(Done(messages))
    }
}

/// Sorts after every time.
const LAST: &str = "~";
