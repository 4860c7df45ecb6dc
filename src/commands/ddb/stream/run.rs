//! `cruddur ddb stream run`

use std::path::PathBuf;

use clap::Args;

use super::Source;
use crate::commands::common::{OutputArgs, count};
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::ddb::{TableArgs, state_folder};
use crate::commands::plan::show_plan;
use crate::commands::signals::{Signals, Stop};
use crate::commands::target::announce;
use crate::context::Context;
use crate::dynamodb::streams::{
    Batch, Checkpoint, From, Positions, Reader, Saved, Step, Stream, account_and_table,
};
use crate::dynamodb::{DynamoDb, Usage};
use crate::error::{Error, Result};
use crate::messages_table::{GroupHandled, Handled, MessagesTable, Totals};
use crate::output::{Column, Record, Records, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # keep the inboxes up to date until Ctrl-C
  cruddur ddb stream run
  # handle what arrived since the last run, then stop
  cruddur ddb stream run --once";

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Handle the existing records, then stop
    #[arg(long)]
    once: bool,
    /// File for the position in the stream [default: a file for this table in CRUDDUR_STATE_DIR,
    /// else in the user's state folder]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Where to start if there is no checkpoint yet [default: trim-horizon]
    #[arg(long, value_name = "PLACE")]
    from: Option<From>,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    usage: UsageArgs,
}

impl Record for GroupHandled {
    const COLUMNS: &'static [Column] = &[
        Column::keep("MESSAGE GROUP UUID"),
        Column::keep("MESSAGES"),
        Column::keep("ROWS REFRESHED"),
        Column::keep("SEQUENCE NUMBER"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.message_group_uuid.clone(),
            self.messages.to_string(),
            self.rows.to_string(),
            self.sequence_number.clone(),
        ]
    }
}

/// The state of a run.
struct Run {
    messages: MessagesTable,
    arn: String,
    reader: Reader,
    checkpoint: Checkpoint,
    totals: Totals,
    signals: Signals,
    /// Set when the user asks to stop. The current batch is finished first.
    stop: Option<Stop>,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &RunArgs) -> Result<()> {
    if cx.dry_run() && !args.once {
        return Err(Error::usage("a dry run of ddb stream run handles only existing records; add: --once"));
    }
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    announce(cx, ui, &db).await?;
    let Source { streams, stream } = super::source(cx, &db, &table, &args.table).await?;
    super::announce(ui, &table, &stream);
    let checkpoint = checkpoint(cx, &db, &stream, args)?;
    let positions = begin(cx, ui, &checkpoint, &stream, args)?;
    let reader = Reader::new(streams, &stream, positions, args.once);
    if !cx.dry_run() {
        // Checks that the checkpoint can be written before any record is handled.
        checkpoint.save(&stream.arn, reader.positions())?;
    }
    let messages = MessagesTable::new(&db, &table);
    let totals = Totals::new(&messages);
    let signals = Signals::catch()?;
    if !args.once {
        ui.status("following the stream; Ctrl-C stops");
    }
    let mut run = Run { messages, arn: stream.arn, reader, checkpoint, totals, signals, stop: None };
    let mut records = ui.records::<GroupHandled>(args.output.output, "groups");
    let ended = run.follow(cx, ui, &mut records).await;
    if ended.as_ref().err().is_none_or(|error| !error.kind().is_silent()) {
        records.finish(&run.summary(&args.usage))?;
        run.show_summary(ui);
        if cx.dry_run() {
            show_plan(ui, run.messages.db().withheld())?;
        }
        args.usage.show(ui, &run.usage(), Bill::Run);
    }
    match (ended, run.stop) {
        // `--once` was to drain the stream, and it is not drained.
        (Ok(false), Some(stop)) if args.once => Err(stop.unfinished()),
        (ended, _) => ended.map(drop),
    }
}

/// Opens the checkpoint. A dry run only reads it.
fn checkpoint(cx: &Context, db: &DynamoDb, stream: &Stream, args: &RunArgs) -> Result<Checkpoint> {
    if let Some(path) = &args.checkpoint {
        return if cx.dry_run() { Checkpoint::peek(path) } else { Checkpoint::open(path) };
    }
    let (account, table) = account_and_table(&stream.arn);
    let path = state_folder(cx, "streams", db, &[account, table])?.join("checkpoint.json");
    if cx.dry_run() { Checkpoint::peek(&path) } else { Checkpoint::open_in_state(&path) }
}

/// Where to resume or begin.
fn begin(
    cx: &Context,
    ui: &mut Ui,
    checkpoint: &Checkpoint,
    stream: &Stream,
    args: &RunArgs,
) -> Result<Positions> {
    let path = checkpoint.path().display().to_string();
    let from = args.from.unwrap_or(From::TrimHorizon);
    let place = match from {
        From::Latest => "new records",
        From::TrimHorizon => "its oldest record",
    };
    let check = format!("run: cruddur ddb check --repair{}", cx.target().flag());
    Ok(match checkpoint.load(&stream.arn)? {
        Saved::Nothing => {
            ui.status(format!("starting with {place}"));
            let keeps = if cx.dry_run() { "would keep" } else { "keeping" };
            ui.status(format!("{keeps} its place in {path}"));
            Positions::begin(from, stream)
        }
        Saved::Here { positions, outdated } => {
            ui.status(format!("resuming from {path}"));
            if args.from.is_some() {
                ui.warn("--from has no effect: there is a checkpoint to resume from");
            }
            if outdated {
                ui.warn("the checkpoint is more than 24 hours old, and a stream keeps records no longer: some may not have been handled");
                ui.hint(check);
            }
            positions
        }
        Saved::Former(arn) => {
            ui.warn(format!(
                "the checkpoint {path} is for a former stream of this table, {arn}: later records there are not handled"
            ));
            ui.hint(check);
            ui.status(format!("starting in the new stream with {place}"));
            Positions::begin(from, stream)
        }
    })
}

impl Run {
    /// Handles batch after batch. True at the stream's end, false when asked to stop.
    async fn follow(&mut self, cx: &Context, ui: &mut Ui, records: &mut Records) -> Result<bool> {
        while self.stop.is_none() {
            let step = tokio::select! {
                biased;
                stop = self.signals.next() => {
                    self.stop = Some(stop);
                    break;
                }
                step = self.reader.next() => step?,
            };
            match step {
                None => return Ok(true),
                Some(Step::Lost(shard)) => {
                    ui.warn(format!(
                        "records of {shard} are gone: a stream keeps them for 24 hours, and some may not have been handled"
                    ));
                    ui.hint(format!("run: cruddur ddb check --repair{}", cx.target().flag()));
                }
                Some(Step::Records(batch)) => self.handle(ui, records, &batch).await?,
            }
        }
        Ok(false)
    }

    /// Handles a batch, then saves the position after it, then prints it.
    async fn handle(&mut self, ui: &mut Ui, records: &mut Records, batch: &Batch) -> Result<()> {
        let work = self.messages.handle_records(&batch.records);
        tokio::pin!(work);
        let handled: Handled = loop {
            tokio::select! {
                handled = &mut work => break handled,
                // A second signal ends the process. The checkpoint is then before this batch.
                stop = self.signals.next() => {
                    self.stop = Some(stop);
                    ui.status("stopping once these records are handled; Ctrl-C again quits now");
                }
            }
        };
        self.totals.add(&handled);
        self.reader.handled(batch, handled.records);
        if !self.messages.db().is_dry_run() {
            self.checkpoint.save(&self.arn, self.reader.positions())?;
        }
        for number in &handled.unreadable {
            ui.warn(format!("skipped the record {number} of {}: it names no item", batch.shard));
        }
        for group in &handled.groups {
            records.push(group)?;
        }
        records.flush_all()?;
        match handled.failure {
            None => Ok(()),
            Some(error) => Err(stopped(error, &handled_next(batch, handled.records))),
        }
    }

    fn usage(&self) -> Usage {
        self.messages.db().usage(self.totals.read.clone(), self.totals.written.clone())
    }

    fn summary(&self, usage: &UsageArgs) -> serde_json::Value {
        let totals = &self.totals;
        serde_json::json!({
            "count": totals.refreshes,
            "records": totals.records,
            "messages": totals.messages,
            "rows": totals.rows,
            "reads": self.reader.reads,
            "consumed_capacity": usage.json(&self.usage()),
        })
    }

    fn show_summary(&self, ui: &mut Ui) {
        let totals = &self.totals;
        ui.status(format!(
            "handled {} in {}: {}, {} brought up to date",
            count(totals.records, "record"),
            count(self.reader.reads, "read"),
            count(totals.messages, "message"),
            count(totals.rows, "row"),
        ));
        ui.detail(format!("  the next run resumes from {}", self.checkpoint.path().display()));
    }
}

/// The sequence number after `count` records.
fn handled_next(batch: &Batch, count: usize) -> String {
    batch.records.get(count).map(|record| record.sequence_number.clone()).unwrap_or_default()
}

fn stopped(error: Error, number: &str) -> Error {
    let message = format!("stopped before the record {number}: {}", error.message());
    let kind = error.kind();
    error.with(kind, message).hint("nothing is skipped: the next run begins with this record")
}
