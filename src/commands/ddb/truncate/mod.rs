//! `cruddur ddb truncate`

mod saved_table;

use clap::Args;

use self::saved_table::SavedTableFile;
pub(super) use self::saved_table::left_over;
use super::writing::{ended, watched};
use super::{ScanSpeedArgs, TableArgs, parse_units};
use crate::aws::WriteCost;
use crate::commands::common::count;
use crate::commands::ddb::args::usage::{Bill, UsageArgs};
use crate::commands::plan::show_plan;
use crate::commands::signals::Signals;
use crate::commands::target::{ConfirmArgs, announce};
use crate::context::Context;
use crate::dynamodb::item::expression::Projection;
use crate::dynamodb::{BulkOptions, BulkWriter, DynamoDb, Scan, ScanRequest, Truncation};
use crate::error::{Error, Kind, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what it would do, and what that would consume
  cruddur ddb truncate --dry-run
  # delete every item by key, at no more than 500 write units per second
  cruddur ddb truncate --by-key --max-wcu 500";

/// Up to this many items are deleted by key: it takes a few requests, and is as fast as recreating
/// the table.
const FEW: u64 = 1000;

#[derive(Debug, Args)]
pub struct TruncateArgs {
    #[command(flatten)]
    table: TableArgs,
    /// Delete every item by key, and keep the table
    #[arg(long, conflicts_with = "recreate")]
    by_key: bool,
    /// Drop the table and create it again with the same definition
    #[arg(long)]
    recreate: bool,
    #[command(flatten)]
    speed: ScanSpeedArgs,
    /// Limit on write units per second, when deleting by key [default: as many as the table takes]
    #[arg(long, value_name = "N", value_parser = parse_units)]
    max_wcu: Option<f64>,
    #[command(flatten)]
    usage: UsageArgs,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// How a table is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    ByKey,
    Recreate,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &TruncateArgs) -> Result<()> {
    let table = args.table.name(cx);
    let db = cx.dynamodb().await?;
    let at = announce(cx, ui, &db).await?;
    if !args.by_key && saved_table::go_on(cx, ui, &db, &table, (&at, &args.confirm)).await? {
        return Ok(());
    }
    let found = db.plan_truncation(&table).await?;
    let (way, why) = choose(args, &found, &table)?;
    ui.status(format!("the table {table:?} holds about {}", count(found.items, "item")));
    ui.status(format!(
        "deleting them by key takes an estimated {} read + {} write units",
        found.read_units(),
        found.write_units()
    ));
    ui.status(match way {
        Method::ByKey => format!("deleting by key: {why}"),
        Method::Recreate => format!("recreating the table: {why}"),
    });
    if way == Method::Recreate {
        found.obstacles.iter().for_each(|obstacle| ui.warn(obstacle));
    }
    if cx.dry_run() {
        return rehearse(ui, args, &db, &table, &found, way).await;
    }
    let consequence = format!("this deletes every item of the table {table:?} on {}", db.endpoint());
    args.confirm.check(ui, &at, &table, &consequence)?;
    match way {
        Method::ByKey => Box::pin(by_key(ui, args, &db, &table, &found)).await,
        Method::Recreate => recreate(cx, ui, &db, &table, &found).await,
    }
}

/// Chooses the method, and says why.
fn choose(args: &TruncateArgs, found: &Truncation, table: &str) -> Result<(Method, String)> {
    if args.recreate {
        return match &found.refusal {
            Some(refusal) => Err(Error::failed(format!("cannot recreate the table {table:?}: {refusal}"))
                .hint("to delete its items by key, leave out --recreate")),
            None => Ok((Method::Recreate, "as requested".to_owned())),
        };
    }
    if args.by_key {
        return Ok((Method::ByKey, "as requested".to_owned()));
    }
    if let Some(refusal) = &found.refusal {
        return Ok((Method::ByKey, refusal.clone()));
    }
    if let Some(obstacle) = found.obstacles.first() {
        return Ok((Method::ByKey, format!("{obstacle} (--recreate does it anyway)")));
    }
    if found.items <= FEW {
        return Ok((Method::ByKey, format!("no slower than a new table for {}", count(found.items, "item"))));
    }
    Ok((Method::Recreate, format!("saves {} write units", found.write_units())))
}

/// Prints the requests. Deleting by key reads all keys for that.
async fn rehearse(
    ui: &mut Ui,
    args: &TruncateArgs,
    db: &DynamoDb,
    table: &str,
    found: &Truncation,
    way: Method,
) -> Result<()> {
    let mut plan = match way {
        Method::Recreate => db.rehearse(table, db.recreate(table, &found.definition)).await?,
        Method::ByKey => {
            let (mut scan, mut writer) = reading_and_deleting(args, db, table, found).await?;
            db.rehearse(table, delete_all(&mut scan, &mut writer)).await?
        }
    };
    if way == Method::ByKey {
        // Only the keys were read, so the cost is estimated from the average item size.
        let items = plan.cost.items;
        plan.cost = WriteCost { items, ..found.cost_of(items) };
    }
    show_plan(ui, plan)
}

/// The scan of the keys, and the writer that deletes them.
async fn reading_and_deleting(
    args: &TruncateArgs,
    db: &DynamoDb,
    table: &str,
    found: &Truncation,
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

async fn recreate(cx: &Context, ui: &mut Ui, db: &DynamoDb, table: &str, found: &Truncation) -> Result<()> {
    let definition = &found.definition;
    // Saves the definition, in case this process ends before the table is created again.
    let file = SavedTableFile::open(cx, db, table)?;
    file.keep(ui, definition)?;
    let mut signals = Signals::catch()?;
    let mut work = Box::pin(db.recreate(table, definition));
    let mut stop = None;
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            asked = signals.next() => {
                stop = Some(asked);
                ui.status("cannot stop here: the table is deleted and not yet recreated");
            }
        }
    };
    file.conclude(cx, db, table, definition, done).await?;
    ui.status(format!("recreated the table {table:?}; it is empty and ACTIVE"));
    stop.map_or(Ok(()), |stop| Err(stop.unfinished()))
}

async fn by_key(
    ui: &mut Ui,
    args: &TruncateArgs,
    db: &DynamoDb,
    table: &str,
    found: &Truncation,
) -> Result<()> {
    let (mut scan, mut writer) = reading_and_deleting(args, db, table, found).await?;
    let mut signals = Signals::catch()?;
    let progress = writer.progress();
    let deleting = delete_all(&mut scan, &mut writer);
    let bar = ui.progress_with_rate("deleting", found.items);
    let fed = watched(bar, 0, &progress, &mut signals, deleting, || Ok(())).await;
    let again = "run the same command again: it deletes what is left";
    let stop = match fed {
        Ok(stop) => stop,
        Err(error) => {
            // Waits for the writes in flight, too.
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
    ui.status("stopped early: some items are left");
    ui.hint(again);
    Err(stop.unfinished())
}
