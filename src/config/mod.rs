//! Flags + environment + `.env` → one resolved [`Config`]. Nothing else reads the environment, and
//! nothing here touches the network.

mod aws;
mod conninfo;
mod duration;
mod environment;
mod flags;
mod host;
mod listing;
mod mask;
mod nearest;
mod passfile;
mod postgres;
mod security_group;
mod stack;
mod standing;
mod user_pool;

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::trace::Trace;

pub use aws::{AwsConfig, Credentials, DUMMY_CREDENTIAL, DUMMY_REGION, Endpoint, Service};
pub use duration::parse_duration;
pub use environment::{Environment, IGNORE_ENDPOINTS, Setting, Source, dotenv_value};
pub use flags::{Color, Flags, PlanSize};
pub use host::{Host, Reach, is_aws_host, is_loopback, reach};
pub use listing::{Listed, Passed};
pub use nearest::{project_file, project_programs};
pub(crate) use postgres::malformed;
pub use postgres::{PostgresConfig, libpq_variables};
pub use stack::{Asked, STACKS, STARTED, StackPort, StackPorts, StackService, name_for};
pub use standing::{Identity, Sign, Signs, Standing};
pub use user_pool::{
    CLIENT_VARIABLE, LOCAL_CLIENT, LOCAL_PASSWORD, LOCAL_USER_POOL, USER_POOL_VARIABLES, UserPoolId,
};

pub use crate::target::Target;

/// The default port of a local DynamoDB.
pub const DEFAULT_DYNAMODB_PORT: u16 = 8000;
/// The default port of the local Cognito.
pub const DEFAULT_COGNITO_PORT: u16 = 9229;
/// The local PostgreSQL, as in the app's compose file.
pub const DEFAULT_CONNECTION_URL: &str = "postgresql://postgres:password@localhost:5432/cruddur";
/// The variables with the handles of the two people of the transcript, named as in the original scripts.
pub const PEOPLE_VARIABLES: [&str; 2] = ["user1_username", "user2_username"];
/// The default handles.
pub const DEFAULT_PEOPLE: [&str; 2] = ["nina", "oscar"];
/// The table of direct messages.
pub const DEFAULT_TABLE: &str = "cruddur-messages";

/// The timeout for local services: an emulator, a local server. They answer in milliseconds; half a
/// minute allows for a busy machine.
const TIMEOUT_NEAR: Duration = Duration::from_secs(30);
/// The timeout for AWS and production. One attempt gets half of it, which is enough for a full
/// batch of 16 MB at 5 Mbit/s; the other half is for a retry.
const TIMEOUT_FAR: Duration = Duration::from_mins(1);

/// All settings, resolved once.
pub struct Config {
    target: Target,
    flags: Flags,
    environment: Environment,
    trace: Trace,
    /// Whether the settings count as they are, whatever ports a stack has.
    as_named: bool,
}

impl Config {
    /// Reads the `.env` file that `flags` name or that is found from the working directory.
    pub fn load(flags: &Flags) -> Result<Self> {
        let environment = Environment::load(flags.env_file.as_deref(), flags.no_env_file)?;
        let target = if flags.prod { Target::Prod } else { Target::Local };
        environment::ignore_endpoint_variables();
        Ok(Self { target, flags: flags.clone(), environment, trace: Trace::default(), as_named: false })
    }

    /// The same settings, with requests and statements reported to `trace`.
    #[must_use]
    pub fn traced(self, trace: Trace) -> Self {
        Self { trace, ..self }
    }

    /// The settings for `target`. For the other target, drops the flags that say where a service
    /// is: they were meant for this one.
    #[must_use]
    pub fn for_target(&self, target: Target) -> Self {
        let flags = if target == self.target { self.flags.clone() } else { self.flags.elsewhere() };
        Self {
            target,
            flags,
            environment: self.environment.clone(),
            trace: self.trace.clone(),
            as_named: self.as_named,
        }
    }

    /// The `PG*` variables that are set and that libpq would use, but that are ignored for
    /// production's PostgreSQL.
    pub fn ignored_in_production(&self) -> Vec<&'static str> {
        postgres::ignored_in_production(&self.environment)
    }

    /// A warning for users of `service`: variables that would lead elsewhere, but are ignored.
    pub fn aws_warning(&self, service: Service) -> Option<String> {
        if self.flags.endpoint_url.is_some() {
            return None;
        }
        let ignored = self.in_production(|| self.endpoints_ignored_in_production(service))?;
        Some(format!("ignored with --prod: {ignored}; to use another endpoint add --endpoint-url"))
    }

    /// The same warning for PostgreSQL.
    pub fn postgres_warning(&self) -> Option<String> {
        let leftover = self.in_production(|| self.ignored_in_production())?;
        Some(format!(
            "ignored with --prod: {leftover}; only PROD_CONNECTION_URL says where production is, and how its \
             server is verified"
        ))
    }

    /// The variables that `find` returns, if this is production and there are any.
    fn in_production(&self, find: impl FnOnce() -> Vec<&'static str>) -> Option<String> {
        let names = if self.target == Target::Prod { find() } else { Vec::new() };
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The target of this run.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Whether to write nothing.
    pub const fn dry_run(&self) -> bool {
        self.flags.dry_run
    }

    /// Whether a dry run shows everything.
    pub const fn full_plan(&self) -> bool {
        self.flags.full
    }

    /// The timeout from the command line.
    pub const fn timeout(&self) -> Option<Duration> {
        self.flags.timeout
    }

    /// The timeout of a request, and of work in which nothing succeeds.
    fn request_timeout(&self, is_far: bool) -> Duration {
        self.flags.timeout.unwrap_or(if is_far { TIMEOUT_FAR } else { TIMEOUT_NEAR })
    }

    /// The variables.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The settings of this target's PostgreSQL. Holds a password: never print it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when production's is not set: production never falls back to local.
    pub fn postgres(&self) -> Result<PostgresConfig> {
        let mut config = PostgresConfig::load(self.target, &self.environment)?;
        if config.is_here()
            && let Some(port) = self.moved(StackService::PostgreSql, &config.asked())?
        {
            config = config.on_port(port);
        }
        Ok(config.traced(self.trace.clone()).within(self.request_timeout(self.target == Target::Prod)))
    }

    /// The same settings from `CONNECTION_URL` or the default alone, for a private PostgreSQL that
    /// no variable may redirect.
    pub fn postgres_by_url(&self) -> Result<PostgresConfig> {
        PostgresConfig::load_url(self.target, &self.environment)
    }

    /// The port that the settings name for a service of the stack, whatever port it has.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] if a setting is not valid.
    pub fn asked(&self, service: StackService) -> Result<Asked> {
        match service {
            StackService::DynamoDb => self.asked_endpoint(Service::DynamoDb, DEFAULT_DYNAMODB_PORT),
            StackService::Cognito => self.asked_endpoint(Service::Cognito, DEFAULT_COGNITO_PORT),
            StackService::PostgreSql => {
                PostgresConfig::load(self.target, &self.environment).map(|config| config.asked())
            }
        }
    }

    /// The messages table: `flag`, or else `DDB_MESSAGE_TABLE`, or else the default.
    pub fn table(&self, flag: Option<&str>) -> String {
        flag.map(ToOwned::to_owned)
            .or_else(|| self.environment.get("DDB_MESSAGE_TABLE").map(|setting| setting.value))
            .unwrap_or_else(|| DEFAULT_TABLE.to_owned())
    }

    /// The folder for what later runs resume from: `CRUDDUR_STATE_DIR`, or else the system's place
    /// for a user's state.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when there is no such place.
    pub fn state_dir(&self) -> Result<PathBuf> {
        let folder = |name| self.environment.path(name);
        if let Some(folder) = folder("CRUDDUR_STATE_DIR") {
            return Ok(folder);
        }
        if let Some(folder) = folder("XDG_STATE_HOME").filter(|folder| folder.is_absolute()) {
            return Ok(folder.join("cruddur"));
        }
        let home = folder("HOME").ok_or_else(|| {
            Error::config("HOME is not set, so there is no place to keep state")
                .hint("set HOME or CRUDDUR_STATE_DIR")
        })?;
        Ok(if cfg!(target_os = "macos") {
            home.join("Library/Application Support/cruddur/state")
        } else {
            home.join(".local/state/cruddur")
        })
    }

    /// The directories of `PATH`.
    pub fn search_path(&self) -> Vec<PathBuf> {
        self.environment.path("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
    }
}
