//! `cruddur local down`

use clap::Args;

use super::DataArgs;
use crate::commands::common::count;
use crate::commands::hints;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::local::{self, data_dir};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # stop the stack, and keep its data
  cruddur local down
  # stop a stack with its data elsewhere
  cruddur local down --data-dir ./stack
  # stop the stacks of all checkouts
  cruddur local down --all";

#[derive(Debug, Args)]
pub struct DownArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Stop every stack of this machine
    #[arg(long, conflicts_with = "data_dir")]
    all: bool,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DownArgs) -> Result<()> {
    if args.all {
        return all(cx, ui).await;
    }
    let data_dir = data_dir(cx.config(), args.data.data_dir.as_deref())?;
    ui.status(if local::down(cx.config(), &data_dir).await? {
        "stopped"
    } else {
        "no stack was running; external services are left alone"
    });
    Ok(())
}

async fn all(cx: &Context, ui: &mut Ui) -> Result<()> {
    let stacks = local::stacks(cx.config())?;
    let mut failed = 0;
    for stack in &stacks {
        let name = stack.described();
        match local::down(cx.config(), &stack.folder).await {
            Ok(true) => ui.status(format!("stopped      {name}")),
            Ok(false) => ui.status(format!("not running  {name}")),
            Err(error) => {
                failed += 1;
                let causes = error.causes().map(|cause| format!(": {cause}"));
                let why = causes.fold(error.message().to_owned(), |text, cause| text + &cause);
                ui.notice(format!("failed       {name}: {why}"));
                for hint in hints::of(&error) {
                    ui.hint(hint.to_string());
                }
            }
        }
    }
    if stacks.is_empty() {
        ui.status(format!("there are no stacks in {}", cx.config().data_folder()?.display()));
    }
    if failed == 0 {
        return Ok(());
    }
    Err(Error::partial(format!("{failed} of {} could not be stopped", count(stacks.len(), "stack"))))
}
