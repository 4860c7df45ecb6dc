//! Reads in a thread of its own, so that reading and writing do not wait for each other.

use std::sync::Arc;
use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use super::records::{Change, Reading};
use super::source::Source;
use super::survey::{Checker, FileSurvey};
use crate::dynamodb::TableSchema;
use crate::error::{Context as _, Result};

/// The limits of a batch: changes, and their bytes in the table.
const BATCH: usize = 100;
const BATCH_BYTES: u64 = 1024 * 1024;

/// A step of reading.
#[derive(Debug)]
pub enum ReaderEvent {
    /// Some changes, in order.
    Changes(Vec<Change>),
    /// The end. Everything was read, and the source is complete.
    End(Box<FileSurvey>),
}

/// A source that is being read.
pub struct ReaderThread {
    batches: Receiver<Result<ReaderEvent>>,
}

impl ReaderThread {
    /// Starts reading `source` after its first `skip` changes. Checks each change against the table.
    pub fn begin(
        source: &Arc<Source>,
        reading: Reading,
        schema: Arc<TableSchema>,
        skip: u64,
    ) -> Result<Self> {
        let (sender, batches) = channel(2);
        let source = Arc::clone(source);
        let read = move || {
            let failed =
                feed(&source, &reading, &schema, skip, |fed| sender.blocking_send(Ok(fed)).is_ok()).err();
            if let Some(error) = failed {
                // The receiver may be gone, which is fine.
                let _ = sender.blocking_send(Err(error));
            }
        };
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(read)
            .or_failed(|| "cannot start a thread".to_owned())?;
        Ok(Self { batches })
    }

    /// The next step; `None` only after the end or an error.
    pub async fn next(&mut self) -> Option<Result<ReaderEvent>> {
        self.batches.recv().await
    }
}

fn feed(
    source: &Source,
    reading: &Reading,
    schema: &TableSchema,
    skip: u64,
    mut give: impl FnMut(ReaderEvent) -> bool,
) -> Result<()> {
    let mut checker = Checker::new(schema);
    let (mut batch, mut bytes, mut skipped) = (Vec::new(), 0, 0);
    let read = source.read(reading, |entry| {
        let before = checker.bytes();
        checker.check(&entry)?;
        if skipped < skip {
            skipped += 1;
            return Ok(true);
        }
        bytes += checker.bytes() - before;
        batch.push(entry.change);
        if batch.len() < BATCH && bytes < BATCH_BYTES {
            return Ok(true);
        }
        bytes = 0;
        Ok(give(ReaderEvent::Changes(std::mem::take(&mut batch))))
    });
    // The changes before an error are still valid.
    let is_wanted = give(ReaderEvent::Changes(batch));
    let read = read?;
    if is_wanted {
        give(ReaderEvent::End(Box::new(checker.finish(read))));
    }
    Ok(())
}
