//! Rows that read better as text than in columns.

use std::borrow::Cow;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

use super::text::safe;
use super::{BOLD, CYAN, DIM, PLAIN, text};

/// How people see the rows of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// In columns.
    Table,
    /// As a conversation. Four cells: the day and the speaker, which are shown
    /// when they change, then the time and what was said.
    Thread,
    /// Each row as a few lines. Four cells: who and when in the first line, then
    /// a text that is cut to the width, then what one copies.
    Cards,
    /// What was checked. Four cells: `ok`, `warn`, `FAIL` or another word as short,
    /// what was checked, what was found, and the commands that mend it, one a line.
    Checklist,
}

/// Text is indented this far under its heading.
const INDENT: usize = 2;
/// Where what was said begins: after `  10:41  `.
const TEXT: usize = INDENT + 5 + 2;
/// However narrow the terminal, so much of a text is put into a line.
const NARROWEST: usize = 10;

/// Writes conversations as they come.
pub(super) struct ThreadWriter {
    width: Option<usize>,
    style: Style,
    day: Option<String>,
    speaker: String,
}

impl ThreadWriter {
    /// For a terminal of this many columns, or for something without columns.
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

    /// What was said, wrapped; the first line begins `further` to the right.
    fn lines(&self, said: &str, further: usize) -> Vec<String> {
        let said = safe(said).replace('\t', "    ");
        let Some(width) = self.width else { return said.split('\n').map(ToOwned::to_owned).collect() };
        let columns = width.saturating_sub(TEXT).max(NARROWEST);
        if further == 0 {
            return text::wrap(&said, columns);
        }
        // A time that is none may be of any length: the text goes below it.
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
    /// For a terminal of this many columns, or for something without columns.
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

/// Harmless, and without line breaks.
fn line(text: &str) -> String {
    safe(text).split(['\n', '\t']).map(str::trim_end).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// A line cut to what a terminal has left; where there is no terminal, all fits.
fn fit(line: &str, width: Option<usize>, taken: usize) -> Cow<'_, str> {
    match width {
        None => line.into(),
        Some(width) => text::cut(line, width.saturating_sub(taken).max(NARROWEST)),
    }
}

/// Whether stdout takes colour.
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
