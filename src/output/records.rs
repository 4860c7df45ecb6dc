//! Prints one stream of records in three formats.

use std::borrow::Cow;
use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

use super::checklist::ChecklistWriter;
use super::layout::{CardsWriter, Layout, ThreadWriter};
use super::table::{self, Column, TableWriter};
use super::{Format, Ui, not_json, text, write_error};
use crate::error::Result;

/// A row of data. Its serialized form is its JSON output; the field names are part of the interface.
pub trait Record: Serialize {
    /// How rows are shown.
    const LAYOUT: Layout = Layout::Table;
    /// The columns of a table; empty for other layouts.
    const COLUMNS: &'static [Column] = &[];
    /// The text for each column, or for each part of the layout.
    fn cells(&self) -> Vec<String>;
}

/// Prints records as they come. Holds back only a table's first rows, and the rows of a checklist.
pub struct Records {
    out: BufWriter<Stdout>,
    shape: Shape,
    count: usize,
}

enum Shape {
    Table(TableWriter),
    Thread(ThreadWriter),
    Cards(CardsWriter),
    Checklist(ChecklistWriter),
    /// A document with the rows under this key.
    Json(&'static str),
    Ndjson,
}

impl Ui {
    /// Begins to print records of type `R`; `name` is their key in a JSON document.
    pub fn records<R: Record>(&mut self, format: Format, name: &'static str) -> Records {
        self.records_in::<R>(format, name, R::COLUMNS)
    }

    /// Begins to print records in columns of this run's own.
    pub fn records_in<R: Record>(
        &mut self,
        format: Format,
        name: &'static str,
        columns: impl Into<Cow<'static, [Column]>>,
    ) -> Records {
        let width = table::width(&io::stdout());
        let shape = match format {
            Format::Table => match R::LAYOUT {
                Layout::Table => Shape::Table(TableWriter::new(columns, width)),
                Layout::Thread => Shape::Thread(ThreadWriter::new(width)),
                Layout::Cards => Shape::Cards(CardsWriter::new(width)),
                Layout::Checklist => Shape::Checklist(ChecklistWriter::new(width)),
            },
            Format::Json => Shape::Json(name),
            Format::Ndjson => Shape::Ndjson,
        };
        Records { out: BufWriter::new(io::stdout()), shape, count: 0 }
    }
}

impl Records {
    /// Prints one record.
    pub fn push<R: Record>(&mut self, record: &R) -> Result<()> {
        match &mut self.shape {
            Shape::Table(table) => table.push(record.cells(), &mut self.out).map_err(write_error)?,
            Shape::Thread(thread) => thread.push(&record.cells(), &mut self.out).map_err(write_error)?,
            Shape::Cards(cards) => cards.push(&record.cells(), &mut self.out).map_err(write_error)?,
            Shape::Checklist(list) => list.push(record.cells()),
            Shape::Json(name) => {
                if self.count == 0 {
                    writeln!(self.out, "{{\"{name}\":[").map_err(write_error)?;
                } else {
                    self.out.write_all(b",\n").map_err(write_error)?;
                }
                self.json(record)?;
            }
            Shape::Ndjson => {
                self.json(record)?;
                self.out.write_all(b"\n").map_err(write_error)?;
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Flushes what was pushed; call it after each page. A table keeps its first rows until it
    /// knows its widths.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(write_error)
    }

    /// Flushes everything, including what a table holds back, for output that goes on for hours.
    /// The columns are then as wide as the rows so far need.
    pub fn flush_all(&mut self) -> Result<()> {
        if let Shape::Table(table) = &mut self.shape {
            table.finish(&mut self.out).map_err(write_error)?;
        }
        self.flush()
    }

    /// How many records were printed.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Ends the output. `rest` is an object whose fields join the JSON document.
    pub fn finish(mut self, rest: &impl Serialize) -> Result<()> {
        match &mut self.shape {
            Shape::Table(table) => table.finish(&mut self.out).map_err(write_error)?,
            Shape::Checklist(list) => list.finish(&mut self.out).map_err(write_error)?,
            Shape::Json(name) => {
                if self.count == 0 {
                    write!(self.out, "{{\"{name}\":[").map_err(write_error)?;
                } else {
                    self.out.write_all(b"\n").map_err(write_error)?;
                }
                let rest = serde_json::to_string(rest).map_err(not_json)?;
                let rest = text::json(&rest);
                // The fields of an object are what is between its braces.
                let fields = rest.get(1..rest.len().saturating_sub(1)).unwrap_or_default();
                let comma = if fields.is_empty() { "" } else { "," };
                writeln!(self.out, "]{comma}{fields}}}").map_err(write_error)?;
            }
            Shape::Thread(_) | Shape::Cards(_) | Shape::Ndjson => {}
        }
        self.flush()
    }

    fn json(&mut self, record: &impl Serialize) -> Result<()> {
        let record = serde_json::to_string(record).map_err(not_json)?;
        self.out.write_all(text::json(&record).as_bytes()).map_err(write_error)
    }
}
