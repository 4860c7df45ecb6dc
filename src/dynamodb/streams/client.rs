//! The streams API: describing a stream, and reading a shard.

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::types::ShardIteratorType;

use super::Record;
use super::shards::{Position, Shard, Stream};
use crate::aws::{Aws, Endpoint, code, is_busy, is_untaken};
use crate::config::AwsConfig;
use crate::error::{Error, Reason, Result};

/// A client for the streams of one DynamoDB.
pub struct Streams {
    client: Client,
    place: Endpoint,
}

/// What a failed request calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// A new iterator.
    Expired,
    /// Continuing from the oldest record left.
    Trimmed,
    /// Listing the shards again.
    NotFound,
    /// A retry.
    Retryable,
    /// Giving up: a retry does not help.
    Permanent,
}

/// A request that failed.
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) error: Error,
}

/// The result of reading a shard.
pub(super) struct Answer {
    pub(super) records: Vec<Record>,
    /// The next iterator; `None` at the end of a closed shard.
    pub(super) next: Option<String>,
}

impl Streams {
    /// Builds the client; sends no request.
    ///
    /// # Errors
    /// [`Kind::Config`] when production has no region.
    pub async fn connect(config: &AwsConfig) -> Result<Self> {
        let aws = Aws::load(config).await?;
        let mut client = aws_sdk_dynamodbstreams::config::Builder::from(&aws.sdk);
        client.set_interceptors(aws.interceptors());
        Ok(Self { client: Client::from_conf(client.build()), place: aws.place })
    }

    /// Where it is.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.place
    }

    /// The stream with this ARN and all its shards, up to 100 per page. `None` when there is no such stream.
    pub async fn describe(&self, arn: &str) -> Result<Option<Stream>> {
        match self.try_describe(arn).await {
            Ok(stream) => Ok(Some(stream)),
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            Err(failure) => Err(failure.error),
        }
    }

    pub(super) async fn try_describe(&self, arn: &str) -> Result<Stream, Failure> {
        let what = "cannot describe the stream";
        let mut shards = Vec::new();
        let mut start = None;
        loop {
            let request = self.client.describe_stream().stream_arn(arn).set_exclusive_start_shard_id(start);
            let page = request.send().await.map_err(|error| self.failure(what, &error))?;
            let Some(page) = page.stream_description else {
                let error = Error::failed(format!("{what}: {} returned none", self.place));
                return Err(Failure { kind: FailureKind::Permanent, error });
            };
            shards.extend(page.shards.unwrap_or_default().into_iter().map(|shard| {
                let range = shard.sequence_number_range.unwrap_or_else(|| {
                    aws_sdk_dynamodbstreams::types::SequenceNumberRange::builder().build()
                });
                Shard {
                    id: shard.shard_id.unwrap_or_default(),
                    parent: shard.parent_shard_id,
                    first: range.starting_sequence_number,
                    last: range.ending_sequence_number,
                }
            }));
            start = page.last_evaluated_shard_id;
            if start.is_none() {
                return Ok(Stream {
                    arn: arn.to_owned(),
                    status: page.stream_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
                    view_type: page.stream_view_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                    shards,
                });
            }
        }
    }

    /// An iterator at `position`; `None` if there is nothing to read.
    pub(super) async fn iterator(
        &self,
        arn: &str,
        shard: &str,
        position: &Position,
    ) -> Result<Option<String>, Failure> {
        let (kind, after) = match position {
            Position::TrimHorizon => (ShardIteratorType::TrimHorizon, None),
            Position::Latest => (ShardIteratorType::Latest, None),
            Position::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number.clone())),
            Position::Done => return Ok(None),
        };
        let request = self.client.get_shard_iterator().stream_arn(arn).shard_id(shard);
        let answer = request.shard_iterator_type(kind).set_sequence_number(after).send().await;
        Ok(answer.map_err(|error| self.failure("cannot start reading a shard", &error))?.shard_iterator)
    }

    /// The records at `iterator`: at most 1,000, or 1 MB.
    pub(super) async fn records(&self, iterator: &str) -> Result<Answer, Failure> {
        let answer = self.client.get_records().shard_iterator(iterator).send().await;
        let answer = answer.map_err(|error| self.failure("cannot read the stream", &error))?;
        let records = answer.records.unwrap_or_default().into_iter().map(Record::from).collect();
        Ok(Answer { records, next: answer.next_shard_iterator })
    }

    fn failure<E, R>(&self, what: &str, error: &SdkError<E, R>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let kind = match code(error) {
            Some("ExpiredIteratorException") => FailureKind::Expired,
            Some("TrimmedDataAccessException") => FailureKind::Trimmed,
            Some("ResourceNotFoundException") => FailureKind::NotFound,
            None if is_untaken(error) => FailureKind::Permanent,
            // `None`: no response. LimitExceededException: more than two readers of a shard.
            None | Some("LimitExceededException" | "InternalServerError" | "ServiceUnavailable") => {
                FailureKind::Retryable
            }
            Some(_) if is_busy(error) => FailureKind::Retryable,
            Some(_) => FailureKind::Permanent,
        };
        let error = self.place.error(what, error);
        // Missing credentials cause no response either, but a retry does not help.
        let kind = if error.is(&Reason::NoCredentials) { FailureKind::Permanent } else { kind };
        Failure { kind, error }
    }
}
