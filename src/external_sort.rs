//! Sorts in constant memory: what does not fit is written to nameless files in sorted runs, which
//! are merged at the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};

/// The number of runs at which they are merged into one, because each is an open file.
const MAX_RUNS: usize = 64;

/// A value with a fixed number of bytes.
pub trait Fixed: Ord + Copy {
    /// The number of bytes.
    const BYTES: usize;
    /// Appends the value's bytes.
    fn write(&self, bytes: &mut Vec<u8>);
    /// Reads a value that [`Self::write`] wrote.
    fn read(bytes: &[u8]) -> Self;
}

/// Takes values in any order and returns them sorted.
#[derive(Debug)]
pub struct Sorter<T> {
    held: Vec<T>,
    most: usize,
    runs: Vec<Run<T>>,
}

impl<T: Fixed> Sorter<T> {
    /// A sorter that holds at most this many values in memory, but at least one.
    pub const fn new(most: usize) -> Self {
        Self { held: Vec::new(), most, runs: Vec::new() }
    }

    /// Adds a value.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn push(&mut self, value: T) -> io::Result<()> {
        self.held.push(value);
        if self.held.len() < self.most {
            return Ok(());
        }
        self.held.sort_unstable();
        let run = Run::of(self.held.drain(..).map(Ok))?;
        self.runs.push(run);
        if self.runs.len() == MAX_RUNS {
            let merged = Run::of(Sorted::of(std::mem::take(&mut self.runs))?)?;
            self.runs.push(merged);
        }
        Ok(())
    }

    /// All values, in order.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub fn finish(mut self) -> io::Result<Sorted<T>> {
        self.held.sort_unstable();
        self.runs.push(Run::Held(self.held.into_iter()));
        Sorted::of(self.runs)
    }
}

/// An iterator over values in order.
#[derive(Debug)]
pub struct Sorted<T> {
    runs: Vec<Run<T>>,
    /// The next value of each run.
    next: BinaryHeap<Reverse<(T, usize)>>,
}

impl<T: Fixed> Sorted<T> {
    fn of(mut runs: Vec<Run<T>>) -> io::Result<Self> {
        let mut next = BinaryHeap::with_capacity(runs.len());
        for (index, run) in runs.iter_mut().enumerate() {
            if let Some(value) = run.next()? {
                next.push(Reverse((value, index)));
            }
        }
        Ok(Self { runs, next })
    }
}

impl<T: Fixed> Iterator for Sorted<T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((value, index)) = self.next.pop()?;
        match self.runs.get_mut(index).map(Run::next) {
            Some(Ok(Some(next))) => self.next.push(Reverse((next, index))),
            Some(Err(error)) => return Some(Err(error)),
            Some(Ok(None)) | None => {}
        }
        Some(Ok(value))
    }
}

/// A sequence of sorted values.
#[derive(Debug)]
enum Run<T> {
    Held(std::vec::IntoIter<T>),
    Spilled { file: BufReader<File>, left: u64, bytes: Vec<u8> },
}

impl<T: Fixed> Run<T> {
    fn of(values: impl Iterator<Item = io::Result<T>>) -> io::Result<Self> {
        let mut file = BufWriter::new(tempfile::tempfile()?);
        let mut left = 0;
        let mut bytes = Vec::with_capacity(T::BYTES);
        for value in values {
            bytes.clear();
            value?.write(&mut bytes);
            file.write_all(&bytes)?;
            left += 1;
        }
        let mut file = file.into_inner()?;
        file.rewind()?;
        bytes.resize(T::BYTES, 0);
        Ok(Self::Spilled { file: BufReader::new(file), left, bytes })
    }

    fn next(&mut self) -> io::Result<Option<T>> {
        match self {
            Self::Held(values) => Ok(values.next()),
            Self::Spilled { left: 0, .. } => Ok(None),
            Self::Spilled { file, left, bytes } => {
                file.read_exact(bytes)?;
                *left -= 1;
                Ok(Some(T::read(bytes)))
            }
        }
    }
}

/// Takes the first `N` bytes from `bytes`; returns zeros if there are fewer.
pub fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    match bytes.split_first_chunk() {
        Some((first, rest)) => {
            *bytes = rest;
            *first
        }
        None => [0; N],
    }
}
