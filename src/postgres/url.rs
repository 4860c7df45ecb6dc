//! A connection URL, taken apart without ever showing its password.

use std::fmt;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};

use crate::config::{Setting, Target, is_loopback};
use crate::error::{Error, Result};

/// How long a connection attempt may take unless the URL's `connect_timeout`
/// says otherwise.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a PostgreSQL database is and who asks. Displays as `host:port/database`.
#[derive(Clone)]
pub struct ConnectionUrl {
    config: tokio_postgres::Config,
    target: Target,
    database: String,
}

impl ConnectionUrl {
    /// Parses a `postgresql://` URL, or libpq's `key=value` words.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`]; the message names the setting and what is
    /// wrong with it, never a part of it that could be the password.
    pub fn parse(setting: &Setting, target: Target) -> Result<Self> {
        let source = &setting.source;
        let bad = |why: &str| {
            Error::config(format!("{source} is not a PostgreSQL connection URL: {why}"))
                .hint("it looks like postgresql://USER:PASSWORD@HOST:5432/DATABASE")
        };
        let rest = after_scheme(&setting.value).ok_or_else(|| bad("it does not begin with postgresql://"))?;
        check_encoding(rest).map_err(|why| {
            bad(why).hint(
                "percent-encode the password: @ is %40, / is %2F, % is %25, : is %3A, ? is %3F, # is %23",
            )
        })?;
        let mut config: tokio_postgres::Config = setting.value.parse().map_err(|error| {
            // The driver names the parameter at fault; only its values are secret.
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let known = ["sslmode", "port", "host", "hostaddr", "connect_timeout", "target_session_attrs"];
            match known.iter().find(|name| cause.contains(&format!("`{name}`"))) {
                Some(name) => bad(&format!("its {name} is not valid here")),
                None => bad("it cannot be parsed"),
            }
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(bad("it names no host"));
        }
        if config.get_user().is_none() {
            return Err(bad("it names no user"));
        }
        let Some(database) = config.get_dbname().map(ToOwned::to_owned) else {
            return Err(bad("it names no database"));
        };
        if config.get_password().is_some_and(|password| std::str::from_utf8(password).is_err()) {
            return Err(bad("its password is not UTF-8 text"));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("cruddur");
        }
        Ok(Self { config, target, database })
    }

    /// The database that commands work on.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The role that asks.
    #[must_use]
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The password, if the URL holds one.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.config.get_password().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The first port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }

    /// The world it belongs to.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The first host's name, address or socket folder.
    #[must_use]
    pub fn host(&self) -> String {
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => self.config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Whether every host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Tcp(host) => is_loopback(host),
            #[cfg(unix)]
            Host::Unix(_) => true,
        }) && self.config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
    }

    /// The same server and role, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(database);
        database.clone_into(&mut other.database);
        other
    }

    /// The same role and database on another port of 127.0.0.1.
    #[must_use]
    pub fn on_loopback_port(&self, port: u16) -> Self {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(port).user(self.user()).dbname(&self.database);
        config.connect_timeout(CONNECT_TIMEOUT).application_name("cruddur");
        if let Some(password) = self.config.get_password() {
            config.password(password);
        }
        Self { config, target: self.target, database: self.database.clone() }
    }

    /// The first host and port, as a URL has them.
    fn authority(&self) -> String {
        let host = self.host();
        if host.contains(':') {
            format!("[{host}]:{}", self.port())
        } else {
            format!("{host}:{}", self.port())
        }
    }

    /// The URL in full, password included: for a child's environment only.
    #[must_use]
    pub fn expose(&self) -> String {
        let password = self.password().map(|text| format!(":{}", encode(text))).unwrap_or_default();
        format!(
            "postgresql://{}{password}@{}/{}",
            encode(self.user()),
            self.authority(),
            encode(&self.database)
        )
    }

    /// The driver's configuration, when this connection may go without TLS.
    pub(super) fn plaintext(&self) -> Result<&tokio_postgres::Config> {
        let why = match self.config.get_ssl_mode() {
            SslMode::Disable => None,
            SslMode::Require => Some("its sslmode asks for TLS"),
            _ if self.target == Target::Prod && !self.is_loopback() => Some("production is reached over TLS"),
            _ => None,
        };
        match why {
            None => Ok(&self.config),
            Some(why) => Err(Error::config(format!(
                "cannot connect to {self}: {why}, and this version of cruddur speaks to PostgreSQL without TLS"
            ))
            .hint("add sslmode=disable to the URL only where the network itself is trusted, such as a tunnel")),
        }
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.authority(), self.database)
    }
}

/// The URL without its scheme; empty for libpq's `key=value` words, which need
/// no check.
fn after_scheme(value: &str) -> Option<&str> {
    ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme))
        .or_else(|| (!value.contains("://")).then_some(""))
}

/// Refuses a URL whose raw characters make it unclear where the password ends.
///
/// libpq cuts at the first `@`; the rest of such a password would become the
/// host, and show up in messages and in name lookups.
fn check_encoding(rest: &str) -> Result<(), &'static str> {
    let before_query = rest.split('?').next().unwrap_or_default();
    match before_query.matches('@').count() {
        0 if rest.contains('@') => return Err("there is a ? before the @"),
        0 => {}
        1 => {
            let credentials = before_query.split('@').next().unwrap_or_default();
            if credentials.contains('/') {
                return Err("there is a / before the @");
            }
            if credentials.matches(':').count() > 1 {
                return Err("there is more than one : before the @");
            }
        }
        _ => return Err("it holds more than one @"),
    }
    if rest.contains('#') {
        return Err("it holds a #");
    }
    let bytes = rest.as_bytes();
    let stray = bytes.iter().enumerate().any(|(at, byte)| {
        *byte == b'%' && !bytes.get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
    });
    if stray { Err("a % is not followed by two hexadecimal digits") } else { Ok(()) }
}

fn encode(text: &str) -> String {
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
