//! Building the client: no TLS for a plain endpoint, no profile files for local work.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Credentials as SdkCredentials, Region, SharedHttpClient,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::config::{Credentials, DynamoDbConfig, Target, is_loopback};
use crate::error::{Error, Result};

/// The first pause before a retry against a local endpoint: a stack that is down
/// should say so at once. AWS keeps the SDK's second.
const LOCAL_BACKOFF: Duration = Duration::from_millis(20);
/// An endpoint that accepts a connection and then says nothing is not DynamoDB.
const LOCAL_READ_TIMEOUT: Duration = Duration::from_mins(1);

/// A client for one DynamoDB.
#[derive(Clone)]
pub struct DynamoDb {
    pub(super) client: Client,
    pub(super) target: Target,
    place: String,
    emulated: bool,
    loopback: bool,
}

impl DynamoDb {
    /// Builds the client; sends no request. Only production's credential chain
    /// may read files.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when production has no region.
    pub async fn connect(config: &DynamoDbConfig) -> Result<Self> {
        let endpoint = config.endpoint.as_ref();
        let http_client = http_client(config);
        let builder = match &config.credentials {
            Credentials::Static { access_key_id, secret_access_key, session_token } => Builder::new()
                .behavior_version(BehaviorVersion::latest())
                .credentials_provider(SdkCredentials::new(
                    access_key_id,
                    secret_access_key,
                    session_token.clone(),
                    None,
                    "cruddur",
                ))
                .region(config.region.clone().map(Region::new))
                .http_client(http_client)
                .retry_config(RetryConfig::standard().with_initial_backoff(LOCAL_BACKOFF))
                .timeout_config(TimeoutConfig::builder().read_timeout(LOCAL_READ_TIMEOUT).build()),
            Credentials::Chain { profile } => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client);
                if let Some(profile) = profile {
                    loader = loader.profile_name(profile);
                }
                if let Some(region) = &config.region {
                    loader = loader.region(Region::new(region.clone()));
                }
                Builder::from(&loader.load().await)
            }
        };
        // `None` drops what an AWS_ENDPOINT_URL* or a profile may have brought in.
        let mut builder = builder;
        builder.set_endpoint_url(endpoint.map(|endpoint| endpoint.url.clone()));
        let sdk_config = builder.build();
        let Some(region) = sdk_config.region() else {
            return Err(Error::config("no AWS region is set")
                .hint("give --region, set AWS_REGION, or put a region into the AWS profile"));
        };
        let place = match endpoint {
            Some(endpoint) => endpoint.url.clone(),
            None => region.to_string(),
        };
        let emulated = endpoint.is_some_and(|endpoint| !endpoint.host.ends_with(".amazonaws.com"));
        let loopback = endpoint.is_some_and(|endpoint| is_loopback(&endpoint.host));
        Ok(Self { client: Client::from_conf(sdk_config), target: config.target, place, emulated, loopback })
    }

    /// Whether a DynamoDB API answers, be it with a refusal.
    pub async fn answers(&self) -> bool {
        match self.client.list_tables().limit(1).send().await {
            // The API gives a list even when it is empty; `{}` is anybody's answer.
            Ok(output) => output.table_names.is_some(),
            // To the SDK any JSON with a code is a service's error.
            Err(error) => {
                let content_type = error.raw_response().and_then(|raw| raw.headers().get("content-type"));
                content_type.is_some_and(|content_type| content_type.starts_with("application/x-amz-json"))
                    && super::error::code(&error).is_some_and(|code| code != "UnknownOperationException")
            }
        }
    }

    /// The endpoint's URL, or the region of AWS's own.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether the endpoint can only be on this machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The world it belongs to.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Whether this is an emulator, whose capacity figures are estimates.
    #[must_use]
    pub const fn is_emulated(&self) -> bool {
        self.emulated
    }
}

/// A TLS connector reads every CA certificate of the machine: 3 ms warm, over
/// 30 ms cold. A plain endpoint needs none, unless the credential chain has to
/// sign in somewhere first.
fn http_client(config: &DynamoDbConfig) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    let signs_in = matches!(config.credentials, Credentials::Chain { .. });
    if !signs_in && config.endpoint.as_ref().is_some_and(|endpoint| !endpoint.tls) {
        builder.build_http()
    } else {
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    }
}
