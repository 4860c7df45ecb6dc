//! How often a request is tried, for every client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::retry::RetryConfig;
use serde::Deserialize;

/// Retries when the service has no capacity, and when it fails after it has worked: 16 seconds of pauses on
/// average, 31 at most. The SDK's two end before a small table has capacity again.
pub(crate) const MAX_RETRIES: u32 = 12;
/// The longest pause after the first failed try. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause after this many failed tries, from 1. The pause itself is a random part of it, so that
/// writers that were refused together do not retry together.
pub(crate) fn max_pause(tries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(MAX_PAUSE)
}

/// The service has no capacity now, or another transaction holds the item.
/// Sources: "Error handling with DynamoDB", "TransactWriteItems", "Quotas in Amazon Cognito", "Error
/// codes for the Amazon EC2 API".
const BUSY_CODES: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    CONFLICT,
    "TransactionInProgressException",
];
/// The one of them that the SDK does not retry.
const CONFLICT: &str = "TransactionConflictException";

/// Whether the service has no capacity for the request now.
pub(crate) fn is_busy<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    super::code(error).is_some_and(|code| BUSY_CODES.contains(&code))
}

/// Sets the number of attempts by the last error. A client that does not retry is left alone.
#[derive(Debug, Clone)]
pub(super) struct Retries {
    request_timeout: Duration,
    /// Whether any request of this client has succeeded.
    has_worked: Arc<AtomicBool>,
    /// The SDK's quota would end the retries of many writers that are throttled together.
    quota: TokenBucket,
}

impl Retries {
    pub(super) fn new(request_timeout: Duration) -> Self {
        Self { request_timeout, has_worked: Arc::default(), quota: TokenBucket::unlimited() }
    }
}

/// A request's start, and its retries as configured.
#[derive(Debug)]
struct Begun(Instant, RetryConfig);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Retries {
    fn name(&self) -> &'static str {
        "Retries"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(retries) = config.load::<RetryConfig>().filter(|retries| retries.has_retry()).cloned() {
            let state = config.interceptor_state();
            state.store_put(Begun(Instant::now(), retries));
            state.store_put(self.quota.clone());
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else {
            self.has_worked.store(true, Ordering::Relaxed);
            return Ok(());
        };
        let Some(Begun(start, configured)) = config.load::<Begun>() else { return Ok(()) };
        let response = context.response();
        let is_busy = response.and_then(code).is_some_and(|code| BUSY_CODES.contains(&code.as_str()));
        let is_broken = response
            .map_or_else(|| error.is_connector_error(), |response| response.status().is_server_error());
        let retries = if is_busy || is_broken && self.has_worked.load(Ordering::Relaxed) {
            let done = config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
            // A timeout during the pause would hide why the service failed.
            let is_late = start.elapsed() + max_pause(done) >= self.request_timeout;
            let attempts = if is_late { done } else { configured.max_attempts().max(1 + MAX_RETRIES) };
            let paused = configured.clone().with_initial_backoff(FIRST_PAUSE).with_max_backoff(MAX_PAUSE);
            paused.with_max_attempts(attempts)
        } else {
            configured.clone()
        };
        config.interceptor_state().store_put(retries);
        Ok(())
    }
}

/// Lets the SDK retry what another transaction holds.
#[derive(Debug)]
pub(crate) struct RetryConflicts;

impl ClassifyRetry for RetryConflicts {
    fn name(&self) -> &'static str {
        "RetryConflicts"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().and_then(code) {
            Some(code) if code == CONFLICT => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }
}

/// The error code of a JSON or XML response.
fn code(response: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(rename = "__type")]
        code: String,
    }
    if response.status().is_success() {
        return None;
    }
    let body = response.body().bytes()?;
    if let Ok(Refusal { code }) = serde_json::from_slice(body) {
        return Some(code.rsplit('#').next().unwrap_or_default().to_owned());
    }
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}
