//! A private PostgreSQL cluster: made once, run as a child, loopback only.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use postgres_protocol::password::scram_sha_256;

use super::installation::{Installation, nameless, tail};
use super::process::Group;
use super::state::remove;
use crate::config::Config;
use crate::error::{Context as _, Error, Kind, Result};
use crate::postgres::{ConnectionUrl, Session, create_database, quote_identifier};

/// Begins the name of the folder in which a cluster is made.
const UNFINISHED: &str = "postgres.unfinished-";
/// How often the server's state file is looked at while it starts.
const POLL: Duration = Duration::from_millis(5);
/// How long recovery after a crash may take.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// How long sessions may take to end when the server is stopped.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Keeps what people send out of the log. An error's own words hold values too, so errors
/// of statements are not logged; what ends the server is.
const NO_VALUES_IN_LOG: [&str; 3] =
    ["log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse"];

/// What a cluster needs to exist.
pub(super) struct ClusterPlan {
    installation: Installation,
    ephemeral: bool,
    /// Role, password and database; its port is where the server listens.
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
    /// Looks for the binaries; `home` must exist.
    pub(super) fn new(config: &Config, home: &Path, url: &ConnectionUrl, ephemeral: bool) -> Result<Self> {
        if url.password().is_none_or(str::is_empty) {
            return Err(Error::config(
                "CONNECTION_URL holds no password, and the local PostgreSQL does not go without",
            )
            .hint("add one: postgresql://USER:PASSWORD@localhost:5432/DATABASE"));
        }
        Ok(Self { installation: Installation::new(config, home)?, ephemeral, url: url.clone() })
    }

    /// The same on another port.
    pub(super) fn on_port(mut self, port: u16) -> Self {
        self.url = self.url.on_loopback_port(port);
        self
    }

    /// Makes the cluster if there is none, starts it, and makes sure that the
    /// role, its password and the database are those of the connection URL.
    pub(super) async fn start(self) -> Result<Cluster> {
        if !self.installation.has_cluster() {
            self.init().await?;
        }
        self.installation.stop_leftover(self.ephemeral).await?;
        let mut server = self.launch().await?;
        let maintenance = self.url.with_database("postgres");
        let session = match Session::open(&maintenance).await {
            Err(error) if error.kind() == Kind::Config => {
                // CONNECTION_URL has changed since the cluster was made.
                server.stop(Signal::SIGINT, STOP_TIMEOUT).await;
                self.set_role().await?;
                server = self.launch().await?;
                Session::open(&maintenance).await?
            }
            other => other?,
        };
        let version = session.server_version().await?;
        create_database(&self.url).await?;
        Ok(Cluster { server, url: self.url, version, ephemeral: self.ephemeral })
    }

    /// Into a folder of another name first: an `initdb` that was broken off must
    /// not pass for a cluster. Nor may one whose parent was killed, and which
    /// goes on, share its folder with the next.
    async fn init(&self) -> Result<()> {
        let home = &self.installation.home;
        let what = || format!("cannot make a folder for PostgreSQL in {}", home.display());
        for entry in fs::read_dir(home).or_failed(what)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                remove(&entry.path());
            }
        }
        let folder = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(home).or_failed(what)?;
        let unfinished = folder.path();
        // The server takes a finished SCRAM verifier as it is, so the password
        // itself never lies on the disk, and this file has no name there.
        let verifier = nameless(&format!("{}\n", self.verifier()))?;
        if let Some(account) = self.installation.account {
            account.own(unfinished)?;
            account.own_file(&verifier)?;
        }
        let mut command = self.installation.command("initdb");
        command.arg("-D").arg(unfinished).args(["-U", self.url.user(), "--pwfile=/dev/stdin"]);
        command.stdin(verifier).args(["--auth=scram-sha-256", "--encoding=UTF8"]);
        if cfg!(target_os = "macos") {
            command.args(["--locale=C", "--lc-ctype=UTF-8"]);
        } else {
            command.arg("--locale=C.UTF-8");
        }
        if self.ephemeral {
            command.arg("--no-sync");
        }
        self.installation.run(&mut command, "cannot make a PostgreSQL cluster").await?;
        fs::rename(folder.keep(), self.installation.data()).or_failed(what)
    }

    /// Sets the role and its password without asking for the old one.
    async fn set_role(&self) -> Result<()> {
        let role = quote_identifier(self.url.user());
        // In single-user mode a line is a statement, and one that fails stops nothing.
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
            // Nothing of it is to survive.
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
                return Err(self.did_not_start("the server ended"));
            }
            if self.is_ready(server.pid()) {
                return Ok(server);
            }
            if start.elapsed() > START_TIMEOUT {
                return Err(self.did_not_start("the server takes too long"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The server itself says so in the last line of its pid file, as `pg_ctl`
    /// reads it too: no connection attempt fills the log.
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
    /// Where it is, with role and password.
    pub(super) const fn url(&self) -> &ConnectionUrl {
        &self.url
    }

    /// The server's version.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Waits until the server ends by itself, which it should not.
    pub(super) async fn ended(&mut self) {
        let _ = self.server.wait().await;
    }

    /// Ends all sessions and the server.
    pub(super) async fn stop(mut self) {
        let signal = if self.ephemeral { Signal::SIGQUIT } else { Signal::SIGINT };
        self.server.stop(signal, STOP_TIMEOUT).await;
    }
}
