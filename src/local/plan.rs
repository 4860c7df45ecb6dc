//! What a stack is to be: its folder, its ports, who may use it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::http::Access;
use super::probe::{self, Found};
use super::state::{self, Addresses, DYNAMODB_FILE, Report, ServiceState};
use crate::config::{
    Asked, AwsConfig, Config, STACKS, Service, Source, StackPorts, StackService, UserPoolId,
};
use crate::error::{Error, Reason, Result};
use crate::postgres::ConnectionUrl;

/// Ports that are to be chosen anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PortChoice {
    /// Those that the settings name, also if another stack has them
    Fixed,
    /// Other free ones
    Free,
}

impl PortChoice {
    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// The ports from the command line; those that the stack had are the default, or else those of the settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// By service; `None` for the default.
    pub by_service: [Option<u16>; 3],
    /// For the others.
    pub choice: Option<PortChoice>,
}

/// A stack to start.
#[derive(Clone)]
pub struct StackConfig {
    pub(super) data_dir: PathBuf,
    pub(super) ephemeral: bool,
    pub(super) url: ConnectionUrl,
    pub(super) dynamodb: AwsConfig,
    pub(super) cognito: AwsConfig,
    pub(super) user_pool: UserPoolId,
    pub(super) access: Access,
    /// What the command line says about ports.
    pub(super) given: Ports,
    /// What the settings say.
    pub(super) asked: [Asked; 3],
    /// The project that it belongs to.
    pub(super) project: Option<PathBuf>,
    /// The folder of all stacks, unless there is no place for it.
    pub(super) data_folder: Option<PathBuf>,
    ports: [u16; 3],
}

impl StackConfig {
    /// Uses the ports that the stack in `data_dir` had. A new one has those of the local settings: the
    /// loopback ports of the endpoints and of `CONNECTION_URL`.
    pub fn new(config: &Config, data_dir: PathBuf, given: Ports, ephemeral: bool) -> Result<Self> {
        let named = config.as_named();
        let dynamodb = named.aws(Service::DynamoDb)?;
        let user_pool = UserPoolId::local();
        let cognito = named.cognito(&user_pool)?;
        let url = ConnectionUrl::new(&named.postgres()?)?;
        if !url.is_loopback() {
            return Err(Error::config(format!(
                "CONNECTION_URL points to {}, but the local stack serves only this machine",
                url.host()
            ))
            .hint("set its host to localhost"));
        }
        let [one, two, three] = StackService::ALL.map(|service| config.asked(service));
        let asked = [one?, two?, three?];
        let mut given = given;
        for (given, asked) in given.by_service.iter_mut().zip(&asked) {
            *given = given.or_else(|| matches!(asked.source, Source::Flag(_)).then_some(asked.port));
        }
        let known = StackPorts::read(&data_dir)?;
        let is_projects = config.stack_folder().is_ok_and(|folder| folder == data_dir);
        let project = if is_projects { config.project() } else { known.and_then(|known| known.project) };
        let access = Access::default();
        let data_folder = config.data_folder().ok();
        let ports = [0; 3];
        Self {
            data_dir,
            ephemeral,
            url,
            dynamodb,
            cognito,
            user_pool,
            access,
            given,
            asked,
            project,
            data_folder,
            ports,
        }
        .with_known_ports()
    }

    /// The same plan with the ports that the stack has by now, where nothing else is asked for.
    pub(super) fn with_known_ports(self) -> Result<Self> {
        let known = StackPorts::read(&self.data_dir)?.unwrap_or_default();
        let ports = StackService::ALL.map(|service| {
            let asked = &self.asked[service as usize];
            let is_kept = self.given.choice.is_none() && !asked.is_binding();
            let kept = known.for_asked(service, asked.port).filter(|_| is_kept);
            self.given.by_service[service as usize].or(kept).unwrap_or(asked.port)
        });
        self.on_ports(ports)
    }

    /// The same plan on these ports.
    ///
    /// # Errors
    /// Two of them are the same.
    pub(super) fn on_ports(self, ports: [u16; 3]) -> Result<Self> {
        let names = ["DynamoDB", "PostgreSQL", "Cognito"];
        for (index, port) in ports.iter().enumerate() {
            if let Some(other) = (index + 1..ports.len()).find(|other| ports[*other] == *port) {
                let (one, other) = (names[index], names[other]);
                return Err(Error::config(format!("{one} and {other} cannot both listen on port {port}"))
                    .hint(Reason::SamePort));
            }
        }
        let url = self.url.on_loopback_port(ports[StackService::PostgreSql as usize]);
        Ok(Self { url, ports, ..self })
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

    /// The project that the stack belongs to.
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// The port of a service.
    pub const fn port(&self, service: StackService) -> u16 {
        self.ports[service as usize]
    }

    /// The port that the settings name for a service, and what names it.
    pub const fn asked(&self, service: StackService) -> &Asked {
        &self.asked[service as usize]
    }

    /// What the command line says about ports.
    pub const fn given(&self) -> &Ports {
        &self.given
    }

    /// Whether no data is kept.
    pub const fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// The folder with the data of the user's stack, if this plan is for the first stack of a project. It
    /// may be what the project used before it had a stack of its own.
    pub fn former_data(&self) -> Option<&Path> {
        let data_folder = self.data_folder.as_deref()?;
        let is_new = !self.ephemeral && !self.data_dir.exists();
        let is_projects = self.data_dir.parent() == Some(&data_folder.join(STACKS));
        let has_data = data_folder.join(super::installation::CLUSTER).exists()
            || data_folder.join(DYNAMODB_FILE).exists();
        (is_new && is_projects && has_data).then_some(data_folder)
    }

    /// Where programs find the services.
    pub(super) fn addresses(&self) -> Addresses {
        let url = |service| format!("http://127.0.0.1:{}", self.port(service));
        Addresses {
            dynamodb: url(StackService::DynamoDb),
            cognito: url(StackService::Cognito),
            postgres: self.url.clone(),
        }
    }

    /// A report with this plan's services, all stopped, and their data in `home`.
    pub(super) fn report(&self, home: &Path) -> Report {
        let services = StackService::ALL.map(|service| {
            let port = self.port(service);
            let address = match service {
                StackService::DynamoDb | StackService::Cognito => format!("http://localhost:{port}"),
                StackService::PostgreSql => format!("localhost:{port}/{}", self.url.database()),
            };
            state::Service { service, state: ServiceState::Stopped, port, address }
        });
        Report::new(home, self.ephemeral, self.access.clone(), services.into())
    }

    /// What is on the port of a service.
    pub(super) async fn probe(&self, service: StackService, port: u16) -> Result<Found> {
        match service {
            StackService::DynamoDb => probe::dynamodb(&self.dynamodb, port).await,
            StackService::Cognito => probe::cognito(&self.cognito, &self.user_pool, port).await,
            StackService::PostgreSql => probe::postgres(&self.url, port).await,
        }
    }
}
