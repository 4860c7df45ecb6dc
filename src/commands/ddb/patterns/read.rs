//! Shared by the patterns that read.

use clap::Args;
use serde_json::json;

use super::range::RangeArgs;
use crate::commands::common::OutputArgs;
use crate::commands::ddb::TableArgs;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::{Census, Direction, MessagesTable, Span, Timeline};
use crate::messaging::{Participant, TimeRange, Timestamp, Zone};
use crate::output::{Record, Records, Ui};

/// How much a pattern reads, of which table, and how that is printed.
#[derive(Debug, Clone, Args)]
pub(in crate::commands::ddb) struct ReadArgs {
    #[command(flatten)]
    range: RangeArgs,
    /// Read this many: the newest in the range, in one Query with this Limit
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Read the whole range, and print it as it arrives
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Continue backward in time after the page that printed this token
    #[arg(long, value_name = "TOKEN", overrides_with = "cursor")]
    cursor: Option<String>,
    /// Show the newest first [default: the newest last]
    #[arg(long)]
    reverse: bool,
    /// Show times in UTC, and take days and times without an offset as UTC
    /// [default: local time]
    #[arg(long)]
    utc: bool,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    pub(in crate::commands::ddb) output: OutputArgs,
    #[command(flatten)]
    pub(in crate::commands::ddb) usage: UsageArgs,
}

/// The arguments of a reading pattern, resolved.
pub(in crate::commands::ddb) struct Read<'a> {
    args: &'a ReadArgs,
    pub(super) zone: Zone,
    pub(super) now: Timestamp,
    pub(super) direction: Direction,
    range: TimeRange,
    /// The flags that set the range.
    flags: String,
}

impl ReadArgs {
    /// The same arguments, for the request that the app sends: one page of one year.
    pub(in crate::commands::ddb) fn as_the_app(&self) -> Self {
        let range = self.range.as_the_app(Timestamp::now());
        Self { range, all: false, cursor: None, reverse: false, ..self.clone() }
    }

    pub(in crate::commands::ddb) fn resolve(&self) -> Result<Read<'_>> {
        let zone = if self.utc { Zone::utc() } else { Zone::local() };
        let now = Timestamp::now();
        let (range, flags) = self.range.resolve(&zone, now)?;
        // A page always begins with the newest row, whichever is shown first. Only `--all` can read
        // rows in the order in which it shows them.
        let direction = if self.all && !self.reverse { Direction::Forward } else { Direction::Backward };
        Ok(Read { args: self, zone, now, direction, range, flags })
    }
}

impl Read<'_> {
    pub(in crate::commands::ddb) fn table(&self, cx: &Context) -> String {
        self.args.table.name(cx)
    }

    pub(super) fn span(&self) -> Span<'_> {
        let cursor = self.args.cursor.as_deref();
        Span { range: self.range, flags: self.flags.clone(), cursor, exact: self.args.range.exact }
    }
}

impl Read<'_> {
    /// Prints the rows, and returns how the reading ended.
    async fn print<T, R: Record>(
        &self,
        timeline: &mut Timeline<'_, T>,
        records: &mut Records,
        present: &impl Fn(T) -> R,
    ) -> Result<End> {
        let args = self.args;
        let was_exact = timeline.is_exact();
        if args.all {
            while let Some(rows) = timeline.next().await? {
                for row in rows {
                    records.push(&present(row))?;
                }
                records.flush()?;
            }
            return Ok(End { was_exact, ..End::default() });
        }
        let mut page = timeline.page(args.limit).await?;
        if !args.reverse {
            page.rows.reverse();
        }
        for row in page.rows {
            records.push(&present(row))?;
        }
        Ok(End { cursor: page.cursor, is_cut: page.is_cut, was_exact })
    }

    /// Sends the one request of a page.
    pub(in crate::commands::ddb) async fn ask<T>(&self, mut timeline: Timeline<'_, T>) -> Result<()> {
        timeline.ask(self.args.limit).await
    }

    /// Reads what the pattern reads, and discards it.
    pub(in crate::commands::ddb) async fn drain<T>(&self, mut timeline: Timeline<'_, T>) -> Result<()> {
        if self.args.all {
            while timeline.next().await?.is_some() {}
        } else {
            timeline.page(self.args.limit).await?;
        }
        Ok(())
    }
}

/// How a reading ended.
#[derive(Default)]
struct End {
    /// The token that resumes it.
    cursor: Option<String>,
    /// Whether the service ended the page before it was full.
    is_cut: bool,
    /// Whether it went by instants from the start, as a page that follows such a page does.
    was_exact: bool,
}

/// What a pattern reads, in words.
pub(super) struct Words {
    /// The plural, which is also the name in a JSON document.
    pub(super) rows: &'static str,
    /// The singular.
    pub(super) row: &'static str,
    /// The message when there are none.
    pub(super) none: String,
    /// The table and its location.
    pub(super) searched: String,
}

impl Words {
    fn count(&self, count: u64) -> String {
        format!("{count} {}", if count == 1 { self.row } else { self.rows })
    }
}

/// Prints what a pattern reads, converted by `present`, and what it consumed.
pub(super) async fn show<T, R: Record>(
    ui: &mut Ui,
    read: &Read<'_>,
    mut timeline: Timeline<'_, T>,
    words: &Words,
    present: impl Fn(T) -> R,
) -> Result<()> {
    let args = read.args;
    let mut records = ui.records::<R>(args.output.output, words.rows);
    let mut end = read.print(&mut timeline, &mut records, &present).await?;
    let has_nothing = |records: &Records, timeline: &Timeline<'_, T>| {
        // With `--limit 0` no request is sent, so an empty result says nothing.
        records.count() == 0 && timeline.capacity().pages > 0
    };
    let mut others = None;
    if has_nothing(&records, &timeline) && args.cursor.is_none() && !timeline.flags().is_empty() {
        others = Some(timeline.census().await?);
        if timeline.is_unfinished() {
            end = read.print(&mut timeline, &mut records, &present).await?;
        }
    }
    let (count, nothing) = (records.count(), has_nothing(&records, &timeline));
    let usage = timeline.usage();
    records.finish(&json!({
        "count": count,
        "cursor": end.cursor,
        "exact": timeline.is_exact(),
        "consumed_capacity": args.usage.json(&usage),
    }))?;

    if nothing {
        say_nothing(ui, words, timeline.flags(), args.cursor.is_some(), others.as_ref());
    }
    if timeline.undated() > 0 {
        let count = words.count(timeline.undated() as u64);
        ui.warn(format!("cannot read the time of {count}; sorted as text instead"));
    }
    if timeline.is_exact() && !args.range.exact && !end.was_exact {
        ui.status("some times are not in UTC: also read the 15 hours around, as --exact does");
    }
    if end.is_cut {
        ui.status(format!("DynamoDB ended the page at 1 MB, after {}", words.count(count as u64)));
    }
    if let Some(cursor) = end.cursor {
        ui.status(format!("for older ones, if any, add: --cursor {cursor}"));
    }
    args.usage.show(ui, &usage, Bill::Calls);
    Ok(())
}

/// Prints that there were no rows, which table was searched, and where there are some.
fn say_nothing(ui: &mut Ui, words: &Words, flags: &str, went_on: bool, others: Option<&Census>) {
    if went_on {
        return ui.status(format!("no more {} in {}", words.rows, words.searched));
    }
    let mut elsewhere: Vec<String> = others
        .into_iter()
        .flat_map(|others| &others.years)
        .map(|(year, count)| format!("--year {year} ({})", words.count(*count)))
        .collect();
    if let Some(undated) = others.map(|others| others.undated).filter(|undated| *undated > 0) {
        elsewhere.push(format!("--all ({} without a readable time)", words.count(undated)));
    }
    if elsewhere.is_empty() {
        ui.status(&words.none);
    } else {
        ui.status(format!("{} for {flags}", words.none));
    }
    ui.status(format!("searched {}", words.searched));
    if !elsewhere.is_empty() {
        ui.hint(format!("there are others: {}", elsewhere.join(", ")));
    }
    if let Some(others) = others {
        ui.status(format!("looking for them took {} of the read units below", others.units));
    }
}

/// A user's name and handle, as far as the item has them.
pub(super) fn who(user: &Participant) -> String {
    let Participant { user_display_name: name, user_handle: handle, user_uuid } = user;
    match (name.is_empty(), handle.is_empty()) {
        (false, false) => format!("{name} ({handle})"),
        (false, true) => name.clone(),
        (true, false) => handle.clone(),
        (true, true) if user_uuid.is_empty() => "(unknown)".to_owned(),
        (true, true) => user_uuid.clone(),
    }
}

/// The table and its location, for people.
pub(super) fn searched(table: &MessagesTable) -> String {
    format!("{:?} on {}", table.name(), table.db().endpoint())
}
