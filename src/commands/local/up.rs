//! `cruddur local up`

use std::ffi::OsString;

use clap::Args;

use super::{AccessArgs, StackArgs, show};
use crate::config::{Config, Service, is_loopback};
use crate::context::Context;
use crate::error::{Context as _, Error, Result};
use crate::local::{self, News, Report, StackConfig, Up};
use crate::output::Ui;
use crate::postgres::ConnectionUrl;

pub(super) const EXAMPLES: &str = "\
Examples:
  # start the stack in the background
  cruddur local up --detach
  # run one that keeps nothing, until Ctrl-C
  cruddur local up --ephemeral
  # let the development server's pages use DynamoDB and Cognito
  cruddur local up --detach --allow-origin http://localhost:3000";

#[derive(Debug, Args)]
pub struct UpArgs {
    /// Return when the stack is ready, and leave it in the background
    #[arg(long)]
    detach: bool,
    /// Keep nothing: DynamoDB and Cognito in memory, PostgreSQL in a temporary folder
    #[arg(long)]
    ephemeral: bool,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    access: AccessArgs,
    /// This process is the background of `--detach`: say on stdout when it is ready
    #[arg(long, hide = true, conflicts_with = "detach")]
    background: bool,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &UpArgs) -> Result<()> {
    let plan = args.stack.plan(cx, args.ephemeral)?.open_to(args.access.access());
    if args.background {
        return background(cx, ui, &plan).await;
    }
    let outcome = if args.detach {
        local::up_detached(&background_arguments(&plan))?
    } else {
        local::up(cx.config(), &plan, |news| {
            if let News::Ready(report) = news {
                show(ui, report);
                show_variables(ui, cx.config(), report);
                ui.status("ready; Ctrl-C stops it");
            }
            Ok(())
        })
        .await?
    };
    match outcome {
        Up::Stopped => ui.status("stopped"),
        Up::StoppedEarly => return Err(stopped_early()),
        Up::Detached(report) => {
            show(ui, &report);
            show_variables(ui, cx.config(), &report);
            ui.status("ready; cruddur local down stops it");
        }
        Up::AlreadyRunning(report) => {
            show(ui, &report);
            ui.status(format!("already running (process {})", report.pid.unwrap_or_default()));
        }
        Up::AllExternal(report) => {
            show(ui, &report);
            ui.status("all are already running, outside cruddur; nothing was started");
        }
    }
    Ok(())
}

async fn background(cx: &Context, ui: &mut Ui, plan: &StackConfig) -> Result<()> {
    // Leaves the terminal's session, so that its Ctrl-C and hangup do not reach this process.
    nix::unistd::setsid().or_failed(|| "cannot leave the terminal's session".to_owned())?;
    let tell = |news: News| match news {
        News::Nearly => ui.data("\n"),
        News::Ready(report) => {
            local::speak_to_log(plan.data_dir())?;
            // PostgreSQL's programs were found from the working directory, which may be removed from now on.
            std::env::set_current_dir("/").or_failed(|| "cannot leave the working directory".to_owned())?;
            // The stack is in use from now on, so it must not stop because nobody reads stdout.
            let _ = ui.document(report);
            Ok(())
        }
    };
    match local::up(cx.config(), plan, tell).await? {
        Up::AllExternal(report) | Up::AlreadyRunning(report) | Up::Detached(report) => ui.document(&report),
        Up::Stopped => Ok(()),
        Up::StoppedEarly => Err(stopped_early()),
    }
}

fn stopped_early() -> Error {
    Error::failed("cruddur local down stopped the stack before it was up")
}

/// Skips the `.env` file: its variables are already in the environment.
pub(super) fn background_arguments(plan: &StackConfig) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        ["--no-env-file", "local", "up", "--background", "--data-dir"].map(OsString::from).to_vec();
    arguments.push(plan.data_dir().into());
    for (flag, port) in [
        ("--dynamodb-port", plan.dynamodb_port()),
        ("--postgres-port", plan.postgres_port()),
        ("--cognito-port", plan.cognito_port()),
    ] {
        arguments.extend([flag.into(), port.to_string().into()]);
    }
    for host in &plan.access().hosts {
        arguments.extend(["--allow-host".into(), host.as_ref().into()]);
    }
    for origin in &plan.access().origins {
        arguments.extend(["--allow-origin".into(), origin.as_ref().into()]);
    }
    if let Some(units) = plan.access().units_per_second {
        arguments.extend(["--throttle".into(), units.to_string().into()]);
    }
    if plan.access().post_confirmation {
        arguments.push("--post-confirmation".into());
    }
    if plan.is_ephemeral() {
        arguments.push("--ephemeral".into());
    }
    arguments
}

/// Prints the variables to set if other commands would not find the stack.
fn show_variables(ui: &mut Ui, config: &Config, report: &Report) {
    let [dynamodb, postgres, cognito] = report.services.as_slice() else { return };
    for (service, found) in [(Service::DynamoDb, dynamodb), (Service::Cognito, cognito)] {
        let endpoint = config.aws(service).ok().and_then(|config| config.endpoint);
        if !endpoint.is_some_and(|endpoint| is_loopback(&endpoint.host) && endpoint.port == found.port) {
            ui.hint(format!("set {}={}", service.endpoint_variables()[0], found.address));
        }
    }
    let url = config.postgres().and_then(|postgres| ConnectionUrl::new(&postgres));
    if url.is_ok_and(|url| url.port() != postgres.port) {
        ui.hint(format!("set the port in CONNECTION_URL to {}", postgres.port));
    }
}
