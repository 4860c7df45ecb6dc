//! Shared by commands that write in bulk: a progress bar and a clean stop.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::commands::signals::{Signals, Stop};
use crate::dynamodb::{BulkProgress, BulkWriter, BulkWritten};
use crate::error::Result;
use crate::output::{Progress, Ui};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Printed after the first Ctrl-C.
pub(super) const STOPPING: &str = "stopping once pending writes are done; Ctrl-C again quits now";

/// Runs `work`, which submits requests to a writer, until it is done or the user asks to stop. Meanwhile
/// the bar, which begins at `from`, shows the writer's progress. `on_tick` is called ten times a second.
pub(super) async fn watched(
    bar: Progress,
    from: u64,
    progress: &BulkProgress,
    signals: &mut Signals,
    work: impl Future<Output = Result<()>>,
    mut on_tick: impl FnMut() -> Result<()>,
) -> Result<Option<Stop>> {
    bar.begin_at(from);
    let mut work = std::pin::pin!(work);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let started = Instant::now();
    loop {
        tokio::select! {
            done = &mut work => return done.map(|()| None),
            stop = signals.next() => return Ok(Some(stop)),
            _ = ticks.tick() => {
                let seconds = started.elapsed().as_secs_f64();
                let units = if seconds < 1.0 { String::new() } else { format!(", {:.0} WCU/s", progress.units() / seconds) };
                bar.reach(from + progress.written(), units);
                on_tick()?;
            }
        }
    }
}

/// Ends the writer. Waits for the writes in flight, unless the user asks to stop.
pub(super) async fn ended(
    ui: &mut Ui,
    writer: &mut BulkWriter,
    stop: Option<Stop>,
    signals: &mut Signals,
) -> Result<BulkWritten> {
    if stop.is_some() {
        writer.ask_to_stop();
        ui.status(STOPPING);
        return writer.stop().await;
    }
    tokio::select! {
        written = writer.finish() => written,
        stop = signals.next() => Err(stop.unfinished()),
    }
}
