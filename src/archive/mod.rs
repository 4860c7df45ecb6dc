//! Files of items: writes exports, and reads everything that can be imported. Talks to no service.

mod checksum;
mod compression;
mod documents;
mod folder;
mod import_checkpoint;
mod partial_export;
mod reader_thread;
mod records;
mod source;
mod survey;
mod values;
mod write;

pub use checksum::Totals;
pub use compression::Compression;
pub use import_checkpoint::{ImportCheckpoint, Policy};
pub use partial_export::{PartialExport, Wanted};
pub use reader_thread::{ReaderEvent, ReaderThread};
pub use records::{Change, Format, Reading};
pub use source::{Entry, Read, Source};
pub use survey::{FileSurvey, survey};
pub use write::{Header, KeyPart, Writer};
