//! `cruddur local status`

use clap::Args;

use super::StackArgs;
use crate::commands::common::OutputArgs;
use crate::context::Context;
use crate::error::{Error, Hint, Result};
use crate::local::{self, Service, ServiceState};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # what is running, and where
  cruddur local status
  # as JSON, with its process, folders and ports
  cruddur local status -o json";

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &StatusArgs) -> Result<()> {
    let report = local::status(&args.stack.plan(cx, false)?).await?;
    let mut records = ui.records::<Service>(args.output.output, "services");
    for service in &report.services {
        records.push(service)?;
    }
    records.finish(&serde_json::json!({
        "count": report.services.len(),
        "pid": report.pid,
        "ephemeral": report.ephemeral,
        "data_dir": report.data_dir,
        "postgres_version": report.postgres_version,
    }))?;
    let stopped: Vec<&str> = report
        .services
        .iter()
        .filter(|service| matches!(service.state, ServiceState::Stopped | ServiceState::Leftover))
        .map(|service| service.service.as_str())
        .collect();
    if stopped.is_empty() {
        return Ok(());
    }
    let (verb, names) = match stopped.as_slice() {
        [rest @ .., last] if !rest.is_empty() => ("are", format!("{} and {last}", rest.join(", "))),
        _ => ("is", stopped.concat()),
    };
    let stack =
        if report.pid.is_some() { "cruddur local down, then: cruddur local up" } else { "cruddur local up" };
    Err(Error::failed(format!("{names} {verb} not up")).hint(Hint::Run(stack.to_owned())))
}
