//! Verifies a server's certificate: by rustls' rules, or by libpq's where those are more lenient.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use x509_cert::der::oid::db::{rfc4519, rfc5280};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::{Certificate, Version};

/// Verifies a certificate as far as the mode asks for. Always verifies that the server holds its key.
#[derive(Debug)]
pub(crate) struct Verifier {
    /// `None`: any server is trusted.
    pub(crate) roots: Option<Trust>,
    pub(crate) compares_names: bool,
    pub(crate) algorithms: WebPkiSupportedAlgorithms,
}

/// The trusted certificates.
#[derive(Debug)]
pub(crate) struct Trust {
    /// The CA certificates.
    pub(crate) anchors: RootCertStore,
    /// All certificates of the configured file: one of them may be the server's own.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
}

impl Trust {
    fn verify(
        &self,
        algorithms: &WebPkiSupportedAlgorithms,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        // A self-signed certificate that we were given needs no CA.
        if self.certificates.iter().any(|own| own == end_entity) {
            return check_time(&parse(end_entity)?, now);
        }
        let chain = ParsedCertificate::try_from(end_entity).and_then(|certificate| {
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.anchors,
                intermediates,
                now,
                algorithms.all,
            )
        });
        let Err(Error::InvalidCertificate(CertificateError::Other(_))) = &chain else { return chain };
        let certificate = parse(end_entity)?;
        // rustls rejects a CA's own certificate, as made by `openssl req -x509`, before it looks
        // for an issuer.
        if certificate.tbs_certificate.issuer == certificate.tbs_certificate.subject {
            return Err(CertificateError::UnknownIssuer.into());
        }
        if certificate.tbs_certificate.version != Version::V3 {
            return Err(CertificateError::Other(OtherError(Arc::new(OldVersion))).into());
        }
        chain
    }
}

/// A version 1 certificate, which `openssl x509 -req` makes unless it is given an extension.
#[derive(Debug)]
struct OldVersion;

impl fmt::Display for OldVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it is an X.509 version 1 certificate, which is no longer accepted; have it reissued with the \
             subjectAltName extension",
        )
    }
}

impl std::error::Error for OldVersion {}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            roots.verify(&self.algorithms, end_entity, intermediates, now)?;
            if self.compares_names {
                compare_names(end_entity, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if ParsedCertificate::try_from(certificate).is_ok() {
            return verify_tls13_signature(message, certificate, signature, &self.algorithms);
        }
        // An unverified certificate still has a key.
        let key = parse(certificate)?.tbs_certificate.subject_public_key_info.to_der();
        let key = SubjectPublicKeyInfoDer::from(key.map_err(|_| CertificateError::BadEncoding)?);
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn parse(certificate: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding.into())
}

fn check_time(certificate: &Certificate, now: UnixTime) -> Result<(), Error> {
    let validity = &certificate.tbs_certificate.validity;
    let not_before = UnixTime::since_unix_epoch(validity.not_before.to_unix_duration());
    let not_after = UnixTime::since_unix_epoch(validity.not_after.to_unix_duration());
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(())
}

/// Compares the host's name with the certificate's. As in libpq, the common name counts when there
/// are no alternative names.
fn compare_names(end_entity: &CertificateDer<'_>, host: &ServerName<'_>) -> Result<(), Error> {
    let compared = match ParsedCertificate::try_from(end_entity) {
        Ok(certificate) => verify_server_name(&certificate, host),
        Err(error) => Err(error),
    };
    if compared.is_ok() {
        return compared;
    }
    let certificate = parse(end_entity)?;
    let extensions = certificate.tbs_certificate.extensions.as_deref().unwrap_or_default();
    if extensions.iter().any(|extension| extension.extn_id == rfc5280::ID_CE_SUBJECT_ALT_NAME) {
        return compared;
    }
    let Some(name) = common_name(&certificate) else { return compared };
    if is_for(&name, &host.to_str()) {
        return Ok(());
    }
    Err(CertificateError::NotValidForNameContext { expected: host.to_owned(), presented: vec![name] }.into())
}

/// The last common name of the subject.
fn common_name(certificate: &Certificate) -> Option<String> {
    let mut parts = certificate.tbs_certificate.subject.0.iter().flat_map(|part| part.0.iter());
    let name = parts.rfind(|part| part.oid == rfc4519::CN)?;
    Some(std::str::from_utf8(name.value.value()).ok()?.to_owned())
}

/// Whether a common name is for `host`. A leading asterisk matches one label.
fn is_for(name: &str, host: &str) -> bool {
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    name.eq_ignore_ascii_case(host)
        || name
            .strip_prefix("*.")
            .filter(|_| !is_address)
            .zip(host.split_once('.'))
            .is_some_and(|(name, (_, host))| name.eq_ignore_ascii_case(host))
}
