//! `cruddur local down`

use clap::Args;

use super::DataArgs;
use crate::context::Context;
use crate::error::Result;
use crate::local::{self, data_dir};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # stop the stack, and keep its data
  cruddur local down
  # stop a stack with its data elsewhere
  cruddur local down --data-dir ./stack";

#[derive(Debug, Args)]
pub struct DownArgs {
    #[command(flatten)]
    data: DataArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DownArgs) -> Result<()> {
    let data_dir = data_dir(cx.config(), args.data.data_dir.as_deref())?;
    ui.status(if local::down(cx.config(), &data_dir).await? {
        "stopped"
    } else {
        "no stack was running; external services are left alone"
    });
    Ok(())
}
