//! An export into a file. The file gets its name only when it is complete. Until then it is
//! `FILE.part`, with the state for a resume in `FILE.part.json`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, BufWriter, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::checksum::{Checksum, Totals};
use super::compression::{Compression, decoder};
use super::write::{Header, Writer};
use crate::dynamodb::item::json;
use crate::dynamodb::{Item, ScanPage, Start};
use crate::error::{Context as _, Error, Kind, Reason, Result};
use crate::state_file::{StateFile, beside, rename};

/// The version of the state's format.
const VERSION: u32 = 1;
/// How much may have to be read again after a crash, at most: by size and by time.
const CHECKPOINT_BYTES: u64 = 4 * 1024 * 1024;
const CHECKPOINT_AFTER: Duration = Duration::from_secs(10);

/// An export into a file.
pub struct PartialExport {
    path: PathBuf,
    part: PathBuf,
    state: State,
    starts: Vec<Start>,
    writer: Writer<BufWriter<File>>,
    /// Keeps other processes out while the file is open.
    _lock: File,
    saved_at: Instant,
}

/// The contents of `FILE.part.json`, which describe the first `length` bytes.
#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    header: Header,
    length: u64,
    totals: Totals,
    segments: Vec<Segment>,
}

/// How far a segment of the scan has come.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Segment {
    Beginning,
    After(Box<RawValue>),
    End,
}

/// The file to export into, and its header.
pub struct Wanted<'w> {
    /// The file.
    pub path: &'w Path,
    /// Its first line.
    pub header: Header,
    /// Whether to replace an existing file.
    pub force: bool,
}

impl Wanted<'_> {
    /// Checks what a dry run can check. Returns how much there is to resume, if `resume` asks for that.
    ///
    /// # Errors
    /// Those of [`PartialExport::begin`] and [`PartialExport::resume`], except damage.
    pub fn rehearse(&self, resume: bool) -> Result<Option<Totals>> {
        if let Some(state) = resume.then(|| self.begun()).transpose()?.flatten() {
            return Ok(Some(state.totals));
        }
        self.is_free()?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::read_dir(folder).or_failed(|| format!("cannot write {}", self.path.display()))?;
        Ok(None)
    }

    /// Checks that no file is in the way.
    fn is_free(&self) -> Result<()> {
        if self.force {
            return Ok(());
        }
        free(self.path)?;
        let part = beside(self.path, ".part");
        if part.exists() && beside(self.path, ".part.json").exists() {
            return Err(Error::refused(format!(
                "{} is an unfinished export; nothing was done",
                part.display()
            ))
            .hint(Reason::UnfinishedExport));
        }
        Ok(())
    }

    /// How far an earlier run came; `None` when there is nothing to resume.
    fn begun(&self) -> Result<Option<State>> {
        let (part, state_path) = (beside(self.path, ".part"), beside(self.path, ".part.json"));
        if !part.exists() {
            return Ok(None);
        }
        let state = StateFile::peek(&state_path)?.load::<State>("export state");
        let Some(state) = state.map_err(|error| error.hint(Reason::UnusableExport))? else { return Ok(None) };
        if state.version != VERSION {
            return Err(Error::failed(format!(
                "{} has version {}; this cruddur reads version {VERSION}",
                state_path.display(),
                state.version
            ))
            .hint(Reason::UnusableExport));
        }
        if let Some(difference) = state.header.difference(&self.header) {
            return Err(Error::refused(format!(
                "{} was started from {difference}; nothing was done",
                part.display()
            ))
            .hint(Reason::UnusableExport));
        }
        Ok(Some(state))
    }
}

impl PartialExport {
    /// Begins a file.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when the file exists or was begun, unless `force`.
    pub fn begin(wanted: Wanted<'_>) -> Result<Self> {
        wanted.is_free()?;
        let Wanted { path, header, .. } = wanted;
        let part = beside(path, ".part");
        let what = || format!("cannot write {}", part.display());
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&part).or_failed(what)?;
        let lock = locked(&file, &part)?;
        file.set_len(0).or_failed(what)?;
        remove(&beside(path, ".part.json")).or_failed(what)?;
        let writer = BufWriter::with_capacity(128 * 1024, file);
        let writer = Writer::begin(writer, Compression::of(path), &header).or_failed(what)?;
        let state =
            State { version: VERSION, header, length: 0, totals: writer.totals(), segments: Vec::new() };
        let (path, starts, saved_at) = (path.to_owned(), Vec::new(), Instant::now());
        Ok(Self { path, part, state, starts, writer, _lock: lock, saved_at })
    }

    /// Resumes a file; `None` when there is nothing to resume.
    ///
    /// # Errors
    /// [`crate::error::Kind::Refused`] when the file is of another table;
    /// [`crate::error::Kind::Failed`] when it is damaged.
    pub fn resume(wanted: &Wanted<'_>) -> Result<Option<Self>> {
        let Some(state) = wanted.begun()? else { return Ok(None) };
        let path = wanted.path;
        let (part, state_path) = (beside(path, ".part"), beside(path, ".part.json"));
        let what = || format!("cannot resume {}", part.display());
        let mut file = OpenOptions::new().read(true).write(true).open(&part).or_failed(what)?;
        let lock = locked(&file, &part)?;
        let checksum = reread(&file, &state).map_err(|cause| {
            Error::failed(format!("{} is damaged and cannot be resumed", part.display()))
                .because(cause)
                .hint(Reason::UnusableExport)
        })?;
        // Everything after the last checkpoint is read again.
        file.set_len(state.length).and_then(|()| file.seek(io::SeekFrom::End(0))).or_failed(what)?;
        let starts = state.segments.iter().map(Segment::start).collect::<Result<_, _>>();
        let starts = starts.map_err(|problem: json::Problem| {
            Error::failed(format!("{}: {}", state_path.display(), problem.message))
                .hint(Reason::UnusableExport)
        })?;
        let writer = BufWriter::with_capacity(128 * 1024, file);
        let writer = Writer::go_on(writer, Compression::of(path), checksum);
        let path = path.to_owned();
        let saved_at = Instant::now();
        Ok(Some(Self { path, part, state, starts, writer, _lock: lock, saved_at }))
    }

    /// The path of the file until it is complete.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Where each segment of the scan begins; empty for a new file.
    pub fn starts(&self) -> Vec<Start> {
        self.starts.clone()
    }

    /// Sets the number of segments of the scan. Call it before the first page.
    pub fn cut_into(&mut self, segments: usize) {
        self.state.segments.resize_with(segments, || Segment::Beginning);
    }

    /// What the file holds so far.
    pub fn totals(&self) -> Totals {
        self.writer.totals()
    }

    /// Writes the items of a page, and saves a checkpoint from time to time.
    pub fn push(&mut self, page: &ScanPage) -> Result<()> {
        for item in &page.items {
            self.writer.push(item).map_err(|cause| self.failed(cause))?;
        }
        if let Some(segment) = self.state.segments.get_mut(page.segment) {
            *segment = Segment::after(page.last_evaluated_key.as_ref())?;
        }
        let new = self.writer.checksum.bytes().saturating_sub(self.state.totals.bytes);
        if new >= CHECKPOINT_BYTES || self.saved_at.elapsed() >= CHECKPOINT_AFTER {
            self.save()?;
        }
        Ok(())
    }

    /// Saves a checkpoint, from which the export can resume after any failure.
    pub fn save(&mut self) -> Result<()> {
        let written = self.write_out().map_err(|cause| self.failed(cause))?;
        self.state.length = written;
        self.state.totals = self.writer.totals();
        StateFile::peek(&beside(&self.path, ".part.json"))?.save(&self.state)?;
        self.saved_at = Instant::now();
        Ok(())
    }

    /// Ends the file and renames it.
    pub fn finish(mut self) -> Result<Totals> {
        let totals = self.writer.end().map_err(|cause| self.failed(cause))?;
        self.write_out()
            .and_then(|_| rename(&self.part, &self.path))
            .and_then(|()| remove(&beside(&self.path, ".part.json")))
            .map_err(|cause| self.failed(cause))?;
        Ok(totals)
    }

    /// Writes everything to disk. Returns the number of bytes.
    fn write_out(&mut self) -> io::Result<u64> {
        let file = self.writer.out.end_frame()?;
        file.flush()?;
        file.get_ref().sync_data()?;
        file.get_mut().stream_position()
    }

    fn failed(&self, cause: io::Error) -> Error {
        let error = Error::new(Kind::Failed, format!("cannot write {}", self.part.display())).because(cause);
        if self.state.length == 0 { error } else { error.hint(Reason::StoppedExport) }
    }
}

impl Header {
    /// How the export `self` differs from `other`.
    fn difference(&self, other: &Self) -> Option<String> {
        if (&self.table, &self.place) != (&other.table, &other.place) {
            return Some(format!("the table {:?} at {}", self.table, self.place));
        }
        (self.table_id != other.table_id)
            .then(|| format!("another table named {:?}, since deleted", self.table))
    }
}

impl Segment {
    fn after(key: Option<&Item>) -> Result<Self> {
        let Some(key) = key else { return Ok(Self::End) };
        let raw = serde_json::value::to_raw_value(&json::Typed(key));
        raw.map(Self::After).or_failed(|| "cannot save a key".to_owned())
    }

    fn start(&self) -> Result<Start, json::Problem> {
        Ok(match self {
            Self::Beginning => Start::Beginning,
            Self::End => Start::End,
            Self::After(key) => Start::After(json::typed_item(key.get().as_bytes())?),
        })
    }
}

/// Checks that no file is in the way.
fn free(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(Error::failed(format!("cannot access {}", path.display())).because(cause)),
        Ok(_) => Err(Error::refused(format!("{} already exists; nothing was done", path.display()))
            .hint(Reason::FileExists)),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

fn locked(file: &File, part: &Path) -> Result<File> {
    let what = || format!("cannot lock {}", part.display());
    let lock = file.try_clone().or_failed(what)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(Error::refused(format!("another export is writing {}; nothing was done", part.display())))
        }
        Err(TryLockError::Error(cause)) => Err(Error::failed(what()).because(cause)),
    }
}

/// Reads the file and checks that it still matches the checkpoint.
fn reread(file: &File, state: &State) -> io::Result<Checksum> {
    let damaged = |why: &str| io::Error::new(ErrorKind::InvalidData, why.to_owned());
    let mut checksum = Checksum::with_items_of(&state.totals).ok_or_else(|| damaged("no checksum"))?;
    let mut file = file.try_clone()?;
    file.rewind()?;
    let mut text = decoder(BufReader::new(file.take(state.length)))?;
    loop {
        let read = text.fill_buf()?;
        if read.is_empty() {
            break;
        }
        checksum.text(read);
        let length = read.len();
        text.consume(length);
    }
    if checksum.totals() == state.totals { Ok(checksum) } else { Err(damaged("its checksum does not match")) }
}
