//! Tables that are printed while their rows are still being read.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use super::text::{self, safe};

/// The least width for text that wraps.
const NARROWEST: usize = 20;
/// The indent of text below a row.
const INDENT: usize = 4;

/// How many rows are held back to compute the widths of the columns.
const SAMPLE: usize = 200;

/// The width that a table on `stream` must fit: that of the terminal; `None` elsewhere.
pub(super) fn width(stream: &impl IsTerminal) -> Option<u16> {
    if !stream.is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| columns)
}

/// A column of a table, and how it handles text that does not fit the terminal. Without a terminal,
/// everything fits.
#[derive(Debug, Clone)]
pub struct Column {
    name: Cow<'static, str>,
    overflow: Overflow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overflow {
    Keep,
    Cut,
    Wrap,
}

impl Column {
    /// A column as wide as its text, for text to copy.
    pub const fn keep(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), overflow: Overflow::Keep }
    }

    /// A column that cuts long text, so that a row stays on one line.
    pub const fn cut(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), overflow: Overflow::Cut }
    }

    /// A column that wraps long text.
    pub const fn wrap(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), overflow: Overflow::Wrap }
    }

    /// A column of this run's own, such as a requested attribute; cuts long text.
    pub fn named(name: &str) -> Self {
        Self { name: Cow::Owned(safe(name).into_owned()), overflow: Overflow::Cut }
    }
}

/// Prints rows in batches. All batches use the column widths of the first.
pub(super) struct TableWriter {
    columns: Cow<'static, [Column]>,
    width: Option<u16>,
    held: Vec<Vec<String>>,
    /// The width of each column in the first batch.
    widths: Option<Vec<u16>>,
    /// Wrapping columns whose text goes below the row, because the other columns leave no room.
    below: Vec<usize>,
}

impl TableWriter {
    pub(super) fn new(columns: impl Into<Cow<'static, [Column]>>, width: Option<u16>) -> Self {
        Self { columns: columns.into(), width, held: Vec::new(), widths: None, below: Vec::new() }
    }

    pub(super) fn push(&mut self, cells: Vec<String>, out: &mut impl Write) -> io::Result<()> {
        self.held.push(cells);
        if self.held.len() == SAMPLE { self.lot(out) } else { Ok(()) }
    }

    /// Prints the rows that are still held. A table without rows has no header either.
    pub(super) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.held.is_empty() { Ok(()) } else { self.lot(out) }
    }

    /// The wrapping columns, if the other columns leave no room for them.
    fn squeezed(&self, width: u16) -> Vec<usize> {
        let is = |overflow: Overflow| {
            let columns = self.columns.iter().enumerate();
            columns.filter(move |(_, column)| column.overflow == overflow).map(|(index, _)| index)
        };
        let natural = |index: usize| {
            let cells = self.held.iter().filter_map(|row| row.get(index));
            cells.flat_map(|cell| cell.lines()).map(text::width).max().unwrap_or(0)
        };
        let kept: usize = is(Overflow::Keep)
            .map(|index| natural(index).max(text::width(&self.columns[index].name)) + 2)
            .sum();
        let left = usize::from(width).saturating_sub(kept + is(Overflow::Cut).count() * NARROWEST / 2);
        let wanted: usize = is(Overflow::Wrap).map(|index| natural(index).min(NARROWEST) + 2).sum();
        if wanted > left { is(Overflow::Wrap).collect() } else { Vec::new() }
    }

    fn lot(&mut self, out: &mut impl Write) -> io::Result<()> {
        if let (Some(width), None) = (self.width, &self.widths) {
            self.below = self.squeezed(width);
        }
        if self.below.is_empty() {
            let held = std::mem::take(&mut self.held);
            let columns: Vec<Column> = self.columns.to_vec();
            return self.table(&columns, held, out, |_| Vec::new());
        }
        let (below, width) = (self.below.clone(), self.width.map_or(usize::MAX, usize::from));
        let (mut rows, mut texts) = (Vec::new(), Vec::new());
        for row in self.held.drain(..) {
            let (mut beside, mut under) = (Vec::new(), Vec::new());
            for (index, cell) in row.into_iter().enumerate() {
                if below.contains(&index) { under.push(cell) } else { beside.push(cell) }
            }
            rows.push(beside);
            texts.push(under);
        }
        let columns = self.columns.iter().enumerate().filter(|(index, _)| !below.contains(index));
        let columns: Vec<Column> = columns.map(|(_, column)| column.clone()).collect();
        self.table(&columns, rows, out, |row| {
            let cells = texts[row].iter().filter(|cell| !cell.is_empty());
            cells.flat_map(|cell| text::wrap(&safe(cell), width.saturating_sub(INDENT))).collect()
        })
    }

    /// Prints rows in `columns`, each with the lines `below` it.
    fn table(
        &mut self,
        columns: &[Column],
        rows: Vec<Vec<String>>,
        out: &mut impl Write,
        below: impl Fn(usize) -> Vec<String>,
    ) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        match self.width {
            Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        if self.widths.is_none() {
            let mut header = Row::from(columns.iter().map(|column| column.name.as_ref()).collect::<Vec<_>>());
            header.max_height(1);
            table.set_header(header);
        }
        let has_header = self.widths.is_none();
        let one_line = self.width.is_some() && columns.iter().all(|column| column.overflow != Overflow::Wrap);
        for cells in rows {
            let mut row = Row::from(cells.iter().map(|cell| safe(cell).into_owned()).collect::<Vec<_>>());
            if one_line {
                row.max_height(1);
            }
            table.add_row(row);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if columns.get(index).is_some_and(|column| column.overflow == Overflow::Keep) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            if let Some(width) = self.widths.as_ref().and_then(|widths| widths.get(index)) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*width)));
            }
        }
        if self.widths.is_none() {
            self.widths = Some(table.column_max_content_widths());
        }
        // With text below its rows, each row is one line.
        for (number, line) in table.lines().enumerate() {
            writeln!(out, "{}", line.trim_end())?;
            let Some(row) = number.checked_sub(usize::from(has_header)) else { continue };
            if !self.below.is_empty() {
                for line in below(row) {
                    writeln!(out, "{:INDENT$}{line}", "")?;
                }
            }
        }
        out.flush()
    }
}
