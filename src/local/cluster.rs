//! A private PostgreSQL cluster: created once, run as a child process, on loopback only.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use postgres_protocol::password::scram_sha_256;
use tokio::process::Command;

use super::installation::{Installation, nameless, tail};
use super::process::Group;
use super::state::remove_unfinished;
use crate::config::Config;
use crate::error::{Context as _, Error, Reason, Result};
use crate::postgres::{ConnectionUrl, Session, create_database, quote_identifier};

/// The name prefix of the directory in which a cluster is created.
const UNFINISHED: &str = "postgres.unfinished-";
/// How often the server's pid file is read while it starts.
const POLL: Duration = Duration::from_millis(5);
/// The timeout for a start, with recovery after a crash.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// The timeout for a stop, in which sessions end.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Keeps user data out of the log. Even the message of an error may hold values, so statement
/// errors are not logged; errors that end the server are.
const NO_VALUES_IN_LOG: [&str; 3] =
    ["log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse"];

/// The locale of RDS and of the official container image, as `locale` writes it. ORDER BY depends on it.
const RDS_LOCALE: &str = "en_US.utf8";

/// Everything needed to start a cluster.
pub(super) struct ClusterPlan {
    installation: Installation,
    ephemeral: bool,
    /// The role, the password and the database; the server listens on its port.
    url: ConnectionUrl,
}

/// A running server.
pub(super) struct Cluster {
    server: Group,
    url: ConnectionUrl,
    version: String,
    ephemeral: bool,
}

impl ClusterPlan {
    /// Finds the binaries; `home` must exist.
    pub(super) fn new(config: &Config, home: &Path, url: &ConnectionUrl, ephemeral: bool) -> Result<Self> {
        if url.password().is_none_or(str::is_empty) {
            return Err(Error::config(
                "CONNECTION_URL has no password, but the local PostgreSQL requires one",
            )
            .hint("add one: postgresql://USER:PASSWORD@localhost:5432/DATABASE"));
        }
        Ok(Self { installation: Installation::new(config, home)?, ephemeral, url: url.clone() })
    }

    /// The same plan on another port.
    pub(super) fn on_port(mut self, port: u16) -> Self {
        self.url = self.url.on_loopback_port(port);
        self
    }

    /// Starts the cluster, and creates it first if necessary. Makes the role, the password and the
    /// database match the connection URL.
    pub(super) async fn start(self) -> Result<Cluster> {
        if !self.installation.has_cluster() {
            self.init().await?;
        }
        self.installation.stop_leftover(self.ephemeral).await?;
        let mut server = self.launch().await?;
        let maintenance = self.url.with_database("postgres");
        let session = match Session::open(&maintenance).await {
            Err(error) if error.is(&Reason::RefusedRole) => {
                // CONNECTION_URL has changed since the cluster was made.
                server.stop(Signal::SIGINT, STOP_TIMEOUT).await;
                self.set_role().await?;
                server = self.launch().await?;
                Session::open(&maintenance).await?
            }
            other => other?,
        };
        let version = session.server_version().await?;
        create_database(&self.url, Some(&session)).await?;
        Ok(Cluster { server, url: self.url, version, ephemeral: self.ephemeral })
    }

    /// Creates the cluster under another name and then renames it, so that an interrupted `initdb`
    /// never leaves a directory that looks like a cluster. Each run has its own directory: an
    /// `initdb` whose parent was killed may still be running.
    async fn init(&self) -> Result<()> {
        let home = &self.installation.home;
        let what = || format!("cannot make a folder for PostgreSQL in {}", home.display());
        remove_unfinished(home, UNFINISHED)?;
        let folder = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(home).or_failed(what)?;
        let unfinished = folder.path();
        // The server accepts a computed SCRAM verifier, so the password itself is never written to
        // disk. This file has no name there.
        let verifier = nameless(&format!("{}\n", self.verifier()))?;
        if let Some(account) = self.installation.account {
            account.own(unfinished)?;
            account.own_file(&verifier)?;
        }
        let mut command = self.installation.command("initdb");
        command.arg("-D").arg(unfinished).args(["-U", self.url.user(), "--pwfile=/dev/stdin"]);
        command.stdin(verifier).args(["--auth=scram-sha-256", "--encoding=UTF8"]);
        command.args(if cfg!(target_os = "macos") {
            ["--locale=C", "--lc-ctype=UTF-8"].as_slice()
        } else if has_locale(RDS_LOCALE).await {
            &["--locale=en_US.UTF-8"]
        } else {
            &["--locale=C.UTF-8"]
        });
        if self.ephemeral {
            command.arg("--no-sync");
        }
        self.installation.run(&mut command, "cannot make a PostgreSQL cluster").await?;
        fs::rename(folder.keep(), self.installation.data()).or_failed(what)
    }

    /// Sets the role and its password without the old password.
    async fn set_role(&self) -> Result<()> {
        let role = quote_identifier(self.url.user());
        // In single-user mode each line is a statement, and a failed one does not stop the rest.
        let input = nameless(&format!(
            "CREATE ROLE {role}\nALTER ROLE {role} SUPERUSER LOGIN PASSWORD '{}'\n",
            self.verifier()
        ))?;
        let mut command = self.installation.command("postgres");
        command.args(["--single", "-D"]).arg(self.installation.data()).arg("postgres").stdin(input);
        self.installation.run(&mut command, "cannot set the local role's password").await
    }

    fn verifier(&self) -> String {
        scram_sha_256(self.url.password().unwrap_or_default().as_bytes())
    }

    /// Starts the server and waits until it accepts connections.
    async fn launch(&self) -> Result<Group> {
        let log = self.installation.new_log().await?;
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.url.port()),
            "unix_socket_directories=".to_owned(),
            "logging_collector=off".to_owned(),
            "cluster_name=cruddur".to_owned(),
        ];
        settings.extend(NO_VALUES_IN_LOG.map(str::to_owned));
        if self.ephemeral {
            // None of its data has to survive.
            settings
                .extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
        }
        let mut command = self.installation.command("postgres");
        command.arg("-D").arg(self.installation.data());
        for setting in &settings {
            command.arg("-c").arg(setting);
        }
        command.stdout(log.try_clone().or_failed(|| "cannot open the log".to_owned())?).stderr(log);
        let mut server = Group::spawn(&mut command)?;
        let start = tokio::time::Instant::now();
        loop {
            if server.has_ended() {
                return Err(self.did_not_start("the server exited"));
            }
            if self.is_ready(server.pid()) {
                return Ok(server);
            }
            if start.elapsed() > START_TIMEOUT {
                return Err(self.did_not_start("it took too long"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether the server reports itself ready, in the last line of its pid file. `pg_ctl` reads
    /// the same line; unlike a connection attempt, this logs nothing.
    fn is_ready(&self, pid: i32) -> bool {
        let Ok(text) = fs::read_to_string(self.installation.pid_file()) else {
            return false;
        };
        let lines: Vec<&str> = text.lines().collect();
        lines.first().is_some_and(|line| line.trim() == pid.to_string())
            && lines.get(7).is_some_and(|line| line.trim() == "ready")
    }

    fn did_not_start(&self, why: &str) -> Error {
        Error::failed(format!("the local PostgreSQL did not start on port {}: {why}", self.url.port()))
            .because(anyhow::Error::msg(tail(&self.installation.log())))
    }
}

impl Cluster {
    /// The URL to connect to, with role and password.
    pub(super) const fn url(&self) -> &ConnectionUrl {
        &self.url
    }

    /// The server's version.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Waits until the server ends by itself, which is a failure.
    pub(super) async fn ended(&mut self) {
        let _ = self.server.wait().await;
    }

    /// Ends all sessions, then the server.
    pub(super) async fn stop(mut self) {
        let signal = if self.ephemeral { Signal::SIGQUIT } else { Signal::SIGINT };
        self.server.stop(signal, STOP_TIMEOUT).await;
    }
}

/// Whether this machine has the locale, for a program without our environment.
async fn has_locale(name: &str) -> bool {
    let listed = Command::new("locale").arg("-a").env_clear().output().await;
    listed.is_ok_and(|listed| String::from_utf8_lossy(&listed.stdout).lines().any(|line| line == name))
}
