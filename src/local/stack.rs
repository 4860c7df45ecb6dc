//! All services together.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::cluster::{Cluster, ClusterPlan};
use super::http::{Access, Server};
use super::installation::{Installation, may_be_left_in};
use super::plan::StackConfig;
use super::probe::Found;
use super::state::{Addresses, DYNAMODB_FILE, Report, Scratch, ServiceState, USER_POOL_FILE, remove};
use super::{dynamodb, user_pool};
use crate::config::{Config, StackService};
use crate::error::{Context as _, Result};
use crate::postgres::ConnectionUrl;

/// A running stack: the services that it runs itself.
pub(super) struct Stack {
    dynamodb: Option<Server>,
    postgres: Option<Cluster>,
    cognito: Option<Server>,
    scratch: Option<Scratch>,
    pub(super) report: Report,
}

impl Stack {
    /// Starts the services that were not `found` on their ports.
    pub(super) async fn start(config: &Config, plan: &StackConfig, found: [Found; 3]) -> Result<Self> {
        let [found_dynamodb, found_postgres, found_cognito] = found;
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
                Some(
                    dynamodb::start(plan.port(StackService::DynamoDb), file.as_deref(), plan.access.clone())
                        .await?,
                )
            }
        };
        let cognito = match found_cognito {
            Found::Service => None,
            Found::Nothing => {
                let file = (!plan.ephemeral).then(|| home.join(USER_POOL_FILE));
                let app = plan.access.post_confirmation.then(|| plan.url.clone());
                let access = plan.access.clone();
                Some(user_pool::start(plan.port(StackService::Cognito), file.as_deref(), access, app).await?)
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
    ) -> Result<(Self, Addresses)> {
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
        let addresses =
            Addresses { dynamodb: dynamodb.url(), cognito: cognito.url(), postgres: postgres.url().clone() };
        let report = Report::new(scratch.path(), true, Access::default(), Vec::new());
        let stack = Self {
            dynamodb: Some(dynamodb),
            postgres: Some(postgres),
            cognito: Some(cognito),
            scratch: Some(scratch),
            report,
        };
        Ok((stack, addresses))
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
pub(super) async fn sweep(config: &Config) {
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

pub(super) fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}
