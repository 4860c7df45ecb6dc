//! Streams as AWS has them: their names, their shards, and no record of a write that changed nothing.
//!
//! The embedded DynamoDB writes a record for every write, so it is told to keep both images in each,
//! and a record whose images are equal is left out when it is read. The view that the client asked
//! for is kept in a tag of the table, which clients do not see.

use dynoxide::Database;
use dynoxide::actions::get_shard_iterator::decode_shard_iterator;
use dynoxide::actions::list_tags_of_resource::ListTagsOfResourceRequest;
use dynoxide::actions::tag_resource::TagResourceRequest;
use dynoxide::streams::{LOCAL_ACCOUNT, LOCAL_REGION, shard_id, stream_arn, table_arn};
use dynoxide::types::Tag;
use flate2::Crc;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// The tag with the view that the client asked for.
const VIEW_TAG: &str = "cruddur:StreamViewType";
/// The view that the embedded DynamoDB keeps.
const BOTH_IMAGES: &str = "NEW_AND_OLD_IMAGES";
const VIEWS: [&str; 4] = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", BOTH_IMAGES];

/// The operations whose requests or answers say something about streams, or hold an ARN.
const OPERATIONS: [&str; 9] = [
    "CreateTable",
    "DeleteTable",
    "DescribeStream",
    "DescribeTable",
    "GetRecords",
    "GetShardIterator",
    "ListStreams",
    "ListTagsOfResource",
    "UpdateTable",
];

/// What differs between a client and the embedded DynamoDB in one exchange.
pub(super) struct Translation {
    region: String,
    table: Option<String>,
    /// The view that the table's stream has for clients, if that is not the one kept.
    view: Option<String>,
    /// The view before this exchange, if it sets another.
    former_view: Option<String>,
}

impl Translation {
    /// Whether there is anything to translate in an operation.
    pub(super) fn concerns(operation: &str) -> bool {
        OPERATIONS.contains(&operation)
    }

    /// Makes of `request` what the embedded DynamoDB is to be asked.
    pub(super) fn new(database: &Database, operation: &str, region: String, request: &mut Value) -> Self {
        let table = table(request);
        let view = table.as_deref().and_then(|table| view(database, table));
        let mut translation = Self { region, table, view, former_view: None };
        let Some(request) = request.as_object_mut() else { return translation };
        match operation {
            "CreateTable" | "UpdateTable" => translation.keep_both_images(database, operation, request),
            "GetShardIterator" => {
                if let (Some(Value::String(id)), Some(table)) =
                    (request.get_mut("ShardId"), &translation.table)
                    && public_shard(database, table).as_ref() == Some(id)
                {
                    *id = shard_id(table);
                }
            }
            "ListStreams" => {
                if let Some(Value::String(arn)) = request.get_mut("ExclusiveStartStreamArn")
                    && let Some(own) = own_arn(database, arn)
                {
                    *arn = own;
                }
            }
            _ => {}
        }
        translation
    }

    /// Replaces the view in a request that switches a stream on, and keeps it in the tag.
    fn keep_both_images(&mut self, database: &Database, operation: &str, request: &mut Map<String, Value>) {
        let Some(Value::Object(stream)) = request.get_mut("StreamSpecification") else { return };
        let view = stream.get("StreamViewType").map_or(Some(BOTH_IMAGES), Value::as_str).unwrap_or_default();
        let Some(view) = VIEWS.into_iter().find(|known| *known == view) else { return };
        if stream.get("StreamEnabled") != Some(&Value::Bool(true)) {
            return;
        }
        stream.insert("StreamViewType".to_owned(), BOTH_IMAGES.into());
        if operation == "CreateTable" {
            let tags = request.entry("Tags").or_insert_with(|| json!([]));
            if let Value::Array(tags) = tags {
                tags.push(json!({ "Key": VIEW_TAG, "Value": view }));
            }
        } else {
            self.former_view = self.view.take();
            // Before the stream is on, so that nobody sees it with another view.
            self.keep_view(database, view);
        }
        self.view = Some(view.to_owned());
    }

    fn keep_view(&self, database: &Database, view: &str) {
        let Some(table) = &self.table else { return };
        let tag = Tag { key: VIEW_TAG.to_owned(), value: view.to_owned() };
        // A table that is not there has no stream either.
        let _ = database
            .tag_resource(TagResourceRequest { resource_arn: Some(table_arn(table)), tags: vec![tag] });
    }

    /// To be called when the request was refused.
    pub(super) fn undo(&self, database: &Database) {
        if let Some(view) = &self.former_view {
            self.keep_view(database, view);
        }
    }

    /// Makes of `answer` what AWS would answer. If that leaves none of its records, gives the iterator of the
    /// next page, which is to be read instead: to some clients, an empty page is the end.
    pub(super) fn finish(&self, database: &Database, answer: &mut Value) -> Option<Value> {
        self.rename(database, answer);
        if let Some(Value::Array(tags)) = answer.get_mut("Tags") {
            tags.retain(|tag| tag["Key"] != VIEW_TAG);
        }
        let Some(Value::Array(records)) = answer.get_mut("Records") else { return None };
        let had_records = !records.is_empty();
        records.retain(|record| {
            let change = &record["dynamodb"];
            change["OldImage"].is_null() || change["OldImage"] != change["NewImage"]
        });
        for record in &mut *records {
            self.cut_images(&mut record["dynamodb"]);
            // The embedded DynamoDB writes these names as a function's event has them.
            if let Some(user) = record.get_mut("userIdentity") {
                *user = json!({ "PrincipalId": user["principalId"], "Type": user["type"] });
            }
        }
        let is_emptied = had_records && records.is_empty();
        answer.get("NextShardIterator").filter(|_| is_emptied).cloned()
    }

    /// Leaves the images that the view has.
    fn cut_images(&self, change: &mut Value) {
        let hidden: &[&str] = match self.view.as_deref() {
            Some("KEYS_ONLY") => &["NewImage", "OldImage"],
            Some("NEW_IMAGE") => &["OldImage"],
            Some("OLD_IMAGE") => &["NewImage"],
            _ => &[],
        };
        for name in hidden {
            let image = change.as_object_mut().and_then(|change| change.remove(*name));
            // The embedded DynamoDB gives the length of the JSON.
            if let (Some(image), Some(size)) = (image, change["SizeBytes"].as_u64()) {
                change["SizeBytes"] = size.saturating_sub(image.to_string().len() as u64).into();
            }
        }
    }

    /// Puts AWS's kind of names and ids into an answer. In items, every value is an object, so a text under
    /// one of these names is never a user's.
    fn rename(&self, database: &Database, value: &mut Value) {
        match value {
            Value::Array(elements) => {
                for element in elements {
                    self.rename(database, element);
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), &mut *value) {
                        (_, Value::String(text)) => {
                            if let Some(new) = self.renamed(database, name, text) {
                                *text = new;
                            }
                        }
                        ("SequenceNumberRange", Value::Object(range)) => {
                            // The shard is open for as long as the stream can be described.
                            range.remove("EndingSequenceNumber");
                        }
                        _ => self.rename(database, value),
                    }
                }
            }
            _ => {}
        }
    }

    fn renamed(&self, database: &Database, name: &str, text: &str) -> Option<String> {
        match name {
            "IndexArn"
            | "KMSMasterKeyArn"
            | "LastEvaluatedStreamArn"
            | "LatestStreamArn"
            | "StreamArn"
            | "TableArn" => Some(public_arn(text, &self.region)),
            "LatestStreamLabel" | "StreamLabel" => public_label(text),
            "ShardId" => public_shard(database, self.table.as_deref()?),
            "StreamViewType" => self.view.clone(),
            "awsRegion" => Some(self.region.clone()),
            _ => None,
        }
    }
}

/// The table that a request is about.
fn table(request: &Value) -> Option<String> {
    if let Some(iterator) = request["ShardIterator"].as_str() {
        return decode_shard_iterator(iterator).map(|(table, ..)| table);
    }
    let of_arn = |name: &str| request[name].as_str().and_then(table_of_arn);
    request["TableName"].as_str().or_else(|| of_arn("StreamArn")).map(ToOwned::to_owned)
}

fn table_of_arn(arn: &str) -> Option<&str> {
    arn.split('/').nth(1)
}

/// The view that clients asked for. A table from before the tag has none.
fn view(database: &Database, table: &str) -> Option<String> {
    let request = ListTagsOfResourceRequest { resource_arn: Some(table_arn(table)) };
    let tags = database.list_tags_of_resource(request).ok()?.tags;
    tags.into_iter().find(|tag| tag.key == VIEW_TAG).map(|tag| tag.value)
}

/// The label that the embedded DynamoDB has for the table's stream.
fn own_label(database: &Database, table: &str) -> Option<String> {
    database.get_table_metadata(table).ok()??.stream_label
}

/// The embedded DynamoDB's name for the stream that clients know as `arn`.
fn own_arn(database: &Database, arn: &str) -> Option<String> {
    let table = table_of_arn(arn)?;
    let own = stream_arn(table, &own_label(database, table)?);
    (public_arn(&own, "").rsplit('/').next() == arn.rsplit('/').next()).then_some(own)
}

/// An ARN with the client's region, and a time as its stream's label.
fn public_arn(arn: &str, region: &str) -> String {
    let arn =
        arn.replacen(&format!(":{LOCAL_REGION}:{LOCAL_ACCOUNT}:"), &format!(":{region}:{LOCAL_ACCOUNT}:"), 1);
    match arn.split_once("/stream/") {
        Some((table, label)) => format!("{table}/stream/{}", public_label(label).as_deref().unwrap_or(label)),
        None => arn,
    }
}

/// The time that the embedded DynamoDB's labels hold, in seconds and nanoseconds.
fn created_at(label: &str) -> Option<Timestamp> {
    let (seconds, nanoseconds) = label.split_once('.')?;
    Timestamp::new(seconds.parse().ok()?, nanoseconds.parse().ok()?).ok()
}

/// A label as AWS writes it, such as `2026-11-22T13:56:47.123`.
fn public_label(label: &str) -> Option<String> {
    let time = created_at(label)?.to_zoned(TimeZone::UTC);
    Some(time.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string())
}

/// A shard's id as AWS writes it: the milliseconds since 1970 in 20 digits, then 8 hexadecimal ones.
/// It depends on the stream alone, so all calls and all runs agree on it.
fn public_shard(database: &Database, table: &str) -> Option<String> {
    let milliseconds = created_at(&own_label(database, table)?)?.as_millisecond();
    Some(format!("shardId-{milliseconds:020}-{:08x}", checksum(table.as_bytes())))
}

/// The CRC-32 of `bytes`.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
