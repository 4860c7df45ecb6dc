//! Retries, and the pauses between them.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use super::DynamoDb;
use super::error::{is_busy, is_server_error};
use crate::aws::is_untaken;

/// The pause after the first failed try. It doubles with each further one, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Pauses after this many failed tries, from 1.
pub(crate) async fn pause(tries: u32) {
    tokio::time::sleep(delay(tries)).await;
}

/// The pause after this many failed tries, from 1.
///
/// Full jitter: writers that were refused together do not retry together.
pub(crate) fn delay(tries: u32) -> Duration {
    let ceiling = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(MAX_PAUSE);
    ceiling.mul_f64(fastrand::f64())
}

/// Retries while the service has no capacity for the request: 16 seconds of pauses on average, 31 at most.
pub(crate) const MAX_RETRIES: u32 = 12;
/// Retries after a server error.
const MAX_RETRIES_OF_BROKEN: u32 = 4;

/// Sends a request, with retries, for at most the request timeout of `db`. The SDK's own retries end
/// before a small table has capacity again. `answered` says that the service has answered before, so a
/// failed connection is worth a retry.
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
        let is_worth_it =
            is_busy(&error) && tries < MAX_RETRIES || is_broken && tries < MAX_RETRIES_OF_BROKEN;
        if !is_worth_it || start.elapsed() >= db.place().request_timeout() {
            return Err(error);
        }
        tries += 1;
        pause(tries).await;
    }
}
