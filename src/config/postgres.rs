//! Where PostgreSQL is: a connection string, the `PG*` variables that libpq reads for what it
//! leaves out, and a password file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::conninfo::{self, KEYWORDS, Problem, UNSUPPORTED, WITHOUT_EFFECT, is_known};
use super::environment::{Environment, Setting, Source};
use super::{Asked, DEFAULT_CONNECTION_URL, Host, TIMEOUT_NEAR, Target, is_loopback, passfile};
use crate::error::{Error, Result};
use crate::trace::Trace;

/// The settings that say where production is. A variable left over from other work must not set them.
const PLACES: [&str; 4] = ["host", "hostaddr", "port", "dbname"];

/// The server, the database, the role, and how to connect.
#[derive(Clone)]
pub struct PostgresConfig {
    target: Target,
    source: Source,
    settings: BTreeMap<&'static str, Setting>,
    /// The port that the settings name, if the local stack has another one.
    replaced_port: Option<Asked>,
    home: Option<PathBuf>,
    trace: Trace,
    request_timeout: Duration,
}

impl PostgresConfig {
    /// The settings from the connection string alone.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`]. The message names the setting and its fault, but never a
    /// part of it that could be the password.
    pub fn from_url(url: &Setting, target: Target) -> Result<Self> {
        Self::resolve(Some(url), target, None, |_| None)
    }

    pub(super) fn load(target: Target, environment: &Environment) -> Result<Self> {
        let url = url_of(target, environment)?;
        let home = environment.get("HOME").map(|home| PathBuf::from(home.value));
        Self::resolve(url.as_ref(), target, home, |name| environment.get(name))
    }

    /// Loads the settings without the `PG*` variables.
    pub(super) fn load_url(target: Target, environment: &Environment) -> Result<Self> {
        Self::resolve(url_of(target, environment)?.as_ref(), target, None, |_| None)
    }

    fn resolve(
        url: Option<&Setting>,
        target: Target,
        home: Option<PathBuf>,
        variable: impl Fn(&str) -> Option<Setting>,
    ) -> Result<Self> {
        let source = url.map_or(Source::Default, |url| url.source.clone());
        let mut settings = BTreeMap::new();
        if let Some(url) = url {
            for (keyword, value) in
                conninfo::parse(&url.value).map_err(|problem| unreadable(&source, &problem))?
            {
                if let Some(keyword) = accept(&source, &keyword, &value)? {
                    settings.insert(keyword, Setting { value, source: source.clone() });
                }
            }
        }
        let mut config = Self {
            target,
            source,
            settings,
            replaced_port: None,
            home,
            trace: Trace::default(),
            request_timeout: TIMEOUT_NEAR,
        };
        for (_, name, why) in UNSUPPORTED {
            if let Some(setting) = variable(name).filter(|setting| !is_harmless(name, &setting.value)) {
                return Err(Error::config(format!("{} is set, but {why}", setting.source))
                    .hint(format!("remove it from the environment: env -u {name} cruddur …")));
            }
        }
        for (keyword, name) in KEYWORDS {
            let Some(setting) = name.and_then(&variable) else { continue };
            if config.takes(keyword, &setting.value) {
                config.settings.insert(keyword, setting);
            }
        }
        if url.is_none() {
            config.stay_on_this_machine()?;
            config.fill_in_defaults()?;
        }
        config.look_up_password()?;
        Ok(config)
    }

    /// Whether a variable may set what the connection string leaves out.
    fn takes(&self, keyword: &str, value: &str) -> bool {
        if self.settings.contains_key(keyword) || self.refuses(keyword, value) {
            return false;
        }
        match keyword {
            // The URL's host is the one that is meant. libpq would connect to this address anyway.
            "hostaddr" => !self.settings.get("host").is_some_and(|host| host.source == self.source),
            _ => true,
        }
    }

    /// Rejects a remote host. Without `CONNECTION_URL` the work is local; a `PGHOST` meant for psql
    /// must not send a `db setup` elsewhere.
    fn stay_on_this_machine(&self) -> Result<()> {
        for keyword in ["host", "hostaddr"] {
            let Some(setting) = self.settings.get(keyword) else { continue };
            if setting.value.split(',').any(|host| !host.starts_with('/') && !is_loopback(host)) {
                return Err(Error::config(format!(
                    "{} points to {}, but without CONNECTION_URL local commands work on this machine only",
                    setting.source, setting.value
                ))
                .hint("if you mean that database, set CONNECTION_URL to postgresql://USER:PASSWORD@HOST:5432/DATABASE"));
            }
        }
        Ok(())
    }

    fn fill_in_defaults(&mut self) -> Result<()> {
        let from_passfile = self.settings.contains_key("passfile");
        let defaults = conninfo::parse(DEFAULT_CONNECTION_URL)
            .map_err(|problem| unreadable(&Source::Default, &problem))?;
        for (keyword, value) in defaults {
            let lead_elsewhere = keyword == "host" && self.settings.contains_key("hostaddr");
            let is_left_to_file = keyword == "password" && from_passfile;
            if let Some((keyword, _)) = KEYWORDS.iter().find(|(known, _)| *known == keyword)
                && !lead_elsewhere
                && !is_left_to_file
            {
                self.settings.entry(keyword).or_insert(Setting { value, source: Source::Default });
            }
        }
        Ok(())
    }

    /// Takes the password from the password file, if it is not set yet.
    fn look_up_password(&mut self) -> Result<()> {
        if self.settings.contains_key("password") {
            return Ok(());
        }
        if let Some(setting) = self.in_passfile()? {
            self.settings.insert("password", setting);
        }
        Ok(())
    }

    /// The password file's entry for this connection.
    pub(super) fn in_passfile(&self) -> Result<Option<Setting>> {
        let named = self.settings.get("passfile").map(|file| PathBuf::from(&file.value));
        let Some(file) = named.or_else(|| Some(self.home.as_ref()?.join(".pgpass"))) else { return Ok(None) };
        let value = |keyword: &str| self.settings.get(keyword).map(|setting| setting.value.as_str());
        let first = |keyword: &str| value(keyword).and_then(|list| list.split(',').next());
        let wanted = passfile::Connection {
            host: first("host").or_else(|| first("hostaddr")).unwrap_or_default(),
            port: first("port").filter(|port| !port.is_empty()).unwrap_or("5432"),
            database: value("dbname").unwrap_or_default(),
            user: value("user").unwrap_or_default(),
        };
        let password = passfile::look_up(&file, &wanted)?;
        Ok(password.map(|value| Setting { value, source: Source::File(file) }))
    }

    /// Whether a variable sets what only production's URL may set. Nothing is stricter than
    /// verify-full, so any other mode would weaken the verification.
    pub(super) fn refuses(&self, keyword: &str, value: &str) -> bool {
        self.target == Target::Prod
            && (PLACES.contains(&keyword) || (keyword == "sslmode" && value != "verify-full"))
    }

    /// The same settings, with statements reported to `trace`.
    #[must_use]
    pub fn traced(self, trace: Trace) -> Self {
        Self { trace, ..self }
    }

    /// The same settings, with this timeout for an answer.
    #[must_use]
    pub fn within(self, request_timeout: Duration) -> Self {
        Self { request_timeout, ..self }
    }

    /// The timeout for an answer.
    pub const fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// The trace of its statements.
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The value of libpq's `keyword`.
    pub fn get(&self, keyword: &str) -> Option<&Setting> {
        self.settings.get(keyword)
    }

    /// All values, by libpq's keywords.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        self.settings.iter().map(|(keyword, setting)| (*keyword, setting))
    }

    /// The servers, by name and address.
    pub fn hosts(&self) -> Vec<Host> {
        let list = |keyword: &str| -> Vec<&str> {
            self.get(keyword).map(|setting| setting.value.split(',').collect()).unwrap_or_default()
        };
        let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
        (0..hosts.len().max(addresses.len()))
            .map(|index| {
                let port = ports.get(index).or_else(|| ports.first()).and_then(|port| port.parse().ok());
                let address = addresses.get(index).copied();
                let host = hosts.get(index).copied().or(address).unwrap_or_default();
                let host = Host::new(host, port.unwrap_or(5432));
                match address.and_then(|address| address.parse().ok()) {
                    Some(address) => host.at([address]),
                    None => host,
                }
            })
            .collect()
    }

    /// Whether it is one server, reached by a loopback address.
    pub(super) fn is_here(&self) -> bool {
        let host = self.get("hostaddr").or_else(|| self.get("host"));
        host.is_some_and(|host| is_loopback(&host.value))
    }

    /// The first port. If a variable of the environment names the port or the host, that is the source.
    pub(super) fn asked(&self) -> Asked {
        let port = self.get("port");
        let number = port.and_then(|port| port.value.split(',').next()?.parse().ok());
        let place = ["hostaddr", "host"].map(|keyword| self.get(keyword));
        let sources = || [port].into_iter().chain(place).flatten().map(|setting| &setting.source);
        let exported = sources().find(|source| matches!(source, Source::Variable(_)));
        let source = exported.or_else(|| sources().next()).unwrap_or(&self.source);
        Asked { port: number.unwrap_or(5432), source: source.clone() }
    }

    /// The same settings with another port.
    pub(super) fn on_port(mut self, port: Setting) -> Self {
        self.replaced_port = Some(self.asked());
        self.settings.insert("port", port);
        self
    }

    /// The port that the settings name, if the local stack has another one.
    pub(super) const fn replaced_port(&self) -> Option<&Asked> {
        self.replaced_port.as_ref()
    }

    /// The target that it belongs to.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Where the connection string came from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// libpq's default CA file, which may not exist.
    pub fn default_root_certificate(&self) -> Option<PathBuf> {
        Some(self.home.as_deref()?.join(Path::new(".postgresql/root.crt")))
    }
}

/// The connection string of `target`, if set. For production it must be set: it never falls back to local.
fn url_of(target: Target, environment: &Environment) -> Result<Option<Setting>> {
    match target {
        Target::Local => Ok(environment.get("CONNECTION_URL")),
        Target::Prod => environment.get("PROD_CONNECTION_URL").map(Some).ok_or_else(|| {
            Error::config("PROD_CONNECTION_URL is not set, so there is no production PostgreSQL to work on")
                .hint(
                    "set it to postgresql://USER:PASSWORD@HOST:5432/DATABASE, in the environment or in .env",
                )
                .hint("without --prod the command works on the local PostgreSQL")
        }),
    }
}

/// The environment variables of libpq's programs, as keyword and name.
pub fn libpq_variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYWORDS.iter().filter_map(|(keyword, name)| Some((*keyword, (*name)?)))
}

/// The variables that are set and would affect production's PostgreSQL, but are ignored.
pub(super) fn ignored_in_production(environment: &Environment) -> Vec<&'static str> {
    let Some(url) = environment.get("PROD_CONNECTION_URL") else { return Vec::new() };
    let Ok(config) = PostgresConfig::from_url(&url, Target::Prod) else { return Vec::new() };
    let left_out = |keyword| config.get(keyword).is_none();
    libpq_variables()
        .filter(|(keyword, _)| PLACES.contains(keyword) || *keyword == "sslmode")
        .filter(|(keyword, name)| {
            environment
                .get(name)
                .is_some_and(|setting| left_out(keyword) && !config.takes(keyword, &setting.value))
        })
        .map(|(_, name)| name)
        .collect()
}

/// The keyword for a part of a connection string; `None` when it makes no difference.
fn accept(source: &Source, keyword: &str, value: &str) -> Result<Option<&'static str>> {
    if let Some((known, _)) = KEYWORDS.iter().find(|(known, _)| *known == keyword) {
        return Ok(Some(known));
    }
    if WITHOUT_EFFECT.iter().any(|(known, values)| *known == keyword && values.contains(&value))
        || is_harmless(keyword, value)
    {
        return Ok(None);
    }
    if let Some((known, _, why)) = UNSUPPORTED.iter().find(|(known, ..)| *known == keyword) {
        return Err(
            Error::config(format!("{source} sets {known}, but {why}")).hint(format!("remove {known}"))
        );
    }
    let what = if is_known(keyword) {
        format!("its {keyword} is not valid")
    } else {
        "it has an unknown parameter".to_owned()
    };
    Err(malformed(source, &what))
}

/// Whether a protocol version, by keyword or variable, is no limit beyond TLS 1.2 and 1.3.
fn is_harmless(name: &str, value: &str) -> bool {
    match name {
        "ssl_min_protocol_version" | "PGSSLMINPROTOCOLVERSION" => {
            ["TLSv1", "TLSv1.1", "TLSv1.2"].contains(&value)
        }
        "ssl_max_protocol_version" | "PGSSLMAXPROTOCOLVERSION" => value == "TLSv1.3",
        _ => false,
    }
}

/// An error about a whole connection string.
pub(crate) fn malformed(source: &Source, why: &str) -> Error {
    Error::config(format!("{source} is not a PostgreSQL connection URL: {why}"))
        .hint("the form is postgresql://USER:PASSWORD@HOST:5432/DATABASE")
}

fn unreadable(source: &Source, problem: &Problem) -> Error {
    let error = malformed(source, &problem.why);
    if !problem.encoding {
        return error;
    }
    error.hint("percent-encode the password: @ is %40, / is %2F, % is %25, : is %3A, ? is %3F, # is %23")
}
