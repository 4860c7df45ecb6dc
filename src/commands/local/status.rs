//! `cruddur local status`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{StackArgs, mebibytes};
use crate::commands::common::{OutputArgs, shell_word};
use crate::config::{StackPort, StackService};
use crate::context::Context;
use crate::error::{Error, Hint, Result};
use crate::local::{self, Service, ServiceState, StackState};
use crate::output::{Column, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # what is running, and where
  cruddur local status
  # the stacks of all checkouts
  cruddur local status --all
  # as JSON, with its process, folders and ports
  cruddur local status -o json";

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// List the stacks of all projects and folders on this machine
    #[arg(long, conflicts_with_all = ["data_dir", "dynamodb_port", "postgres_port", "cognito_port"])]
    all: bool,
}

/// One of all stacks.
#[derive(Serialize)]
struct Row {
    project: Option<PathBuf>,
    /// Whether the project's folder is gone.
    orphaned: bool,
    /// `None` if it cannot be found out.
    state: Option<StackState>,
    pid: Option<i32>,
    ephemeral: bool,
    ports: BTreeMap<StackService, StackPort>,
    data_dir: PathBuf,
    bytes: u64,
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[
        Column::wrap("STACK"),
        Column::keep("STATE"),
        Column::keep("DYNAMODB"),
        Column::keep("POSTGRESQL"),
        Column::keep("COGNITO"),
        Column::keep("SIZE"),
    ];

    fn cells(&self) -> Vec<String> {
        let stack = self.project.as_ref().unwrap_or(&self.data_dir).display().to_string();
        let gone = if self.orphaned { " (gone)" } else { "" };
        let state = self.state.map_or("unknown", StackState::name);
        let port =
            |service| self.ports.get(service).map_or_else(|| "-".to_owned(), |port| port.port.to_string());
        let ports = StackService::ALL.iter().map(port);
        [stack + gone, state.to_owned()].into_iter().chain(ports).chain([mebibytes(self.bytes)]).collect()
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &StatusArgs) -> Result<()> {
    if args.all {
        return all(cx, ui, args.output);
    }
    let plan = args.stack.plan(cx, None, false)?;
    let report = local::status(&plan).await?;
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
    for service in report.services.iter().filter(|service| service.state == ServiceState::External) {
        // Without a data folder there are no other stacks.
        if let Ok(Some(owner)) = local::owner_of(cx.config(), plan.data_dir(), service.port) {
            ui.status(format!("port {} belongs to {}", service.port, owner.described()));
        }
    }
    let stopped: Vec<&str> = report
        .services
        .iter()
        .filter(|service| matches!(service.state, ServiceState::Stopped | ServiceState::Leftover))
        .map(|service| service.service.name())
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

fn all(cx: &Context, ui: &mut Ui, output: OutputArgs) -> Result<()> {
    let mut records = ui.records::<Row>(output.output, "stacks");
    let mut orphans = Vec::new();
    for stack in local::stacks(cx.config())? {
        let (state, report) = match stack.state() {
            Ok((state, report)) => (Some(state), report),
            Err(error) => {
                ui.warn(error.message());
                (None, None)
            }
        };
        let orphaned = stack.is_orphaned();
        if orphaned {
            orphans.push((shell_word(&stack.folder.to_string_lossy()), state));
        }
        records.push(&Row {
            orphaned,
            state,
            pid: report.as_ref().and_then(|report| report.pid),
            ephemeral: report.is_some_and(|report| report.ephemeral),
            bytes: stack.size(),
            project: stack.ports.project,
            ports: stack.ports.ports,
            data_dir: stack.folder,
        })?;
    }
    let count = records.count();
    records.finish(&serde_json::json!({ "count": count }))?;
    if count == 0 {
        ui.status(format!("there are no stacks in {}", cx.config().data_folder()?.display()));
    }
    for (folder, state) in orphans {
        let down = format!("cruddur local down --data-dir {folder} && ");
        let down = if state == Some(StackState::Stopped) { String::new() } else { down };
        ui.hint(format!("to remove the data of a project that is gone run: {down}rm -r {folder}"));
    }
    Ok(())
}
