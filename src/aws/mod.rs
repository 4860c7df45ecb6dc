//! The common part of all AWS clients: no TLS for a plain endpoint, no profile files for an emulator.

mod account;
mod answers;
mod codes;
mod dry_run;
mod endpoint;
mod error;
mod identity;
mod operation;
mod profile;
mod retries;
mod trace_interceptor;
mod tries;
mod witness;

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

pub(crate) use self::answers::telling_page_end;
pub(crate) use self::codes::{code, is_not_sent, is_untaken};
pub(crate) use self::dry_run::DryRun;
pub use self::dry_run::{Plan, UnsentRequest, WriteCost};
pub(crate) use self::endpoint::Endpoint;
pub(crate) use self::error::is_refusal;
pub(crate) use self::identity::CallerIdentity;
pub(crate) use self::retries::{MAX_RETRIES, RetryConflicts, is_busy, max_pause};
pub(crate) use self::tries::Tries;

use self::account::{CachedCredentials, Caller};
use self::answers::Checking;
use self::endpoint::aws_in;
use self::profile::NamedProfile;
use self::retries::Retries;
use self::trace_interceptor::TraceInterceptor;
use self::witness::Witness;
use crate::config::{AwsConfig, Credentials, DUMMY_CREDENTIAL, Host, PlanSize, is_loopback};
use crate::error::{Error, Reason, Result};

/// The first pause before a retry against an emulator: a stack that is down should be reported at
/// once. For AWS it is the SDK's one second.
const LOCAL_BACKOFF: Duration = Duration::from_millis(20);

/// One service's endpoint, credentials and region, ready for its client.
pub(crate) struct Aws {
    pub(crate) sdk: SdkConfig,
    pub(crate) place: Endpoint,
    /// The interceptor of a dry run.
    pub(crate) dry_run: Option<DryRun>,
    /// The interceptor that traces requests.
    trace_interceptor: Option<TraceInterceptor>,
    retries: Retries,
}

impl Aws {
    /// The interceptors for each client.
    pub(crate) fn interceptors(&self) -> Vec<SharedInterceptor> {
        let trace_interceptor = self.trace_interceptor.iter().cloned().map(SharedInterceptor::new);
        let witness = self.place.witness.clone();
        trace_interceptor
            .chain([SharedInterceptor::new(witness), SharedInterceptor::new(self.retries.clone())])
            .chain(self.dry_run.iter().cloned().map(SharedInterceptor::new))
            .collect()
    }

    /// Loads the configuration. Sends no request to the service; only the credential chain may read files.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when there is no region.
    pub(crate) async fn load(config: &AwsConfig) -> Result<Self> {
        let endpoint = config.endpoint.as_ref();
        let http_client = http_client(config);
        let region = region(config, &http_client)
            .await
            .ok_or_else(|| Error::config("no AWS region is set").hint(Reason::NoRegion))?;
        let sdk = sdk_config(config, &region, http_client).await;
        let place_name = endpoint.map_or_else(|| region.to_string(), |endpoint| endpoint.url.clone());
        if let Credentials::Static { secret_access_key, session_token, .. } = &config.credentials {
            config.trace.hide(secret_access_key);
            if let Some(token) = session_token {
                config.trace.hide(token);
            }
        }
        let at = endpoint.map_or_else(|| aws_in(region.as_ref()), |endpoint| endpoint.url.clone());
        let trace_interceptor = TraceInterceptor::to(&config.trace, &at, config.request_timeout);
        let is_signed_by_dummies = matches!(&config.credentials, Credentials::Static { access_key_id, .. }
            if access_key_id == DUMMY_CREDENTIAL);
        let place = Endpoint {
            service: config.service,
            target: config.target,
            name: place_name,
            region: region.to_string(),
            host: endpoint.map(|endpoint| Host::new(&endpoint.host, endpoint.port)),
            emulated: config.is_emulated(),
            loopback: endpoint.is_some_and(|endpoint| is_loopback(&endpoint.host)),
            request_timeout: config.request_timeout,
            witness: Witness::default(),
            // STS has its own endpoint, whatever the service's is.
            caller: (!config.is_emulated() && !is_signed_by_dummies).then(|| {
                let mut caller = sdk.clone().into_builder();
                let sts = config.sts.as_ref().map(|endpoint| endpoint.url.clone());
                let at = sts.clone().unwrap_or_else(|| aws_in(region.as_ref()));
                let trace_interceptor = TraceInterceptor::to(&config.trace, &at, config.request_timeout);
                caller.set_endpoint_url(sts);
                Caller { sdk: caller.build(), trace_interceptor }
            }),
        };
        let dry_run = config.dry_run.map(|plan| DryRun::new(config.service, plan == PlanSize::Full));
        let retries = Retries::new(config.request_timeout);
        Ok(Self { sdk, place, dry_run, trace_interceptor, retries })
    }
}

/// The credentials, endpoint and timeouts of every client.
async fn sdk_config(config: &AwsConfig, region: &Region, http_client: SharedHttpClient) -> SdkConfig {
    let mut builder = match &config.credentials {
        Credentials::Static { access_key_id, secret_access_key, session_token } => {
            let credentials =
                SdkCredentials::new(access_key_id, secret_access_key, session_token.clone(), None, "cruddur");
            SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .region(region.clone())
                .http_client(http_client)
                .retry_config(RetryConfig::standard().with_initial_backoff(LOCAL_BACKOFF))
        }
        Credentials::Chain { profile } => {
            let mut loader = aws_config::defaults(BehaviorVersion::latest())
                .http_client(http_client.clone())
                .region(region.clone());
            if let Some(profile) = profile {
                let around = ProviderConfig::default().with_http_client(http_client);
                let named = NamedProfile::new(profile, &around.with_region(Some(region.clone())));
                loader = loader.profile_name(profile).credentials_provider(named);
            }
            let sdk = loader.load().await;
            let credentials = sdk.credentials_provider().map(CachedCredentials::new);
            let mut builder = sdk.into_builder();
            builder.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
            builder
        }
    };
    // `None` removes an endpoint from an AWS_ENDPOINT_URL* variable or a profile.
    builder.set_endpoint_url(config.endpoint.as_ref().map(|endpoint| endpoint.url.clone()));
    let sdk = builder.build();
    let timeouts = timeouts(sdk.timeout_config(), config.request_timeout);
    sdk.into_builder().timeout_config(timeouts).build()
}

/// The region to work in, if there is one. The SDK would ask the instance metadata service three
/// times, and wait a second each time when there is no answer. This asks once.
async fn region(config: &AwsConfig, http_client: &SharedHttpClient) -> Option<Region> {
    let set = config.region.clone().map(Region::new);
    let Credentials::Chain { profile } = &config.credentials else {
        return set;
    };
    if set.is_some() {
        return set;
    }
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        file = file.profile_name(profile);
    }
    let chain =
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(file.build());
    let provider_config = ProviderConfig::without_region().with_http_client(http_client.clone());
    chain.or_else(ImdsRegionProvider::builder().configure(&provider_config).build()).region().await
}

/// The HTTP client. Loads TLS only if needed, because that reads every CA certificate of the
/// machine: 3 ms warm, over 30 ms cold. A plain endpoint needs none, unless the credential chain
/// has to sign in elsewhere first.
fn http_client(config: &AwsConfig) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    let signs_in = matches!(config.credentials, Credentials::Chain { .. });
    let client = if !signs_in && config.endpoint.as_ref().is_some_and(|endpoint| !endpoint.tls) {
        builder.build_http()
    } else {
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    };
    SharedHttpClient::new(Checking(client))
}

/// The timeouts: `request_timeout` for a request with its retries, and half of it for one attempt, so that
/// there is time to retry after a dead connection.
fn timeouts(config: Option<&TimeoutConfig>, request_timeout: Duration) -> TimeoutConfig {
    let config = config.cloned().unwrap_or_else(|| TimeoutConfig::builder().build());
    config
        .into_builder()
        .operation_timeout(request_timeout)
        .operation_attempt_timeout(request_timeout / 2)
        .build()
}
