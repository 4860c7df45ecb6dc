//! `cruddur ddb import`

mod write;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use self::write::{ImportOutcome, Job};
use super::{TableArgs, parse_units, state_folder};
use crate::archive::{
    FileSurvey, Format as FileFormat, ImportCheckpoint, KeyPart, Policy, Reading, Source, survey,
};
use crate::commands::common::{OutputArgs, count, shell_word};
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::plan::show_plan;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::dynamodb::{Capacity, DynamoDb, TableSchema};
use crate::error::{Error, Result};
use crate::output::{Format, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # an export, into an empty table
  cruddur ddb import messages.ndjson.gz
  # the folder of an export to S3, as downloaded
  cruddur ddb import AWSDynamoDB/01700000000000-0a1b2c3d
  # the output of aws dynamodb scan
  cruddur ddb import scan.json
  # resume after Ctrl-C, a crash or a lost connection
  cruddur ddb import messages.ndjson.gz --resume
  # overwrite existing items; in production this asks for the table's name
  cruddur ddb import messages.ndjson.gz --replace
  # only missing items
  cruddur ddb import messages.ndjson.gz --keep-existing";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct ImportArgs {
    /// The file to read, compressed or not, or the folder of an AWS or dynamodump export; - is
    /// stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Overwrite existing items with the same key
    #[arg(long, conflicts_with = "keep_existing")]
    replace: bool,
    /// Keep existing items with the same key
    #[arg(long)]
    keep_existing: bool,
    /// Resume an interrupted import of this file into this table
    #[arg(long)]
    resume: bool,
    /// Format of the file [default: detected]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FileFormat>,
    /// With plain JSON: turn arrays of only strings or only numbers into sets
    #[arg(long)]
    infer_sets: bool,
    /// Accept an export of a table with another key, if its items have this table's key
    #[arg(long)]
    any_key: bool,
    /// Limit on write units per second
    #[arg(long, value_name = "N", value_parser = parse_units)]
    max_wcu: Option<f64>,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What was imported, as JSON.
#[derive(Serialize)]
struct Imported<'i> {
    file: &'i str,
    format: Option<&'static str>,
    table: &'i str,
    #[serde(flatten)]
    outcome: &'i ImportOutcome,
    content: &'i str,
    consumed_capacity: serde_json::Value,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ImportArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let source = Arc::new(Source::open(&args.file)?);
    if args.resume && !source.is_repeatable() {
        return Err(Error::usage("--resume needs a file; a pipe cannot be read again"));
    }
    let table = args.table.name(cx);
    let schema = Arc::new(db.table_schema(&table).await?);
    let key = KeyPart::of(&schema);
    let mut reading = Reading {
        format: args.format,
        infer_sets: args.infer_sets,
        key,
        any_key: args.any_key,
        is_again: false,
    };
    let at = announce(cx, ui, &db).await?;
    // A pipe can be read only once, so it is checked while it is written.
    let surveyed =
        if source.is_repeatable() { Some(surveyed(ui, &source, &reading, &schema)?) } else { None };
    reading.is_again = surveyed.is_some();
    let mut place = place(cx, &db, &table, &schema, surveyed.as_ref())?;
    let saved = place.as_ref().and_then(|place| place.saved).filter(|_| args.resume);
    let mut read = Capacity::default();
    let policy = match saved {
        Some(saved) => resumed_policy(args, saved.policy)?,
        None => policy(cx, ui, &db, args, &table, place.as_ref(), surveyed.as_ref(), &mut read).await?,
    };
    let skip = saved.map_or(0, |saved| saved.done);
    match saved {
        _ if !args.resume => {}
        Some(saved) => ui.status(format!("resuming after {} of {}", saved.done, count(saved.total, "item"))),
        None => ui.status("nothing to resume; starting from the beginning"),
    }
    let again = again(cx, args, policy);
    let job =
        Job { db: &db, table: &table, schema: &schema, policy, max_wcu: args.max_wcu, skip, again: &again };
    if cx.dry_run() {
        let plan = job.rehearsed(ui, &source, reading, surveyed.as_ref()).await?;
        return show_plan(ui, plan);
    }
    if policy == Policy::Replace {
        let items =
            surveyed.as_ref().map_or("items".to_owned(), |surveyed| count(surveyed.changes(), "item"));
        let consequence = format!(
            "{items} of {} overwrite those with the same keys in {table:?} on {}",
            source.name(),
            db.endpoint()
        );
        args.confirm.check(ui, &at, &table, &consequence)?;
    }
    if let (Some(place), Some(surveyed)) = (&mut place, &surveyed) {
        place.save(policy, skip, surveyed.changes())?;
    }
    let (outcome, ended) = job.run(ui, &source, reading, surveyed.as_ref(), &mut place).await;
    let usage = db.usage(read, outcome.capacity.clone());
    let surveyed = match ended {
        Ok(surveyed) => surveyed,
        Err(error) => {
            if error.kind().is_silent() {
                args.usage.show(ui, &usage, Bill::Run);
            }
            return Err(error);
        }
    };
    outcome.show(ui, source.name(), &table, &surveyed);
    if args.output.output != Format::Table {
        let (file, content) = (source.name(), surveyed.content.as_str());
        let format = surveyed.format.map(FileFormat::name);
        let consumed_capacity = args.usage.json(&usage);
        ui.document(&Imported {
            file,
            format,
            table: &table,
            outcome: &outcome,
            content,
            consumed_capacity,
        })?;
    }
    args.usage.show(ui, &usage, Bill::Run);
    Ok(())
}

/// Checks the whole file before anything is written.
fn surveyed(ui: &mut Ui, source: &Source, reading: &Reading, schema: &TableSchema) -> Result<FileSurvey> {
    let bytes = usize::try_from(source.bytes()).unwrap_or(usize::MAX);
    let progress = ui.progress("checking (bytes)", bytes);
    let mut shown = 0;
    let surveyed = survey(source, reading, schema, |read| {
        let read = usize::try_from(read).unwrap_or(usize::MAX);
        progress.advance(read.saturating_sub(shown));
        shown = read;
    });
    drop(progress);
    let surveyed = surveyed?;
    let what = surveyed.format.map_or("nothing", FileFormat::name);
    let files =
        if source.files() > 1 { format!(" in {}", count(source.files(), "file")) } else { String::new() };
    let deletes = if surveyed.deletes > 0 {
        format!(" and {} to delete", count(surveyed.deletes, "key"))
    } else {
        String::new()
    };
    ui.status(format!("{} is {what}{files}: {}{deletes}", source.name(), count(surveyed.puts, "item")));
    if !surveyed.is_counted {
        ui.status("it does not say how many items to expect");
    }
    if surveyed.has_more {
        ui.warn("it is only part of its table: it says there was more to read");
    }
    if surveyed.repeated > 0 && reading.any_key {
        let keys = count(surveyed.repeated, "key");
        return Err(Error::failed(format!(
            "{} has more than one item for {keys} of this table; nothing was written",
            source.name()
        )));
    }
    if surveyed.repeated > 0 {
        let which = if surveyed.repeated == 1 {
            "1 key appears".to_owned()
        } else {
            format!("{} keys appear", surveyed.repeated)
        };
        ui.warn(format!(
            "{which} more than once; the last item of a key wins, or with --keep-existing the first"
        ));
    }
    if surveyed.lost > 0 {
        ui.warn(format!(
            "{} had binary data that dynein did not export; a placeholder text replaces it",
            count(surveyed.lost, "attribute")
        ));
    }
    Ok(surveyed)
}

fn place(
    cx: &Context,
    db: &DynamoDb,
    table: &str,
    schema: &TableSchema,
    surveyed: Option<&FileSurvey>,
) -> Result<Option<ImportCheckpoint>> {
    let Some(surveyed) = surveyed else { return Ok(None) };
    let folder = state_folder(cx, "imports", db, &[table, &schema.id])?;
    ImportCheckpoint::of(&folder, &surveyed.checksum, cx.dry_run()).map(Some)
}

/// Decides what to do with existing items.
#[expect(clippy::too_many_arguments, reason = "all that decides on it")]
async fn policy(
    cx: &Context,
    ui: &mut Ui,
    db: &DynamoDb,
    args: &ImportArgs,
    table: &str,
    place: Option<&ImportCheckpoint>,
    surveyed: Option<&FileSurvey>,
    read: &mut Capacity,
) -> Result<Policy> {
    if args.keep_existing {
        if surveyed.is_some_and(|surveyed| surveyed.deletes > 0) {
            return Err(Error::usage("an incremental export deletes and overwrites: it needs --replace"));
        }
        return Ok(Policy::Keep);
    }
    let (has_items, capacity) = db.has_items(table).await?;
    read.merge(&capacity);
    if !has_items {
        if surveyed.is_some_and(|surveyed| surveyed.deletes > 0) {
            ui.warn("the table is empty, but an incremental export holds only what changed");
        }
        return Ok(Policy::Empty);
    }
    if args.replace {
        return Ok(Policy::Replace);
    }
    let mut error = Error::refused(format!("{table:?} on {} already has items", db.endpoint()));
    if let Some(saved) = place.and_then(|place| place.saved) {
        error = error.hint(format!(
            "an import of this file was interrupted after {} of {}; to resume run: {}",
            saved.done,
            count(saved.total, "item"),
            again(cx, args, saved.policy)
        ));
    }
    Err(error
        .hint("to overwrite items with the same key add: --replace")
        .hint("to add only what is missing add: --keep-existing"))
}

/// A resumed run keeps the policy of the first run.
fn resumed_policy(args: &ImportArgs, policy: Policy) -> Result<Policy> {
    let asked = [(args.replace, Policy::Replace), (args.keep_existing, Policy::Keep)];
    let other = asked.into_iter().find(|(is_asked, other)| *is_asked && *other != policy);
    // If the table was empty, overwritten items are the earlier run's own.
    if other.is_some() && policy != Policy::Empty {
        return Err(Error::refused(
            "the earlier run had the other of --replace and --keep-existing; nothing was done",
        )
        .hint("to start over leave out --resume"));
    }
    Ok(policy)
}

/// The command that resumes the import.
fn again(cx: &Context, args: &ImportArgs, policy: Policy) -> String {
    let policy = match policy {
        Policy::Empty => "",
        Policy::Replace => " --replace",
        Policy::Keep => " --keep-existing",
    };
    let file = shell_word(&args.file.display().to_string());
    format!("cruddur ddb import {file}{}{policy} --resume{}", args.table.flag(), cx.target().flag())
}
