//! What was checked, a line for each finding, and under it what mends it.

use std::io::{self, Write};

use super::layout::Style;
use super::text::safe;
use super::{CYAN, DIM, GREEN, RED, YELLOW, text};

/// A status is as wide as the longest of them.
const STATUS: usize = 4;
/// However narrow the terminal, so much of a finding is put into a line.
const NARROWEST: usize = 20;

/// Holds the rows of a checklist until all are there: their columns are as wide as
/// the widest needs.
pub(super) struct ChecklistWriter {
    width: Option<usize>,
    style: Style,
    rows: Vec<Vec<String>>,
}

impl ChecklistWriter {
    /// For a terminal of this many columns, or for something without columns.
    pub(super) fn new(width: Option<u16>) -> Self {
        Self { width: width.map(usize::from), style: Style::of_stdout(), rows: Vec::new() }
    }

    pub(super) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes all of it. A check is named where it begins; what mends a finding is not
    /// broken into lines, so that it can be copied.
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
