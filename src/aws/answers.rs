//! Checks every response: it must fit into memory, and its pages must move on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use memchr::memmem;
use serde_json::Value;
use serde_json::value::RawValue;

/// The size limit of a response. A BatchGetItem returns up to 16 MB of items, which take more as
/// JSON; a page of a Query or Scan has 1 MB.
/// Source: "BatchGetItem" and "Query" in the API reference.
const MAX_BYTES: usize = MAX_MEBIBYTES << 20;
const MAX_MEBIBYTES: usize = 32;
/// The field of a request that says where its page begins, and the field of the response that says
/// where it ended.
const PAGE_KEYS: [(&str, &str); 5] = [
    ("ExclusiveStartKey", "LastEvaluatedKey"),
    ("ExclusiveStartTableName", "LastEvaluatedTableName"),
    ("ExclusiveStartShardId", "LastEvaluatedShardId"),
    ("PaginationToken", "PaginationToken"),
    ("NextToken", "NextToken"),
];

/// Why a response is rejected. A retry would get the same response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untaken {
    TooLarge,
    Repeats,
}

impl fmt::Display for Untaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "sends an answer of more than {MAX_MEBIBYTES} MiB"),
            Self::Repeats => f.write_str("repeats a page key, so the pages would never end"),
        }
    }
}

impl std::error::Error for Untaken {}

impl From<Untaken> for ConnectorError {
    fn from(untaken: Untaken) -> Self {
        // An error without a kind is not retried.
        Self::other(untaken.into(), None)
    }
}

/// An HTTP client that reads each response in full, within the timeout of the attempt, and rejects
/// bad ones.
#[derive(Debug)]
pub(super) struct Checking<C>(pub(super) C);

impl HttpClient for Checking<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Checking(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

impl HttpConnector for Checking<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let starts = request.body().bytes().map(starts).unwrap_or_default();
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let body = whole(&mut answer).await?;
            if repeats(&starts, &body) {
                return Err(Untaken::Repeats.into());
            }
            *answer.body_mut() = SdkBody::from(body);
            Ok(answer)
        })
    }
}

async fn whole(answer: &mut HttpResponse) -> Result<Vec<u8>, ConnectorError> {
    let length = answer.headers().get("content-length").and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BYTES) {
        return Err(Untaken::TooLarge.into());
    }
    let mut body = Vec::with_capacity(length.unwrap_or_default());
    let mut parts = ByteStream::new(std::mem::replace(answer.body_mut(), SdkBody::taken()));
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| ConnectorError::io(error.into()))?;
        if body.len() + part.len() > MAX_BYTES {
            return Err(Untaken::TooLarge.into());
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Where a request begins, under the name of the response's field.
fn starts(request: &[u8]) -> Vec<(&'static str, Value)> {
    let has = |name: &str| memmem::find(request, name.as_bytes()).is_some();
    if !PAGE_KEYS.iter().any(|(start, _)| has(start)) {
        return Vec::new();
    }
    let request = fields(request).unwrap_or_default();
    let start = |(start, end)| Some((end, serde_json::from_str(request.get(start)?.get()).ok()?));
    PAGE_KEYS.into_iter().filter_map(start).collect()
}

/// Whether a response sends its reader back to where the request began.
fn repeats(starts: &[(&str, Value)], answer: &[u8]) -> bool {
    if starts.is_empty() {
        return false;
    }
    let mut answer = fields(answer).unwrap_or_default();
    // The shards of a stream are inside its description.
    if let Some(description) = answer.get("StreamDescription").copied() {
        answer.extend(fields(description.get().as_bytes()).unwrap_or_default());
    }
    let is_same = |(name, start): &(&str, Value)| {
        answer.get(*name).and_then(|end| serde_json::from_str(end.get()).ok()).as_ref() == Some(start)
    };
    starts.iter().any(is_same)
}

/// The raw fields of a JSON object.
fn fields(body: &[u8]) -> Option<HashMap<Cow<'_, str>, &RawValue>> {
    serde_json::from_slice(body).ok()
}
