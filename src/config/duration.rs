//! Durations on the command line.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Parses a duration: `500ms`, `30s`, `2m`, `1h 30m`, `7d` (days of 24 hours), or a number of seconds.
///
/// # Errors
/// What is wrong with it, for clap to show.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: Span =
        text.parse().map_err(|_| "expected a duration such as 500ms, 30s, 2m or 7d".to_owned())?;
    span.to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| "months and years have no fixed length; use days".to_owned())
        .and_then(|duration| duration.try_into().map_err(|_| "must not be negative".to_owned()))
}
