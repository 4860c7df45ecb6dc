//! Writes what was read, saves how far it has come, and stops when asked to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::archive::{
    Change, FileSurvey, ImportCheckpoint, Policy, ReaderEvent, ReaderThread, Reading, Source,
};
use crate::aws::Plan;
use crate::commands::common::count;
use crate::commands::ddb::writing::STOPPING;
use crate::commands::signals::Signals;
use crate::dynamodb::{BulkOptions, BulkWriter, Capacity, ConditionalWriter, DynamoDb, TableSchema};
use crate::error::{Error, Kind, Result};
use crate::output::{Progress, Ui};

/// How often the checkpoint is saved.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// What to write, and how.
pub(super) struct Job<'j> {
    pub(super) db: &'j DynamoDb,
    pub(super) table: &'j str,
    pub(super) schema: &'j Arc<TableSchema>,
    pub(super) policy: Policy,
    pub(super) max_wcu: Option<f64>,
    /// Changes that an earlier run made.
    pub(super) skip: u64,
    /// The command that resumes the import.
    pub(super) again: &'j str,
}

/// What was written.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct ImportOutcome {
    /// Items put in this run.
    put: u64,
    /// Keys deleted in this run.
    deleted: u64,
    /// Existing items that were kept.
    kept: u64,
    /// Changes that an earlier run had made.
    skipped: u64,
    #[serde(skip)]
    pub(super) capacity: Capacity,
}

impl ImportOutcome {
    /// Prints a summary.
    pub(super) fn show(&self, ui: &mut Ui, file: &str, table: &str, surveyed: &FileSurvey) {
        ui.status(format!("imported {} of {file} into {table:?}", count(self.put, "item")));
        if self.deleted > 0 {
            ui.status(format!("deleted {}", count(self.deleted, "item")));
        }
        if self.kept > 0 {
            ui.status(format!("left {} unchanged", count(self.kept, "item")));
        }
        if self.skipped > 0 {
            ui.status(format!("the earlier run wrote {}", count(self.skipped, "item")));
        }
        ui.detail(format!("  content: {}", surveyed.content));
    }
}

enum Writer {
    Bulk(BulkWriter),
    Keep(Box<ConditionalWriter>),
}

impl Job<'_> {
    /// Writes all of `source`. Reports what was written even if it fails.
    pub(super) async fn run(
        &self,
        ui: &mut Ui,
        source: &Arc<Source>,
        reading: Reading,
        surveyed: Option<&FileSurvey>,
        place: &mut Option<ImportCheckpoint>,
    ) -> (ImportOutcome, Result<FileSurvey>) {
        let total = surveyed.map(FileSurvey::changes);
        let mut writer = self.writer(total);
        let left = total.map_or(0, |total| total.saturating_sub(self.skip));
        let progress = total.map(|_| ui.progress_with_rate("importing", left));
        let ended = self.write(ui, &mut writer, source, reading, surveyed, place, progress.as_ref()).await;
        let outcome = ImportOutcome { skipped: self.skip, ..writer.end().await };
        let done = self.skip + writer.done_through();
        // Removes the bar, so that nothing is printed over it.
        drop(progress);
        let written = outcome.put + outcome.deleted + outcome.kept;
        match (ended, place.take()) {
            (Ok(surveyed), place) => {
                let forgotten = place.map_or(Ok(()), ImportCheckpoint::forget);
                (outcome, forgotten.map(|()| surveyed))
            }
            (Err(error), Some(mut place)) if self.skip + written > 0 => {
                let saved = place.save(self.policy, done, total.unwrap_or(done));
                if error.kind().is_silent() {
                    ui.status(format!("stopped after {done} of {}", count(total.unwrap_or(done), "item")));
                    ui.status(format!("to resume run: {}", self.again));
                    return (outcome, saved.and(Err(error)));
                }
                let kind = if error.kind() == Kind::Failed { Kind::Partial } else { error.kind() };
                let message = error.message().to_owned();
                (
                    outcome,
                    saved.and(Err(error.with(kind, message).hint(format!("to resume run: {}", self.again)))),
                )
            }
            // Nothing is written, so there is nothing to resume.
            (Err(error), Some(place)) => (outcome, place.forget().and(Err(error))),
            (Err(error), None) if written > 0 => {
                let kind = if error.kind() == Kind::Failed { Kind::Partial } else { error.kind() };
                // The writer's own error already says so.
                let message = match error.kind() {
                    Kind::Partial => error.message().to_owned(),
                    _ => format!("{}; {} written", error.message(), count(written, "item")),
                };
                if error.kind().is_silent() {
                    ui.status(format!("stopped; {} written", count(written, "item")));
                }
                let again = "to finish, send everything again with --replace or --keep-existing";
                (outcome, Err(error.with(kind, message).hint(again)))
            }
            (Err(error), None) => (outcome, Err(error)),
        }
    }

    /// The plan of a dry run. Reads all of `source`.
    pub(super) async fn rehearsed(
        &self,
        ui: &mut Ui,
        source: &Arc<Source>,
        reading: Reading,
        surveyed: Option<&FileSurvey>,
    ) -> Result<Plan> {
        let mut writer = self.writer(surveyed.map(FileSurvey::changes));
        let mut place = None;
        let work = self.write(ui, &mut writer, source, reading, surveyed, &mut place, None);
        let mut plan = self.db.rehearse(self.table, work).await?;
        // Overwriting a larger item costs the units of that item.
        plan.cost.at_least |= self.policy != Policy::Empty;
        Ok(plan)
    }

    fn writer(&self, total: Option<u64>) -> Writer {
        if self.policy == Policy::Keep {
            let writer = self.db.conditional_writer(self.table, self.schema.key.clone(), self.max_wcu);
            return Writer::Keep(Box::new(writer));
        }
        let total = total.map(|total| total.saturating_sub(self.skip));
        Writer::Bulk(self.db.bulk_writer(
            self.table,
            &self.schema.key,
            BulkOptions { max_wcu: self.max_wcu, total },
        ))
    }

    #[expect(clippy::too_many_arguments, reason = "all that a run goes through")]
    async fn write(
        &self,
        ui: &mut Ui,
        writer: &mut Writer,
        source: &Arc<Source>,
        reading: Reading,
        surveyed: Option<&FileSurvey>,
        place: &mut Option<ImportCheckpoint>,
        progress: Option<&Progress>,
    ) -> Result<FileSurvey> {
        let mut signals = Signals::catch()?;
        let mut feed = ReaderThread::begin(source, reading, Arc::clone(self.schema), self.skip)?;
        let work = async {
            let (mut saved_at, mut shown) = (Instant::now(), 0);
            loop {
                let changes = match feed.next().await {
                    Some(Ok(ReaderEvent::Changes(changes))) => changes,
                    Some(Ok(ReaderEvent::End(read))) => {
                        writer.flush().await?;
                        return same(*read, surveyed, source);
                    }
                    Some(Err(error)) => {
                        // What was read before the error is still valid.
                        writer.flush().await?;
                        return Err(error);
                    }
                    None => return Err(Error::failed("reading ended unexpectedly")),
                };
                for change in changes {
                    writer.submit(change).await?;
                }
                let done = writer.done();
                if let Some(progress) = progress {
                    progress.advance(usize::try_from(done - shown).unwrap_or(usize::MAX));
                    shown = done;
                }
                if let (Some(place), Some(surveyed)) = (&mut *place, surveyed)
                    && saved_at.elapsed() >= SAVE_EVERY
                {
                    place.save(self.policy, self.skip + writer.done_through(), surveyed.changes())?;
                    saved_at = Instant::now();
                }
            }
        };
        let stop = tokio::select! {
            biased;
            stop = signals.next() => stop,
            done = work => return done,
        };
        if let Writer::Bulk(writer) = writer {
            writer.ask_to_stop();
        }
        ui.status(STOPPING);
        Err(stop.unfinished())
    }
}

/// Checks that what was written is what was surveyed. Returns the survey, or without one what was read.
fn same(read: FileSurvey, surveyed: Option<&FileSurvey>, source: &Source) -> Result<FileSurvey> {
    match surveyed {
        None => Ok(read),
        Some(surveyed) if surveyed.checksum == read.checksum => Ok(surveyed.clone()),
        Some(_) => Err(Error::partial(format!("{} changed during the import", source.name()))),
    }
}

impl Writer {
    async fn submit(&mut self, change: Change) -> Result<()> {
        match (self, change) {
            (Self::Bulk(writer), Change::Put(item)) => writer.put(item).await,
            (Self::Bulk(writer), Change::Delete(key)) => writer.delete(key).await,
            (Self::Keep(writer), Change::Put(item)) => writer.put(item).await,
            (Self::Keep(_), Change::Delete(_)) => {
                Err(Error::usage("an incremental export deletes and overwrites: it needs --replace"))
            }
        }
    }

    async fn flush(&mut self) -> Result<()> {
        match self {
            Self::Bulk(writer) => writer.flush().await,
            Self::Keep(writer) => writer.flush().await,
        }
    }

    fn done(&self) -> u64 {
        match self {
            Self::Bulk(writer) => writer.progress().written(),
            Self::Keep(writer) => writer.done(),
        }
    }

    fn done_through(&self) -> u64 {
        match self {
            Self::Bulk(writer) => writer.done_through(),
            Self::Keep(writer) => writer.done_through(),
        }
    }

    /// Waits for the writes in flight, and returns what was written.
    async fn end(&mut self) -> ImportOutcome {
        match self {
            Self::Bulk(writer) => {
                let Ok(written) = writer.stop().await else {
                    // It has failed before and reported why.
                    return ImportOutcome { put: writer.progress().written(), ..ImportOutcome::default() };
                };
                let (put, deleted) = (written.put, written.deleted);
                ImportOutcome { put, deleted, capacity: written.capacity, ..ImportOutcome::default() }
            }
            Self::Keep(writer) => {
                // Either its failure was reported, or everything is written.
                let _ = writer.flush().await;
                let written = writer.written().clone();
                ImportOutcome {
                    put: written.put,
                    kept: written.kept,
                    capacity: written.capacity,
                    ..ImportOutcome::default()
                }
            }
        }
    }
}
