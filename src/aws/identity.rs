//! Whose the credentials are, asked of the service and never remembered.

use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;

use super::Aws;
use crate::config::AwsConfig;
use crate::error::Result;

/// The owner of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account number.
    pub account: String,
    /// The user, or the role and its session.
    pub arn: String,
    /// The last four characters of the access key id.
    pub key_ends_with: String,
}

impl CallerIdentity {
    /// Asks STS, which needs no permission for this.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when there are no valid credentials;
    /// [`crate::error::Kind::Failed`] when there is no response.
    pub async fn ask(config: &AwsConfig) -> Result<Self> {
        let Aws { sdk, place, trace_interceptor, .. } = Aws::load(config).await?;
        let mut client = aws_sdk_sts::config::Builder::from(&sdk);
        // A dry run may send this: it only reads.
        client.set_interceptors(trace_interceptor.into_iter().map(SharedInterceptor::new));
        let client = aws_sdk_sts::Client::from_conf(client.build());
        let answer = client.get_caller_identity().send().await;
        let answer =
            answer.map_err(|error| place.error("cannot look up whose credentials these are", &error))?;
        // The request has just been signed with them, so they exist.
        let key = match sdk.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.ok(),
            None => None,
        };
        let key = key.map(|key| key.access_key_id().to_owned()).unwrap_or_default();
        let from = key.char_indices().rev().nth(3).map_or(key.len(), |(at, _)| at);
        Ok(Self {
            account: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
            key_ends_with: key[from..].to_owned(),
        })
    }
}
