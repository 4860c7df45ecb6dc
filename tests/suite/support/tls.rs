//! A PostgreSQL with TLS, a CA of its own, and one that nobody knows.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::stack::{ENCODED_PASSWORD, PASSWORD, Stack};
use super::{eventually, scratch, sql};

/// A role that is let in with TLS alone.
pub const TLS_ONLY: &str = "tls_only";
/// A role that is let in without TLS alone.
pub const PLAIN_ONLY: &str = "plain_only";

/// Whom the server's certificate is for, and how it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost`, `db.example.com` and 127.0.0.1.
    Good,
    /// For `other.example.com` and `*.pool.example.com` alone.
    OtherNames,
    /// Like the good one, until 2020.
    Expired,
    /// Like the good one, from 2100 on.
    Future,
    /// Like the good one, signed by nobody but itself, and a CA's at that.
    SelfSigned,
    /// For `*.pool.example.com`, by its common name alone.
    CommonName,
}

const ALL: [Certificate; 6] = [
    Certificate::Good,
    Certificate::OtherNames,
    Certificate::Expired,
    Certificate::Future,
    Certificate::SelfSigned,
    Certificate::CommonName,
];

/// A server of one's own, held by one test at a time.
pub struct TlsServer {
    stack: Stack,
    folder: TempDir,
}

/// The server, showing `certificate` from now on.
pub fn tls_server(certificate: Certificate) -> MutexGuard<'static, TlsServer> {
    static SERVER: OnceLock<Mutex<TlsServer>> = OnceLock::new();
    let server = SERVER.get_or_init(|| Mutex::new(TlsServer::start()));
    // A test that failed has left nothing but a certificate behind.
    let server = server.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    server.show(certificate);
    server
}

impl TlsServer {
    fn start() -> Self {
        let stack = Stack::start();
        let folder = scratch();
        let server = Self { stack, folder };
        let data = server.value("SHOW data_directory");
        let owner = fs::metadata(&data).unwrap();
        let ca = make_ca("The CA of the tests");
        fs::write(server.ca(), ca.pem()).unwrap();
        fs::write(server.other_ca(), make_ca("Another CA").pem()).unwrap();
        for certificate in ALL {
            let key = KeyPair::generate().unwrap();
            let params = params(certificate);
            let pem = if certificate == Certificate::SelfSigned {
                params.self_signed(&key).unwrap().pem()
            } else {
                params.signed_by(&key, &ca).unwrap().pem()
            };
            for (path, text) in [
                (file(&data, certificate, "crt"), pem),
                (file(&data, certificate, "key"), key.serialize_pem()),
            ] {
                fs::write(&path, text).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
                chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
            }
        }
        for role in [TLS_ONLY, PLAIN_ONLY] {
            server.sql(&format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{PASSWORD}'"));
        }
        let hba = server.value("SHOW hba_file");
        let rules = format!(
            "hostnossl all {TLS_ONLY} all reject\nhostssl all {PLAIN_ONLY} all reject\n{}",
            fs::read_to_string(&hba).unwrap()
        );
        fs::write(hba, rules).unwrap();
        server.sql("ALTER SYSTEM SET ssl = on");
        server
    }

    /// The server shows another certificate from now on.
    fn show(&self, certificate: Certificate) {
        let data = self.value("SHOW data_directory");
        let path = |end| file(&data, certificate, end).display().to_string();
        self.sql(&format!("ALTER SYSTEM SET ssl_cert_file = '{}'", path("crt")));
        self.sql(&format!("ALTER SYSTEM SET ssl_key_file = '{}'", path("key")));
        self.sql("SELECT pg_reload_conf()");
        // A session that knows the file comes from a server that has read it.
        eventually("the certificate is in use", || {
            (self.value("SHOW ssl_cert_file") == path("crt") && self.value("SHOW ssl") == "on").then_some(())
        });
    }

    pub fn port(&self) -> u16 {
        self.stack.port()
    }

    /// The rows that `query` gives, on a connection without TLS.
    pub fn sql(&self, query: &str) -> Vec<Vec<String>> {
        sql(&self.stack.url("postgres?sslmode=disable"), query)
    }

    fn value(&self, query: &str) -> String {
        self.sql(query)[0][0].clone()
    }

    /// The CA that has signed the server's certificates.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A CA that has signed none of them.
    pub fn other_ca(&self) -> PathBuf {
        self.folder.path().join("other.crt")
    }

    /// The certificate that the server shows as a file that anybody may read.
    pub fn shown_certificate(&self) -> PathBuf {
        let copy = self.folder.path().join("shown.crt");
        fs::write(&copy, fs::read(self.value("SHOW ssl_cert_file")).unwrap()).unwrap();
        copy
    }

    /// The URL of the server's own database by `host`, with libpq's parameters.
    pub fn url(&self, host: &str, parameters: &str) -> String {
        self.url_of(super::USER, host, parameters)
    }

    /// The same for another role, whose password is the same.
    pub fn url_of(&self, role: &str, host: &str, parameters: &str) -> String {
        format!("postgresql://{role}:{ENCODED_PASSWORD}@{host}:{}/postgres?{parameters}", self.port())
    }
}

fn file(data: &str, certificate: Certificate, end: &str) -> PathBuf {
    Path::new(data).join(format!("{certificate:?}.{end}"))
}

fn make_ca(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(certificate: Certificate) -> CertificateParams {
    let names: &[&str] = match certificate {
        Certificate::OtherNames => &["other.example.com", "*.pool.example.com"],
        Certificate::CommonName => &[],
        _ => &["localhost", "db.example.com", "127.0.0.1"],
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let common_name = match certificate {
        Certificate::CommonName => "*.pool.example.com",
        _ => "a server of the tests",
    };
    params.distinguished_name.push(DnType::CommonName, common_name);
    match certificate {
        Certificate::Expired => params.not_after = date_time_ymd(2020, 1, 2),
        Certificate::Future => params.not_before = date_time_ymd(2100, 1, 2),
        Certificate::SelfSigned => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        Certificate::Good | Certificate::OtherNames | Certificate::CommonName => {}
    }
    params
}
