//! gzip and zstd, in frames. An interrupted export is cut back to the end of a frame and continued
//! with a new one. Every decompressor reads the frames as one file.

use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::mem;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// The first bytes of each format.
/// Source: RFC 1952, 2.3.1, and RFC 8878, 3.1.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Uncompressed.
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

impl Compression {
    /// The compression that a file's name asks for.
    pub fn of(path: &Path) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "gz" => Self::Gzip,
            "zst" => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Compresses what is written. A frame begins with its first byte.
pub(super) struct Encoder<W: Write> {
    compression: Compression,
    frame: Frame<W>,
}

enum Frame<W: Write> {
    /// Between two frames, or uncompressed.
    None(W),
    Gzip(GzEncoder<W>),
    Zstd(Box<zstd::Encoder<'static, W>>),
    /// A frame failed to begin or end, and the writer was lost with it.
    Lost,
}

impl<W: Write> Encoder<W> {
    pub(super) const fn new(compression: Compression, inner: W) -> Self {
        Self { compression, frame: Frame::None(inner) }
    }

    /// Ends the frame, so that everything written so far can be read back from `W`.
    pub(super) fn end_frame(&mut self) -> io::Result<&mut W> {
        self.frame = match mem::replace(&mut self.frame, Frame::Lost) {
            Frame::None(inner) => Frame::None(inner),
            Frame::Gzip(encoder) => Frame::None(encoder.finish()?),
            Frame::Zstd(encoder) => Frame::None(encoder.finish()?),
            Frame::Lost => return Err(lost()),
        };
        match &mut self.frame {
            Frame::None(inner) => Ok(inner),
            _ => Err(lost()),
        }
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        self.frame = match (mem::replace(&mut self.frame, Frame::Lost), self.compression) {
            (Frame::None(inner), Compression::Gzip) => {
                Frame::Gzip(GzEncoder::new(inner, flate2::Compression::default()))
            }
            (Frame::None(inner), Compression::Zstd) => {
                let mut encoder = zstd::Encoder::new(inner, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Frame::Zstd(Box::new(encoder))
            }
            (other, _) => other,
        };
        Ok(())
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if matches!(self.frame, Frame::None(_)) && self.compression != Compression::None {
            self.begin_frame()?;
        }
        match &mut self.frame {
            Frame::None(inner) => inner.write(bytes),
            Frame::Gzip(encoder) => encoder.write(bytes),
            Frame::Zstd(encoder) => encoder.write(bytes),
            Frame::Lost => Err(lost()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.frame {
            Frame::None(inner) => inner.flush(),
            Frame::Gzip(encoder) => encoder.flush(),
            Frame::Zstd(encoder) => encoder.flush(),
            Frame::Lost => Err(lost()),
        }
    }
}

fn lost() -> io::Error {
    io::Error::other("the compressor has failed before")
}

/// Decompresses `input`, by the format that its first bytes show.
pub(super) fn decoder(mut input: impl BufRead + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut head = Vec::with_capacity(ZSTD.len());
    // A pipe may deliver them one by one.
    input.by_ref().take(ZSTD.len() as u64).read_to_end(&mut head)?;
    let (is_gzip, is_zstd) = (head.starts_with(&GZIP), head == ZSTD);
    let input = Cursor::new(head).chain(input);
    Ok(if is_gzip {
        Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(input)))
    } else if is_zstd {
        Box::new(BufReader::with_capacity(64 * 1024, zstd::Decoder::with_buffer(input)?))
    } else {
        Box::new(input)
    })
}
