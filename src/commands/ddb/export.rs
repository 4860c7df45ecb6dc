//! `cruddur ddb export`

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{ScanSpeedArgs, TableArgs};
use crate::archive::{Compression, Header, KeyPart, PartialExport, Totals, Wanted, Writer};
use crate::commands::common::{OutputArgs, count, shell_word};
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::signals::{Signals, Stop};
use crate::context::Context;
use crate::dynamodb::{DynamoDb, Scan, ScanRequest, TableSchema};
use crate::error::{Error, Kind, Result};
use crate::output::{Format, Progress, Ui, write_error};

pub(super) const EXAMPLES: &str = "\
Examples:
  # all items, compressed; the file appears only once it is complete
  cruddur ddb export messages.ndjson.gz
  # resume after Ctrl-C, a crash or a lost connection
  cruddur ddb export messages.ndjson.gz --resume
  # at most 50 read units per second
  cruddur ddb export messages.ndjson.zst --max-rcu 50
  # copy to another table, without a file
  cruddur ddb schema-load --table copy
  cruddur ddb export - | cruddur ddb import - --table copy";

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file to write, compressed if it ends in .gz or .zst; - is stdout
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Resume an interrupted export of this table
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Overwrite an existing file or an unfinished export
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    speed: ScanSpeedArgs,
    /// Use strongly consistent reads, at twice the units
    #[arg(long)]
    consistent: bool,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What was exported, as JSON.
#[derive(Serialize)]
struct Exported<'e> {
    file: String,
    table: &'e str,
    #[serde(flatten)]
    totals: &'e Totals,
    consumed_capacity: serde_json::Value,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ExportArgs) -> Result<()> {
    let is_stdout = args.file == Path::new("-");
    if is_stdout && (args.resume || args.force || args.output.output != Format::Table) {
        return Err(Error::usage("--resume, --force and --output need a file; - is stdout"));
    }
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let schema = db.table_schema(&table).await?;
    let header =
        Header::new(&table, db.endpoint().name().to_owned(), KeyPart::of(&schema), schema.id.clone());
    let mut signals = Signals::catch()?;
    if is_stdout {
        return to_stdout(ui, &db, args, &header, &mut signals).await;
    }
    if cx.dry_run() {
        return rehearse(ui, args, header, &schema);
    }
    let mut file = open(ui, args, header)?;
    let mut scan = scan(&db, args, &table, file.starts()).await?;
    file.cut_into(scan.segments());
    let progress = progress(ui, &schema, file.totals().items);
    let ended = read(&mut scan, &mut signals, |page| {
        progress.advance(page.items.len());
        file.push(page)
    });
    let ended = ended.await;
    drop(progress);
    let again = format!(
        "cruddur ddb export {}{} --resume{}",
        shell_word(&args.file.display().to_string()),
        args.table.flag(),
        cx.target().flag()
    );
    match ended {
        Ok(None) => {}
        Ok(Some(stop)) => {
            file.save()?;
            ui.status(format!(
                "stopped; {} saved in {}",
                count(file.totals().items, "item"),
                file.part().display()
            ));
            ui.status(format!("to resume run: {again}"));
            args.usage.show(ui, &scan.usage(), Bill::Run);
            return Err(stop.unfinished());
        }
        Err(error) => {
            file.save()?;
            let items = file.totals().items;
            if items == 0 {
                return Err(error);
            }
            let message =
                format!("{}; {} saved in {}", error.message(), count(items, "item"), file.part().display());
            return Err(error.with(Kind::Partial, message).hint(format!("to resume run: {again}")));
        }
    }
    let totals = file.finish()?;
    show(ui, &table, &args.file.display().to_string(), &totals);
    if args.output.output != Format::Table {
        let file = args.file.display().to_string();
        let consumed_capacity = args.usage.json(&scan.usage());
        ui.document(&Exported { file, table: &table, totals: &totals, consumed_capacity })?;
    }
    args.usage.show(ui, &scan.usage(), Bill::Run);
    Ok(())
}

/// The dry run. It reads nothing; the cost it shows is that of scanning the table.
fn rehearse(ui: &mut Ui, args: &ExportArgs, header: Header, schema: &TableSchema) -> Result<()> {
    let (table, file) = (header.table.clone(), args.file.display().to_string());
    let begun = Wanted { path: &args.file, header, force: args.force }.rehearse(args.resume)?;
    let replaces = begun.is_none() && args.file.exists();
    if args.output.output != Format::Table {
        let resumed = begun.map(|totals| totals.items);
        return ui.document(&serde_json::json!({
            "file": file, "table": table, "dry_run": true, "resumed_items": resumed, "replaces": replaces,
            "estimated_items": schema.items,
        }));
    }
    ui.notice(format!("would export {table:?} to {file}; nothing was read or written"));
    ui.notice(format!("the table holds about {}", count(schema.items, "item")));
    if let Some(totals) = begun {
        ui.notice(format!("would resume after {}", count(totals.items, "item")));
    }
    if replaces {
        ui.notice(format!("would replace {file}, which exists"));
    }
    Ok(())
}

/// Resumes the file if asked to, else begins it.
fn open(ui: &mut Ui, args: &ExportArgs, header: Header) -> Result<PartialExport> {
    let wanted = Wanted { path: &args.file, header, force: args.force };
    if !args.resume {
        return PartialExport::begin(wanted);
    }
    if let Some(file) = PartialExport::resume(&wanted)? {
        ui.status(format!(
            "resuming after {} in {}",
            count(file.totals().items, "item"),
            file.part().display()
        ));
        return Ok(file);
    }
    ui.status("nothing to resume; starting from the beginning");
    PartialExport::begin(wanted)
}

async fn scan(
    db: &DynamoDb,
    args: &ExportArgs,
    table: &str,
    start: Vec<crate::dynamodb::Start>,
) -> Result<Scan> {
    db.scan(ScanRequest {
        table: table.to_owned(),
        // A resumed run keeps the segments of the earlier one.
        segments: if start.is_empty() { args.speed.segments } else { crate::dynamodb::Segments::Auto },
        max_rcu: args.speed.max_rcu,
        consistent: args.consistent,
        start,
        ..ScanRequest::default()
    })
    .await
}

/// Passes all pages to `take`. Returns the signal that stopped it, if any.
async fn read(
    scan: &mut Scan,
    signals: &mut Signals,
    mut take: impl FnMut(&crate::dynamodb::ScanPage) -> Result<()>,
) -> Result<Option<Stop>> {
    loop {
        let page = tokio::select! {
            biased;
            stop = signals.next() => return Ok(Some(stop)),
            page = scan.next_page() => page?,
        };
        let Some(page) = page else { return Ok(None) };
        take(&page)?;
    }
}

/// Exports to a pipe, uncompressed, since such an export cannot be resumed.
async fn to_stdout(
    ui: &mut Ui,
    db: &DynamoDb,
    args: &ExportArgs,
    header: &Header,
    signals: &mut Signals,
) -> Result<()> {
    let mut scan = scan(db, args, &header.table, Vec::new()).await?;
    let out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let mut writer = Writer::begin(out, Compression::None, header).map_err(write_error)?;
    let ended = read(&mut scan, signals, |page| {
        page.items
            .iter()
            .try_for_each(|item| writer.push(item))
            .and_then(|()| writer.flush())
            .map_err(write_error)
    });
    if let Some(stop) = ended.await? {
        return Err(stop.unfinished());
    }
    let totals = writer.finish().map_err(write_error)?;
    show(ui, &header.table, "stdout", &totals);
    args.usage.show(ui, &scan.usage(), Bill::Run);
    Ok(())
}

fn show(ui: &mut Ui, table: &str, file: &str, totals: &Totals) {
    ui.status(format!("exported {} of {table:?} to {file}", count(totals.items, "item")));
    ui.detail(format!("  bytes of text: {}", totals.bytes));
    ui.detail(format!("  sha256: {}", totals.sha256));
    ui.detail(format!("  content: {}", totals.content));
}

/// A progress bar over the last known item count, less the items already read.
fn progress(ui: &mut Ui, schema: &TableSchema, read: u64) -> Progress {
    let left = schema.items.saturating_sub(read);
    ui.progress_with_rate("exporting", left)
}
