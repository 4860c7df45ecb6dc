//! Reads in a thread of its own, so that reading and writing do not wait for each other.

use std::sync::Arc;
use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use super::records::{Change, Reading};
use super::source::Source;
use super::survey::{Checker, FileSurvey};
use crate::dynamodb::TableSchema;
use crate::error::{Context as _, Result};

/// Changes that are handed over together, and their bytes in the table at most.
const BATCH: usize = 100;
const BATCH_BYTES: u64 = 1024 * 1024;

/// What was read.
#[derive(Debug)]
pub enum ReaderEvent {
    /// Some changes, in their order.
    Changes(Vec<Change>),
    /// The end, which is the real one, and all there was.
    End(Box<FileSurvey>),
}

/// A source that is being read.
pub struct ReaderThread {
    batches: Receiver<Result<ReaderEvent>>,
}

impl ReaderThread {
    /// Begins to read `source`, without its first `skip` changes. Each change is
    /// checked against the table.
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
                // Who reads may have gone away, and then nobody minds.
                let _ = sender.blocking_send(Err(error));
            }
        };
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(read)
            .or_failed(|| "cannot start a thread".to_owned())?;
        Ok(Self { batches })
    }

    /// What comes next; `None` only after the end or an error.
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
    // What came before an error is as good as ever.
    let is_wanted = give(ReaderEvent::Changes(batch));
    let read = read?;
    if is_wanted {
        give(ReaderEvent::End(Box::new(checker.finish(read))));
    }
    Ok(())
}
