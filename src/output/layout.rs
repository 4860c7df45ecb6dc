//! Layouts for rows that read better as text than in columns.

use std::borrow::Cow;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

use super::text::safe;
use super::{BOLD, CYAN, DIM, PLAIN, text};

/// How rows of a kind are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// In columns.
    Table,
    /// As a conversation. Four cells: the day and the speaker, each shown when it changes, then the
    /// time and the message.
    Thread,
    /// Each row as a few lines. Four cells: who and when on the first line, then a text that is cut
    /// to the width, then something to copy.
    Cards,
    /// As a list of checks. Four cells: `ok`, `warn`, `FAIL` or another short word, what was
    /// checked, what was found, and the commands that fix it, one per line.
    Checklist,
}

/// The indent of text below its heading.
const INDENT: usize = 2;
/// The column where a message begins: after `  10:41  `.
const TEXT: usize = INDENT + 5 + 2;
/// A line of text gets at least this many columns, however narrow the terminal.
const NARROWEST: usize = 10;

/// Writes conversations as they come.
pub(super) struct ThreadWriter {
    width: Option<usize>,
    style: Style,
    day: Option<String>,
    speaker: String,
}

impl ThreadWriter {
    /// A writer for a terminal of this width; `None` for other output.
    pub(super) fn new(width: Option<u16>) -> Self {
        Self { width: width.map(usize::from), style: Style::of_stdout(), day: None, speaker: String::new() }
    }

    pub(super) fn push(&mut self, cells: &[String], out: &mut impl Write) -> io::Result<()> {
        let [day, speaker, time, said] = cells else { return Ok(()) };
        let is_new_day = self.day.as_ref() != Some(day);
        if is_new_day {
            if self.day.is_some() {
                writeln!(out)?;
            }
            writeln!(out, "{}", self.style.paint(CYAN, &line(day)))?;
            self.day = Some(day.clone());
        }
        if is_new_day || self.speaker != *speaker {
            writeln!(out, "{}", self.style.paint(BOLD, &self.fit(&line(speaker), 0)))?;
            self.speaker.clone_from(speaker);
        }
        let time = line(time);
        let lines = self.lines(said, (INDENT + text::width(&time) + 2).saturating_sub(TEXT));
        let mut lines = lines.iter();
        let first = lines.next().map_or("", String::as_str);
        let first = format!("{:INDENT$}{}  {first}", "", self.style.paint(DIM, &time));
        writeln!(out, "{}", first.trim_end())?;
        for next in lines {
            writeln!(out, "{}", format!("{:TEXT$}{next}", "").trim_end())?;
        }
        Ok(())
    }

    /// The message, wrapped; its first line begins `further` to the right.
    fn lines(&self, said: &str, further: usize) -> Vec<String> {
        let said = safe(said).replace('\t', "    ");
        let Some(width) = self.width else { return said.split('\n').map(ToOwned::to_owned).collect() };
        let columns = width.saturating_sub(TEXT).max(NARROWEST);
        if further == 0 {
            return text::wrap(&said, columns);
        }
        // An invalid time may have any length: the text then begins below it.
        let mut lines = text::wrap(&said, columns);
        if lines.len() > 1 || lines.first().is_some_and(|line| text::width(line) + further > columns) {
            lines.insert(0, String::new());
        }
        lines
    }

    fn fit<'t>(&self, line: &'t str, taken: usize) -> Cow<'t, str> {
        fit(line, self.width, taken)
    }
}

/// Writes cards as they come.
pub(super) struct CardsWriter {
    width: Option<usize>,
    style: Style,
}

impl CardsWriter {
    /// A writer for a terminal of this width; `None` for other output.
    pub(super) fn new(width: Option<u16>) -> Self {
        Self { width: width.map(usize::from), style: Style::of_stdout() }
    }

    pub(super) fn push(&mut self, cells: &[String], out: &mut impl Write) -> io::Result<()> {
        let [who, when, said, copied] = cells else { return Ok(()) };
        let when = line(when);
        let who = line(who);
        let who = fit(&who, self.width, text::width(&when) + 2);
        writeln!(out, "{}  {when}", self.style.paint(BOLD, &who))?;
        writeln!(out, "{:INDENT$}{}", "", fit(&line(said), self.width, INDENT))?;
        writeln!(out, "{:INDENT$}{}", "", self.style.paint(DIM, &line(copied)))
    }
}

/// Text made safe, and without line breaks.
fn line(text: &str) -> String {
    safe(text).split(['\n', '\t']).map(str::trim_end).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// A line cut to the columns that the terminal has left; without a terminal, everything fits.
fn fit(line: &str, width: Option<usize>, taken: usize) -> Cow<'_, str> {
    match width {
        None => line.into(),
        Some(width) => text::cut(line, width.saturating_sub(taken).max(NARROWEST)),
    }
}

/// Whether stdout takes colours.
#[derive(Clone, Copy)]
pub(super) struct Style(bool);

impl Style {
    pub(super) fn of_stdout() -> Self {
        Self(AutoStream::choice(&io::stdout()) != ColorChoice::Never)
    }

    pub(super) fn paint(self, colour: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    }
}
