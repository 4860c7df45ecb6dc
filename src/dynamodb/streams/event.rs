//! Records as a Lambda function receives them.
//! Source: "Using AWS Lambda with Amazon DynamoDB" in Lambda's developer guide.

use serde::Serialize;

use super::Record;
use crate::dynamodb::item::json::Typed;

/// The only event source, and the version of records that have none.
const SOURCE: &str = "aws:dynamodb";
const VERSION: &str = "1.1";

/// The `event` of one invocation of a function.
#[derive(Serialize)]
pub struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<EventRecord<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRecord<'a> {
    #[serde(rename = "eventID")]
    id: &'a str,
    event_name: &'a str,
    event_version: &'a str,
    event_source: &'static str,
    aws_region: &'a str,
    dynamodb: Change<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_identity: Option<UserIdentity<'a>>,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Change<'a> {
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    approximate_creation_date_time: Option<i64>,
    keys: Typed<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_image: Option<Typed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_image: Option<Typed<'a>>,
    sequence_number: &'a str,
    size_bytes: i64,
    stream_view_type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity<'a> {
    r#type: &'a str,
    principal_id: &'a str,
}

impl<'a> Event<'a> {
    /// The event for these records of the stream `arn`, read in `region`.
    pub fn new(records: &'a [Record], arn: &'a str, region: &'a str) -> Self {
        let record = |record: &'a Record| EventRecord {
            id: &record.id,
            event_name: &record.event,
            event_version: record.version.as_deref().unwrap_or(VERSION),
            event_source: SOURCE,
            aws_region: region,
            dynamodb: Change {
                approximate_creation_date_time: record
                    .created_at
                    .map(|at| at.microseconds().div_euclid(1_000_000)),
                keys: Typed(&record.keys),
                new_image: record.new_image.as_ref().map(Typed),
                old_image: record.old_image.as_ref().map(Typed),
                sequence_number: &record.sequence_number,
                size_bytes: record.bytes,
                stream_view_type: &record.view_type,
            },
            user_identity: record
                .user
                .as_ref()
                .map(|(kind, principal)| UserIdentity { r#type: kind, principal_id: principal }),
            event_source_arn: arn,
        };
        Self { records: records.iter().map(record).collect() }
    }
}
