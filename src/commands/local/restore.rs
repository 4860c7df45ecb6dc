//! `cruddur local restore`

use clap::Args;

use super::DataArgs;
use super::up::background_arguments;
use crate::context::Context;
use crate::error::Result;
use crate::local::{self, Kept, Ports, Report, StackConfig, data_dir};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # put back what all three services held then; what they hold now is lost
  cruddur local restore seeded
  # for a stack with its data elsewhere
  cruddur local restore seeded --data-dir ./stack";

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Name of the snapshot
    name: String,
    #[command(flatten)]
    data: DataArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &RestoreArgs) -> Result<()> {
    let data_dir = data_dir(cx.config(), args.data.data_dir.as_deref())?;
    let kept = Kept { data_dir, name: args.name.clone() };
    kept.check()?;
    let running = local::running(&kept.data_dir)?;
    if running.is_some() {
        local::down(cx.config(), &kept.data_dir).await?;
    }
    let restored = local::restore(cx.config(), &kept).await;
    if restored.is_ok() {
        ui.status(format!("restored the snapshot {}", kept.name));
    }
    match (restored, running.map(|report| start_again(cx, &kept, report))) {
        (Ok(()), None) => ui.status("cruddur local up starts the stack"),
        (Ok(()), Some(started)) => {
            started?;
            ui.status("the stack runs again, in the background; cruddur local down stops it");
        }
        (Err(error), started) => {
            if let Some(Err(cause)) = started {
                ui.warn(format!("the stack does not start again: {cause}"));
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Starts the stack with the ports and for the programs that it had.
fn start_again(cx: &Context, kept: &Kept, report: Report) -> Result<()> {
    let mut ports = Ports::default();
    for service in &report.services {
        ports.by_service[service.service as usize] = Some(service.port);
    }
    let plan = StackConfig::new(cx.config(), kept.data_dir.clone(), ports, false)?;
    local::up_detached(cx.config(), &background_arguments(cx.config(), &plan.open_to(report.access))?)
        .map(drop)
}
