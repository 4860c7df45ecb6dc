//! What every AWS client is made from: no TLS for a plain endpoint, no profile
//! files for an emulator.

mod error;

use std::fmt;
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
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

pub(crate) use self::error::code;

use crate::config::{AwsConfig, Credentials, Service, Target, is_loopback};
use crate::error::{Error, Result};

/// The first pause before a retry against an emulator: a stack that is down
/// should say so at once. AWS keeps the SDK's second.
const LOCAL_BACKOFF: Duration = Duration::from_millis(20);
/// An endpoint that accepts a connection and then says nothing is no emulator.
const LOCAL_READ_TIMEOUT: Duration = Duration::from_mins(1);

/// One service's endpoint, credentials and region, ready for its client.
pub(crate) struct Aws {
    pub(crate) sdk: SdkConfig,
    pub(crate) place: Place,
}

/// Where a service is; displays as the endpoint's URL, or the region of AWS's own.
#[derive(Debug, Clone)]
pub struct Place {
    service: Service,
    target: Target,
    region: String,
    name: String,
    endpoint: bool,
    emulated: bool,
    loopback: bool,
}

impl Aws {
    /// Sends no request to the service. Only the credential chain may read files.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when there is no region.
    pub(crate) async fn load(config: &AwsConfig) -> Result<Self> {
        let endpoint = config.endpoint.as_ref();
        let http_client = http_client(config);
        let region = region(config, &http_client).await.ok_or_else(|| {
            Error::config("no AWS region is set")
                .hint("give --region, set AWS_REGION, or put a region into the AWS profile")
        })?;
        let mut builder = match &config.credentials {
            Credentials::Static { access_key_id, secret_access_key, session_token } => {
                let credentials = SdkCredentials::new(
                    access_key_id,
                    secret_access_key,
                    session_token.clone(),
                    None,
                    "cruddur",
                );
                SdkConfig::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .credentials_provider(SharedCredentialsProvider::new(credentials))
                    .region(region.clone())
                    .http_client(http_client)
                    .retry_config(RetryConfig::standard().with_initial_backoff(LOCAL_BACKOFF))
                    .timeout_config(TimeoutConfig::builder().read_timeout(LOCAL_READ_TIMEOUT).build())
            }
            Credentials::Chain { profile } => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .http_client(http_client)
                    .region(region.clone());
                if let Some(profile) = profile {
                    loader = loader.profile_name(profile);
                }
                loader.load().await.into_builder()
            }
        };
        // `None` drops what an AWS_ENDPOINT_URL* or a profile may have brought in.
        builder.set_endpoint_url(endpoint.map(|endpoint| endpoint.url.clone()));
        let sdk = builder.build();
        let place = Place {
            service: config.service,
            target: config.target,
            region: region.to_string(),
            name: endpoint.map_or_else(|| region.to_string(), |endpoint| endpoint.url.clone()),
            endpoint: endpoint.is_some(),
            emulated: config.is_emulated(),
            loopback: endpoint.is_some_and(|endpoint| is_loopback(&endpoint.host)),
        };
        Ok(Self { sdk, place })
    }
}

impl Place {
    /// The service that is there.
    #[must_use]
    pub const fn service(&self) -> Service {
        self.service
    }

    /// The world it belongs to.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether it displays as an endpoint's URL, not as a region.
    #[must_use]
    pub const fn has_endpoint(&self) -> bool {
        self.endpoint
    }

    /// Whether this is an emulator.
    #[must_use]
    pub const fn is_emulated(&self) -> bool {
        self.emulated
    }

    /// Whether the endpoint can only be on this machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The region to work in, if there is one. Left to itself the SDK would ask the
/// instance metadata service for it three times, and wait a second each time
/// where nothing answers. So the service is asked once.
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

/// A TLS connector reads every CA certificate of the machine: 3 ms warm, over
/// 30 ms cold. A plain endpoint needs none, unless the credential chain has to
/// sign in somewhere first.
fn http_client(config: &AwsConfig) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    let signs_in = matches!(config.credentials, Credentials::Chain { .. });
    if !signs_in && config.endpoint.as_ref().is_some_and(|endpoint| !endpoint.tls) {
        builder.build_http()
    } else {
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    }
}
