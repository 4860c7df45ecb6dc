//! `up`, `down` and `status`: a stack that stays.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::installation::{Installation, tail};
use super::probe::{self, Found};
use super::signals::Signals;
use super::stack::{Plan, Stack, stop_leftover};
use super::state::{Lock, Report, ServiceState, remove};
use super::{paths, state};
use crate::config::Config;
use crate::error::{Context as _, Error, Kind, Result};

/// How long a stack that another process brings up may take.
const START_PATIENCE: Duration = Duration::from_secs(90);
/// How long a stack may take to stop.
const STOP_PATIENCE: Duration = Duration::from_mins(1);
/// How long a stack may be neither up nor down before `up` calls it an error.
const SETTLE_PATIENCE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

/// What `up` came to.
pub enum Up {
    /// It ran before; nothing was started.
    AlreadyRunning(Report),
    /// Both services belong to somebody else; there is nothing to run.
    AllExternal(Report),
    /// It was started, in the background.
    Detached(Report),
    /// It was started, served, and has been stopped.
    Stopped,
}

/// Brings the stack up and serves until a signal ends it. `ready` is told once
/// it can be used.
///
/// # Errors
/// A port is taken, PostgreSQL is missing or does not start, or ends by itself.
pub async fn up(config: &Config, plan: &Plan, ready: impl FnOnce(&Report) -> Result<()>) -> Result<Up> {
    let mut signals = Signals::catch()?;
    paths::create(&plan.data_dir)?;
    let lock = match claim(plan).await? {
        Claim::Ours(lock) => lock,
        Claim::Running(report) => return Ok(Up::AlreadyRunning(report)),
    };
    clear(config, &plan.data_dir).await;
    let started = tokio::select! {
        started = Stack::start(config, plan) => started,
        signal = signals.end() => return Err(ended_by(signal)),
    };
    let mut stack = started?;
    if stack.is_empty() {
        return Ok(Up::AllExternal(stack.report));
    }
    let served = if let Err(error) = stack.report.save(&plan.data_dir).and_then(|()| ready(&stack.report)) {
        Err(error)
    } else {
        tokio::select! {
            _ = signals.end() => Ok(()),
            () = stack.failed() => Err(Error::failed("the local PostgreSQL has ended by itself")
                .because(anyhow::Error::msg(tail(&Installation::log_in(&stack.report.data_dir))))),
        }
    };
    stack.stop().await;
    Report::forget(&plan.data_dir);
    // Kept until this process has ended: `down` waits for it, and says "stopped" then.
    std::mem::forget(lock);
    served.map(|()| Up::Stopped)
}

/// Brings the stack up in a process of its own, by running this program again
/// with `arguments`, and waits until it can be used.
///
/// # Errors
/// Those of [`up`]: the other process tells them in its own words and with its
/// own exit code.
pub async fn up_detached(plan: &Plan, arguments: &[std::ffi::OsString]) -> Result<Up> {
    paths::create(&plan.data_dir)?;
    if let Claim::Running(report) = claim(plan).await? {
        return Ok(Up::AlreadyRunning(report));
    }
    let log_path = plan.data_dir.join("stack.log");
    let what = || format!("cannot write {}", log_path.display());
    let log = File::create(&log_path).or_failed(what)?;
    let program = std::env::current_exe().or_failed(|| "cannot find this program's file".to_owned())?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .or_failed(|| "cannot start the stack's process".to_owned())?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).or_failed(|| "cannot hear from the stack".to_owned())?;
    }
    if let Ok(report) = serde_json::from_str::<Report>(&line) {
        if report.pid == i32::try_from(child.id()).ok() {
            return Ok(Up::Detached(report));
        }
        // It has nothing to run, and ends.
        child.wait().or_failed(|| "cannot wait for the stack's process".to_owned())?;
        return Ok(if report.pid.is_some() { Up::AlreadyRunning(report) } else { Up::AllExternal(report) });
    }
    let status = child.wait().or_failed(|| "cannot wait for the stack's process".to_owned())?;
    let said = fs::read_to_string(&log_path).unwrap_or_default();
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    let said = said.split_once("Error: ").map_or(said.as_str(), |(_, error)| error).trim_end();
    Err(match said {
        "" => Error::failed(format!("the stack's process ended without a word ({status})")),
        said => Error::new(Kind::Exit(code), said),
    })
}

/// Stops the stack on `data_dir`; false when none was running.
///
/// # Errors
/// It does not stop.
pub async fn down(config: &Config, data_dir: &Path) -> Result<bool> {
    if !data_dir.is_dir() {
        return Ok(false);
    }
    if Lock::take(data_dir)?.is_some() {
        return Ok(clear(config, data_dir).await);
    }
    let start = tokio::time::Instant::now();
    let holder = Lock::holder(data_dir).filter(|pid| *pid > 1).ok_or_else(|| {
        Error::failed(format!("a stack runs on {}, and does not say as which process", data_dir.display()))
    })?;
    match kill(Pid::from_raw(holder), Signal::SIGTERM) {
        // Killed a moment ago: what it has left is cleared away below.
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(cause) => {
            return Err(Error::failed(format!("cannot stop the stack (process {holder})")).because(cause));
        }
    }
    let _lock = loop {
        if let Some(lock) = Lock::take(data_dir)? {
            break lock;
        }
        if start.elapsed() > STOP_PATIENCE {
            return Err(Error::failed(format!("the stack (process {holder}) does not stop")));
        }
        tokio::time::sleep(POLL).await;
    };
    clear(config, data_dir).await;
    Ok(true)
}

/// What runs now: the stack on the plan's data directory, and whatever else
/// serves on its ports.
pub async fn status(plan: &Plan) -> Result<Report> {
    if plan.data_dir.is_dir()
        && Lock::take(&plan.data_dir)?.is_none()
        && let Some(report) = Report::of_holder(&plan.data_dir)
    {
        return Ok(verified(plan, report).await);
    }
    let killed = Report::load(&plan.data_dir);
    let mut report = plan.report(&plan.data_dir);
    for service in &mut report.services {
        let found = match service.service.as_str() {
            state::DYNAMODB => probe::dynamodb(&plan.dynamodb, service.port).await,
            _ => probe::postgres(&plan.url, service.port).await,
        };
        service.state = match found {
            Ok(Found::Service) if killed.as_ref().is_some_and(|killed| killed.ran(service)) => {
                ServiceState::Leftover
            }
            Ok(Found::Service) => ServiceState::External,
            // Taken by something else: nothing that cruddur could use.
            Ok(Found::Nothing) | Err(_) => ServiceState::Stopped,
        };
    }
    Ok(report)
}

/// What a stack that was killed has said about itself on `data_dir`, and that no `up`
/// or `down` has cleared away yet.
pub fn abandoned(data_dir: &Path) -> Result<Option<Report>> {
    if !data_dir.is_dir() || Lock::take(data_dir)?.is_none() {
        return Ok(None);
    }
    Ok(Report::load(data_dir))
}

/// `report` with what does not answer marked as stopped.
async fn verified(plan: &Plan, mut report: Report) -> Report {
    for service in &mut report.services {
        let found = match service.service.as_str() {
            state::DYNAMODB => probe::dynamodb(&plan.dynamodb, service.port).await,
            // The password may have changed since: then it runs, and refuses.
            _ => probe::postgres(&plan.url, service.port).await.or(Ok(Found::Service)),
        };
        if !matches!(found, Ok(Found::Service)) {
            service.state = ServiceState::Stopped;
        }
    }
    report
}

/// Who has the data directory.
enum Claim {
    /// This process, now.
    Ours(Lock),
    /// A stack that runs, as it should.
    Running(Report),
}

/// Takes the lock, unless a stack that runs holds it. One that is just coming up
/// is waited for. One that is being killed stops serving before it lets go of the
/// lock: what looks broken is looked at again.
async fn claim(plan: &Plan) -> Result<Claim> {
    let start = tokio::time::Instant::now();
    loop {
        if let Some(lock) = Lock::take(&plan.data_dir)? {
            return Ok(Claim::Ours(lock));
        }
        let (running, patience) = match Report::of_holder(&plan.data_dir) {
            Some(report) => (as_planned(plan, verified(plan, report).await), SETTLE_PATIENCE),
            None => (Err(coming_up(plan)), START_PATIENCE),
        };
        match running {
            Ok(report) => return Ok(Claim::Running(report)),
            Err(_) if start.elapsed() < patience => tokio::time::sleep(POLL).await,
            Err(error) => return Err(error),
        }
    }
}

fn coming_up(plan: &Plan) -> Error {
    Error::failed(format!(
        "another cruddur brings up {}, and does not come to an end",
        plan.data_dir.display()
    ))
    .hint("to end it run: cruddur local down")
}

/// The stack that runs, if it serves what the plan asks for.
fn as_planned(plan: &Plan, report: Report) -> Result<Report> {
    let restart = "to start it anew run: cruddur local down, then: cruddur local up";
    if report.ephemeral != plan.ephemeral {
        let keeps = if report.ephemeral { "nothing" } else { "its data" };
        return Err(Error::failed(format!("the stack runs already, and keeps {keeps}")).hint(restart));
    }
    if let Some(missing) = report.access.lacks(&plan.access) {
        return Err(
            Error::failed(format!("the stack runs already, and does not allow {missing}")).hint(restart)
        );
    }
    for (service, wanted) in report.services.iter().zip([plan.dynamodb_port, plan.url.port()]) {
        if service.state == ServiceState::Stopped {
            return Err(Error::failed(format!(
                "the stack runs (process {}), but nothing serves {} on port {} any more",
                report.pid.unwrap_or_default(),
                service.service,
                service.port
            ))
            .hint(restart));
        }
        if service.port != wanted {
            return Err(Error::failed(format!(
                "the stack runs already, with {} on port {} and not {wanted}",
                service.service, service.port
            ))
            .hint(restart));
        }
    }
    Ok(report)
}

/// Clears away what a stack that was killed has left: its server and, if it was
/// ephemeral, its data. Returns false when there was no such stack.
async fn clear(config: &Config, data_dir: &Path) -> bool {
    stop_leftover(config, data_dir, false).await;
    let killed = Report::load(data_dir);
    if let Some(report) = killed.as_ref().filter(|report| report.ephemeral && report.data_dir != data_dir) {
        stop_leftover(config, &report.data_dir, true).await;
        remove(&report.data_dir);
    }
    Report::forget(data_dir);
    killed.is_some()
}

/// The exit code of a command that a signal ended, by the shell's custom.
pub(super) fn ended_by(signal: Signal) -> Error {
    let kind = match signal {
        Signal::SIGINT => Kind::Interrupted,
        other => Kind::Child(u8::try_from(128 + other as i32).unwrap_or(1)),
    };
    Error::new(kind, format!("ended by {signal}"))
}
