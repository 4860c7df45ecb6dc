//! Cursors: tokens for continuing after a page.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Reason, Result};
use crate::messaging::{TimeRange, Timestamp};

/// To be changed whenever the meaning of a token changes.
const VERSION: u8 = 2;

/// Where a page ended, and what is left to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The range being read. It is absolute, so that a span such as `7d` does not move between pages.
    pub(super) range: TimeRange,
    /// The flags that gave the range, to compare with those given now.
    pub(super) flags: String,
    /// After a page read by keys: the service's LastEvaluatedKey. The keys of the range from this one
    /// on have been returned.
    pub(super) shown: Option<String>,
    /// After a page read by instants: the sort key of its last row, whose sort position is after
    /// everything left to read, and the greatest sort key of what is left.
    pub(super) exact: Option<(String, String)>,
}

/// The contents of a token, in order: version, scope, since, until, flags, shown, exact.
#[derive(Serialize, Deserialize)]
struct Payload(u8, u32, Option<String>, Option<String>, String, Option<String>, Option<(String, String)>);

impl Cursor {
    /// The opaque token for the rows of `partition` of `table`, in base64url.
    pub(super) fn token(&self, table: &str, partition: &str) -> String {
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let payload = Payload(
            VERSION,
            scope(table, partition),
            text(self.range.since),
            text(self.range.until),
            self.flags.clone(),
            self.shown.clone(),
            self.exact.clone(),
        );
        // Strings and numbers never fail to serialize.
        let mut bytes = serde_json::to_vec(&payload).unwrap_or_default();
        bytes.extend(checksum(&bytes).to_be_bytes());
        aws_smithy_types::base64::encode(bytes).replace('+', "-").replace('/', "_").replace('=', "")
    }

    /// Parses a token for the rows of `partition` of `table`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when it is not a valid token, or belongs to other rows.
    pub(super) fn parse(token: &str, table: &str, partition: &str) -> Result<Self> {
        let unreadable =
            || Error::usage("the cursor is of another version, or not complete").hint(Reason::BadCursor);
        let Payload(_, of, since, until, flags, shown, exact) = decode(token).ok_or_else(unreadable)?;
        if of != scope(table, partition) {
            return Err(Error::usage(
                "the cursor belongs to other rows: another group or user, or another table",
            )
            .hint(Reason::BadCursor));
        }
        let time = |text: Option<String>| text.map(|text| text.parse()).transpose().map_err(|_| unreadable());
        let range = TimeRange { since: time(since)?, until: time(until)? };
        Ok(Self { range, flags, shown, exact })
    }

    /// Checks that flags given with the cursor are the same as before. They may be repeated, so that a
    /// command can be, but they cannot change the range.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`] when they differ.
    pub(super) fn check_flags(&self, given: &str) -> Result<()> {
        if given.is_empty() || given == self.flags {
            return Ok(());
        }
        let of = if self.flags.is_empty() { "all times" } else { &self.flags };
        Err(Error::usage(format!("the cursor is for {of}, not for {given}")).hint(Reason::CursorHasRange))
    }
}

fn decode(token: &str) -> Option<Payload> {
    let mut text = token.trim().replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    let bytes = aws_smithy_types::base64::decode(text).ok()?;
    let (payload, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    if sum != checksum(payload).to_be_bytes() {
        return None;
    }
    serde_json::from_slice(payload).ok().filter(|payload: &Payload| payload.0 == VERSION)
}

/// Distinguishes tables and partitions.
fn scope(table: &str, partition: &str) -> u32 {
    checksum(format!("{table}\0{partition}").as_bytes())
}

/// FNV-1a. It protects against typos, not forgery: a forged token reads nothing that its user could not
/// read anyway.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
