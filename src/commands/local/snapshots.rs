//! `cruddur local snapshots`

use clap::Args;

use super::DataArgs;
use crate::commands::common::OutputArgs;
use crate::context::Context;
use crate::error::Result;
use crate::local::{self, Snapshot, data_dir};
use crate::messaging::Zone;
use crate::output::{Column, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # the snapshots of the stack, the oldest first
  cruddur local snapshots
  # as JSON, with their sizes in bytes
  cruddur local snapshots -o json";

#[derive(Debug, Args)]
pub struct SnapshotsArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Record for Snapshot {
    const COLUMNS: &'static [Column] =
        &[Column::keep("NAME"), Column::keep("TAKEN AT"), Column::keep("SIZE")];

    fn cells(&self) -> Vec<String> {
        let taken_at =
            self.taken_at.parse().map_or_else(|_| self.taken_at.clone(), |time| Zone::local().second(time));
        vec![self.name.clone(), taken_at, super::mebibytes(self.bytes)]
    }
}

pub(super) fn run(cx: &Context, ui: &mut Ui, args: &SnapshotsArgs) -> Result<()> {
    let data_dir = data_dir(cx.config(), args.data.data_dir.as_deref())?;
    let snapshots = local::list(&data_dir)?;
    let mut records = ui.records::<Snapshot>(args.output.output, "snapshots");
    for snapshot in &snapshots {
        records.push(snapshot)?;
    }
    records.finish(&serde_json::json!({ "count": snapshots.len(), "data_dir": data_dir }))?;
    if snapshots.is_empty() {
        ui.status(format!("no snapshots in {}", data_dir.display()));
    }
    Ok(())
}
