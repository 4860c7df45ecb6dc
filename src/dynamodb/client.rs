//! The client, and what is known about its endpoint.

use aws_sdk_dynamodb::Client;

use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::retries::classifiers::SharedRetryClassifier;

use crate::aws::{Aws, DryRun, Endpoint, RetryConflicts, Tries};
use crate::config::{AwsConfig, Target};
use crate::dynamodb::write::measure::Schemas;
use crate::error::Result;

/// A client for one DynamoDB.
#[derive(Clone)]
pub struct DynamoDb {
    pub(crate) client: Client,
    place: Endpoint,
    pub(crate) dry_run: Option<DryRun>,
    /// The table schemas that a dry run has seen.
    pub(crate) schemas: Schemas,
}

impl DynamoDb {
    /// Builds the client; sends no request.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when production has no region.
    pub async fn connect(config: &AwsConfig) -> Result<Self> {
        let mut aws = Aws::load(config).await?;
        let schemas = Schemas::default();
        aws.dry_run = aws.dry_run.map(|dry_run| dry_run.measuring(schemas.measure()));
        let mut client = aws_sdk_dynamodb::config::Builder::from(&aws.sdk);
        client.set_interceptors(aws.interceptors());
        client.push_retry_classifier(SharedRetryClassifier::new(RetryConflicts));
        let Aws { place, dry_run, .. } = aws;
        Ok(Self { client: Client::from_conf(client.build()), place, dry_run, schemas })
    }

    /// The same client for a dry run: it records what it does not send.
    pub(crate) fn rehearsing(&self) -> Self {
        if self.dry_run.is_some() {
            return self.clone();
        }
        let dry_run = DryRun::new(self.place.service(), true);
        let rehearsing = self.intercepted(SharedInterceptor::new(dry_run.clone()));
        Self { dry_run: Some(dry_run), ..rehearsing }
    }

    /// The same client for one request, with a count of its tries.
    pub(crate) fn counting(&self) -> (Self, Tries) {
        let tries = Tries::default();
        (self.intercepted(SharedInterceptor::new(tries.clone())), tries)
    }

    /// The same client with one more interceptor.
    pub(crate) fn intercepted(&self, interceptor: SharedInterceptor) -> Self {
        let config = self.client.config().to_builder().interceptor(interceptor).build();
        Self { client: Client::from_conf(config), ..self.clone() }
    }

    /// Whether a DynamoDB API answers, even with a refusal.
    pub async fn answers(&self) -> bool {
        match self.client.list_tables().limit(1).send().await {
            // The API returns a list even when it is empty. Any server may answer `{}`.
            Ok(output) => output.table_names.is_some(),
            Err(error) => crate::aws::is_refusal(&error),
        }
    }

    /// Makes sure that the endpoint has answered, so that it is known whether it is AWS. Sends a request
    /// only if none has been answered yet.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when nothing answers.
    pub async fn identify(&self) -> Result<()> {
        if self.place.signs().identity.is_some() {
            return Ok(());
        }
        let listed = self.client.list_tables().limit(1).send().await;
        match listed {
            Err(error) if error.raw_response().is_none() => {
                Err(self.place.error("cannot identify the service", &error))
            }
            // A refusal is an answer.
            _ => Ok(()),
        }
    }

    /// Its endpoint.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.place
    }

    /// Its target.
    pub const fn target(&self) -> Target {
        self.place.target()
    }

    /// Whether this is an emulator, whose capacity figures are estimates.
    pub const fn is_emulated(&self) -> bool {
        self.place.is_emulated()
    }
}
