//! Flags + environment + `.env` → one resolved [`Config`]. The only reader of
//! the environment; nothing here touches the network.

mod environment;
mod flags;

use std::path::PathBuf;

use http::Uri;

use crate::error::{Error, Result};

pub use environment::{Environment, Setting, Source};
pub use flags::Flags;

/// Where a local DynamoDB listens unless told otherwise.
pub const DEFAULT_DYNAMODB_PORT: u16 = 8000;
/// The local PostgreSQL, as the app's compose file has it.
pub const DEFAULT_CONNECTION_URL: &str = "postgresql://postgres:password@localhost:5432/cruddur";
/// The table of direct messages.
pub const DEFAULT_TABLE: &str = "cruddur-messages";
/// The region that local requests are signed for when none is set.
pub const DUMMY_REGION: &str = "us-east-1";
/// Both halves of the credentials that sign local requests when none are set.
/// DynamoDB Local takes letters and digits only.
pub const DUMMY_CREDENTIAL: &str = "local";

/// The endpoint variables that local commands read, first wins.
pub const ENDPOINT_VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"];

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

/// How DynamoDB requests are signed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// From the environment, or dummies; no file or service is asked.
    Static {
        /// The access key id.
        access_key_id: String,
        /// The secret half.
        secret_access_key: String,
        /// The session token of temporary credentials.
        session_token: Option<String>,
    },
    /// The SDK's usual chain.
    Chain {
        /// The profile named by `--profile`.
        profile: Option<String>,
    },
}

/// Where and how to reach DynamoDB.
#[derive(Clone)]
pub struct DynamoDbConfig {
    /// Local or production.
    pub target: Target,
    /// The endpoint; `None` is AWS's own.
    pub endpoint: Option<Endpoint>,
    /// The region; `None` leaves it to the SDK's chain.
    pub region: Option<String>,
    /// How requests are signed.
    pub credentials: Credentials,
}

/// An endpoint that has been checked to be an `http` or `https` URL with a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL as given.
    pub url: String,
    /// Whether it needs TLS.
    pub tls: bool,
    /// The host, without brackets around an IPv6 address.
    pub host: String,
    /// The port, named or implied by the scheme.
    pub port: u16,
}

impl Endpoint {
    /// A plain endpoint on this machine.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        Self { url: format!("http://127.0.0.1:{port}"), tls: false, host: "127.0.0.1".to_owned(), port }
    }

    fn parse(setting: &Setting) -> Result<Self> {
        let bad = |why: &str| {
            Error::config(format!("{} is not an endpoint URL: {why}", setting.source))
                .hint("it looks like http://localhost:8000")
        };
        let uri: Uri = setting.value.parse().map_err(|_| bad("it cannot be parsed"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("it must not hold a user name or password"));
        }
        let host = authority.host();
        // A port too great for 16 bits is none to the parser.
        if authority.port_u16().is_none() && authority.as_str() != host {
            return Err(bad("its port is not a number from 1 to 65535"));
        }
        Ok(Self {
            url: setting.value.trim_end_matches('/').to_owned(),
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        })
    }
}

/// Whether `host` can only mean this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Everything that was set, resolved once.
pub struct Config {
    target: Target,
    flags: Flags,
    environment: Environment,
    warnings: Vec<String>,
}

impl Config {
    /// Reads the `.env` file that `flags` or the working directory name.
    pub fn load(flags: &Flags) -> Result<Self> {
        let environment = Environment::load(flags.env_file.as_deref(), flags.no_env_file)?;
        let target = if flags.prod { Target::Prod } else { Target::Local };
        let mut warnings = Vec::new();
        if target == Target::Prod {
            let leftover = environment.aws_endpoint_variables();
            if !leftover.is_empty() {
                warnings.push(format!(
                    "ignored with --prod: {}; only --endpoint-url leads away from AWS",
                    leftover.join(", ")
                ));
            }
            environment::ignore_endpoint_variables();
        } else if flags.profile.is_some() {
            return Err(Error::usage("--profile goes with --prod: local commands read no AWS profile"));
        }
        Ok(Self { target, flags: flags.clone(), environment, warnings })
    }

    /// What the user should know before anything happens.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The world this run works on.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The variables.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Where DynamoDB is and how to sign for it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when the endpoint is not a URL.
    pub fn dynamodb(&self) -> Result<DynamoDbConfig> {
        let flag = |name: &'static str, value: &Option<String>| {
            value.clone().map(|value| Setting { value, source: Source::Flag(name) })
        };
        let endpoint = flag("--endpoint-url", &self.flags.endpoint_url);
        if self.target == Target::Prod {
            return Ok(DynamoDbConfig {
                target: self.target,
                endpoint: endpoint.as_ref().map(Endpoint::parse).transpose()?,
                region: self.flags.region.clone(),
                credentials: Credentials::Chain { profile: self.flags.profile.clone() },
            });
        }
        let environment = &self.environment;
        let value = |name: &str| environment.get(name).map(|setting| setting.value);
        let endpoint = endpoint.or_else(|| environment.first(&ENDPOINT_VARIABLES)).unwrap_or_else(|| {
            Setting { value: format!("http://localhost:{DEFAULT_DYNAMODB_PORT}"), source: Source::Default }
        });
        Ok(DynamoDbConfig {
            target: self.target,
            endpoint: Some(Endpoint::parse(&endpoint)?),
            region: self
                .flags
                .region
                .clone()
                .or_else(|| value("AWS_REGION"))
                .or_else(|| value("AWS_DEFAULT_REGION"))
                .or_else(|| Some(DUMMY_REGION.to_owned())),
            credentials: Credentials::Static {
                access_key_id: value("AWS_ACCESS_KEY_ID").unwrap_or_else(|| DUMMY_CREDENTIAL.to_owned()),
                secret_access_key: value("AWS_SECRET_ACCESS_KEY")
                    .unwrap_or_else(|| DUMMY_CREDENTIAL.to_owned()),
                session_token: value("AWS_SESSION_TOKEN"),
            },
        })
    }

    /// The PostgreSQL connection URL of this target. Holds a password: parse it,
    /// never print it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when production's is not set: production
    /// never falls back to local.
    pub fn connection_url(&self) -> Result<Setting> {
        match self.target {
            Target::Local => Ok(self.environment.get("CONNECTION_URL").unwrap_or_else(|| Setting {
                value: DEFAULT_CONNECTION_URL.to_owned(),
                source: Source::Default,
            })),
            Target::Prod => self.environment.get("PROD_CONNECTION_URL").ok_or_else(|| {
                Error::config(
                    "PROD_CONNECTION_URL is not set, so there is no production PostgreSQL to work on",
                )
                .hint(
                    "set it to postgresql://USER:PASSWORD@HOST:5432/DATABASE, in the environment or in .env",
                )
                .hint("without --prod the command works on the local PostgreSQL")
            }),
        }
    }

    /// The messages table: `flag`, else `DDB_MESSAGE_TABLE`, else the default.
    #[must_use]
    pub fn table(&self, flag: Option<&str>) -> String {
        flag.map(ToOwned::to_owned)
            .or_else(|| self.environment.get("DDB_MESSAGE_TABLE").map(|setting| setting.value))
            .unwrap_or_else(|| DEFAULT_TABLE.to_owned())
    }

    /// The folder that `PATH`-like lookups walk.
    #[must_use]
    pub fn search_path(&self) -> Vec<PathBuf> {
        self.environment
            .get("PATH")
            .map(|path| std::env::split_paths(&path.value).collect())
            .unwrap_or_default()
    }
}
