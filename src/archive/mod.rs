//! Files of items: what an export writes, and everything that can be imported.
//! Talks to no service.

mod compression;
mod documents;
mod feed;
mod folder;
mod part;
mod place;
mod records;
mod source;
mod survey;
mod tally;
mod values;
mod write;

pub use compression::Compression;
pub use feed::{Fed, Feed};
pub use part::{PartFile, Wanted};
pub use place::{ImportPlace, Policy};
pub use records::{Change, Format, Reading};
pub use source::{Entry, Read, Source};
pub use survey::{Surveyed, survey};
pub use tally::Totals;
pub use write::{Header, KeyPart, Writer};
