//! Measures what a request would write, from its JSON: items and units.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::aws::WriteCost;
use crate::dynamodb::item::json::typed_item;
use crate::dynamodb::item::size;
use crate::dynamodb::{Item, TableSchema};

/// The tables that a dry run's client has described, to count the units of their indexes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schemas {
    by_table: Arc<Mutex<HashMap<String, Arc<TableSchema>>>>,
    pub(super) index_of_key: Arc<OnceLock<IndexOfKey>>,
}

/// The index that includes the item with this key, if the key alone decides that.
pub type IndexOfKey = fn(&Item) -> Option<&'static str>;

impl Schemas {
    pub(crate) fn add(&self, table: &str, schema: TableSchema) {
        self.by_table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(table.to_owned(), Arc::new(schema));
    }

    /// Measures requests, using what is known of their tables by then.
    pub(crate) fn measure(&self) -> impl Fn(&str, &[u8]) -> WriteCost + Send + Sync + 'static + use<> {
        let schemas = self.clone();
        move |operation, body| measure(&schemas, operation, body)
    }

    pub(super) fn get(&self, table: &str) -> Option<Arc<TableSchema>> {
        self.by_table.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned()
    }
}

/// The writes of a request, as in its JSON.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Body<'a> {
    /// Of BatchWriteItem, by table.
    #[serde(borrow)]
    request_items: HashMap<String, Vec<Request<'a>>>,
    /// Of TransactWriteItems.
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

/// An item to put, or the key of an item.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Write<'a> {
    /// Empty in a BatchWriteItem, which names the table once for many writes.
    #[serde(borrow)]
    table_name: Cow<'a, str>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
}

/// What a request costs, as far as its JSON shows.
fn measure(schemas: &Schemas, operation: &str, body: &[u8]) -> WriteCost {
    let body: Body<'_> = match operation {
        "BatchWriteItem" | "TransactWriteItems" => serde_json::from_slice(body).unwrap_or_default(),
        "PutItem" | "UpdateItem" | "DeleteItem" => {
            Body { write: serde_json::from_slice(body).unwrap_or_default(), ..Body::default() }
        }
        _ => return WriteCost::default(),
    };
    let mut cost = WriteCost::default();
    for (table, requests) in &body.request_items {
        for request in requests {
            for write in request.put_request.iter().chain(&request.delete_request) {
                cost.add(write.cost(schemas, table));
            }
        }
    }
    for Action { put, delete, update, condition_check } in &body.transact_items {
        for write in put.iter().chain(delete).chain(update).chain(condition_check) {
            let one = write.cost(schemas, &write.table_name);
            // A condition check writes nothing, but is charged. An index is updated after the transaction,
            // so it is charged only once.
            let writes = condition_check.is_none();
            cost.add(WriteCost {
                items: if writes { one.items } else { 0 },
                table_units: size::TRANSACTED as u64 * one.table_units,
                index_units: if writes { one.index_units } else { BTreeMap::new() },
                ..one
            });
        }
    }
    cost.add(body.write.cost(schemas, &body.write.table_name));
    cost
}

impl Write<'_> {
    fn cost(&self, schemas: &Schemas, table: &str) -> WriteCost {
        let schema = schemas.get(table);
        let schema = schema.as_deref();
        let index_of_key = schemas.index_of_key.get();
        let read = |json: &RawValue| typed_item(json.get().as_bytes()).ok();
        let units = |item: &Item| size::change_units(None, Some(item)) as u64;
        let index_units = |item: &Item| {
            let units = schema.into_iter().flat_map(|schema| schema.index_units(item));
            units.map(|(index, units)| (index.to_owned(), units)).collect()
        };
        // Without the table's description, its indexes are unknown.
        let at_least = schema.is_none();
        if let Some(item) = self.item.and_then(read) {
            return WriteCost {
                items: 1,
                table_units: units(&item),
                index_units: index_units(&item),
                at_least,
            };
        }
        // If only the key of an item is known, it takes at least as much as that.
        self.key.and_then(read).map_or_else(WriteCost::default, |key| {
            let mut index_units: BTreeMap<String, u64> = index_units(&key);
            let known = index_of_key.and_then(|index_of| index_of(&key));
            if let Some(index) =
                known.filter(|name| schema.is_some_and(|schema| schema.index(name).is_some()))
            {
                index_units.insert(index.to_owned(), 1);
            }
            WriteCost { items: 1, table_units: units(&key), index_units, at_least: true }
        })
    }
}
