//! `exec`: runs a command with a stack of its own.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp, tcgetpgrp};
use tokio::process::{Child, Command};

use super::daemon::ended_by;
use super::http::Access;
use super::lock::holder;
use super::plan::StackConfig;
use super::signals::Signals;
use super::snapshots::Kept;
use super::stack::Stack;
use super::state::{Addresses, Scratch};
use crate::config::{
    CLIENT_VARIABLE, Config, DUMMY_CREDENTIAL, DUMMY_REGION, IGNORE_ENDPOINTS, LOCAL_CLIENT, LOCAL_USER_POOL,
    Service, StackPorts, USER_POOL_VARIABLES,
};
use crate::error::{Context as _, Error, Kind, Reason, Result};
use crate::postgres::ConnectionUrl;

/// Runs `command` with an ephemeral stack on free ports, empty or with a snapshot's data. Both are gone
/// when this returns, even on failure.
///
/// # Errors
/// [`Kind::Child`] with the command's exit code, when that is not 0.
pub async fn exec(
    config: &Config,
    url: &ConnectionUrl,
    access: Access,
    from: Option<&Kept>,
    command: &[OsString],
) -> Result<()> {
    let mut signals = Signals::catch()?;
    let scratch = Scratch::new()?;
    from.map_or(Ok(()), |kept| kept.copy_to(scratch.path()))?;
    let (stack, addresses) = tokio::select! {
        started = Stack::start_private(config, url, access, scratch) => started?,
        signal = signals.end() => return Err(ended_by(signal)),
    };
    let state_dir = stack.report.data_dir.join("state");
    let ended = match spawn(config, command, &addresses, &state_dir) {
        Ok(child) => attend(child, &mut signals).await,
        Err(error) => Err(error),
    };
    stack.stop().await;
    match exit_code(ended?) {
        0 => Ok(()),
        code => Err(Error::new(Kind::Child(code), "the command failed")),
    }
}

fn spawn(config: &Config, command: &[OsString], at: &Addresses, state_dir: &Path) -> Result<Child> {
    let (program, arguments) = command.split_first().ok_or_else(|| Error::usage("no command is given"))?;
    let mut child = Command::new(program);
    child.args(arguments);
    for (name, value) in variables(config, at) {
        match value {
            Some(value) => child.env(name, value),
            None => child.env_remove(name),
        };
    }
    // Stream positions are useless once this stack is gone.
    child.env("CRUDDUR_STATE_DIR", state_dir);
    // cruddur sets this for its own SDK only; the command has to see the endpoints.
    child.env_remove(IGNORE_ENDPOINTS);
    child.spawn().map_err(|cause| {
        // The exit codes of a shell.
        let code = if cause.kind() == ErrorKind::NotFound { 127 } else { 126 };
        let message = format!("cannot run {}", program.to_string_lossy());
        Error::new(Kind::Exit(code), message).because(cause)
    })
}

/// The variables that lead other programs to the stack of `plan`, running or not; one with `None` is to be
/// removed.
///
/// # Errors
/// The stack has never been started, so it has no ports.
pub fn variables_of(config: &Config, plan: &StackConfig) -> Result<Vec<(&'static str, Option<String>)>> {
    // One that an earlier version has started runs on the ports that the settings name.
    if StackPorts::read(plan.data_dir())?.is_none() && holder(plan.data_dir())?.is_none() {
        return Err(Error::failed(format!("there is no stack in {}", plan.data_dir().display()))
            .hint(Reason::NoStackYet));
    }
    Ok(variables(config, &plan.addresses()))
}

/// The variables that lead other programs to a stack; one with `None` is to be removed.
fn variables(config: &Config, at: &Addresses) -> Vec<(&'static str, Option<String>)> {
    let mut found = vec![("CONNECTION_URL", Some(at.postgres.expose()))];
    // libpq prefers these to the URL; they would lead away from this stack.
    found.extend([("PGHOSTADDR", None), ("PGSSLMODE", None)]);
    let mut set = |name, value: &str| found.push((name, Some(value.to_owned())));
    // The table's stream is at the same endpoint.
    for variable in Service::DynamoDbStreams.endpoint_variables() {
        set(variable, &at.dynamodb);
    }
    for variable in Service::Cognito.endpoint_variables() {
        set(variable, &at.cognito);
    }
    for variable in USER_POOL_VARIABLES {
        set(variable, LOCAL_USER_POOL);
    }
    set(CLIENT_VARIABLE, LOCAL_CLIENT);
    let value = |name: &str| config.environment().get(name).map(|setting| setting.value);
    // Some SDKs read only one of the two.
    for (name, other) in [("AWS_REGION", "AWS_DEFAULT_REGION"), ("AWS_DEFAULT_REGION", "AWS_REGION")] {
        if value(name).is_none() {
            set(name, &value(other).unwrap_or_else(|| DUMMY_REGION.to_owned()));
        }
    }
    // Half a pair of credentials is useless.
    if value("AWS_ACCESS_KEY_ID").is_none() || value("AWS_SECRET_ACCESS_KEY").is_none() {
        set("AWS_ACCESS_KEY_ID", DUMMY_CREDENTIAL);
        set("AWS_SECRET_ACCESS_KEY", DUMMY_CREDENTIAL);
        found.push(("AWS_SESSION_TOKEN", None));
    }
    found
}

/// Waits for the command, and forwards signals to it.
async fn attend(mut child: Child, signals: &mut Signals) -> Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status.or_failed(|| "cannot wait for the command".to_owned()),
            signal = signals.next() => {
                let pid = child.id().and_then(|id| i32::try_from(id).ok());
                if let Some(pid) = pid.filter(|_| !sent_by_terminal(signal)) {
                    // It may have ended meanwhile.
                    let _ = kill(Pid::from_raw(pid), signal);
                }
            }
        }
    }
}

/// Whether the terminal has sent this signal to the command too: it signals every process of its
/// foreground group.
fn sent_by_terminal(signal: Signal) -> bool {
    if !matches!(signal, Signal::SIGINT | Signal::SIGQUIT) {
        return false;
    }
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let foreground = if stdin.is_terminal() {
        tcgetpgrp(&stdin)
    } else if stdout.is_terminal() {
        tcgetpgrp(&stdout)
    } else {
        tcgetpgrp(&stderr)
    };
    foreground.is_ok_and(|group| group == getpgrp())
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
