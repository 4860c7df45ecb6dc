//! What the app does where cruddur writes: the backend puts the message, and a Lambda on the table's
//! stream moves the group's rows to it, each with a delete and a put.

use aws_sdk_dynamodb::types::{Put, PutRequest, WriteRequest};

use super::super::items::{self, text};
use super::super::names;
use super::Request;
use super::recorder::{AnsweredQuery, Asked, Exchange, Recorder};
use super::writes::Change;
use crate::dynamodb::Item;
use crate::messages_table::MessagesTable;

/// The app's writes for a message.
pub(super) struct App {
    /// The message, and whether it is new.
    message: Item,
    is_new: bool,
    /// The group's rows.
    pub(super) rows: Vec<Item>,
    /// Whether they are new as well.
    has_new_rows: bool,
}

impl App {
    /// What the app would do instead of the requests that cruddur sent; `None` if they contain no
    /// message.
    pub(super) fn of(sent: &[Exchange]) -> Option<Self> {
        let puts: Vec<&Item> = sent
            .iter()
            .filter_map(|exchange| match &exchange.asked {
                Asked::Transact(transaction) => Some(transaction.transact_items()),
                Asked::Query(_) | Asked::Other => None,
            })
            .flatten()
            .filter_map(|action| action.put().map(Put::item))
            .collect();
        let answers = sent.iter().filter_map(|exchange| exchange.answer.as_ref());
        let read = answers.flat_map(|answer| &answer.items);
        let is_message =
            |item: &&Item| items::get(item, names::PARTITION_KEY).starts_with(names::MESSAGE_PREFIX);
        let new = puts.iter().copied().find(is_message);
        let message = new.or_else(|| read.clone().find(is_message))?.clone();
        let indexed = sent.iter().filter_map(AnsweredQuery::of).find(|read| read.is_indexed());
        let rows = match indexed {
            None => puts.iter().filter(|item| items::is_row(item)).map(|item| (*item).clone()).collect(),
            Some(read) => read.answer.items.clone(),
        };
        Some(Self { message, is_new: new.is_some(), rows, has_new_rows: indexed.is_none() })
    }

    /// The step before the rows are moved, in words.
    pub(super) const fn first_step(&self) -> &'static str {
        match (self.is_new, self.has_new_rows) {
            (true, true) => "three puts in a BatchWriteItem; then, for the message, ",
            (true, false) => "PutItem of the message; then ",
            (false, _) => "",
        }
    }

    /// The individual writes.
    pub(super) fn changes(&self) -> Vec<Change> {
        let put = |item: &Item| Change { before: None, after: Some(item.clone()) };
        let mut changes = Vec::new();
        changes.extend(self.is_new.then(|| put(&self.message)));
        changes.extend(self.rows.iter().filter(|_| self.has_new_rows).map(put));
        for row in &self.rows {
            changes.push(Change { before: Some(row.clone()), after: None });
            changes.push(put(&self.moved(row)));
        }
        changes
    }

    fn moved(&self, row: &Item) -> Item {
        let mut row = row.clone();
        for name in [names::SORT_KEY, names::MESSAGE] {
            row.insert(name.to_owned(), text(items::get(&self.message, name)));
        }
        row
    }

    /// The requests, which are not sent.
    pub(super) async fn requests(&self, table: &MessagesTable) -> Vec<Request> {
        let recorder = Recorder::holding();
        let client = &table.recorded(&recorder).db.client;
        let table = table.name.as_str();
        // Nothing is sent, so the results are ignored.
        if self.has_new_rows {
            let put = |item: &Item| {
                let put = PutRequest::builder().set_item(Some(item.clone())).build().ok()?;
                Some(WriteRequest::builder().put_request(put).build())
            };
            let puts: Vec<WriteRequest> = self.rows.iter().chain([&self.message]).filter_map(put).collect();
            let _ = client.batch_write_item().request_items(table, puts).send().await;
        } else if self.is_new {
            let _ = client.put_item().table_name(table).set_item(Some(self.message.clone())).send().await;
        }
        if let Some(row) = self.rows.first() {
            let group = items::get(row, names::GROUP_UUID);
            let _ = client
                .query()
                .table_name(table)
                .index_name(names::GROUP_INDEX)
                .key_condition_expression("message_group_uuid = :group")
                .expression_attribute_values(":group", text(group))
                .send()
                .await;
        }
        for row in &self.rows {
            let _ = client.delete_item().table_name(table).set_key(Some(items::key(row))).send().await;
            let _ = client.put_item().table_name(table).set_item(Some(self.moved(row))).send().await;
        }
        recorder.take().iter().map(Request::from).collect()
    }
}
