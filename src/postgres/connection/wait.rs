//! Waiting for a server that is on its way.

use std::time::Duration;

use super::connect::Dialer;
use super::failure::Failure;
use crate::error::{Error, Kind, Result};
use crate::postgres::ConnectionUrl;

/// How long to wait before the second attempt; then ever longer.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest time between two attempts.
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// What waiting came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// The server accepts connections to the database.
    Database,
    /// The server accepts connections; the database is still to be created.
    ServerOnly,
}

/// Tries until the server accepts connections. Only a server that refuses the
/// connection, breaks it off or is starting up is tried again; `report` is told
/// why it is waited for, once for each reason in a row.
///
/// # Errors
/// [`Kind::Failed`] with the last reason when it takes longer than `timeout`; at
/// once, with its own kind, whatever waiting does not cure.
pub async fn wait(url: &ConnectionUrl, timeout: Duration, mut report: impl FnMut(&str)) -> Result<Ready> {
    // The whole is limited, and not each attempt.
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
    let message = format!("PostgreSQL at {url} does not accept connections after {seconds} s");
    Err(match last {
        // Its causes are shown under the message; one without is its own reason.
        Some(last) if last.causes().next().is_some() => last.with(Kind::Failed, message),
        Some(last) => {
            let reason = reason(&last);
            last.with(Kind::Failed, format!("{message}: {reason}"))
        }
        None => Error::failed(format!("{message}: it does not answer")),
    })
}

/// The innermost cause, which says most in the fewest words; else the message.
fn reason(error: &Error) -> String {
    error.causes().last().unwrap_or_else(|| error.message().to_owned())
}
