//! `cruddur ddb stream status`

use clap::Args;
use serde::Serialize;

use crate::commands::common::OutputArgs;
use crate::commands::ddb::TableArgs;
use crate::context::Context;
use crate::dynamodb::streams::{Shard, Stream};
use crate::error::Result;
use crate::output::{Column, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # is there a stream, and with how many shards?
  cruddur ddb stream status
  # the same for production, as JSON
  cruddur ddb stream status --prod -o json";

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Row {
    table: String,
    enabled: bool,
    view_type: Option<String>,
    arn: Option<String>,
    label: Option<String>,
    shards: Vec<ShardRow>,
}

#[derive(Serialize)]
struct ShardRow {
    shard_id: String,
    parent_shard_id: Option<String>,
    open: bool,
    first_sequence_number: Option<String>,
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[
        Column::keep("TABLE"),
        Column::keep("STREAM"),
        Column::keep("VIEW"),
        Column::keep("SHARDS"),
        Column::keep("ARN"),
    ];

    fn cells(&self) -> Vec<String> {
        let open = self.shards.iter().filter(|shard| shard.open).count();
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            self.table.clone(),
            if self.enabled { "enabled" } else { "disabled" }.to_owned(),
            or_none(&self.view_type),
            format!("{open} open, {} closed", self.shards.len() - open),
            or_none(&self.arn),
        ]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &StatusArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let found = db.stream_of(&table).await?;
    let stream = match &found.arn {
        Some(arn) => cx.streams().await?.describe(arn).await?,
        None => None,
    };
    let view_type = stream.as_ref().map(|stream| stream.view_type.clone());
    let row = Row {
        table,
        enabled: found.enabled,
        view_type: view_type.or(Some(found.view_type)).filter(|kind| !kind.is_empty()),
        arn: found.arn,
        label: found.label,
        shards: stream.as_ref().map(shards).unwrap_or_default(),
    };
    let mut records = ui.records::<Row>(args.output.output, "streams");
    records.push(&row)?;
    records.finish(&serde_json::json!({ "count": 1 }))
}

fn shards(stream: &Stream) -> Vec<ShardRow> {
    let row = |shard: &Shard| ShardRow {
        shard_id: shard.id.clone(),
        parent_shard_id: shard.parent.clone(),
        open: stream.is_open(shard),
        first_sequence_number: shard.first.clone(),
    };
    stream.shards.iter().map(row).collect()
}
