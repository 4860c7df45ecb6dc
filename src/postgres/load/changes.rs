//! What a script has done to the tables.

use std::collections::HashMap;

use serde::Serialize;
use tokio_postgres::Row;

use crate::postgres::{Session, quote_identifier};

/// A table that a script has created, altered or written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableChange {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// The rows that it holds after the script; `None` before they are counted, and
    /// where the role may not read it.
    pub rows: Option<i64>,
    /// The rows that the script inserted, by the server's count: triggers' too, and
    /// those that were undone by a ROLLBACK TO a savepoint.
    pub inserted: i64,
    /// The same of updated rows.
    pub updated: i64,
    /// The same of deleted rows; TRUNCATE counts none.
    pub deleted: i64,
}

/// The locks tell which tables were written to, also where no row was hit; they are
/// held until the transaction ends.
const WRITTEN: &str = "\
    SELECT c.oid, coalesce(s.n_tup_ins, 0), coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_del, 0), \
    n.nspname, c.relname \
    FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_catalog.pg_stat_xact_user_tables s ON s.relid = c.oid \
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' \
    AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema') \
    AND c.oid IN ( \
        SELECT l.relation FROM pg_catalog.pg_locks l \
        JOIN pg_catalog.pg_database d ON d.oid = l.database \
        WHERE d.datname = pg_catalog.current_database() AND l.pid = pg_catalog.pg_backend_pid() \
        AND l.locktype = 'relation' AND l.granted AND l.mode IN \
        ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) \
    ORDER BY n.nspname, c.relname";

/// Despite its name the view goes on counting from one transaction to the next, until
/// the session next hands its figures in, which it does once a second and between
/// transactions only.
/// 2613 is the catalog of large objects; other tables of the server's have oids below 16384 too.
const COUNTED: &str = "SELECT relid, n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_xact_all_tables \
    WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND (relid >= 16384 OR relid = 2613)";

/// What a session has counted so far of each table, by its oid: rows inserted,
/// updated, deleted.
pub(crate) type TupleCounts = HashMap<u32, [i64; 3]>;

impl TableChange {
    /// Adds what a later script has done to what earlier ones have; rows are to be
    /// counted again.
    #[must_use]
    pub fn merge(mut earlier: Vec<Self>, later: Vec<Self>) -> Vec<Self> {
        for change in later {
            let same = |known: &&mut Self| known.schema == change.schema && known.table == change.table;
            match earlier.iter_mut().find(same) {
                Some(known) => {
                    known.inserted += change.inserted;
                    known.updated += change.updated;
                    known.deleted += change.deleted;
                }
                None => earlier.push(change),
            }
        }
        earlier.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
        earlier
    }

    fn count_query(&self) -> String {
        format!("SELECT count(*) FROM {}.{}", quote_identifier(&self.schema), quote_identifier(&self.table))
    }
}

impl Session {
    /// What is counted already, where a transaction begins.
    pub(crate) async fn tuple_counts(&self) -> Result<TupleCounts, tokio_postgres::Error> {
        let rows = self.client.query(COUNTED, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), tuples(row))).collect())
    }

    /// What has been counted since `before`.
    pub(crate) async fn counts_since(
        &self,
        before: &TupleCounts,
    ) -> Result<TupleCounts, tokio_postgres::Error> {
        let mut counts = self.tuple_counts().await?;
        for (table, now) in &mut counts {
            let earlier = before.get(table).copied().unwrap_or_default();
            *now = std::array::from_fn(|kind| now[kind] - earlier[kind]);
        }
        Ok(counts)
    }

    /// The tables that the open transaction has written to, which began with `before`.
    /// Their rows are not counted: on a large table that would hold its locks for long.
    pub(crate) async fn written_tables(
        &self,
        before: &TupleCounts,
    ) -> Result<Vec<TableChange>, tokio_postgres::Error> {
        let rows = self.client.query(WRITTEN, &[]).await?;
        let change = |row: &Row| {
            let earlier = before.get(&row.get(0)).copied().unwrap_or_default();
            let now = tuples(row);
            let [inserted, updated, deleted] = std::array::from_fn(|kind| now[kind] - earlier[kind]);
            TableChange { schema: row.get(4), table: row.get(5), rows: None, inserted, updated, deleted }
        };
        Ok(rows.iter().map(change).collect())
    }

    /// Counts the rows of the tables. What cannot be counted stays without a number:
    /// the script is through, and nothing of it depends on this.
    pub async fn count_rows(&self, tables: &mut [TableChange]) {
        if tables.is_empty() {
            return;
        }
        let counts: Vec<String> = tables.iter().map(|table| format!("({})", table.count_query())).collect();
        let at_once = format!("SELECT ARRAY[{}]", counts.join(", "));
        if let Ok(row) = self.client.query_one(&at_once, &[]).await {
            for (table, count) in tables.iter_mut().zip(row.get::<_, Vec<i64>>(0)) {
                table.rows = Some(count);
            }
            return;
        }
        // One that the role may not read, or that is gone, must not hide the others.
        for table in tables {
            let count = self.client.query_one(&table.count_query(), &[]).await;
            table.rows = count.ok().map(|row| row.get(0));
        }
    }
}

/// The three counts after a row's first column.
fn tuples(row: &Row) -> [i64; 3] {
    std::array::from_fn(|kind| row.get(kind + 1))
}
