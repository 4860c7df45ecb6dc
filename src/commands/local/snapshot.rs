//! `cruddur local snapshot`

use clap::Args;

use super::DataArgs;
use crate::context::Context;
use crate::error::Result;
use crate::local::{self, data_dir};
use crate::output::Ui;
use crate::postgres::ConnectionUrl;

pub(super) const EXAMPLES: &str = "\
Examples:
  # keep what all three services hold now
  cruddur local snapshot seeded
  # delete a snapshot
  cruddur local snapshot --delete old";

#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Name of the snapshot
    name: String,
    /// Delete this snapshot instead of taking it
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    data: DataArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SnapshotArgs) -> Result<()> {
    let data_dir = data_dir(cx.config(), args.data.data_dir.as_deref())?;
    if args.delete {
        local::delete(&data_dir, &args.name)?;
        ui.status(format!("deleted the snapshot {}", args.name));
        return Ok(());
    }
    // A stack that is running knows its port.
    let url = ConnectionUrl::new(&cx.config().as_named().postgres()?)?;
    let snapshot = local::take(cx.config(), &url, &data_dir, &args.name).await?;
    ui.status(format!("took the snapshot {}: {}", snapshot.name, super::mebibytes(snapshot.bytes)));
    Ok(())
}
