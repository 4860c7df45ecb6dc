//! What is imported: a file, stdin, or the folder of an export of AWS's.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use md5::{Digest as _, Md5};

use super::aws;
use super::compression::decoder;
use super::records::{Change, Format, Reading, Records};
use super::values::Fault;
use super::write::Header;
use crate::error::{Context as _, Error, Result};

/// Where items come from.
#[derive(Debug)]
pub struct Source {
    name: String,
    files: Vec<DataFile>,
    /// Whether it is a folder, where some files may well be empty.
    is_folder: bool,
}

/// A file of items.
#[derive(Debug)]
pub(super) struct DataFile {
    /// `None` is stdin.
    pub(super) path: Option<PathBuf>,
    /// What a manifest says that it holds.
    pub(super) expected: Option<Expected>,
}

#[derive(Debug)]
pub(super) struct Expected {
    pub(super) items: u64,
    /// In base64.
    pub(super) md5: Option<String>,
}

/// A change, and where it stands.
#[derive(Debug)]
pub struct Entry {
    /// What is to be done.
    pub change: Change,
    /// The line it begins in.
    pub line: u64,
    /// When it was made, in microseconds since 1970, where the file says so.
    pub written_at: Option<u64>,
}

impl Source {
    /// What `path` names; `-` is stdin. Nothing but a manifest is read yet.
    pub fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            let files = vec![DataFile { path: None, expected: None }];
            return Ok(Self { name: "stdin".to_owned(), files, is_folder: false });
        }
        let name = path.display().to_string();
        let about = std::fs::metadata(path).or_failed(|| format!("cannot read {name}"))?;
        if about.is_dir() {
            return Ok(Self { files: aws::data_files(path)?, name, is_folder: true });
        }
        let files = vec![DataFile { path: Some(path.to_owned()), expected: None }];
        Ok(Self { name, files, is_folder: false })
    }

    /// What to call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it can be read more than once: not a pipe.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        let is_regular = |file: &DataFile| match &file.path {
            Some(path) => std::fs::metadata(path).is_ok_and(|about| about.is_file()),
            None => false,
        };
        self.files.iter().all(is_regular)
    }

    /// Its bytes, as far as that is known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let paths = self.files.iter().filter_map(|file| file.path.as_ref());
        paths.filter_map(|path| Some(std::fs::metadata(path).ok()?.len())).sum()
    }

    /// How many files it has.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Whether something says how many items there should be.
    #[must_use]
    pub fn has_manifest(&self) -> bool {
        self.files.iter().all(|file| file.expected.is_some())
    }

    /// Reads it from the beginning.
    #[must_use]
    pub fn entries(self: &Arc<Self>, reading: Reading) -> Entries {
        Entries {
            source: Arc::clone(self),
            reading,
            next: 0,
            open: None,
            format: None,
            header: None,
            sums: ring::digest::Context::new(&ring::digest::SHA256),
            content: 0,
            read: Arc::default(),
        }
    }
}

/// The changes of a source, one by one.
pub struct Entries {
    source: Arc<Source>,
    reading: Reading,
    next: usize,
    open: Option<Open>,
    format: Option<Format>,
    header: Option<Header>,
    /// Of the checksums of its files.
    sums: ring::digest::Context,
    content: u128,
    read: Arc<AtomicU64>,
}

struct Open {
    records: Records,
    name: String,
    count: u64,
    md5: Arc<Mutex<Option<Md5>>>,
}

impl Entries {
    /// The next change; `None` at the end, when everything that the files say of
    /// themselves has proved true.
    ///
    /// # Errors
    /// What is wrong, by file and line.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(open) = &mut self.open else { continue };
            match open.records.next().map_err(|fault| fault.of(&open.name))? {
                Some((line, change)) => {
                    open.count += 1;
                    return Ok(Some(Entry { change, line, written_at: open.records.written_at }));
                }
                None => self.close()?,
            }
        }
    }

    /// `FILE:LINE` of an entry that was just given.
    #[must_use]
    pub fn place(&self, line: u64) -> String {
        let name = self.open.as_ref().map_or(self.source.name(), |open| open.name.as_str());
        format!("{name}:{line}")
    }

    /// What the files are, once the first was opened.
    #[must_use]
    pub const fn format(&self) -> Option<Format> {
        self.format
    }

    /// What an export of cruddur's says of itself.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Bytes of the files that were read, for those who watch.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// A checksum of all that was read, at the end.
    #[must_use]
    pub fn checksum(&self) -> String {
        super::tally::hex(self.sums.clone().finish().as_ref())
    }

    /// The checksum of its items in any order, at the end.
    #[must_use]
    pub fn content(&self) -> String {
        format!("{:032x}", self.content)
    }

    /// Looks into the next file; false after the last one.
    pub(super) fn open_next(&mut self) -> Result<bool> {
        let source = Arc::clone(&self.source);
        while self.open.is_none() {
            let Some(file) = source.files.get(self.next) else { return Ok(false) };
            self.next += 1;
            let (name, raw) = if let Some(path) = &file.path {
                let name = path.display().to_string();
                let file = File::open(path).or_failed(|| format!("cannot read {name}"))?;
                (name, file)
            } else {
                // Not locked: it is read in another thread.
                let stdin = io::stdin().as_fd().try_clone_to_owned();
                ("stdin".to_owned(), File::from(stdin.or_failed(|| "cannot read stdin".to_owned())?))
            };
            let wants_md5 = file.expected.as_ref().is_some_and(|expected| expected.md5.is_some());
            let md5 = Arc::new(Mutex::new(wants_md5.then(Md5::new)));
            let tap = Tap { inner: raw, read: Arc::clone(&self.read), md5: Arc::clone(&md5) };
            let text = decoder(BufReader::with_capacity(64 * 1024, tap))
                .or_failed(|| format!("cannot read {name}"))?;
            match Records::of(text, &self.reading).map_err(|fault| fault.of(&name))? {
                Some(records) => {
                    if self.format.is_some_and(|format| format != records.format()) {
                        return Err(Error::failed(format!(
                            "{name}: another format than the files before it"
                        )));
                    }
                    self.format = Some(records.format());
                    self.header = records.header().cloned();
                    self.open = Some(Open { records, name, count: 0, md5 });
                }
                None if source.is_folder => check(file, &name, 0, &md5)?,
                None => {
                    return Err(Error::failed(format!(
                        "{name}:1: there is nothing in it, no item and no end"
                    )));
                }
            }
        }
        Ok(true)
    }

    fn close(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let totals = open.records.totals();
        self.sums.update(totals.sha256.as_bytes());
        let content = u128::from_str_radix(&totals.content, 16).unwrap_or_default();
        self.content = self.content.wrapping_add(content);
        match self.source.files.get(self.next - 1) {
            Some(file) => check(file, &open.name, open.count, &open.md5),
            None => Ok(()),
        }
    }
}

/// Compares a file with what its manifest says.
fn check(file: &DataFile, name: &str, count: u64, md5: &Mutex<Option<Md5>>) -> Result<()> {
    let Some(expected) = &file.expected else { return Ok(()) };
    let md5 = md5.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (Some(md5), Some(wanted)) = (md5, &expected.md5) {
        let found = aws_smithy_types::base64::encode(md5.finalize());
        if found != *wanted {
            return Err(Error::failed(format!(
                "{name} is damaged: its MD5 should be {wanted} by the manifest, and is {found}"
            ))
            .hint("download it again"));
        }
    }
    if count != expected.items {
        return Err(Error::failed(format!(
            "{name} should hold {} items by the manifest, and holds {count}",
            expected.items
        )));
    }
    Ok(())
}

/// Counts what is read, and takes its MD5.
struct Tap {
    inner: File,
    read: Arc<AtomicU64>,
    md5: Arc<Mutex<Option<Md5>>>,
}

impl Read for Tap {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        if let (Some(md5), Some(read)) =
            (self.md5.lock().unwrap_or_else(PoisonError::into_inner).as_mut(), bytes.get(..count))
        {
            md5.update(read);
        }
        Ok(count)
    }
}

impl Fault {
    /// The same of the file `name`.
    fn of(self, name: &str) -> Error {
        let mut error = Error::failed(format!("{name}:{}: {}", self.line, self.message));
        if let Some(cause) = self.cause {
            error = error.because(cause);
        }
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
