//! What a script destroys, by the catalog before and after it, and by the server's row counts.
//!
//! Reading the SQL can never be complete: a function, a rule or dynamic SQL may do anything. The
//! server knows what a transaction has done.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::changes::TupleCounts;
use crate::postgres::{Session, quote_identifier};

type Result<T> = std::result::Result<T, tokio_postgres::Error>;

/// The catalog `pg_class`, of tables and other relations.
const RELATIONS: u32 = 1259;

/// The catalog of large objects, whose rows users write.
pub(crate) const LARGE_OBJECTS: u32 = 2613;

/// Objects that can be dropped, each with the table it is part of. The server's own have lower oids.
const OBJECTS: &str = "\
    SELECT o.classid, o.objid, o.part_of FROM ( \
    SELECT c.tableoid AS classid, c.oid AS objid, coalesce(( \
        SELECT d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid = c.tableoid AND d.objid = c.oid \
        AND d.refclassid = c.tableoid AND d.deptype IN ('a', 'i') LIMIT 1), 0::oid) AS part_of \
        FROM pg_catalog.pg_class c \
        WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c') AND c.relpersistence <> 't' \
    UNION ALL SELECT p.tableoid, p.oid, 0 FROM pg_catalog.pg_proc p \
    UNION ALL SELECT t.tableoid, t.oid, 0 FROM pg_catalog.pg_type t WHERE t.typtype IN ('d', 'e', 'r') \
    UNION ALL SELECT n.tableoid, n.oid, 0 FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' \
    UNION ALL SELECT t.tableoid, t.oid, t.tgrelid FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal \
    UNION ALL SELECT p.tableoid, p.oid, p.polrelid FROM pg_catalog.pg_policy p \
    UNION ALL SELECT r.tableoid, r.oid, r.ev_class FROM pg_catalog.pg_rewrite r \
        WHERE r.rulename <> '_RETURN') o \
    WHERE (o.objid >= 16384 OR o.objid = pg_catalog.to_regnamespace('public'))";

/// Tables, each with its file and its approximate number of rows.
const TABLES: &str = "\
    SELECT c.oid, n.nspname, c.relname, c.relfilenode, \
    greatest(c.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(c.oid), 0), \
    pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT pg_catalog.row_security_active(c.oid) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384";

const COLUMNS: &str = "\
    SELECT a.attrelid, a.attnum, pg_catalog.quote_ident(a.attname), a.atttypid, a.atttypmod, \
    pg_catalog.format_type(a.atttypid, a.atttypmod), a.xmin::text \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
    WHERE c.relkind IN ('r', 'p', 'f', 'c') AND c.relpersistence <> 't' AND c.oid >= 16384 \
    AND a.attnum > 0 AND NOT a.attisdropped";

/// Foreign tables that the transaction writes to. Another server counts their rows.
const FOREIGN: &str = "\
    SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_locks l ON l.relation = c.oid \
    JOIN pg_catalog.pg_database d ON d.oid = l.database \
    WHERE c.relkind = 'f' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted \
    AND l.mode = 'RowExclusiveLock' AND d.datname = pg_catalog.current_database()";

const COUNTS: &str = "SELECT pg_catalog.current_setting('track_counts') = 'on'";

/// The state of the database before a transaction.
pub(crate) struct Before {
    objects: Vec<Object>,
    tables: HashMap<u32, Table>,
    columns: Vec<Column>,
    /// Whether the server counts rows.
    counts: bool,
}

struct Object {
    class: u32,
    oid: u32,
    part_of: u32,
    name: String,
}

struct Table {
    name: String,
    file: u32,
    rows: i64,
    /// The query that counts its rows, if the role may run it.
    query: Option<String>,
}

struct Type {
    oid: u32,
    modifier: i32,
    name: String,
}

struct Column {
    table: u32,
    number: i16,
    name: String,
    of: Type,
    /// Changes with the column's entry in the catalog.
    version: String,
}

impl Session {
    /// The state of the database at the start of a transaction.
    pub(crate) async fn before(&self) -> Result<Before> {
        let named = format!(
            "SELECT o.classid, o.objid, o.part_of, i.type || ' ' || i.identity FROM ({OBJECTS}) o, \
             LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i ORDER BY 4"
        );
        let objects = self.client.query(&named, &[]).await?;
        let object = |row: &tokio_postgres::Row| Object {
            class: row.get(0),
            oid: row.get(1),
            part_of: row.get(2),
            // An object that another session is dropping right now no longer has a name.
            name: row.get::<_, Option<String>>(3).unwrap_or_default(),
        };
        Ok(Before {
            objects: objects.iter().map(object).collect(),
            tables: self.tables().await?,
            columns: self.columns().await?,
            counts: self.counts().await?,
        })
    }

    /// What the open transaction has destroyed, one line each; `counts` is from before it.
    pub(crate) async fn losses(&self, before: &Before, counts: &TupleCounts) -> Result<Vec<String>> {
        let rows = self.client.query(OBJECTS, &[]).await?;
        let kept: HashSet<(u32, u32)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let objects = before.objects.iter().filter(|object| !kept.contains(&(object.class, object.oid)));
        let objects: Vec<&Object> = objects.collect();
        let gone: HashSet<u32> =
            objects.iter().filter(|object| object.class == RELATIONS).map(|object| object.oid).collect();
        let mut drops: Vec<(Reverse<i64>, String)> = Vec::new();
        // Parts of a dropped table are not listed.
        for object in objects.into_iter().filter(|object| !gone.contains(&object.part_of)) {
            let table = before.tables.get(&object.oid).filter(|_| object.class == RELATIONS);
            let rows = table.map_or(0, |table| table.rows);
            let about = if rows > 0 { format!(", with about {}", counted(rows)) } else { String::new() };
            drops.push((Reverse(rows), format!("drops {}{about}", object.name)));
        }
        drops.sort();
        let mut losses: Vec<String> = drops.into_iter().map(|(_, line)| line).collect();
        let counts = self.counts_since(counts).await?;
        let tables = self.tables().await?;
        let is_anew =
            |(oid, now): &(&u32, &Table)| before.tables.get(oid).is_some_and(|was| was.file != now.file);
        let anew: HashMap<u32, &Table> =
            tables.iter().filter(is_anew).map(|(oid, table)| (*oid, table)).collect();
        self.add_rows(before, &anew, &counts, &mut losses).await?;
        self.add_columns(before, &anew, &gone, &mut losses).await?;
        for row in self.client.query(FOREIGN, &[]).await? {
            if let Some(table) = before.tables.get(&row.get(0)) {
                losses.push(format!("writes to foreign table {}, which another server counts", table.name));
            }
        }
        if !before.counts || !self.counts().await? {
            losses.push("may delete rows: the server does not count them (track_counts is off)".to_owned());
        }
        Ok(losses)
    }

    /// Adds tables that existed before and have lost or changed rows.
    async fn add_rows(
        &self,
        before: &Before,
        anew: &HashMap<u32, &Table>,
        counts: &TupleCounts,
        losses: &mut Vec<String>,
    ) -> Result<()> {
        let mut lines = BTreeSet::new();
        for (oid, table) in &before.tables {
            let [inserted, updated, deleted] = counts.get(oid).copied().unwrap_or_default();
            let name = &table.name;
            for (verb, rows) in [("deletes", deleted), ("updates", updated)] {
                if rows > 0 {
                    lines.insert(format!("{verb} {} of {name}", counted(rows)));
                }
            }
            let Some(now) = anew.get(oid) else { continue };
            // TRUNCATE restarts the count. A table that was only rewritten keeps its rows.
            let is_emptied = match &now.query {
                Some(query) => self.client.query_one(query, &[]).await?.get::<_, i64>(0) <= inserted,
                None => true,
            };
            if is_emptied {
                let rows = if table.rows > 0 {
                    format!(", of about {}", counted(table.rows))
                } else {
                    String::new()
                };
                lines.insert(format!("empties {name}{rows}"));
            }
        }
        losses.extend(lines);
        Ok(())
    }

    /// Adds columns that are gone, have another type, or may have other values because their table
    /// was rewritten: it is in `anew`.
    async fn add_columns(
        &self,
        before: &Before,
        anew: &HashMap<u32, &Table>,
        gone: &HashSet<u32>,
        losses: &mut Vec<String>,
    ) -> Result<()> {
        let after = self.columns().await?;
        let after: HashMap<(u32, i16), &Column> =
            after.iter().map(|column| ((column.table, column.number), column)).collect();
        for column in before.columns.iter().filter(|column| !gone.contains(&column.table)) {
            let table = before.tables.get(&column.table).map_or("a composite type", |table| &table.name);
            let name = format!("{table}.{}", column.name);
            let was = &column.of;
            match after.get(&(column.table, column.number)) {
                None => losses.push(format!("drops column {name}")),
                Some(Column { of, .. }) if (of.oid, of.modifier) != (was.oid, was.modifier) => {
                    losses.push(format!("changes column {name} from {} to {}", was.name, of.name));
                }
                // ALTER … TYPE … USING may keep the type and replace every value.
                Some(now) if now.version != column.version && anew.contains_key(&column.table) => {
                    losses.push(format!("rewrites column {name}"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    async fn tables(&self) -> Result<HashMap<u32, Table>> {
        let rows = self.client.query(TABLES, &[]).await?;
        let table = |row: &tokio_postgres::Row| {
            let quoted = [1, 2].map(|column| quote_identifier(row.get(column))).join(".");
            let query = row.get::<_, bool>(5).then(|| format!("SELECT count(*) FROM {quoted}"));
            let name = [1, 2].map(|column| row.get::<_, String>(column)).join(".");
            (row.get(0), Table { name, file: row.get(3), rows: row.get(4), query })
        };
        let mut tables: HashMap<u32, Table> = rows.iter().map(table).collect();
        let large = Table { name: "the large objects".to_owned(), file: 0, rows: 0, query: None };
        tables.insert(LARGE_OBJECTS, large);
        Ok(tables)
    }

    async fn columns(&self) -> Result<Vec<Column>> {
        let rows = self.client.query(COLUMNS, &[]).await?;
        let column = |row: &tokio_postgres::Row| Column {
            table: row.get(0),
            number: row.get(1),
            name: row.get(2),
            of: Type { oid: row.get(3), modifier: row.get(4), name: row.get(5) },
            version: row.get(6),
        };
        Ok(rows.iter().map(column).collect())
    }

    async fn counts(&self) -> Result<bool> {
        Ok(self.client.query_one(COUNTS, &[]).await?.get(0))
    }
}

/// `1 row`, `3 rows`.
fn counted(rows: i64) -> String {
    format!("{rows} {}", if rows == 1 { "row" } else { "rows" })
}
