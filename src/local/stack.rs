//! All services together.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use super::cluster::{Cluster, ClusterPlan};
use super::http::{Access, Server};
use super::installation::{Installation, may_be_left_in};
use super::probe::{self, Found};
use super::state::{
    COGNITO, DYNAMODB, DYNAMODB_FILE, POSTGRESQL, Report, Scratch, ServiceState, USER_POOL_FILE, remove,
};
use super::{dynamodb, state, user_pool};
use crate::config::{
    AwsConfig, Config, DEFAULT_COGNITO_PORT, DEFAULT_DYNAMODB_PORT, Service, UserPoolId, is_loopback,
};
use crate::error::{Context as _, Error, Reason, Result};
use crate::postgres::ConnectionUrl;

/// The ports from the command line; those of the local target are the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// `--dynamodb-port`
    pub dynamodb: Option<u16>,
    /// `--postgres-port`
    pub postgres: Option<u16>,
    /// `--cognito-port`
    pub cognito: Option<u16>,
}

/// A stack to start.
pub struct StackConfig {
    pub(super) data_dir: PathBuf,
    pub(super) ephemeral: bool,
    pub(super) dynamodb_port: u16,
    pub(super) url: ConnectionUrl,
    pub(super) dynamodb: AwsConfig,
    pub(super) cognito_port: u16,
    pub(super) cognito: AwsConfig,
    pub(super) user_pool: UserPoolId,
    pub(super) access: Access,
}

impl StackConfig {
    /// Uses the ports that local commands connect to: the loopback ports of the endpoints and of
    /// `CONNECTION_URL`.
    pub fn new(
        config: &Config,
        url: &ConnectionUrl,
        data_dir: PathBuf,
        ports: Ports,
        ephemeral: bool,
    ) -> Result<Self> {
        let dynamodb = config.aws(Service::DynamoDb)?;
        let user_pool = UserPoolId::local();
        let cognito = config.cognito(&user_pool)?;
        if !url.is_loopback() {
            return Err(Error::config(format!(
                "CONNECTION_URL points to {}, but the local stack serves only this machine",
                url.host()
            ))
            .hint("set its host to localhost"));
        }
        let dynamodb_port = ports.dynamodb.unwrap_or_else(|| port_of(&dynamodb, DEFAULT_DYNAMODB_PORT));
        let postgres_port = ports.postgres.unwrap_or_else(|| url.port());
        let cognito_port = ports.cognito.unwrap_or_else(|| port_of(&cognito, DEFAULT_COGNITO_PORT));
        let ports = [("DynamoDB", dynamodb_port), ("PostgreSQL", postgres_port), ("Cognito", cognito_port)];
        for (index, (one, port)) in ports.iter().enumerate() {
            if let Some((other, _)) = ports[index + 1..].iter().find(|(_, other)| other == port) {
                return Err(Error::config(format!("{one} and {other} cannot both listen on port {port}"))
                    .hint(Reason::SamePort));
            }
        }
        let url = url.on_loopback_port(postgres_port);
        let access = Access::default();
        Ok(Self {
            data_dir,
            ephemeral,
            dynamodb_port,
            url,
            dynamodb,
            cognito_port,
            cognito,
            user_pool,
            access,
        })
    }

    /// The same plan, open to `access` too.
    #[must_use]
    pub fn open_to(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Who may use the stack, besides programs on this machine.
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// Where the data is stored.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// DynamoDB's port.
    pub const fn dynamodb_port(&self) -> u16 {
        self.dynamodb_port
    }

    /// PostgreSQL's port.
    pub fn postgres_port(&self) -> u16 {
        self.url.port()
    }

    /// Cognito's port.
    pub const fn cognito_port(&self) -> u16 {
        self.cognito_port
    }

    /// Whether no data is kept.
    pub const fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// A report with this plan's services, all stopped, and their data in `home`.
    pub(super) fn report(&self, home: &Path) -> Report {
        let stopped = |service: &str, port, address| state::Service {
            service: service.to_owned(),
            state: ServiceState::Stopped,
            port,
            address,
        };
        let dynamodb = format!("http://localhost:{}", self.dynamodb_port);
        let postgres = format!("localhost:{}/{}", self.url.port(), self.url.database());
        let cognito = format!("http://localhost:{}", self.cognito_port);
        Report::new(
            home,
            self.ephemeral,
            self.access.clone(),
            vec![
                stopped(DYNAMODB, self.dynamodb_port, dynamodb),
                stopped(POSTGRESQL, self.url.port(), postgres),
                stopped(COGNITO, self.cognito_port, cognito),
            ],
        )
    }

    /// What is on the port of a service.
    pub(super) async fn probe(&self, service: &str, port: u16) -> Result<Found> {
        match service {
            DYNAMODB => probe::dynamodb(&self.dynamodb, port).await,
            COGNITO => probe::cognito(&self.cognito, &self.user_pool, port).await,
            _ => probe::postgres(&self.url, port).await,
        }
    }
}

/// The port of a local endpoint; the default if it is elsewhere.
fn port_of(service: &AwsConfig, default: u16) -> u16 {
    let endpoint = service.endpoint.as_ref().filter(|endpoint| is_loopback(&endpoint.host));
    endpoint.map_or(default, |endpoint| endpoint.port)
}

/// Where a private stack's services are.
pub(super) struct Private {
    pub(super) dynamodb: String,
    pub(super) cognito: String,
    pub(super) postgres: ConnectionUrl,
}

/// A running stack: the services that it runs itself.
pub(super) struct Stack {
    dynamodb: Option<Server>,
    postgres: Option<Cluster>,
    cognito: Option<Server>,
    scratch: Option<Scratch>,
    pub(super) report: Report,
}

impl Stack {
    /// Starts the services that are not running yet. Checks the ports first, because starting
    /// PostgreSQL takes a second.
    pub(super) async fn start(config: &Config, plan: &StackConfig) -> Result<Self> {
        sweep(config).await;
        let found_dynamodb = plan.probe(DYNAMODB, plan.dynamodb_port).await?;
        let found_postgres = plan.probe(POSTGRESQL, plan.url.port()).await?;
        let found_cognito = plan.probe(COGNITO, plan.cognito_port).await?;
        let scratch = if plan.ephemeral { Some(Scratch::new()?) } else { None };
        let home = scratch.as_ref().map_or(plan.data_dir.as_path(), Scratch::path);
        // Find out what PostgreSQL lacks before DynamoDB creates its file.
        let postgres = match found_postgres {
            Found::Service => None,
            Found::Nothing => Some(ClusterPlan::new(config, home, &plan.url, plan.ephemeral)?),
        };
        let dynamodb = match found_dynamodb {
            Found::Service => None,
            Found::Nothing => {
                let file = (!plan.ephemeral).then(|| home.join(DYNAMODB_FILE));
                Some(dynamodb::start(plan.dynamodb_port, file.as_deref(), plan.access.clone()).await?)
            }
        };
        let cognito = match found_cognito {
            Found::Service => None,
            Found::Nothing => {
                let file = (!plan.ephemeral).then(|| home.join(USER_POOL_FILE));
                let app = plan.access.post_confirmation.then(|| plan.url.clone());
                let access = plan.access.clone();
                Some(user_pool::start(plan.cognito_port, file.as_deref(), access, app).await?)
            }
        };
        let postgres = match postgres {
            None => None,
            Some(plan) => Some(plan.start().await?),
        };
        let mut report = plan.report(home);
        let ours = [dynamodb.is_some(), postgres.is_some(), cognito.is_some()];
        for (service, ours) in report.services.iter_mut().zip(ours) {
            service.state = if ours { ServiceState::Running } else { ServiceState::External };
            if ours {
                report.pid = i32::try_from(std::process::id()).ok();
            }
        }
        if let Some(cluster) = &postgres {
            report.postgres_version = Some(cluster.version().to_owned());
        }
        Ok(Self { dynamodb, postgres, cognito, scratch, report })
    }

    /// Starts a private stack on free ports, with the data that is in `scratch`; all is gone when it stops.
    pub(super) async fn start_private(
        config: &Config,
        url: &ConnectionUrl,
        access: Access,
        scratch: Scratch,
    ) -> Result<(Self, Private)> {
        /// How often to retry: another process may take a free port before PostgreSQL does.
        const TRIES: usize = 5;
        sweep(config).await;
        let file = |name| Some(scratch.path().join(name)).filter(|file| file.exists());
        let dynamodb = dynamodb::start(0, file(DYNAMODB_FILE).as_deref(), access.clone()).await?;
        let mut tries = 0;
        let postgres = loop {
            let port = free_port()?;
            let plan = ClusterPlan::new(config, scratch.path(), url, true)?.on_port(port);
            match plan.start().await {
                Err(_) if tries < TRIES && is_taken(port) => tries += 1,
                started => break started?,
            }
        };
        let app = access.post_confirmation.then(|| postgres.url().clone());
        let cognito = user_pool::start(0, file(USER_POOL_FILE).as_deref(), access, app).await?;
        let private =
            Private { dynamodb: dynamodb.url(), cognito: cognito.url(), postgres: postgres.url().clone() };
        let report = Report::new(scratch.path(), true, Access::default(), Vec::new());
        let stack = Self {
            dynamodb: Some(dynamodb),
            postgres: Some(postgres),
            cognito: Some(cognito),
            scratch: Some(scratch),
            report,
        };
        Ok((stack, private))
    }

    /// Whether it runs no service itself.
    pub(super) const fn is_empty(&self) -> bool {
        self.dynamodb.is_none() && self.postgres.is_none() && self.cognito.is_none()
    }

    /// Waits until PostgreSQL ends by itself, which is a failure.
    pub(super) async fn failed(&mut self) {
        match &mut self.postgres {
            Some(cluster) => cluster.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Stops all services. Deletes an ephemeral stack's data.
    pub(super) async fn stop(self) {
        let stop = async |server: Option<Server>| {
            if let Some(server) = server {
                server.stop().await;
            }
        };
        tokio::join!(stop(self.dynamodb), stop(self.cognito), async {
            if let Some(cluster) = self.postgres {
                cluster.stop().await;
            }
        });
        drop(self.scratch);
    }
}

/// Stops and removes what killed ephemeral runs left behind.
async fn sweep(config: &Config) {
    for (folder, _lock) in Scratch::abandoned() {
        if stop_leftover(config, &folder, true).await.is_ok() {
            remove(&folder);
        }
    }
}

/// Stops a PostgreSQL that a killed stack left running on `home`.
pub(super) async fn stop_leftover(config: &Config, home: &Path, ephemeral: bool) -> Result<()> {
    // Finding the binaries means running them, and usually nothing is left.
    if !may_be_left_in(home)? {
        return Ok(());
    }
    Installation::new(config, home)?.stop_leftover(ephemeral).await
}

fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .or_failed(|| "cannot find a free port".to_owned())
}

fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}
