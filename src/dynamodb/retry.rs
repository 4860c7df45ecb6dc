//! How long to wait before trying again.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use super::DynamoDb;
use super::error::{is_server_error, is_throttled};
use crate::aws::is_untaken;

/// The pause after the first try in vain; doubles, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Waits after this many tries in vain, from 1.
pub(crate) async fn pause(tries: u32) {
    tokio::time::sleep(delay(tries)).await;
}

/// How long to wait after this many tries in vain, from 1.
///
/// Full jitter: writers that were turned away together do not come back together.
pub(crate) fn delay(tries: u32) -> Duration {
    let ceiling = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(MAX_PAUSE);
    ceiling.mul_f64(fastrand::f64())
}

/// Answers in a row that ask for patience before giving up: about 25 seconds.
const TRIES: u32 = 12;
/// The same of answers that say that the service is broken.
const TRIES_OF_BROKEN: u32 = 4;

/// Sends a request that reads until it is answered, for as long as the patience of `db` lasts. The
/// SDK's own tries are over sooner than a table of a few units has any to spare, and a long read is
/// worth some more. `answered` is whether the service is known to be there: else a connection that
/// fails is not tried again.
pub(crate) async fn with_retries<T, E, F: Future<Output = Result<T, SdkError<E>>>>(
    db: &DynamoDb,
    answered: bool,
    send: impl Fn() -> F,
) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let start = Instant::now();
    let mut tries = 0;
    loop {
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let is_connection =
            matches!(error, SdkError::DispatchFailure(_) | SdkError::ResponseError(_)) && !is_untaken(&error);
        let is_broken = is_server_error(&error) || (is_connection && answered);
        let is_worth_it = is_throttled(&error) && tries < TRIES || is_broken && tries < TRIES_OF_BROKEN;
        if !is_worth_it || start.elapsed() >= db.place().request_timeout() {
            return Err(error);
        }
        tries += 1;
        pause(tries).await;
    }
}
