//! The results of checks: one line per finding, and below it what fixes it.

use std::io::{self, Write};

use super::layout::Style;
use super::text::safe;
use super::{CYAN, DIM, GREEN, RED, YELLOW, text};

/// The width of the longest status.
const STATUS: usize = 4;
/// A finding gets at least this many columns, however narrow the terminal.
const NARROWEST: usize = 20;

/// Holds the rows of a checklist until all are there, because the columns are as wide as their widest cell.
pub(super) struct ChecklistWriter {
    width: Option<usize>,
    style: Style,
    rows: Vec<Vec<String>>,
}

impl ChecklistWriter {
    /// A writer for a terminal of this width; `None` for other output.
    pub(super) fn new(width: Option<u16>) -> Self {
        Self { width: width.map(usize::from), style: Style::of_stdout(), rows: Vec::new() }
    }

    pub(super) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes all rows. Names a check only on its first row. Does not wrap what fixes a finding, so
    /// that it can be copied.
    pub(super) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        let names = self.rows.iter().filter_map(|row| row.get(1));
        let column = names.map(|name| text::width(name)).max().unwrap_or_default();
        let indent = STATUS + 2 + column + 2;
        let mut last = String::new();
        for row in self.rows.drain(..) {
            let [status, check, finding, mend] = row.as_slice() else { continue };
            let shown = if *check == last { "" } else { check.as_str() };
            let gap = column - text::width(shown).min(column) + 2;
            let mut lines = match self.width {
                Some(width) => text::wrap(&safe(finding), width.saturating_sub(indent).max(NARROWEST)),
                None => safe(finding).split('\n').map(ToOwned::to_owned).collect(),
            }
            .into_iter();
            let padded = format!("{status:<STATUS$}");
            write!(out, "{}  {shown}{:gap$}", self.style.paint(colour(status), &padded), "")?;
            writeln!(out, "{}", lines.next().unwrap_or_default())?;
            for line in lines {
                writeln!(out, "{:indent$}{line}", "")?;
            }
            for line in mend.lines() {
                writeln!(out, "{:indent$}{}", "", self.style.paint(CYAN, &format!("→ {}", safe(line))))?;
            }
            last.clone_from(check);
        }
        out.flush()
    }
}

fn colour(status: &str) -> &'static str {
    match status {
        "ok" => GREEN,
        "warn" => YELLOW,
        "FAIL" => RED,
        _ => DIM,
    }
}
