//! `cruddur ddb stream tail`

use std::num::NonZeroUsize;

use clap::Args;
use serde::Serialize;

use crate::commands::common::{OutputArgs, count as counted};
use crate::commands::ddb::TableArgs;
use crate::commands::signals::Signals;
use crate::context::Context;
use crate::dynamodb::Item;
use crate::dynamodb::item::json;
use crate::dynamodb::streams::{Batch, Event, From, Positions, Reader, Record as Change, Step};
use crate::error::Result;
use crate::messaging::Zone;
use crate::output::{Column, Record, Records, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # what happened in the last 24 hours
  cruddur ddb stream tail --from trim-horizon --once
  # the same with whole items, one JSON value per line
  cruddur ddb stream tail --from trim-horizon --once -o ndjson
  # the first event that a Lambda function would get, to test a handler with
  cruddur ddb stream tail --from trim-horizon --once --as-event | head -n 1";

#[derive(Debug, Args)]
pub struct TailArgs {
    /// Where to start
    #[arg(long, value_name = "PLACE", default_value = "latest")]
    from: From,
    /// Stop after the existing records
    #[arg(long)]
    once: bool,
    /// Print DynamoDB's typed JSON instead of plain values
    #[arg(long)]
    typed: bool,
    /// Print batches of records as a Lambda function gets them, one event per line
    #[arg(long, conflicts_with_all = ["typed", "output"])]
    as_event: bool,
    /// With --as-event: maximum records per event
    #[arg(long, value_name = "N", default_value = "100", requires = "as_event")]
    batch_size: NonZeroUsize,
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Row<'a> {
    event_name: &'a str,
    sequence_number: &'a str,
    created_at: Option<String>,
    shard_id: &'a str,
    keys: json::Json<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_image: Option<json::Json<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_image: Option<json::Json<'a>>,
    #[serde(skip)]
    change: &'a Change,
}

impl<'a> Row<'a> {
    fn new(shard: &'a str, change: &'a Change, typed: bool) -> Self {
        let json = |item: &'a Item| json::Json { item, typed };
        Self {
            event_name: &change.event,
            sequence_number: &change.sequence_number,
            created_at: change.created_at.map(|at| at.to_string()),
            shard_id: shard,
            keys: json(&change.keys),
            new_image: change.new_image.as_ref().map(json),
            old_image: change.old_image.as_ref().map(json),
            change,
        }
    }
}

impl Record for Row<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::keep("WHEN"),
        Column::keep("EVENT"),
        Column::keep("SEQUENCE NUMBER"),
        Column::cut("PK"),
        Column::cut("SK"),
        Column::cut("MESSAGE"),
    ];

    fn cells(&self) -> Vec<String> {
        let text = |item: &Item, name: &str| item.get(name).map(json::cell).unwrap_or_default();
        let image = self.change.new_image.as_ref();
        vec![
            self.change.created_at.map(|at| Zone::local().second(at)).unwrap_or_default(),
            self.event_name.to_owned(),
            self.sequence_number.to_owned(),
            text(&self.change.keys, "pk"),
            text(&self.change.keys, "sk"),
            image.map(|image| text(image, "message")).unwrap_or_default(),
        ]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &TailArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    let source = super::source(cx, &db, &table, &args.table).await?;
    let mut signals = Signals::catch()?;
    super::announce(ui, &table, &source.stream);
    let positions = Positions::begin(args.from, &source.stream);
    let mut reader = Reader::new(source.streams, &source.stream, positions, args.once);
    let mut printer = if args.as_event {
        let region = db.endpoint().region().to_owned();
        Printer::Events { arn: source.stream.arn, region, size: args.batch_size.get(), count: 0 }
    } else {
        Printer::Records { out: ui.records::<Row<'_>>(args.output.output, "records"), typed: args.typed }
    };
    loop {
        let step = tokio::select! {
            biased;
            // Ctrl-C is the usual end, so the output is completed.
            _ = signals.next() => break,
            step = reader.next() => step?,
        };
        match step {
            None => break,
            Some(Step::Lost(shard)) => {
                ui.warn(format!("records of {shard} are gone: a stream keeps them for 24 hours"));
            }
            Some(Step::Records(batch)) => {
                printer.show(ui, &batch)?;
                reader.handled(&batch, batch.records.len());
            }
        }
    }
    let count = printer.finish()?;
    ui.status(counted(count, "record"));
    Ok(())
}

/// Prints records as they are read.
enum Printer {
    Records {
        out: Records,
        typed: bool,
    },
    /// Events of the stream `arn`, of at most `size` records each.
    Events {
        arn: String,
        region: String,
        size: usize,
        count: usize,
    },
}

impl Printer {
    fn show(&mut self, ui: &mut Ui, batch: &Batch) -> Result<()> {
        match self {
            Self::Records { out, typed } => {
                for change in &batch.records {
                    out.push(&Row::new(&batch.shard, change, *typed))?;
                }
                out.flush_all()
            }
            Self::Events { arn, region, size, count } => {
                for records in batch.records.chunks(*size) {
                    ui.document(&Event::new(records, arn, region))?;
                    *count += records.len();
                }
                Ok(())
            }
        }
    }

    /// Ends the output and returns how many records it has.
    fn finish(self) -> Result<usize> {
        match self {
            Self::Records { out, .. } => {
                let count = out.count();
                out.finish(&serde_json::json!({ "count": count }))?;
                Ok(count)
            }
            Self::Events { count, .. } => Ok(count),
        }
    }
}
