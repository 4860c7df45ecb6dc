//! `--apply`: what is done to a table that differs from its definition.

use std::time::Duration;

use crate::commands::common::count;
use crate::commands::signals::Signals;
use crate::dynamodb::{Busy, DEFAULT_PRICE_REGION, DynamoDb, Prices};
use crate::error::{Kind, Result};
use crate::messages_table::{Backfill, Change, Comparison, Definition, MessagesTable};
use crate::output::Ui;
use crate::output::consumed::dollars;

const AGAIN: &str = "run the same command again to continue";

/// Prints the changes to make and what they cost.
pub(super) fn tell(ui: &mut Ui, db: &DynamoDb, table: &str, found: &Comparison, changes: &[Change]) {
    let steps = count(changes.len(), "change");
    ui.status(format!("the table {table:?} differs from its definition; {steps} to make:"));
    for (number, change) in changes.iter().enumerate() {
        ui.status(format!("  {}. {change}", number + 1));
        if let (Change::CreateIndex { .. }, Some(backfill)) = (change, found.backfill) {
            ui.status(format!("     {}", cost(db, backfill)));
        }
    }
}

/// An upper bound on the cost of filling the index. Which items belong in it is known only once
/// they are read.
fn cost(db: &DynamoDb, backfill: Backfill) -> String {
    let Backfill { items, write_units, per_second } = backfill;
    if items == 0 {
        return "the table seems to have no items to fill it with".to_owned();
    }
    let most = format!("at most {}, {}", count(items, "item"), count(write_units, "write unit"));
    if let Some(per_second) = per_second.and_then(|units| u64::try_from(units).ok()) {
        let seconds = Duration::from_secs(write_units.div_ceil(per_second.max(1)));
        return format!("{most}; at {per_second} a second up to {}", lasting(seconds));
    }
    if db.is_emulated() {
        return format!("{most}; an emulator charges nothing");
    }
    let prices = Prices::of(db.endpoint().region()).or_else(|| Prices::of(DEFAULT_PRICE_REGION));
    match prices {
        Some(prices) => {
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            let usd = write_units as f64 * prices.write / 1e6;
            format!("{most}: {} ({}, {})", dollars(usd), prices.region, prices.as_of)
        }
        None => most,
    }
}

/// `12 s`, `70 min`, `31 h`
fn lasting(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// Makes the changes one by one.
///
/// # Errors
/// [`Kind::Partial`] when some of them were made.
pub(super) async fn carry_out(
    ui: &mut Ui,
    messages: &MessagesTable,
    definition: &Definition,
    found: &Comparison,
    changes: &[Change],
) -> Result<()> {
    let mut signals = Signals::catch()?;
    for (done, change) in changes.iter().enumerate() {
        let bar = ui.waiting(&change.to_string());
        let mut last = String::new();
        let watch = |busy: &Busy| {
            let state = busy.to_string();
            if bar.is_drawn() {
                bar.tell(&state);
            } else if state != last {
                ui.status(&state);
                last = state;
            }
        };
        let made = tokio::select! {
            made = messages.carry_out(definition, found, change, watch) => made,
            stop = signals.next() => {
                drop(bar);
                ui.status("stopped waiting; the service finishes what it began");
                ui.hint(AGAIN);
                return Err(stop.unfinished());
            }
        };
        drop(bar);
        made.map_err(|error| {
            if done == 0 {
                return error;
            }
            let message = format!("{}; {} of {} changes are made", error.message(), done, changes.len());
            error.with(Kind::Partial, message).hint(AGAIN)
        })?;
        ui.status(format!("done: {change}"));
    }
    Ok(())
}
