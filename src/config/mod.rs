//! Flags + environment + `.env` → one resolved [`Config`]. The only reader of
//! the environment; nothing here touches the network.

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
mod standing;
mod user_pool;

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::trace::Trace;

pub use aws::{AwsConfig, Credentials, DUMMY_CREDENTIAL, DUMMY_REGION, Endpoint, Service};
pub use duration::parse_duration;
pub use environment::{Environment, IGNORE_ENDPOINTS, Setting, Source};
pub use flags::{Color, Flags, PlanSize};
pub use host::{Host, Reach, is_aws_host, is_loopback, reach};
pub use listing::{Listed, Passed};
pub use nearest::project_file;
pub(crate) use postgres::malformed;
pub use postgres::{PostgresConfig, libpq_variables};
pub use standing::{Identity, Sign, Signs, Standing};
pub use user_pool::{USER_POOL_VARIABLES, UserPoolId};

/// Where a local DynamoDB listens unless told otherwise.
pub const DEFAULT_DYNAMODB_PORT: u16 = 8000;
/// The local PostgreSQL, as the app's compose file has it.
pub const DEFAULT_CONNECTION_URL: &str = "postgresql://postgres:password@localhost:5432/cruddur";
/// The variables that name the two people of the transcript, as the scripts' environment had them.
pub const PEOPLE_VARIABLES: [&str; 2] = ["user1_username", "user2_username"];
/// Who they are otherwise.
pub const DEFAULT_PEOPLE: [&str; 2] = ["nina", "oscar"];
/// The table of direct messages.
pub const DEFAULT_TABLE: &str = "cruddur-messages";

/// How long to wait for what is near: an emulator, a local server. They answer in milliseconds;
/// half a minute is for a machine that is busy with something else.
const TIMEOUT_NEAR: Duration = Duration::from_secs(30);
/// The same of AWS and production. A try has half of it: enough for the 16 MB of a full batch on a
/// line of 5 Mbit/s, and the other half is for another try.
const TIMEOUT_FAR: Duration = Duration::from_mins(1);

/// Which world a command works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The local stack.
    Local,
    /// AWS and the production database.
    Prod,
}

impl Target {
    /// The name shown to people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Prod => "PROD",
        }
    }

    /// ` --prod`, where a command to run must have it.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Local => "",
            Self::Prod => " --prod",
        }
    }
}

/// Everything that was set, resolved once.
pub struct Config {
    target: Target,
    flags: Flags,
    environment: Environment,
    trace: Trace,
}

impl Config {
    /// Reads the `.env` file that `flags` or the working directory name.
    pub fn load(flags: &Flags) -> Result<Self> {
        let environment = Environment::load(flags.env_file.as_deref(), flags.no_env_file)?;
        let target = if flags.prod { Target::Prod } else { Target::Local };
        environment::ignore_endpoint_variables();
        Ok(Self { target, flags: flags.clone(), environment, trace: Trace::default() })
    }

    /// The same, with `trace` told of what the services are asked.
    #[must_use]
    pub fn traced(self, trace: Trace) -> Self {
        Self { trace, ..self }
    }

    /// The settings of the other world, or of this one. Flags that say where something
    /// is were meant for this one.
    #[must_use]
    pub fn for_target(&self, target: Target) -> Self {
        let flags = if target == self.target { self.flags.clone() } else { self.flags.elsewhere() };
        Self { target, flags, environment: self.environment.clone(), trace: self.trace.clone() }
    }

    /// The variables that are set, that libpq would go by, and that say nothing about
    /// production's PostgreSQL.
    #[must_use]
    pub fn ignored_in_production(&self) -> Vec<&'static str> {
        postgres::ignored_in_production(&self.environment)
    }

    /// What whoever uses `service` should know: variables that would lead elsewhere, and
    /// do not.
    #[must_use]
    pub fn aws_warning(&self, service: Service) -> Option<String> {
        if self.flags.endpoint_url.is_some() {
            return None;
        }
        let ignored = self.in_production(|| self.endpoints_ignored_in_production(service))?;
        Some(format!("ignored with --prod: {ignored}; to use another endpoint add --endpoint-url"))
    }

    /// The same of PostgreSQL.
    #[must_use]
    pub fn postgres_warning(&self) -> Option<String> {
        let leftover = self.in_production(|| self.ignored_in_production())?;
        Some(format!(
            "ignored with --prod: {leftover}; only PROD_CONNECTION_URL says where production is, and how its \
             server is verified"
        ))
    }

    /// The variables that `find` finds, if this is production and there are any.
    fn in_production(&self, find: impl FnOnce() -> Vec<&'static str>) -> Option<String> {
        let names = if self.target == Target::Prod { find() } else { Vec::new() };
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The world this run works on.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Whether nothing is to be written.
    #[must_use]
    pub const fn dry_run(&self) -> bool {
        self.flags.dry_run
    }

    /// Whether a dry run is to show everything.
    #[must_use]
    pub const fn full_plan(&self) -> bool {
        self.flags.full
    }

    /// How long to wait, as the command line says.
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        self.flags.timeout
    }

    /// How long a request may take, and how long work goes on in which nothing succeeds.
    fn request_timeout(&self, is_far: bool) -> Duration {
        self.flags.timeout.unwrap_or(if is_far { TIMEOUT_FAR } else { TIMEOUT_NEAR })
    }

    /// The variables.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Where this target's PostgreSQL is. Holds a password: never print it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when production's is not set: production
    /// never falls back to local.
    pub fn postgres(&self) -> Result<PostgresConfig> {
        let config = PostgresConfig::load(self.target, &self.environment)?;
        Ok(config.traced(self.trace.clone()).within(self.request_timeout(self.target == Target::Prod)))
    }

    /// The same by `CONNECTION_URL` or the default alone, for a PostgreSQL of one's
    /// own to which no variable leads.
    pub fn postgres_by_url(&self) -> Result<PostgresConfig> {
        PostgresConfig::load_url(self.target, &self.environment)
    }

    /// The messages table: `flag`, else `DDB_MESSAGE_TABLE`, else the default.
    #[must_use]
    pub fn table(&self, flag: Option<&str>) -> String {
        flag.map(ToOwned::to_owned)
            .or_else(|| self.environment.get("DDB_MESSAGE_TABLE").map(|setting| setting.value))
            .unwrap_or_else(|| DEFAULT_TABLE.to_owned())
    }

    /// Where runs keep what the next run goes on from: `CRUDDUR_STATE_DIR`, else
    /// the system's place for a user's state.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when nothing says where that is.
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

    /// The folder that `PATH`-like lookups walk.
    #[must_use]
    pub fn search_path(&self) -> Vec<PathBuf> {
        self.environment.path("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
    }
}
