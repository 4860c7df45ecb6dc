//! Hands over to psql.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::ConnectionUrl;
use super::programs::{self, Package};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::postgres::connection::tls::{Check, Roots, SslMode};

/// The first major version of psql that knows `sslrootcert=system`.
const KNOWS_SYSTEM_ROOTS: u32 = 16;

/// A psql that gets its connection through the environment, so that nothing of it appears in the
/// process list.
pub struct Psql(Command);

impl Psql {
    /// Finds psql.
    ///
    /// # Errors
    /// [`Kind::Config`] when there is none, or when it cannot verify the server as cruddur does.
    pub fn new(config: &Config, url: &ConnectionUrl, arguments: &[OsString]) -> Result<Self> {
        let program = find(config)?;
        let mut command = Command::new(&program);
        command.args(arguments);
        for (name, value) in url.variables() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // The password may come from the password file, too. psql prompts when there is none.
        match url.password() {
            Some(password) => command.env("PGPASSWORD", password),
            None => command.env_remove("PGPASSWORD"),
        };
        command.env("PGCONNECT_TIMEOUT", url.request_timeout().as_secs().to_string());
        // The password file has been read already.
        command.env_remove("PGPASSFILE").env("PGSSLMODE", url.tls.mode().name());
        match url.tls.check() {
            Check::Nothing => command.env_remove("PGSSLROOTCERT"),
            Check::Chain(roots) | Check::ChainAndName(roots) => {
                command.env("PGSSLROOTCERT", root_certificate(&program, url, roots)?)
            }
        };
        Ok(Self(command))
    }

    /// Replaces this process with psql, which takes over the terminal, the signals and the exit
    /// code. Returns only on failure.
    pub fn hand_over(mut self) -> Error {
        #[cfg(unix)]
        let cause = {
            use std::os::unix::process::CommandExt as _;
            self.0.exec()
        };
        #[cfg(not(unix))]
        let cause = match self.0.status() {
            Ok(status) => {
                let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
                return Error::new(Kind::Child(code), "psql has exited");
            }
            Err(cause) => cause,
        };
        let program = self.0.get_program().to_string_lossy().into_owned();
        Error::new(Kind::Config, format!("cannot run {program}")).because(cause)
    }
}

/// psql of the folder that is named, on the `PATH`, or else beside PostgreSQL's other programs. The folder
/// may hold a server alone, as npm's package does.
fn find(config: &Config) -> Result<PathBuf> {
    let on_path = || programs::on_path(&config.search_path(), "psql");
    let beside = || {
        let folders = programs::folders(config).into_iter();
        folders.map(|folder| folder.join("psql")).find(|path| programs::is_program(path))
    };
    let is_named = config.environment().path("CRUDDUR_POSTGRES_BINDIR").is_some();
    let found = if is_named { beside().or_else(on_path) } else { on_path().or_else(beside) };
    found.ok_or_else(|| {
        programs::install_hints(config, Package::Client)
            .into_iter()
            .fold(Error::config("psql is not on this machine"), Error::hint)
    })
}

/// The CA certificates in the form that this psql takes.
fn root_certificate(program: &PathBuf, url: &ConnectionUrl, roots: Roots) -> Result<OsString> {
    match roots {
        Roots::File(path) => Ok(path.into()),
        // psql takes this value only with verify-full.
        Roots::System
            if url.tls.mode() == SslMode::VerifyFull && version(program) >= Some(KNOWS_SYSTEM_ROOTS) =>
        {
            Ok("system".into())
        }
        Roots::System => openssl_probe::probe().cert_file.map(Into::into).ok_or_else(|| {
            Error::config("psql needs the system's CA certificates in one file, but there is none")
                .hint("name one: sslrootcert=FILE")
        }),
    }
}

/// `psql (PostgreSQL) 15.18 (Debian …)` → 15.
fn version(program: &PathBuf) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
