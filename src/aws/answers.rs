//! Checks every response: it must fit into memory, and its pages must move on. Tells where a page ends
//! before it is decoded.

use std::borrow::Cow;
use std::cell::Cell;
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
use tokio::sync::oneshot;

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

tokio::task_local! {
    /// Who waits for the end of the page that this task requests.
    static PAGE_END: Cell<Option<oneshot::Sender<Box<RawValue>>>>;
}

/// Sends a request for a page. `end` is told the page's `LastEvaluatedKey`, if it has one, before the
/// page is decoded: the next page can be requested meanwhile.
pub(crate) async fn telling_page_end<R: Future>(
    end: oneshot::Sender<Box<RawValue>>,
    request: R,
) -> R::Output {
    PAGE_END.scope(Cell::new(Some(end)), request).await
}

/// Who waits, once.
fn waiting_for_page_end() -> Option<oneshot::Sender<Box<RawValue>>> {
    PAGE_END.try_with(Cell::take).ok().flatten()
}

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
            let waiting = if answer.status().is_success() { waiting_for_page_end() } else { None };
            if waiting.is_some() || !starts.is_empty() {
                let fields = fields(&body).unwrap_or_default();
                if repeats(&starts, &fields) {
                    return Err(Untaken::Repeats.into());
                }
                let end = fields.get("LastEvaluatedKey").copied().map(RawValue::to_owned);
                if waiting.zip(end).is_some_and(|(waiting, end)| waiting.send(end).is_ok()) {
                    // They request the next page now.
                    tokio::task::yield_now().await;
                }
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

/// Whether a response, given its fields, sends its reader back to where the request began.
fn repeats(starts: &[(&str, Value)], answer: &Fields) -> bool {
    // The shards of a stream are inside its description.
    let inner = answer.get("StreamDescription").and_then(|description| fields(description.get().as_bytes()));
    starts.iter().any(|(name, start)| {
        let end = answer.get(*name).or_else(|| inner.as_ref()?.get(*name));
        end.and_then(|end| serde_json::from_str(end.get()).ok()).as_ref() == Some(start)
    })
}

/// The raw fields of a JSON object.
type Fields<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

fn fields(body: &[u8]) -> Option<Fields<'_>> {
    serde_json::from_slice(body).ok()
}
