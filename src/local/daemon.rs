//! `up`, `down` and `status`: a stack that keeps running.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::installation::{Installation, tail};
use super::lock::{COPYING, Lock, Part, holder};
use super::plan::{PortChoice, StackConfig};
use super::probe::Found;
use super::signals::Signals;
use super::snapshots::replace;
use super::stack::{Stack, stop_leftover, sweep};
use super::stacks::settle;
use super::state::{Report, Scratch, ServiceState, remove};
use super::{paths, private};
use crate::config::{Config, StackPorts, StackService};
use crate::error::{Context as _, Error, Kind, Reason, Result};

/// How long `up` waits for another process that starts or stops the stack.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// The timeout for a stack to stop.
const STOP_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a running stack may look broken before `up` fails.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

/// The outcome of `up`.
pub enum Up {
    /// It was running; nothing was started.
    AlreadyRunning(Report),
    /// Other programs serve all ports; there is nothing to run.
    AllExternal(Report),
    /// It was started in the background.
    Detached(Report),
    /// It was started, it served, and it has stopped.
    Stopped,
    /// [`down`] stopped it before it was ready.
    StoppedEarly,
}

/// Progress that `up` reports.
pub enum News<'a> {
    /// The stack is about to be ready. If this cannot be delivered, the stack is stopped.
    Nearly,
    /// The stack is ready.
    Ready(&'a Report),
}

/// Starts the stack and serves until a signal ends it.
///
/// # Errors
/// A port is taken, PostgreSQL is missing or does not start, or it ends by itself.
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
        // What a killed run left must not be taken for another program's.
        sweep(config).await;
        let settled = Box::pin(settle(plan.clone())).await?;
        let started = Stack::start(config, &settled.plan, settled.found).await;
        if started.is_err() && settled.is_new {
            // A stack that has never been there keeps no ports.
            let _ = std::fs::remove_file(StackPorts::file(&plan.data_dir));
        }
        let mut stack = started?;
        stack.report.moved = settled.moved;
        Ok::<Stack, Error>(stack)
    };
    let started = tokio::select! {
        started = start => started,
        signal = signals.end() => return broken_off(&lock, signal),
    };
    let mut stack = started?;
    if stack.is_empty() {
        return Ok(Up::AllExternal(stack.report));
    }
    // Other processes take a stack that has a report for a running one.
    let reported = tell(News::Nearly)
        .and_then(|()| stack.report.save(&plan.data_dir))
        .and_then(|()| tell(News::Ready(&stack.report)));
    let served = if let Err(error) = reported {
        Err(error)
    } else {
        tokio::select! {
            _ = signals.end() => Ok(()),
            () = stack.failed() => Err(Error::failed("the local PostgreSQL exited unexpectedly")
                .because(anyhow::Error::msg(tail(&Installation::log_in(&stack.report.data_dir))))),
        }
    };
    stack.stop().await;
    Report::forget(&plan.data_dir);
    // Held until this process has ended: `down` waits for that before it says "stopped".
    std::mem::forget(lock);
    served.map(|()| Up::Stopped)
}

/// The outcome of a start that a signal ended: `down` holds its part of the lock while it signals.
fn broken_off(lock: &Lock, signal: Signal) -> Result<Up> {
    if signal == Signal::SIGTERM && lock.holder(Part::Down)?.is_some() {
        return Ok(Up::StoppedEarly);
    }
    Err(ended_by(signal))
}

/// Starts the stack in a process of its own, by running this program again with `arguments`, and
/// waits until it is ready.
///
/// # Errors
/// Those of [`up`], with the other process's message and exit code.
pub fn up_detached(config: &Config, arguments: &[std::ffi::OsString]) -> Result<Up> {
    let what = || "cannot read the stack's output".to_owned();
    // A file without a name, for this start alone: other starts may be running.
    let mut said = tempfile::tempfile().or_failed(what)?;
    let program = std::env::current_exe().or_failed(|| "cannot find this executable".to_owned())?;
    let mut command = Command::new(program);
    // The process reads the `.env` file itself.
    for name in config.environment().from_file() {
        command.env_remove(name);
    }
    let mut child = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said.try_clone().or_failed(what)?)
        .spawn()
        .or_failed(|| "cannot start the stack's process".to_owned())?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        // The first line is empty; it checks that somebody is listening.
        let mut lines = BufReader::new(stdout);
        while line.trim().is_empty() && lines.read_line(&mut line).or_failed(what)? > 0 {}
    }
    if let Ok(report) = serde_json::from_str::<Report>(&line) {
        if report.pid == i32::try_from(child.id()).ok() {
            return Ok(Up::Detached(report));
        }
        // The process has nothing to run, and ends.
        child.wait().or_failed(|| "cannot wait for the stack's process".to_owned())?;
        return Ok(if report.pid.is_some() { Up::AlreadyRunning(report) } else { Up::AllExternal(report) });
    }
    let status = child.wait().or_failed(|| "cannot wait for the stack's process".to_owned())?;
    let mut words = String::new();
    said.rewind().and_then(|()| said.read_to_string(&mut words)).or_failed(what)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    let words = words.split_once("Error: ").map_or(words.as_str(), |(_, error)| error).trim_end();
    Err(match words {
        "" => Error::failed(format!("the stack's process exited without a message ({status})")),
        words => Error::new(Kind::Exit(code), words),
    })
}

/// Redirects the standard error of this process, which serves the stack on `data_dir`, to a log there.
pub fn speak_to_log(data_dir: &Path) -> Result<()> {
    let path = data_dir.join("stack.log");
    let log = private::open(&path, OpenOptions::new().create(true).append(true))?;
    log.set_len(0)
        .and_then(|()| nix::unistd::dup2_stderr(&log).map_err(std::io::Error::from))
        .or_failed(|| format!("cannot write {}", path.display()))
}

/// Stops the stack on `data_dir`. Returns false when none was running.
///
/// # Errors
/// The stack does not stop.
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
    let mut awaited = None;
    while !lock.take(Part::Stack)? {
        let holder = lock.holder(Part::Stack)?;
        let copying = lock.holder(Part::Copy)?;
        if let Some(pid) = holder.filter(|_| holder != awaited && holder != copying) {
            // It may have ended meanwhile.
            if let Err(cause) = kill(Pid::from_raw(pid), Signal::SIGTERM)
                && cause != Errno::ESRCH
            {
                return Err(Error::failed(format!("cannot stop the stack (process {pid})")).because(cause));
            }
            awaited = holder;
        }
        if start.elapsed() > STOP_TIMEOUT {
            return Err(Error::failed(match awaited {
                Some(pid) => format!("the stack (process {pid}) does not stop"),
                None => COPYING.to_owned() + " and does not finish",
            }));
        }
        tokio::time::sleep(POLL).await;
    }
    let cleared = clear(config, data_dir).await?;
    Ok(cleared || awaited.is_some())
}

/// What is running: the stack on the plan's data directory, and any other service on its ports.
pub async fn status(plan: &StackConfig) -> Result<Report> {
    if let Some(holder) = holder(&plan.data_dir)?
        && let Some(report) = Report::of_holder(&plan.data_dir, holder)
    {
        return Ok(verified(plan, report).await);
    }
    let killed = Report::load(&plan.data_dir);
    let mut report = plan.report(&plan.data_dir);
    for service in &mut report.services {
        service.state = match plan.probe(service.service, service.port).await {
            Ok(Found::Service) if killed.as_ref().is_some_and(|killed| killed.ran(service)) => {
                ServiceState::Leftover
            }
            Ok(Found::Service) => ServiceState::External,
            // The port is taken by something that cruddur cannot use.
            Ok(Found::Nothing) | Err(_) => ServiceState::Stopped,
        };
    }
    Ok(report)
}

/// Whether a process serves the stack on `data_dir`, or starts or stops it.
pub fn is_served(data_dir: &Path) -> Result<bool> {
    Ok(holder(data_dir)?.is_some())
}

/// The report of a killed stack on `data_dir`, until an `up` or `down` clears it.
pub fn abandoned(data_dir: &Path) -> Result<Option<Report>> {
    Ok(if holder(data_dir)?.is_some() { None } else { Report::load(data_dir) })
}

/// Marks the services in `report` that do not answer as stopped.
async fn verified(plan: &StackConfig, mut report: Report) -> Report {
    for service in &mut report.services {
        let found = plan.probe(service.service, service.port).await;
        // The password may have changed since. Then the server is running, but refuses.
        let refuses = found.is_err() && service.service == StackService::PostgreSql;
        if !refuses && !matches!(found, Ok(Found::Service)) {
            service.state = ServiceState::Stopped;
        }
    }
    report
}

/// Takes the lock. If a working stack holds it, returns that stack's report instead. Waits for a
/// stack that is starting, and for `down`. A stack that is being killed stops serving before it
/// releases the lock, so what looks broken is checked again.
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
    if stopping { error } else { error.hint(Reason::StackStarting) }
}

/// Returns the report of the running stack if it matches the plan.
fn as_planned(plan: &StackConfig, report: Report) -> Result<Report> {
    let restart = Reason::OtherStack;
    if report.ephemeral != plan.ephemeral {
        let keeps = if report.ephemeral { "nothing" } else { "its data" };
        return Err(Error::failed(format!("the stack is already running, and keeps {keeps}")).hint(restart));
    }
    if let Some(missing) = report.access.lacks(&plan.access) {
        return Err(Error::failed(format!("the stack is already running, and does not allow {missing}"))
            .hint(restart));
    }
    if report.access.units_per_second != plan.access.units_per_second {
        let limit = match report.access.units_per_second {
            Some(units) => format!("throttled at {units} a second"),
            None => "not throttled".to_owned(),
        };
        return Err(Error::failed(format!("the stack is already running, {limit}")).hint(restart));
    }
    if report.access.post_confirmation != plan.access.post_confirmation {
        let adds = if report.access.post_confirmation { "adds" } else { "does not add" };
        return Err(Error::failed(format!(
            "the stack is already running, and {adds} whoever confirms a sign-up to the users table"
        ))
        .hint(restart));
    }
    if plan.given.choice == Some(PortChoice::Free) {
        return Err(Error::failed("the stack is already running, and keeps its ports").hint(restart));
    }
    // A stack that was starting may have chosen its ports since the plan was made.
    let plan = plan.clone().with_known_ports()?;
    for service in &report.services {
        let wanted = plan.port(service.service);
        if service.state == ServiceState::Stopped {
            return Err(Error::failed(format!(
                "the stack is running (process {}), but nothing serves {} on port {} any more",
                report.pid.unwrap_or_default(),
                service.service,
                service.port
            ))
            .hint(restart));
        }
        if service.port != wanted {
            return Err(Error::failed(format!(
                "the stack is already running, with {} on port {}, not {wanted}",
                service.service, service.port
            ))
            .hint(restart));
        }
    }
    Ok(report)
}

/// Cleans up after a killed stack: ends its server and, if it was ephemeral, deletes its data. Finishes a
/// restore that was killed.
/// Returns false when there was no such stack.
pub(super) async fn clear(config: &Config, data_dir: &Path) -> Result<bool> {
    stop_leftover(config, data_dir, false).await?;
    let killed = Report::load(data_dir);
    let scratch = killed.as_ref().map(|report| report.data_dir.as_path());
    if let Some(folder) = scratch.filter(|folder| *folder != data_dir && Scratch::is_ours(folder)) {
        stop_leftover(config, folder, true).await?;
        remove(folder);
    }
    Report::forget(data_dir);
    replace::finish(data_dir)?;
    Ok(killed.is_some())
}

/// The error of a command that a signal ended, with the exit code that a shell gives.
pub(super) fn ended_by(signal: Signal) -> Error {
    let kind = match signal {
        Signal::SIGINT => Kind::Interrupted,
        other => Kind::Child(u8::try_from(128 + other as i32).unwrap_or(1)),
    };
    Error::new(kind, format!("ended by {signal}"))
}
