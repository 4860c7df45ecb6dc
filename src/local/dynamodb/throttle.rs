//! Refuses requests beyond a number of units a second, to try how one's own code takes that.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;

/// What a request consumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Read,
    Write,
}

/// What each table may still consume, reads and writes apart.
pub(super) struct Throttle {
    per_second: f64,
    left: Mutex<HashMap<(String, Kind), Left>>,
}

struct Left {
    /// Below zero after a request that consumed more than there was: that is known only afterwards.
    units: f64,
    at: Instant,
}

impl Kind {
    /// The kind of an operation that is counted.
    pub(super) fn of(operation: &str) -> Option<Self> {
        match operation {
            "BatchGetItem" | "GetItem" | "Query" | "Scan" | "TransactGetItems" => Some(Self::Read),
            "BatchWriteItem" | "DeleteItem" | "PutItem" | "TransactWriteItems" | "UpdateItem" => {
                Some(Self::Write)
            }
            _ => None,
        }
    }
}

impl Throttle {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.into(), left: Mutex::default() }
    }

    /// Whether every table of a request has something left.
    pub(super) fn admits(&self, kind: Kind, request: &Value) -> bool {
        let mut left = self.left();
        tables(request).iter().all(|table| self.units(&mut left, kind, table).units > 0.0)
    }

    /// Takes what an answer says was consumed.
    pub(super) fn charge(&self, kind: Kind, consumed: &Value) {
        let each = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
        let mut left = self.left();
        for consumed in each {
            if let (Some(table), Some(units)) =
                (consumed["TableName"].as_str(), consumed["CapacityUnits"].as_f64())
            {
                self.units(&mut left, kind, table).units -= units;
            }
        }
    }

    fn left(&self) -> MutexGuard<'_, HashMap<(String, Kind), Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the table has left now: at most what it gets in a second.
    fn units<'a>(
        &self,
        left: &'a mut HashMap<(String, Kind), Left>,
        kind: Kind,
        table: &str,
    ) -> &'a mut Left {
        let now = Instant::now();
        let left = left.entry((table.to_owned(), kind)).or_insert(Left { units: self.per_second, at: now });
        let gained = now.duration_since(left.at).as_secs_f64() * self.per_second;
        *left = Left { units: (left.units + gained).min(self.per_second), at: now };
        left
    }
}

/// The tables that a request names, in its own place or in those of its parts.
fn tables(request: &Value) -> Vec<&str> {
    let mut tables: Vec<&str> = request["TableName"].as_str().into_iter().collect();
    if let Some(items) = request["RequestItems"].as_object() {
        tables.extend(items.keys().map(String::as_str));
    }
    for action in request["TransactItems"].as_array().into_iter().flatten() {
        let parts = action.as_object().into_iter().flat_map(|action| action.values());
        tables.extend(parts.filter_map(|part| part["TableName"].as_str()));
    }
    tables
}
