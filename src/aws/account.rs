//! The AWS account of the credentials: asked once, then remembered for a day.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use tokio::sync::Mutex;

use super::codes::{code, root_cause};
use super::trace_interceptor::TraceInterceptor;
use crate::remembered::Remembered;

/// The configuration of an STS client.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) sdk: SdkConfig,
    pub(super) trace_interceptor: Option<TraceInterceptor>,
}

/// How long a command waits for the account.
const TIMEOUT: Duration = Duration::from_secs(3);
/// An access key belongs to one account forever; a day limits the effect of a mistake.
const KEPT: Duration = Duration::from_hours(24);
/// Credentials that expire sooner than this are fetched again.
const EXPIRES_SOON: Duration = Duration::from_mins(5);
/// Stores accounts by a hash of the access key id, which is not stored itself.
const FILE: &str = "accounts.json";

/// The account of these credentials, from `state` or from STS.
///
/// # Errors
/// Why it is unknown, in a few words.
pub(super) async fn account(caller: &Caller, state: Option<&Path>) -> Result<String, String> {
    match tokio::time::timeout(TIMEOUT, look_up(caller, state)).await {
        Ok(found) => found,
        Err(_) => Err("no answer in time".to_owned()),
    }
}

async fn look_up(Caller { sdk, trace_interceptor }: &Caller, state: Option<&Path>) -> Result<String, String> {
    let provider = sdk.credentials_provider().ok_or("no credentials")?;
    let credentials = provider.provide_credentials().await.map_err(|error| match error {
        CredentialsError::CredentialsNotLoaded(_) => "no credentials".to_owned(),
        other => root_cause(&other).to_string(),
    })?;
    let key = hash(credentials.access_key_id());
    let mut known = Remembered::read(state, FILE);
    if let Some(account) = known.get(&key, KEPT).filter(|account| is_account(account)) {
        return Ok(account.to_owned());
    }
    let sdk = sdk.clone().into_builder().credentials_provider(SharedCredentialsProvider::new(credentials));
    let mut client = aws_sdk_sts::config::Builder::from(&sdk.build());
    client.set_interceptors(trace_interceptor.iter().cloned().map(SharedInterceptor::new));
    let client = aws_sdk_sts::Client::from_conf(client.build());
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| match code(&error) {
        Some(code) => code.to_owned(),
        None => root_cause(&error).to_string(),
    })?;
    let account = answer.account.ok_or("STS does not say")?;
    known.keep(&key, &account);
    Ok(account)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn hash(access_key_id: &str) -> String {
    let mut hasher = DefaultHasher::new();
    access_key_id.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Caches credentials until they expire, so that looking up the account and signing requests take
/// only one sign-in.
#[derive(Debug)]
pub(super) struct CachedCredentials {
    inner: SharedCredentialsProvider,
    last: Arc<Mutex<Option<Credentials>>>,
}

impl CachedCredentials {
    pub(super) fn new(inner: SharedCredentialsProvider) -> Self {
        Self { inner, last: Arc::default() }
    }
}

impl ProvideCredentials for CachedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let mut last = self.last.lock().await;
            let lasts = |credentials: &Credentials| {
                credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + EXPIRES_SOON)
            };
            if let Some(credentials) = last.as_ref().filter(|last| lasts(last)) {
                return Ok(credentials.clone());
            }
            let credentials = self.inner.provide_credentials().await?;
            *last = Some(credentials.clone());
            Ok(credentials)
        })
    }
}
