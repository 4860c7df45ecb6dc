//! Waits for a server that is starting.

use std::time::Duration;

use super::connect::Dialer;
use super::failure::Failure;
use crate::error::{Error, Kind, Result};
use crate::postgres::ConnectionUrl;

/// The pause before the second attempt; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// The result of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// The server accepts connections to the database.
    Database,
    /// The server accepts connections, but the database does not exist yet.
    ServerOnly,
}

/// Retries until the server accepts connections. Retries only when the server refuses the
/// connection, hangs up or is starting. Calls `report` with the reason each time it changes.
///
/// # Errors
/// [`Kind::Failed`] with the last reason after `timeout`. Errors that waiting does not cure are
/// returned at once, with their own kind.
pub async fn wait(url: &ConnectionUrl, timeout: Duration, mut report: impl FnMut(&str)) -> Result<Ready> {
    // `timeout` limits the wait as a whole; an attempt has only its `connect_timeout`.
    let mut url = url.clone();
    url.limit = Duration::MAX;
    let url = &url;
    let dialer = Dialer::new(url)?;
    let mut last: Option<Error> = None;
    let attempts = async {
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match dialer.dial().await {
                Ok(_) => return Ok(Ready::Database),
                Err(Failure { is_missing_database: true, .. }) => return Ok(Ready::ServerOnly),
                Err(failure) if failure.is_not_yet => failure.error,
                Err(failure) => return Err(failure.error),
            };
            let reason = reason(&failure);
            if last.as_ref().is_none_or(|last| self::reason(last) != reason) {
                report(&reason);
            }
            last = Some(failure);
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(MAX_PAUSE);
        }
    };
    if let Ok(outcome) = tokio::time::timeout(timeout, attempts).await {
        return outcome;
    }
    let seconds = timeout.as_secs_f64();
    let message = format!("PostgreSQL at {url} did not accept connections within {seconds} s");
    Err(match last {
        // Its causes are shown below the message; an error without causes is its own reason.
        Some(last) if last.causes().next().is_some() => last.with(Kind::Failed, message),
        Some(last) => {
            let reason = reason(&last);
            last.with(Kind::Failed, format!("{message}: {reason}"))
        }
        None => Error::failed(format!("{message}: it does not answer")),
    })
}

/// The innermost cause, which is the shortest and most specific; else the message.
fn reason(error: &Error) -> String {
    error.causes().last().unwrap_or_else(|| error.message().to_owned())
}
