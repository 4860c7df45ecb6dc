//! Why a connection could not be opened, and what helps. Decided by the server's SQLSTATE or the
//! error's type, never by its text.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, OtherError};
use tokio_postgres::error::SqlState;

use super::server::Server;
use super::tls::{Check, Roots};
use crate::config::Target;
use crate::error::{Error, Reason, span};
use crate::postgres::ConnectionUrl;

/// Amazon's CA bundle for RDS in all regions.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html>
const RDS_BUNDLE: &str = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem";

/// The failure of one attempt.
pub(crate) struct Cause {
    /// `None` for a timeout.
    pub(crate) error: Option<tokio_postgres::Error>,
    /// Whether the attempt required TLS.
    pub(crate) asked_for_tls: bool,
    /// Whether the server agreed to TLS.
    pub(crate) began_tls: bool,
    /// Whether the TLS handshake completed.
    pub(crate) was_encrypted: bool,
}

impl Cause {
    fn code(&self) -> Option<&SqlState> {
        self.error.as_ref()?.code()
    }

    fn io(&self) -> Option<&io::Error> {
        self.error.as_ref()?.source()?.downcast_ref()
    }

    /// The TLS error, if rustls raised one.
    fn tls(&self) -> Option<&rustls::Error> {
        self.io()?.get_ref()?.downcast_ref()
    }

    pub(crate) fn is_refused_role(&self) -> bool {
        is_refused_role(self.code())
    }

    pub(crate) fn broke_in_handshake(&self) -> bool {
        self.began_tls && !self.was_encrypted
    }

    /// Whether TLS was required and the server has none.
    pub(crate) fn lacks_tls(&self) -> bool {
        self.asked_for_tls
            && !self.began_tls
            && self.io().is_none()
            && self.error.as_ref().is_some_and(|error| error.code().is_none() && !error.is_closed())
    }

    /// Whether the server is not up yet: nobody listens, it hangs up before it says anything, or it
    /// reports that it is starting up.
    fn is_not_yet(&self) -> bool {
        let Some(error) = &self.error else { return false };
        if let Some(code) = error.code() {
            return *code == SqlState::CANNOT_CONNECT_NOW;
        }
        error.is_closed()
            || (self.tls().is_none()
                && self.io().is_some_and(|error| is_refused(error) || is_broken_off(error)))
    }

    /// Whether another server of the same URL may answer differently.
    pub(crate) fn may_differ_elsewhere(&self) -> bool {
        self.code().is_none_or(|code| *code == SqlState::CANNOT_CONNECT_NOW)
    }
}

/// Whether nobody listens. A socket's file does not exist before its server does.
fn is_refused(error: &io::Error) -> bool {
    match error.kind() {
        ErrorKind::ConnectionRefused => true,
        ErrorKind::NotFound => error.raw_os_error().is_some(),
        _ => false,
    }
}

fn is_broken_off(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// A failure to connect.
pub(crate) struct Failure {
    /// The error that the user sees.
    pub(crate) error: Error,
    /// Whether the server may be up in a moment.
    pub(crate) is_not_yet: bool,
    /// Whether the server itself refused.
    pub(crate) is_answer: bool,
    /// Whether the server is up but the database does not exist.
    pub(crate) is_missing_database: bool,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Failure {
    pub(crate) fn new(url: &ConnectionUrl, check: &Check, server: &Server, cause: Cause) -> Self {
        let is_not_yet = cause.is_not_yet();
        let is_answer = cause.code().is_some();
        let is_missing_database = cause.code() == Some(&SqlState::INVALID_CATALOG_NAME);
        let error = if let Some(code) = cause.code().cloned() {
            refusal(url, &code, &cause)
        } else if cause.lacks_tls() {
            no_tls(url)
        } else if let Some(rustls::Error::InvalidCertificate(why)) = cause.tls() {
            untrusted(url, check, server, why)
        } else {
            unreachable(url, cause)
        };
        Self { error, is_not_yet, is_answer, is_missing_database }
    }

    pub(crate) fn no_server(url: &ConnectionUrl) -> Self {
        let error = Error::config(format!("{} names no server", variable(url)));
        Self { error, is_not_yet: false, is_answer: false, is_missing_database: false }
    }
}

/// The error for a refusal by the server.
fn refusal(url: &ConnectionUrl, code: &SqlState, cause: &Cause) -> Error {
    let said = cause.error.as_ref().map(describe).unwrap_or_default();
    let check_credentials = || format!("check the user and the password in {}", url.credentials());
    match *code {
        SqlState::INVALID_CATALOG_NAME => Error::failed(format!(
            "there is no database {:?} on {}:{}",
            url.database(),
            url.host(),
            url.port()
        ))
        .hint(Reason::MissingDatabase(url.target())),
        SqlState::INVALID_PASSWORD if url.password().is_none() => {
            Error::config(format!("PostgreSQL at {url} asks for a password, but none is set"))
                .hint(format!("add it to {}: postgresql://USER:PASSWORD@…", variable(url)))
        }
        SqlState::INVALID_PASSWORD => {
            Error::config(format!("PostgreSQL at {url} refuses the role {:?}: {said}", url.user()))
                .hint(check_credentials())
                .hint(Reason::RefusedRole)
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            let error =
                Error::config(format!("PostgreSQL at {url} refuses the role {:?}: {said}", url.user()))
                    .hint(check_credentials())
                    .hint(Reason::RefusedRole);
            if cause.was_encrypted {
                return error;
            }
            error.hint(format!("if the server requires TLS, add sslmode=verify-full to {}", variable(url)))
        }
        SqlState::CANNOT_CONNECT_NOW => {
            Error::failed(format!("PostgreSQL at {url} is starting up or shutting down: {said}"))
                .hint(Reason::StartingUp(url.target()))
        }
        SqlState::TOO_MANY_CONNECTIONS => {
            Error::failed(format!("PostgreSQL at {url} accepts no more connections: {said}"))
                .hint(Reason::TooManyConnections(url.target()))
        }
        _ => Error::failed(format!("PostgreSQL at {url} refuses the connection: {said} [{}]", code.code())),
    }
}

fn no_tls(url: &ConnectionUrl) -> Error {
    let error =
        Error::config(format!("PostgreSQL at {url} offers no TLS, but {} requires it", url.tls.described()));
    error.hint(format!(
        "add sslmode=disable to {}, but only where the network itself is trusted, such as on this machine or \
         through a tunnel",
        variable(url)
    ))
}

/// The error for a certificate that cannot be verified.
fn untrusted(url: &ConnectionUrl, check: &Check, server: &Server, why: &CertificateError) -> Error {
    let roots = match check {
        Check::Chain(roots) | Check::ChainAndName(roots) => roots,
        Check::Nothing => &Roots::System,
    };
    let of = format!("the certificate of PostgreSQL at {url}");
    match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => unknown_issuer(url, roots, &of),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            let names = if names.is_empty() { "no host at all".to_owned() } else { names.join(", ") };
            other_name(url, server, &format!("{of} is for {names}"))
        }
        CertificateError::NotValidForName => other_name(url, server, &format!("{of} is for another host")),
        CertificateError::ExpiredContext { not_after, .. } => {
            Error::config(format!("{of} has expired: it was valid until {}", date(*not_after)))
        }
        CertificateError::Expired => Error::config(format!("{of} has expired")),
        CertificateError::NotValidYetContext { not_before, .. } => {
            Error::config(format!("{of} is not valid before {}", date(*not_before)))
                .hint("check this machine's clock")
        }
        CertificateError::Other(OtherError(why)) => {
            Error::config(format!("{of} cannot be verified with {roots}: {why}"))
        }
        other => Error::config(format!("{of} cannot be verified with {roots}"))
            .because(rustls::Error::InvalidCertificate(other.clone())),
    }
}

fn unknown_issuer(url: &ConnectionUrl, roots: &Roots, of: &str) -> Error {
    let error = Error::config(format!("{of} cannot be verified: the CA that signed it is not in {roots}"));
    let error = match (roots, url.tls.missing_default()) {
        (Roots::System, Some(file)) => error.hint(format!(
            "no CA file is named: add sslrootcert=FILE to {}, or put the file at {}",
            variable(url),
            file.display()
        )),
        (Roots::System, None) => error.hint(format!("add sslrootcert=FILE to {}", variable(url))),
        (Roots::File(_), _) => error.hint("that file must contain the CA's own certificate"),
    };
    error.hint(format!("for Amazon RDS run: curl -fo rds-ca.pem {RDS_BUNDLE}")).hint(format!(
        "and add sslrootcert=PATH/rds-ca.pem to {}: postgresql://…/{}?sslrootcert=PATH/rds-ca.pem",
        variable(url),
        url.database()
    ))
}

fn other_name(url: &ConnectionUrl, server: &Server, what: &str) -> Error {
    let wanted = server.name().unwrap_or_default();
    Error::config(format!("{what}, not for {wanted}")).hint(format!(
        "name the host in {} as the certificate does; through a tunnel add hostaddr=127.0.0.1",
        variable(url)
    ))
}

/// The name in `DnsName("db.example.com")` or `IpAddress(10.0.0.1)`, as rustls formats them.
fn bare_name(shown: &str) -> &str {
    let inner = shown.split_once('(').map_or(shown, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}

fn date(time: UnixTime) -> String {
    let time =
        i64::try_from(time.as_secs()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

/// The error when nobody is there, or nobody that speaks PostgreSQL's protocol.
fn unreachable(url: &ConnectionUrl, cause: Cause) -> Error {
    let is_nobody = cause.io().is_some_and(is_refused);
    let is_silent = cause.io().is_some_and(|error| error.kind() == ErrorKind::TimedOut);
    let broke_in_handshake = cause.broke_in_handshake();
    let is_io = cause.io().is_some();
    let Some(error) = cause.error.filter(|_| !is_silent) else {
        let (limit, request_timeout) = (url.limit, url.request_timeout());
        let waited = span(limit.min(request_timeout));
        let error = Error::failed(format!("no answer from PostgreSQL at {url} within {waited}"));
        if limit < request_timeout {
            return error.hint(Reason::Timeout(limit));
        }
        return error.hint(format!("check {}; its connect_timeout sets how long to wait", variable(url)));
    };
    let is_closed = error.is_closed();
    let message = if broke_in_handshake {
        format!("the TLS handshake with PostgreSQL at {url} failed")
    } else if is_io || is_closed {
        format!("cannot reach PostgreSQL at {url}")
    } else {
        format!("cannot sign in to PostgreSQL at {url}")
    };
    let error = Error::failed(message).because(error);
    match url.target() {
        Target::Local if is_nobody => error.hint(Reason::NoLocalStack),
        Target::Local => error.hint(Reason::NotPostgres),
        Target::Prod => {
            error.hint("check PROD_CONNECTION_URL, and that the database's security group lets you in")
        }
    }
}

/// The environment variable that configures this database.
pub(crate) const fn variable(url: &ConnectionUrl) -> &'static str {
    match url.target() {
        Target::Local => "CONNECTION_URL",
        Target::Prod => "PROD_CONNECTION_URL",
    }
}

/// Whether the server rejects this role on this kind of connection.
pub(crate) fn is_refused_role(code: Option<&SqlState>) -> bool {
    code == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// The server's message with its detail, or else the driver's.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => match db.detail() {
            Some(detail) => format!("{} ({detail})", db.message()),
            None => db.message().to_owned(),
        },
        None => error.to_string(),
    }
}
