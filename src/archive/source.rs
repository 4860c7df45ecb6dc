//! The input of an import: a file, stdin, or the folder of an AWS export.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use md5::{Digest as _, Md5};

use super::compression::decoder;
use super::folder::{self, DataFile};
use super::records::{self, Change, Format, Found, Reading};
use super::values::Fault;
use super::write::Header;
use crate::error::{Context as _, Error, Result};

/// Where items come from.
#[derive(Debug)]
pub struct Source {
    name: String,
    files: Vec<DataFile>,
    /// Whether it is a folder, in which some files may be empty.
    is_folder: bool,
}

/// A change and its position.
#[derive(Debug)]
pub struct Entry<'e> {
    /// The change.
    pub change: Change,
    /// The format of its file.
    pub format: Format,
    /// When the change was made, in microseconds since 1970, if the file says so.
    pub written_at: Option<u64>,
    /// Bytes read so far from all files, for a progress bar.
    pub read: u64,
    file: &'e str,
    line: u64,
}

impl Entry<'_> {
    /// `FILE:LINE`, where the change begins.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// What a source contained, known at its end.
#[derive(Debug, Clone)]
pub struct Read {
    /// The format of its files.
    pub format: Option<Format>,
    /// The header of an export of cruddur's.
    pub header: Option<Header>,
    /// A checksum of everything that was read.
    pub checksum: String,
    /// A checksum of its items, independent of their order.
    pub content: String,
    /// Whether every file said how many items it should hold.
    pub is_counted: bool,
    /// Whether the last file says that there was more to read.
    pub has_more: bool,
}

impl Source {
    /// Opens `path`; `-` is stdin. Reads nothing but a manifest yet.
    pub fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            let files = vec![DataFile { path: None, expected: None }];
            return Ok(Self { name: "stdin".to_owned(), files, is_folder: false });
        }
        let name = path.display().to_string();
        let about = std::fs::metadata(path).or_failed(|| format!("cannot read {name}"))?;
        if about.is_dir() {
            return Ok(Self { files: folder::data_files(path)?, name, is_folder: true });
        }
        let files = vec![DataFile { path: Some(path.to_owned()), expected: None }];
        Ok(Self { name, files, is_folder: false })
    }

    /// Its name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it can be read more than once, unlike a pipe.
    pub fn is_repeatable(&self) -> bool {
        let is_regular = |file: &DataFile| match &file.path {
            Some(path) => std::fs::metadata(path).is_ok_and(|about| about.is_file()),
            None => false,
        };
        self.files.iter().all(is_regular)
    }

    /// Its size in bytes, as far as known.
    pub fn bytes(&self) -> u64 {
        let paths = self.files.iter().filter_map(|file| file.path.as_ref());
        paths.filter_map(|path| Some(std::fs::metadata(path).ok()?.len())).sum()
    }

    /// The number of its files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Passes each change in order to `each`, until that returns false. At the end, everything that
    /// the files say about themselves has been verified.
    ///
    /// # Errors
    /// What is wrong, by file and line; and the errors of `each`.
    pub fn read(&self, reading: &Reading, mut each: impl FnMut(Entry<'_>) -> Result<bool>) -> Result<Read> {
        let (mut format, mut header, mut content) = (None, None, 0_u128);
        let mut sums = ring::digest::Context::new(&ring::digest::SHA256);
        let (mut is_counted, mut has_more) = (true, false);
        let total = Arc::default();
        for file in &self.files {
            let (text, name, md5) = file.open(&total)?;
            let (mut count, mut ended) = (0, None);
            let contents = records::read(text, reading, &mut |found| {
                let Found { change, line, format: its_format, written_at } = found;
                let read = total.load(Ordering::Relaxed);
                let entry = Entry { change, format: its_format, written_at, read, file: &name, line };
                let given = if *format.get_or_insert(its_format) == its_format {
                    each(entry)
                } else {
                    Err(Error::failed(format!("{}: not the format of the files before it", entry.place())))
                };
                count += 1;
                ended = match given {
                    Ok(true) => None,
                    Ok(false) => Some(Ok(())),
                    Err(error) => Some(Err(error)),
                };
                ended.is_none()
            })
            .map_err(|fault| fault.of(&name))?;
            let is_wanted = ended.transpose()?.is_none();
            match contents {
                Some(contents) => {
                    format = format.or(contents.format);
                    header = header.or(contents.header);
                    sums.update(contents.totals.sha256.as_bytes());
                    content = content
                        .wrapping_add(u128::from_str_radix(&contents.totals.content, 16).unwrap_or_default());
                    is_counted &= contents.said.is_counted || file.expected.is_some();
                    has_more = contents.said.has_more;
                }
                None if self.is_folder => {}
                None => {
                    return Err(Error::failed(format!("{name}:1: it is empty")));
                }
            }
            if !is_wanted {
                break;
            }
            file.check(&name, count, &md5)?;
        }
        let checksum = super::checksum::hex(sums.finish().as_ref());
        Ok(Read { format, header, checksum, content: format!("{content:032x}"), is_counted, has_more })
    }
}

type Digest = Arc<Mutex<Option<Md5>>>;

impl DataFile {
    /// Opens the file. Returns its text, its name, and the MD5 of the bytes read so far. Adds those
    /// bytes to `total`.
    fn open(&self, total: &Arc<AtomicU64>) -> Result<(Box<dyn BufRead + Send>, String, Digest)> {
        let (name, raw) = if let Some(path) = &self.path {
            let name = path.display().to_string();
            let file = File::open(path).or_failed(|| format!("cannot read {name}"))?;
            (name, file)
        } else {
            // Not locked, because another thread reads it.
            let stdin = io::stdin().as_fd().try_clone_to_owned();
            ("stdin".to_owned(), File::from(stdin.or_failed(|| "cannot read stdin".to_owned())?))
        };
        let wants_md5 = self.expected.as_ref().is_some_and(|expected| expected.md5.is_some());
        let md5 = Arc::new(Mutex::new(wants_md5.then(Md5::new)));
        let tap = Tap { inner: raw, read: Arc::clone(total), md5: Arc::clone(&md5) };
        let text =
            decoder(BufReader::with_capacity(64 * 1024, tap)).or_failed(|| format!("cannot read {name}"))?;
        Ok((text, name, md5))
    }

    /// Checks a file against its manifest.
    fn check(&self, name: &str, count: u64, md5: &Mutex<Option<Md5>>) -> Result<()> {
        let Some(expected) = &self.expected else { return Ok(()) };
        let md5 = md5.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(md5), Some(wanted)) = (md5, &expected.md5) {
            let found = aws_smithy_types::base64::encode(md5.finalize());
            if found != *wanted {
                return Err(Error::failed(format!(
                    "{name} is damaged: its MD5 should be {wanted} (from the manifest), but is {found}"
                ))
                .hint("download it again"));
            }
        }
        if count != expected.items {
            return Err(Error::failed(format!(
                "{name} should hold {} items (from the manifest), but holds {count}",
                expected.items
            )));
        }
        Ok(())
    }
}

/// Counts the bytes that are read, and computes their MD5.
struct Tap {
    inner: File,
    read: Arc<AtomicU64>,
    md5: Arc<Mutex<Option<Md5>>>,
}

impl io::Read for Tap {
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
    /// The error for this fault in the file `name`.
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
