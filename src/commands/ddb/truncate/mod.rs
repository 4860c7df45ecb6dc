//! `cruddur ddb truncate`

mod kept;

use clap::Args;

use self::kept::KeptFile;
pub(super) use self::kept::left_over;
use super::usage::{Bill, UsageArgs};
use super::writing::{ended, watched};
use super::{ScanSpeedArgs, TableArgs, parse_units};
use crate::aws::Effort;
use crate::commands::common::count;
use crate::commands::plan::show_plan;
use crate::commands::signals::Signals;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::dynamodb::item::expression::Projection;
use crate::dynamodb::{BulkOptions, BulkWriter, DynamoDb, Emptying, Scan, ScanRequest};
use crate::error::{Error, Kind, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what it would do, and what that would take
  cruddur ddb truncate --dry-run
  # delete every item by its key, with at most 500 write units a second
  cruddur ddb truncate --by-key --max-wcu 500";

/// Items that are deleted by key without further ado: a few requests, as fast as anything else.
const FEW: u64 = 1000;

#[derive(Debug, Args)]
pub struct TruncateArgs {
    #[command(flatten)]
    table: TableArgs,
    /// Delete every item by its key, and leave the table alone
    #[arg(long, conflicts_with = "recreate")]
    by_key: bool,
    /// Drop the table and create it again with the same definition
    #[arg(long)]
    recreate: bool,
    #[command(flatten)]
    speed: ScanSpeedArgs,
    /// Write units a second, at most, when deleting by key [default: as many as the table takes]
    #[arg(long, value_name = "N", value_parser = parse_units)]
    max_wcu: Option<f64>,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// How a table is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ByKey,
    Recreate,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &TruncateArgs) -> Result<()> {
    let table = args.table.name(cx);
    let db = cx.dynamodb().await?;
    let at = announce(cx, ui, &db).await?;
    if !args.by_key && kept::go_on(cx, ui, &db, &table, (&at, &args.confirm)).await? {
        return Ok(());
    }
    let found = db.look_before_emptying(&table).await?;
    let (way, why) = choose(args, &found, &table)?;
    ui.status(format!("the table {table:?} holds about {}", count(found.items, "item")));
    ui.status(format!(
        "deleting them by key takes an estimated {} read + {} write units",
        found.read_units(),
        found.write_units()
    ));
    ui.status(match way {
        Way::ByKey => format!("deleting by key: {why}"),
        Way::Recreate => format!("creating the table anew: {why}"),
    });
    if way == Way::Recreate {
        found.obstacles.iter().for_each(|obstacle| ui.warn(obstacle));
    }
    if cx.dry_run() {
        return rehearse(ui, args, &db, &table, &found, way).await;
    }
    let consequence = format!("every item of the table {table:?} on {} is deleted", db.place());
    args.confirm.check(ui, &at, &table, &consequence)?;
    match way {
        Way::ByKey => Box::pin(by_key(ui, args, &db, &table, &found)).await,
        Way::Recreate => recreate(cx, ui, &db, &table, &found).await,
    }
}

/// How, and why.
fn choose(args: &TruncateArgs, found: &Emptying, table: &str) -> Result<(Way, String)> {
    if args.recreate {
        return match &found.refusal {
            Some(refusal) => Err(Error::failed(format!(
                "the table {table:?} cannot be dropped and created again: {refusal}"
            ))
            .hint("to delete its items by key, leave --recreate out")),
            None => Ok((Way::Recreate, "as asked".to_owned())),
        };
    }
    if args.by_key {
        return Ok((Way::ByKey, "as asked".to_owned()));
    }
    if let Some(refusal) = &found.refusal {
        return Ok((Way::ByKey, refusal.clone()));
    }
    if let Some(obstacle) = found.obstacles.first() {
        return Ok((Way::ByKey, format!("{obstacle} (--recreate does it all the same)")));
    }
    if found.items <= FEW {
        return Ok((Way::ByKey, format!("{} take no longer than a new table", count(found.items, "item"))));
    }
    Ok((Way::Recreate, format!("that saves {} write units", found.write_units())))
}

/// Shows what would be sent. To delete by key, all keys are read for it.
async fn rehearse(
    ui: &mut Ui,
    args: &TruncateArgs,
    db: &DynamoDb,
    table: &str,
    found: &Emptying,
    way: Way,
) -> Result<()> {
    let mut plan = match way {
        Way::Recreate => db.rehearse(table, db.recreate(table, &found.definition)).await?,
        Way::ByKey => {
            let (mut scan, mut writer) = reading_and_deleting(args, db, table, found).await?;
            db.rehearse(table, delete_all(&mut scan, &mut writer)).await?
        }
    };
    if way == Way::ByKey {
        // Of an item that is deleted, only the key was read: by the average size.
        let items = plan.effort.items;
        plan.effort = Effort { items, ..found.effort_of(items) };
    }
    show_plan(ui, plan)
}

/// A scan of the keys, and what deletes them.
async fn reading_and_deleting(
    args: &TruncateArgs,
    db: &DynamoDb,
    table: &str,
    found: &Emptying,
) -> Result<(Scan, BulkWriter)> {
    let scan = db
        .scan(ScanRequest {
            table: table.to_owned(),
            segments: args.speed.segments,
            max_rcu: args.speed.max_rcu,
            attributes: Some(Projection::of(found.key.names())),
            ..ScanRequest::default()
        })
        .await?;
    let options = BulkOptions { max_wcu: args.max_wcu, total: None };
    Ok((scan, db.bulk_writer(table, &found.key, options)))
}

async fn delete_all(scan: &mut Scan, writer: &mut BulkWriter) -> Result<()> {
    while let Some(page) = scan.next_page().await? {
        for key in page.items {
            writer.delete(key).await?;
        }
    }
    writer.flush().await
}

async fn recreate(cx: &Context, ui: &mut Ui, db: &DynamoDb, table: &str, found: &Emptying) -> Result<()> {
    let definition = &found.definition;
    // Should this process end in between, here is what the table was like.
    let file = KeptFile::open(cx, db, table)?;
    file.keep(ui, definition)?;
    let mut signals = Signals::catch()?;
    let mut work = Box::pin(db.recreate(table, definition));
    let mut stop = None;
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            asked = signals.next() => {
                stop = Some(asked);
                ui.status("it cannot stop here: the table is deleted and not created again yet");
            }
        }
    };
    file.conclude(cx, db, table, definition, done).await?;
    ui.status(format!("created the table {table:?} anew; it is empty and ACTIVE"));
    stop.map_or(Ok(()), |stop| Err(stop.unfinished()))
}

async fn by_key(
    ui: &mut Ui,
    args: &TruncateArgs,
    db: &DynamoDb,
    table: &str,
    found: &Emptying,
) -> Result<()> {
    let (mut scan, mut writer) = reading_and_deleting(args, db, table, found).await?;
    let mut signals = Signals::catch()?;
    let progress = writer.progress();
    let deleting = delete_all(&mut scan, &mut writer);
    let bar = ui.progress_with_rate("deleting", found.items);
    let fed = watched(bar, 0, &progress, &mut signals, deleting, || Ok(())).await;
    let again = "the same command goes on: it deletes whatever is there";
    let stop = match fed {
        Ok(stop) => stop,
        Err(error) => {
            // What is on its way has an end, too.
            let _ = ended(ui, &mut writer, None, &mut signals).await;
            let deleted = progress.written();
            if deleted == 0 || error.kind() == Kind::Partial {
                return Err(error.hint(again));
            }
            let message = format!("{}; {} deleted", error.message(), count(deleted, "item"));
            return Err(error.with(Kind::Partial, message).hint(again));
        }
    };
    let written = ended(ui, &mut writer, stop, &mut signals).await.map_err(|error| error.hint(again))?;
    ui.status(format!("deleted {} of the table {table:?}", count(written.deleted, "item")));
    let mut usage = scan.usage();
    usage.write = written.capacity;
    args.usage.show(ui, &usage, Bill::Run);
    let Some(stop) = stop else { return Ok(()) };
    ui.status("stopped before the end: others are left");
    ui.hint(again);
    Err(stop.unfinished())
}
