//! A connection URL, parsed without ever showing its password.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use tokio_postgres::config::{Host, LoadBalanceHosts};

use super::server::{Server, servers};
use super::tls::{SslMode, Tls};
use crate::config::{Host as Located, PostgresConfig, Setting, Source, Target, libpq_variables, malformed};
use crate::error::{Error, Result};
use crate::trace::Trace;

/// The timeout of a connection attempt, unless `connect_timeout` sets another.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Our name in `pg_stat_activity`.
const APPLICATION_NAME: &str = "cruddur";

/// libpq's keywords that the driver does not take, or that are handled here.
const NOT_THE_DRIVERS: [&str; 7] =
    ["passfile", "sslmode", "sslrootcert", "host", "hostaddr", "port", "fallback_application_name"];

/// A PostgreSQL database, and the role that connects to it. Displays as `host:port/database`.
#[derive(Clone)]
pub struct ConnectionUrl {
    /// Everything but the servers.
    config: tokio_postgres::Config,
    /// At least one, in the order to try them.
    servers: Vec<Server>,
    /// The same servers, by the host that leads to them.
    hosts: Vec<Located>,
    pub(crate) tls: Tls,
    target: Target,
    database: String,
    /// The environment for libpq's programs, by variable.
    variables: Vec<(&'static str, Option<String>)>,
    /// The settings that hold the role and its password.
    credentials: String,
    /// Whether sessions refuse all writes.
    pub(crate) read_only: bool,
    /// How long to wait for an answer before asking the server whether it is still working.
    pub(crate) limit: Duration,
    /// Traces the statements.
    pub(crate) trace: Trace,
}

impl ConnectionUrl {
    /// Parses a `postgresql://` URL, or libpq's `key=value` words, without looking at the environment.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn parse(setting: &Setting, target: Target) -> Result<Self> {
        Self::new(&PostgresConfig::from_url(setting, target)?)
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`]. The message names the setting and its fault, but never a
    /// part of it that could be the password.
    pub fn new(settings: &PostgresConfig) -> Result<Self> {
        let value = |keyword: &str| settings.get(keyword).map(|setting| setting.value.as_str());
        for (keyword, setting) in settings.settings() {
            check(settings, keyword, setting)?;
        }
        let bad = |why: &str| malformed(settings.source(), why);
        let servers = servers(value("host"), value("hostaddr"), value("port")).map_err(bad)?;
        if value("user").is_none() {
            return Err(bad("it names no user"));
        }
        let database = value("dbname").ok_or_else(|| bad("it names no database"))?.to_owned();
        let mut words: Vec<String> = settings
            .settings()
            .filter(|(keyword, _)| !NOT_THE_DRIVERS.contains(keyword))
            .map(|(keyword, setting)| word(keyword, &setting.value))
            .collect();
        if value("application_name").is_none() {
            words.push(word(
                "application_name",
                value("fallback_application_name").unwrap_or(APPLICATION_NAME),
            ));
        }
        let mut config = parse_words(&words.join(" ")).ok_or_else(|| bad("it cannot be parsed"))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let target = settings.target();
        let tls = Tls::new(settings)?;
        if let Some(nameless) = servers.iter().find(|server| server.name().is_none() && !server.is_socket())
            && tls.mode() == SslMode::VerifyFull
        {
            return Err(bad(&format!(
                "it names only the address {}, but verify-full checks the host name against the certificate",
                nameless.shown()
            ))
            .hint("set both host=NAME and hostaddr=ADDRESS, or use sslmode=verify-ca"));
        }
        let variables =
            libpq_variables().map(|(keyword, name)| (name, value(keyword).map(str::to_owned))).collect();
        let credentials = sources(settings);
        let trace = settings.trace().clone();
        if let Some(password) = value("password") {
            trace.hide(password);
        }
        let hosts = settings.hosts();
        Ok(Self {
            config,
            servers,
            hosts,
            tls,
            target,
            database,
            variables,
            credentials,
            read_only: false,
            limit: settings.request_timeout(),
            trace,
        })
    }

    /// The database that commands work on.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The role that connects.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The password, if there is one.
    pub fn password(&self) -> Option<&str> {
        self.config.get_password().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The first port.
    pub fn port(&self) -> u16 {
        self.servers.first().map_or(5432, |server| server.port)
    }

    /// The target that it belongs to.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The first host: its name, address or socket directory.
    pub fn host(&self) -> String {
        self.servers.first().map(Server::shown).unwrap_or_default()
    }

    /// Each server, by the host that leads to it.
    pub fn hosts(&self) -> &[Located] {
        &self.hosts
    }

    /// Whether every host is this machine.
    pub fn is_loopback(&self) -> bool {
        self.servers.iter().all(Server::is_loopback)
    }

    /// The same URL, for sessions that only read, or that may write.
    #[must_use]
    pub fn reading_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    /// The same server and role, with another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(database);
        database.clone_into(&mut other.database);
        other
    }

    /// The same role and database on another port of 127.0.0.1. Uses TLS if the server there offers it.
    #[must_use]
    pub fn on_loopback_port(&self, port: u16) -> Self {
        let mut config = tokio_postgres::Config::new();
        config.user(self.user()).dbname(&self.database);
        config.connect_timeout(CONNECT_TIMEOUT).application_name(APPLICATION_NAME);
        if let Some(password) = self.config.get_password() {
            config.password(password);
        }
        let server = Server { host: Some(Host::Tcp("127.0.0.1".to_owned())), address: None, port };
        let hosts = vec![Located::new("127.0.0.1", port)];
        Self { config, servers: vec![server], hosts, tls: Tls::on_loopback(), ..self.clone() }
    }

    /// The first host and port, as in a URL.
    fn authority(&self) -> String {
        let host = self.host();
        if host.contains(':') {
            format!("[{host}]:{}", self.port())
        } else {
            format!("{host}:{}", self.port())
        }
    }

    /// The first server's full URL, with the password: only for a child's environment.
    pub fn expose(&self) -> String {
        let password = self.password().map(|text| format!(":{}", encode(text))).unwrap_or_default();
        let host = self.host();
        let authority = if host.starts_with('/') {
            format!("{}:{}", encode(&host), self.port())
        } else {
            self.authority()
        };
        let address =
            self.servers.first().filter(|server| server.host.is_some()).and_then(|server| server.address);
        let parameters =
            self.tls.parameters().into_iter().chain(address.map(|address| ("hostaddr", address.to_string())));
        let parameters: Vec<String> =
            parameters.map(|(keyword, value)| format!("{keyword}={}", encode(&value))).collect();
        let question_mark = if parameters.is_empty() { "" } else { "?" };
        format!(
            "postgresql://{}{password}@{authority}/{}{question_mark}{}",
            encode(self.user()),
            encode(&self.database),
            parameters.join("&")
        )
    }

    /// The settings that hold the role and its password, as a hint names them.
    pub(crate) fn credentials(&self) -> &str {
        &self.credentials
    }

    /// The timeout of a connection attempt.
    pub(crate) fn request_timeout(&self) -> Duration {
        self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT)
    }

    /// The servers, in the order to try them.
    pub(crate) fn servers(&self) -> Vec<Server> {
        let mut servers = self.servers.clone();
        if self.config.get_load_balance_hosts() == LoadBalanceHosts::Random {
            fastrand::shuffle(&mut servers);
        }
        servers
    }

    /// The driver's configuration for one server.
    pub(crate) fn config_for(&self, server: &Server) -> tokio_postgres::Config {
        let mut config = self.config.clone();
        match (&server.host, &server.address) {
            (Some(Host::Tcp(host)), _) => _ = config.host(host),
            #[cfg(unix)]
            (Some(Host::Unix(path)), None) => _ = config.host_path(path),
            // The driver needs a name for TLS, even where nothing compares it.
            (_, Some(address)) => _ = config.host(address.to_string()),
            (None, None) => {}
        }
        if let Some(address) = server.address {
            config.hostaddr(address);
        }
        if self.password().is_none() {
            // An empty password makes the server ask for one, with its own SQLSTATE. Without one
            // the driver fails first, with only a text.
            config.password("");
        }
        config.port(server.port);
        config
    }

    /// The environment for libpq's programs; a variable with `None` is removed from it. Leaves out
    /// the password file, because its password is known here, and TLS, which [`Tls`] handles.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        self.variables
            .iter()
            .filter(|(name, _)| !matches!(*name, "PGSSLMODE" | "PGSSLROOTCERT" | "PGPASSFILE"))
            .map(|(name, value)| (*name, value.as_deref()))
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.authority(), self.database)
    }
}

/// Validates one value with the driver, so that an error can name the setting.
fn check(settings: &PostgresConfig, keyword: &str, setting: &Setting) -> Result<()> {
    let is_valid = match keyword {
        "passfile" | "sslrootcert" | "fallback_application_name" => true,
        "sslmode" => SslMode::from_str(&setting.value).is_ok(),
        _ => parse_words(&word(keyword, &setting.value)).is_some(),
    };
    if is_valid {
        return Ok(());
    }
    if setting.source == *settings.source() {
        return Err(malformed(&setting.source, &format!("its {keyword} is not valid")));
    }
    Err(Error::config(format!("{} is not a valid {keyword}", setting.source)))
}

/// A libpq `key='value'`, under the driver's name for the key.
fn word(keyword: &str, value: &str) -> String {
    let keyword = if keyword == "keepalives_count" { "keepalives_retries" } else { keyword };
    format!("{keyword}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The driver's configuration. Its errors are dropped: their text could hold a secret.
fn parse_words(words: &str) -> Option<tokio_postgres::Config> {
    words.parse().ok()
}

/// The settings that hold the role and its password, each once.
fn sources(settings: &PostgresConfig) -> String {
    let mut names: Vec<String> = Vec::new();
    for keyword in ["user", "password"] {
        let name = match settings.get(keyword).map(|setting| &setting.source) {
            Some(Source::Default) => "CONNECTION_URL".to_owned(),
            Some(source) => source.to_string(),
            None => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" and ")
}

pub(crate) fn encode(text: &str) -> String {
    use fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
