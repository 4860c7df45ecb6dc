//! What runs on this machine, and on which ports.

use std::path::Path;

use super::finding::{Findings, Status};
use crate::config::{AwsConfig, Service, StackPorts, StackService, is_loopback};
use crate::context::Context;
use crate::error::Result;
use crate::local::{self, Ports, Report, Service as Served, ServiceState, StackConfig};

pub(super) async fn check(cx: &Context, found: &mut Findings) -> Result<()> {
    let plan = match plan(cx) {
        Ok(plan) => plan,
        // Local commands use something elsewhere, which other checks cover.
        Err(error) => {
            found.skip(error.message());
            return Ok(());
        }
    };
    found.wait_for("the local stack");
    let mut report = local::status(&plan).await?;
    let killed = local::abandoned(plan.data_dir())?;
    let config = cx.config();
    let is_here = |aws: AwsConfig| aws.endpoint.is_some_and(|endpoint| is_loopback(&endpoint.host));
    let uses_dynamodb = is_here(config.aws(Service::DynamoDb)?);
    let uses_cognito = match config.user_pool(None) {
        Ok(Some(pool)) => is_here(config.cognito(&pool)?),
        // Another check reports what is wrong with it.
        Ok(None) | Err(_) => false,
    };
    // Somebody else's pool is of no interest here, nor is one that is missing and not used.
    let is_shown = |state| uses_cognito || state == ServiceState::Running;
    report.services.retain(|service| service.service != StackService::Cognito || is_shown(service.state));
    show(&report, found);
    programs(cx, plan.data_dir(), &report, found);
    for service in StackService::ALL {
        let (asked, port) = (plan.asked(service), plan.port(service));
        if port != asked.port {
            let file = StackPorts::file(plan.data_dir());
            found
                .add(
                    Status::Note,
                    format!("{service} has port {port}, not {}: {}", asked.port, file.display()),
                )
                .value("asked", asked.port);
        }
    }
    for service in &report.services {
        if service.service == StackService::DynamoDb && !uses_dynamodb {
            continue;
        }
        let place = format!("{} on port {}", service.service, service.port);
        match service.state {
            ServiceState::Running | ServiceState::External => {}
            ServiceState::Leftover => {
                found
                    .warn(format!("{place} is left over from a stack that was killed"))
                    .mend("cruddur local down");
            }
            ServiceState::Stopped => {
                found.warn(format!("{place} is not up")).mend("cruddur local up --detach");
            }
        }
    }
    if let Some(killed) = killed.filter(|_| is_down(&report)) {
        found
            .warn(format!(
                "a stack (process {}) was killed, and its state is still in {}",
                killed.pid.unwrap_or_default(),
                plan.data_dir().display()
            ))
            .value("stale_pid", killed.pid)
            .mend("cruddur local down");
    }
    Ok(())
}

/// Reports which PostgreSQL the stack runs, or would run.
fn programs(cx: &Context, data_dir: &Path, report: &Report, found: &mut Findings) {
    let is_external = |served: &Served| {
        served.service == StackService::PostgreSql && served.state == ServiceState::External
    };
    match local::postgres_programs(cx.config(), data_dir) {
        Ok((version, folder)) => {
            let is_chosen = cx.config().environment().path("CRUDDUR_POSTGRES_BINDIR").is_some();
            let why = if is_chosen { " (CRUDDUR_POSTGRES_BINDIR)" } else { "" };
            found
                .ok(format!("runs PostgreSQL {version} from {}{why}", folder.display()))
                .value("postgres_version", version)
                .value("postgres_folder", folder);
        }
        // It is not needed.
        Err(error) if report.services.iter().any(is_external) => {
            found.add_error(Status::Skip, &error);
        }
        Err(error) => {
            found.add_error(Status::Warn, &error);
        }
    }
}

fn plan(cx: &Context) -> Result<StackConfig> {
    let data_dir = local::data_dir(cx.config(), None)?;
    StackConfig::new(cx.config(), data_dir, Ports::default(), false)
}

fn is_down(report: &Report) -> bool {
    report.services.iter().all(|service| service.state == ServiceState::Stopped)
}

/// Reports what is running.
fn show(report: &Report, found: &mut Findings) {
    let up: Vec<String> = report
        .services
        .iter()
        .filter(|service| matches!(service.state, ServiceState::Running | ServiceState::External))
        .map(|service| {
            let whose = if service.state == ServiceState::External { ", not ours," } else { "" };
            format!("{}{whose} on port {}", service.service, service.port)
        })
        .collect();
    if up.is_empty() {
        return;
    }
    let process = report.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    found
        .ok(format!("up{process}: {}", up.join(", ")))
        .value("pid", report.pid)
        .value("services", &report.services)
        .value("data_dir", &report.data_dir);
}
