//! The changes that a script made to the tables.

use std::collections::HashMap;

use serde::Serialize;
use tokio_postgres::Row;

use crate::postgres::{Session, quote_identifier};

/// A table that a script created, altered or wrote to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableChange {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Its number of rows after the script; `None` until they are counted, or when the role may not
    /// read the table.
    pub rows: Option<i64>,
    /// Rows the script inserted, by the server's count. Includes rows inserted by triggers, and
    /// rows undone by a ROLLBACK TO a savepoint.
    pub inserted: i64,
    /// Updated rows, counted in the same way.
    pub updated: i64,
    /// Deleted rows, counted in the same way; TRUNCATE counts none.
    pub deleted: i64,
}

/// The tables written to, found by their locks, which are held until the transaction ends. This
/// includes tables in which no row changed.
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

/// The rows counted so far. Despite its name, the view keeps counting across transactions, until
/// the session reports its figures: at most once a second, and only between transactions. 2613 is
/// the catalog of large objects; the server's other tables have oids below 16384 too.
const COUNTED: &str = "SELECT relid, n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_xact_all_tables \
    WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND (relid >= 16384 OR relid = 2613)";

/// A session's counts of inserted, updated and deleted rows so far, by the table's oid.
pub(crate) type TupleCounts = HashMap<u32, [i64; 3]>;

impl TableChange {
    /// Adds the changes of a later script to those of earlier ones. The rows have to be counted again.
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
    /// The counts at the start of a transaction.
    pub(crate) async fn tuple_counts(&self) -> Result<TupleCounts, tokio_postgres::Error> {
        let rows = self.client.query(COUNTED, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), tuples(row))).collect())
    }

    /// The rows counted since `before`.
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

    /// The tables that the open transaction wrote to; `before` is from its start. Does not count
    /// their rows: on a large table that would hold the locks for long.
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

    /// Counts the rows of the tables. A table that cannot be counted stays without a number: the
    /// script is done and does not depend on this.
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
        // One unreadable or dropped table must not hide the others.
        for table in tables {
            let count = self.client.query_one(&table.count_query(), &[]).await;
            table.rows = count.ok().map(|row| row.get(0));
        }
    }
}

/// The three counts after the first column.
fn tuples(row: &Row) -> [i64; 3] {
    std::array::from_fn(|kind| row.get(kind + 1))
}
