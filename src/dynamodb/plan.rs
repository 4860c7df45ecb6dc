//! What a dry run would write: the requests, the items, the units.

use std::collections::HashMap;
use std::future::Future;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::items::{is_row, size, write_units};
use super::json::typed_item;
use super::{DynamoDb, Item};
use crate::aws::{DryRun, Effort, Plan};
use crate::error::{Kind, Result};

/// Each action of a transaction is counted twice.
/// Source: "DynamoDB Transactions: How it works" in the developer guide.
const TRANSACTED: u64 = 2;

impl DynamoDb {
    /// Does `work` on a client of a dry run and returns what it would have sent. It
    /// ends where it cannot go on without its first write having been done.
    ///
    /// # Errors
    /// Those of `work` that are not for lack of a write.
    pub fn rehearse<'a, T: 'a>(
        &'a self,
        work: impl Future<Output = Result<T>> + 'a,
    ) -> impl Future<Output = Result<Plan>> + 'a {
        // What a command does for real may be large, and it holds it twice.
        let work = Box::pin(work);
        async move {
            match work.await {
                Err(error) if error.kind() != Kind::DryRun => Err(error),
                _ => Ok(self.withheld()),
            }
        }
    }

    /// What the client of a dry run has not sent since it was last asked.
    #[must_use]
    pub fn withheld(&self) -> Plan {
        self.dry_run.as_ref().map(DryRun::take).unwrap_or_default()
    }

    /// Whether this is the client of a dry run.
    #[must_use]
    pub const fn is_dry_run(&self) -> bool {
        self.dry_run.is_some()
    }
}

/// The writes of a request, as its JSON has them.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Body<'a> {
    /// BatchWriteItem's, by table.
    #[serde(borrow)]
    request_items: HashMap<String, Vec<Request<'a>>>,
    /// TransactWriteItems'.
    #[serde(borrow)]
    transact_items: Vec<Action<'a>>,
    #[serde(skip)]
    write: Write<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Request<'a> {
    #[serde(borrow)]
    put_request: Option<Write<'a>>,
    #[serde(borrow)]
    delete_request: Option<Write<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Action<'a> {
    #[serde(borrow)]
    put: Option<Write<'a>>,
    #[serde(borrow)]
    delete: Option<Write<'a>>,
    #[serde(borrow)]
    update: Option<Write<'a>>,
    #[serde(borrow)]
    condition_check: Option<Write<'a>>,
}

/// An item as it is put, or the key of one.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Write<'a> {
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
}

/// What a request takes, as far as it tells.
pub(super) fn measure(operation: &str, body: &[u8]) -> Effort {
    let body: Body<'_> = match operation {
        "BatchWriteItem" | "TransactWriteItems" => serde_json::from_slice(body).unwrap_or_default(),
        "PutItem" | "UpdateItem" | "DeleteItem" => {
            Body { write: serde_json::from_slice(body).unwrap_or_default(), ..Body::default() }
        }
        _ => return Effort::default(),
    };
    let mut effort = Effort::default();
    for request in body.request_items.values().flatten() {
        for write in request.put_request.iter().chain(&request.delete_request) {
            effort.add(write.effort());
        }
    }
    for Action { put, delete, update, condition_check } in &body.transact_items {
        for write in put.iter().chain(delete).chain(update).chain(condition_check) {
            let one = write.effort();
            // A condition writes nothing, and is charged all the same. An index is
            // told of the transaction afterwards, and charges once.
            let writes = condition_check.is_none();
            effort.add(Effort {
                items: if writes { one.items } else { 0 },
                table_units: TRANSACTED * one.table_units,
                index_units: if writes { one.index_units } else { 0 },
                ..one
            });
        }
    }
    effort.add(body.write.effort());
    effort
}

impl Write<'_> {
    fn effort(&self) -> Effort {
        let read = |json: &RawValue| typed_item(json.get().as_bytes()).ok();
        let index_units = |item: &Item, units| if is_row(item) { units } else { 0 };
        if let Some(item) = self.item.and_then(read) {
            let units = u64::try_from(write_units(size(&item))).unwrap_or(u64::MAX);
            let index_units = index_units(&item, units);
            return Effort { items: 1, table_units: units, index_units, at_least: false };
        }
        // Of an item of which only the key is known, a unit at the very least.
        self.key.and_then(read).map_or_else(Effort::default, |key| Effort {
            items: 1,
            table_units: 1,
            index_units: index_units(&key, 1),
            at_least: true,
        })
    }
}
