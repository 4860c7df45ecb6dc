//! TLS with the meaning of libpq's `sslmode` and `sslrootcert`, on top of rustls.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::verifier::{Trust, Verifier};
use crate::config::{PostgresConfig, Target};
use crate::error::{Error, Result};

/// The `sslrootcert` value for the system's CA certificates.
const SYSTEM: &str = "system";

/// Whether a connection is encrypted, and what is verified.
///
/// <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted only when the server insists.
    Allow,
    /// Encrypted when the server supports it.
    Prefer,
    /// Encrypted, but any server is trusted.
    Require,
    /// Encrypted, with a certificate signed by a trusted CA.
    VerifyCa,
    /// Like [`Self::VerifyCa`], and the certificate is for the host's name.
    VerifyFull,
}

impl SslMode {
    const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// libpq's name for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl FromStr for SslMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or(())
    }
}

/// The trusted CA certificates. Displays as a description of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those in this file.
    File(PathBuf),
    /// The system's own.
    System,
}

impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::System => f.write_str("the system's CA certificates"),
        }
    }
}

/// The settings for TLS.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    mode: SslMode,
    /// Whether `mode` comes from a setting and not from a default.
    is_mode_set: bool,
    roots: Option<Roots>,
    default_file: Option<PathBuf>,
}

/// How far a server's certificate is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    /// Not at all.
    Nothing,
    /// Its chain of signatures.
    Chain(Roots),
    /// Its chain of signatures, and its name.
    ChainAndName(Roots),
}

impl Tls {
    /// Reads the settings. The default mode is verify-full in production, and `prefer` elsewhere,
    /// as in libpq. With the system's CAs it is verify-full everywhere, because they sign for
    /// everybody.
    pub(crate) fn new(settings: &PostgresConfig) -> Result<Self> {
        let roots = settings.get("sslrootcert").map(|setting| match setting.value.as_str() {
            SYSTEM => Roots::System,
            file => Roots::File(PathBuf::from(file)),
        });
        let is_system = roots == Some(Roots::System);
        let given = settings.get("sslmode").and_then(|setting| SslMode::from_str(&setting.value).ok());
        if let Some(weak) = given.filter(|mode| is_system && *mode < SslMode::VerifyFull) {
            return Err(Error::config(format!(
                "sslrootcert=system requires sslmode=verify-full, not {}",
                weak.name()
            ))
            .hint("those CAs sign certificates for everybody, so the host name must be verified"));
        }
        let default = if is_system || settings.target() == Target::Prod {
            SslMode::VerifyFull
        } else {
            SslMode::Prefer
        };
        Ok(Self {
            mode: given.unwrap_or(default),
            is_mode_set: given.is_some(),
            roots,
            default_file: settings.default_root_certificate(),
        })
    }

    /// Uses TLS if the server offers it.
    pub(crate) const fn on_loopback() -> Self {
        Self { mode: SslMode::Prefer, is_mode_set: false, roots: None, default_file: None }
    }

    pub(crate) const fn mode(&self) -> SslMode {
        self.mode
    }

    /// The mode, and that it is a default where nobody set it.
    pub(crate) fn described(&self) -> String {
        let why = if self.is_mode_set { "" } else { ", the default here," };
        format!("sslmode={}{why}", self.mode.name())
    }

    /// The default CA file that does not exist, when no file is configured.
    pub(crate) fn missing_default(&self) -> Option<&Path> {
        self.default_file.as_deref().filter(|_| self.roots.is_none())
    }

    /// The configured settings, as a URL's parameters.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mode = self.is_mode_set.then(|| ("sslmode", self.mode.name().to_owned()));
        let roots = self.roots.as_ref().map(|roots| match roots {
            Roots::System => SYSTEM.to_owned(),
            Roots::File(path) => path.display().to_string(),
        });
        mode.into_iter().chain(roots.map(|roots| ("sslrootcert", roots))).collect()
    }

    /// How far to verify. As in libpq, `require` acts like `verify-ca` once there is a CA file.
    /// `allow` and `prefer` promise nothing, so a failed verification would only make them go
    /// unencrypted.
    pub(crate) fn check(&self) -> Check {
        let file = || {
            let default = self.default_file.clone().filter(|file| file.exists());
            self.roots.clone().or_else(|| default.map(Roots::File))
        };
        match self.mode {
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => Check::Nothing,
            SslMode::Require => file().map_or(Check::Nothing, Check::Chain),
            SslMode::VerifyCa => Check::Chain(file().unwrap_or(Roots::System)),
            SslMode::VerifyFull => Check::ChainAndName(file().unwrap_or(Roots::System)),
        }
    }
}

/// A connector that verifies this much. Loads the CA certificates; the system's take some milliseconds.
///
/// # Errors
/// [`crate::error::Kind::Config`] when there are no certificates, or the file cannot be read.
pub(crate) fn connector(check: &Check) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let (roots, compares_names) = match check {
        Check::Nothing => (None, false),
        Check::Chain(roots) => (Some(load(roots)?), false),
        Check::ChainAndName(roots) => (Some(load(roots)?), true),
    };
    let verifier = Verifier { roots, compares_names, algorithms: provider.signature_verification_algorithms };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::failed("cannot set up TLS").because(cause))?;
    let mut config =
        config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    // Servers require ALPN when a connection starts with TLS directly.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn load(roots: &Roots) -> Result<Trust> {
    let mut own = Vec::new();
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = store.add_parsable_certificates(found.certs);
            if added == 0 {
                let error = Error::config("this system has no CA certificates to verify PostgreSQL's with")
                    .hint("install them (the package is often called ca-certificates), or name a file: sslrootcert=FILE");
                return Err(match found.errors.into_iter().next() {
                    Some(cause) => error.because(cause),
                    None => error,
                });
            }
        }
        Roots::File(path) => {
            let shown = path.display();
            let text = std::fs::read(path).map_err(|cause| {
                Error::config(format!("cannot read the CA file {shown} that sslrootcert names"))
                    .because(cause)
            })?;
            let mut certificates = Vec::new();
            for certificate in CertificateDer::pem_slice_iter(&text) {
                certificates.push(certificate.map_err(|cause| {
                    Error::config(format!("the CA file {shown} is damaged")).because(cause)
                })?);
            }
            let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
            if added == 0 {
                return Err(Error::config(format!("the CA file {shown} contains no certificate"))
                    .hint("it should begin with -----BEGIN CERTIFICATE-----"));
            }
            own = certificates;
        }
    }
    Ok(Trust { anchors: store, certificates: own })
}
