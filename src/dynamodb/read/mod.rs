//! Reading any table.

mod empty;
mod get;
mod query;
mod scan;

pub use query::{Query, QueryRequest};
pub use scan::{Scan, ScanPage, ScanRequest, Segments, Start};
