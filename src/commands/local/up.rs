//! `cruddur local up`

use std::ffi::OsString;
use std::path::Path;

use clap::Args;

use super::{AccessArgs, StackArgs, show};
use crate::config::{Config, Service, is_loopback};
use crate::context::Context;
use crate::error::{Context as _, Error, Result};
use crate::local::{self, Moved, News, PortChoice, Report, StackConfig, Up};
use crate::output::Ui;
use crate::postgres::ConnectionUrl;

pub(super) const EXAMPLES: &str = "\
Examples:
  # start the stack in the background
  cruddur local up --detach
  # run one that keeps nothing, until Ctrl-C
  cruddur local up --ephemeral
  # give this checkout's stack the ports that the settings name
  cruddur local up --detach --ports fixed
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
    /// Choose the ports anew: fixed for those that the settings name, also if another stack has them,
    /// or free for others [default: those that the stack had]
    #[arg(long, value_name = "WHICH", hide_possible_values = true)]
    ports: Option<PortChoice>,
    #[command(flatten)]
    access: AccessArgs,
    /// This process is the background of `--detach`: say on stdout when it is ready
    #[arg(long, hide = true, conflicts_with = "detach")]
    background: bool,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &UpArgs) -> Result<()> {
    let plan = args.stack.plan(cx, args.ports, args.ephemeral)?.open_to(args.access.access());
    if args.background {
        return background(cx, ui, &plan).await;
    }
    let former = plan.former_data().map(Path::to_owned);
    let outcome = if args.detach {
        local::up_detached(cx.config(), &background_arguments(cx.config(), &plan)?)?
    } else {
        local::up(cx.config(), &plan, |news| {
            if let News::Ready(report) = news {
                show_started(ui, cx.config(), report, former.as_deref());
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
            show_started(ui, cx.config(), &report, former.as_deref());
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
            // PostgreSQL's programs were found from this folder, which need not stay from now on.
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

/// The arguments of the process in the background: it reads the same settings, in the same folder.
pub(super) fn background_arguments(config: &Config, plan: &StackConfig) -> Result<Vec<OsString>> {
    let mut arguments: Vec<OsString> = match config.environment().file() {
        Some(file) => {
            let file = std::path::absolute(file).or_failed(|| format!("cannot use {}", file.display()))?;
            vec!["--env-file".into(), file.into()]
        }
        None => vec!["--no-env-file".into()],
    };
    arguments.extend(["local", "up", "--background", "--data-dir"].map(OsString::from));
    arguments.push(plan.data_dir().into());
    let flags = ["--dynamodb-port", "--postgres-port", "--cognito-port"];
    for (flag, port) in flags.into_iter().zip(plan.given().by_service) {
        arguments.extend(port.into_iter().flat_map(|port| [flag.into(), port.to_string().into()]));
    }
    if let Some(choice) = plan.given().choice {
        arguments.extend(["--ports".into(), choice.name().into()]);
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
    Ok(arguments)
}

/// Prints what runs where, and what else there is to know about a stack that has just started.
fn show_started(ui: &mut Ui, config: &Config, report: &Report, former: Option<&Path>) {
    show(ui, report);
    for Moved { stack, asked, port, owner } in &report.moved {
        ui.status(match (stack, owner) {
            (None, Some(owner)) => format!("port {asked} belongs to {owner}; this one has {port}"),
            (stack, _) => {
                let stack = stack.as_deref().unwrap_or("another stack");
                format!("port {asked} belonged to {stack}, which has {port} now")
            }
        });
    }
    if let Some(folder) = former {
        ui.hint(format!("data from before each project had a stack is in {}", folder.display()));
    }
    show_variables(ui, config, report);
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
