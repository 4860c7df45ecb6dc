//! `up`, `down` and `status`: a stack that stays.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::installation::{Installation, tail};
use super::lock::{Lock, Part};
use super::probe::{self, Found};
use super::signals::Signals;
use super::stack::{Stack, StackConfig, stop_leftover};
use super::state::{Report, Scratch, ServiceState, remove};
use super::{paths, private, state};
use crate::config::Config;
use crate::error::{Context as _, Error, Kind, Result};

/// How long a stack that another process brings up may take.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a stack may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a stack may be neither up nor down before `up` calls it an error.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);
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
    /// [`down`] has stopped it before it could be used.
    StoppedEarly,
}

/// What whoever brings a stack up is told.
pub enum News<'a> {
    /// It can be used in a moment. Whoever is not there to hear it does not want it.
    Nearly,
    /// It can be used.
    Ready(&'a Report),
}

/// Brings the stack up and serves until a signal ends it.
///
/// # Errors
/// A port is taken, PostgreSQL is missing or does not start, or ends by itself.
pub async fn up(config: &Config, plan: &StackConfig, mut tell: impl FnMut(News) -> Result<()>) -> Result<Up> {
    let mut signals = Signals::catch()?;
    paths::prepare(&plan.data_dir)?;
    let lock = Lock::open(&plan.data_dir)?;
    let claimed = tokio::select! {
        claimed = claim(&lock, plan) => claimed?,
        signal = signals.end() => return broken_off(&lock, signal),
    };
    if let Some(running) = claimed {
        return Ok(Up::AlreadyRunning(running));
    }
    let start = async {
        clear(config, &plan.data_dir).await?;
        Stack::start(config, plan).await
    };
    let started = tokio::select! {
        started = start => started,
        signal = signals.end() => return broken_off(&lock, signal),
    };
    let mut stack = started?;
    if stack.is_empty() {
        return Ok(Up::AllExternal(stack.report));
    }
    // Others take a stack with a report for one that runs.
    let told = tell(News::Nearly)
        .and_then(|()| stack.report.save(&plan.data_dir))
        .and_then(|()| tell(News::Ready(&stack.report)));
    let served = if let Err(error) = told {
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

/// A start that a signal ended: `down` holds its part of the lock while it sends one.
fn broken_off(lock: &Lock, signal: Signal) -> Result<Up> {
    if signal == Signal::SIGTERM && lock.holder(Part::Down)?.is_some() {
        return Ok(Up::StoppedEarly);
    }
    Err(ended_by(signal))
}

/// Brings the stack up in a process of its own, by running this program again
/// with `arguments`, and waits until it can be used.
///
/// # Errors
/// Those of [`up`]: the other process tells them in its own words and with its
/// own exit code.
pub fn up_detached(arguments: &[std::ffi::OsString]) -> Result<Up> {
    let what = || "cannot hear from the stack".to_owned();
    // Without a name, and of this start alone: others may be under way.
    let mut said = tempfile::tempfile().or_failed(what)?;
    let program = std::env::current_exe().or_failed(|| "cannot find this program's file".to_owned())?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said.try_clone().or_failed(what)?)
        .spawn()
        .or_failed(|| "cannot start the stack's process".to_owned())?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        // An empty line first, to see whether anybody is there.
        let mut lines = BufReader::new(stdout);
        while line.trim().is_empty() && lines.read_line(&mut line).or_failed(what)? > 0 {}
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
    let mut words = String::new();
    said.rewind().and_then(|()| said.read_to_string(&mut words)).or_failed(what)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    let words = words.split_once("Error: ").map_or(words.as_str(), |(_, error)| error).trim_end();
    Err(match words {
        "" => Error::failed(format!("the stack's process ended without a word ({status})")),
        words => Error::new(Kind::Exit(code), words),
    })
}

/// From now on this process, which serves the stack on `data_dir`, says what it has to
/// say in a file there.
pub fn speak_to_log(data_dir: &Path) -> Result<()> {
    let path = data_dir.join("stack.log");
    let log = private::open(&path, OpenOptions::new().create(true).append(true))?;
    log.set_len(0)
        .and_then(|()| nix::unistd::dup2_stderr(&log).map_err(std::io::Error::from))
        .or_failed(|| format!("cannot write {}", path.display()))
}

/// Stops the stack on `data_dir`; false when none was running.
///
/// # Errors
/// It does not stop.
pub async fn down(config: &Config, data_dir: &Path) -> Result<bool> {
    if !data_dir.exists() {
        return Ok(false);
    }
    private::check_folder(data_dir)?;
    let lock = Lock::open(data_dir)?;
    let start = Instant::now();
    while !lock.take(Part::Down)? {
        lock.holder(Part::Down)?;
        if start.elapsed() > STOP_TIMEOUT {
            return Err(Error::failed("another cruddur is stopping the stack and does not finish"));
        }
        tokio::time::sleep(POLL).await;
    }
    let mut told = None;
    while !lock.take(Part::Stack)? {
        let holder = lock.holder(Part::Stack)?;
        if let Some(pid) = holder.filter(|_| holder != told) {
            // It may have ended in between.
            if let Err(cause) = kill(Pid::from_raw(pid), Signal::SIGTERM)
                && cause != Errno::ESRCH
            {
                return Err(Error::failed(format!("cannot stop the stack (process {pid})")).because(cause));
            }
            told = holder;
        }
        if start.elapsed() > STOP_TIMEOUT {
            let pid = told.unwrap_or_default();
            return Err(Error::failed(format!("the stack (process {pid}) does not stop")));
        }
        tokio::time::sleep(POLL).await;
    }
    let cleared = clear(config, data_dir).await?;
    Ok(cleared || told.is_some())
}

/// What runs now: the stack on the plan's data directory, and whatever else
/// serves on its ports.
pub async fn status(plan: &StackConfig) -> Result<Report> {
    if let Some(holder) = holder(&plan.data_dir)?
        && let Some(report) = Report::of_holder(&plan.data_dir, holder)
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
    Ok(if holder(data_dir)?.is_some() { None } else { Report::load(data_dir) })
}

/// The process that serves the stack on `data_dir`, or brings it up.
fn holder(data_dir: &Path) -> Result<Option<i32>> {
    if !data_dir.exists() {
        return Ok(None);
    }
    private::check_folder(data_dir)?;
    Lock::open(data_dir)?.holder(Part::Stack)
}

/// `report` with what does not answer marked as stopped.
async fn verified(plan: &StackConfig, mut report: Report) -> Report {
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

/// Takes the lock, unless a stack that runs as it should holds it: then gives what that
/// has said. One that is just coming up is waited for, and so is `down`. One that is
/// being killed stops serving before it lets go of the lock: what looks broken is looked
/// at again.
async fn claim(lock: &Lock, plan: &StackConfig) -> Result<Option<Report>> {
    let start = Instant::now();
    loop {
        let stopping = lock.holder(Part::Down)?.is_some();
        if !stopping && lock.take(Part::Stack)? {
            return Ok(None);
        }
        let holder = lock.holder(Part::Stack)?;
        let report = holder.and_then(|pid| Report::of_holder(&plan.data_dir, pid));
        let (running, request_timeout) = match report {
            Some(report) if !stopping => (as_planned(plan, verified(plan, report).await), SETTLE_TIMEOUT),
            _ => (Err(busy(plan, stopping)), START_TIMEOUT),
        };
        match running {
            Ok(report) => return Ok(Some(report)),
            Err(_) if start.elapsed() < request_timeout => tokio::time::sleep(POLL).await,
            Err(error) => return Err(error),
        }
    }
}

fn busy(plan: &StackConfig, stopping: bool) -> Error {
    let doing = if stopping { "stopping" } else { "starting" };
    let folder = plan.data_dir.display();
    let error = Error::failed(format!("another cruddur is {doing} {folder} and does not finish"));
    if stopping { error } else { error.hint("to end it run: cruddur local down") }
}

/// The stack that runs, if it serves what the plan asks for.
fn as_planned(plan: &StackConfig, report: Report) -> Result<Report> {
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
async fn clear(config: &Config, data_dir: &Path) -> Result<bool> {
    stop_leftover(config, data_dir, false).await?;
    let killed = Report::load(data_dir);
    let scratch = killed.as_ref().map(|report| report.data_dir.as_path());
    if let Some(folder) = scratch.filter(|folder| *folder != data_dir && Scratch::is_ours(folder)) {
        stop_leftover(config, folder, true).await?;
        remove(folder);
    }
    Report::forget(data_dir);
    Ok(killed.is_some())
}

/// The exit code of a command that a signal ended, by the shell's custom.
pub(super) fn ended_by(signal: Signal) -> Error {
    let kind = match signal {
        Signal::SIGINT => Kind::Interrupted,
        other => Kind::Child(u8::try_from(128 + other as i32).unwrap_or(1)),
    };
    Error::new(kind, format!("ended by {signal}"))
}
