//! Requests for which the SDK has no client, sent as it sends its own.

use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::Aws;

impl Aws {
    /// An operation at the URL `endpoint`, with the timeouts, retries and interceptors of every client.
    /// Retries throttling, 5xx and broken connections, so it must be idempotent. The caller adds how
    /// it is signed, sent and read.
    pub(crate) fn operation(
        &self,
        service: &'static str,
        name: &'static str,
        endpoint: &str,
    ) -> OperationBuilder {
        let timeouts = self.sdk.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
        let mut operation = Operation::builder()
            .service_name(service)
            .operation_name(name)
            .endpoint_url(endpoint)
            .standard_retry(&self.sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard))
            .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .timeout_config(timeouts)
            .interceptor(StalledStreamProtectionInterceptor::default())
            .with_connection_poisoning();
        for interceptor in self.interceptors() {
            operation = operation.interceptor(interceptor);
        }
        match self.sdk.http_client() {
            Some(client) => operation.http_client(client),
            None => operation,
        }
    }
}
