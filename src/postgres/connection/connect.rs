//! Opening a connection: which servers, with TLS or without, and in what order.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode as DriverMode;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Client, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{Cause, Failure};
use super::server::Server;
use super::tls::{Check, SslMode, connector};
use crate::error::Result;
use crate::postgres::ConnectionUrl;

/// Opens connections to one URL; what TLS needs is read once.
pub(crate) struct Dialer<'a> {
    pub(super) url: &'a ConnectionUrl,
    check: Check,
    /// `None`: no server of this URL is spoken to in TLS.
    connector: Option<MakeRustlsConnect>,
}

impl<'a> Dialer<'a> {
    /// # Errors
    /// [`crate::error::Kind::Config`] when the CA certificates cannot be read.
    pub(crate) fn new(url: &'a ConnectionUrl) -> Result<Self> {
        let is_plain = url.tls.mode() == SslMode::Disable || url.servers().iter().all(Server::is_socket);
        let check = url.tls.check();
        let connector = if is_plain { None } else { Some(connector(&check)?) };
        Ok(Self { url, check, connector })
    }

    /// Tries each server until one lets us in. A server that knows us and says no
    /// is the end of it: the next one would be told the same. Returns the client, and the task that serves its connection.
    pub(crate) async fn dial_servers(&self) -> Result<(Client, AbortHandle), Failure> {
        let mut last = None;
        for server in self.url.servers() {
            match self.dial_server(&server).await {
                Ok(client) => return Ok(client),
                Err(cause) => {
                    let goes_on = cause.may_differ_elsewhere();
                    last = Some(Failure::new(self.url, &self.check, &server, cause));
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        Err(last.unwrap_or_else(|| Failure::no_server(self.url)))
    }

    /// Tries one server as its `sslmode` has it.
    /// Has the server cancel a statement.
    pub(crate) async fn cancel(&self, token: CancelToken) -> Result<(), tokio_postgres::Error> {
        match &self.connector {
            Some(connector) => token.cancel_query(connector.clone()).await,
            None => token.cancel_query(tokio_postgres::NoTls).await,
        }
    }

    async fn dial_server(&self, server: &Server) -> Result<(Client, AbortHandle), Cause> {
        let Some(connector) = &self.connector else { return self.attempt(server, None).await };
        if server.is_socket() {
            return self.attempt(server, None).await;
        }
        let encrypted = |mode| self.attempt(server, Some((mode, connector)));
        match self.url.tls.mode() {
            SslMode::Disable => self.attempt(server, None).await,
            SslMode::Allow => match self.attempt(server, None).await {
                Err(plain) if plain.is_refused_role() => {
                    // What the server has to say to the first attempt is nearer to the point.
                    encrypted(DriverMode::Require)
                        .await
                        .map_err(|cause| if cause.lacks_tls() { plain } else { cause })
                }
                other => other,
            },
            SslMode::Prefer => match encrypted(DriverMode::Prefer).await {
                Err(cause)
                    if cause.broke_in_handshake() || (cause.was_encrypted && cause.is_refused_role()) =>
                {
                    self.attempt(server, None).await
                }
                other => other,
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                encrypted(DriverMode::Require).await
            }
        }
    }

    async fn attempt(
        &self,
        server: &Server,
        tls: Option<(DriverMode, &MakeRustlsConnect)>,
    ) -> Result<(Client, AbortHandle), Cause> {
        let mut config = self.url.config_for(server);
        config.ssl_mode(tls.map_or(DriverMode::Disable, |(mode, _)| mode));
        let progress = Arc::new(Progress::default());
        // The driver's own limit ends with the TCP handshake; a listener that then
        // says nothing would hold us for ever.
        let request_timeout = self.url.request_timeout().min(self.url.limit);
        let place = self.url.to_string();
        let _wait =
            self.url.trace.wait(request_timeout, move || format!("a connection to PostgreSQL at {place}"));
        let opened = match tls {
            Some((_, connector)) => {
                let connector = Watched { connector: connector.clone(), progress: Arc::clone(&progress) };
                tokio::time::timeout(request_timeout, open(&config, connector)).await
            }
            None => tokio::time::timeout(request_timeout, open(&config, tokio_postgres::NoTls)).await,
        };
        let cause = |error| Cause {
            error,
            asked_for_tls: tls.is_some_and(|(mode, _)| mode == DriverMode::Require),
            began_tls: progress.began.load(Ordering::Relaxed),
            was_encrypted: progress.done.load(Ordering::Relaxed),
        };
        match opened {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(cause(Some(error))),
            Err(_) => Err(cause(None)),
        }
    }
}

async fn open<T>(
    config: &tokio_postgres::Config,
    tls: T,
) -> Result<(Client, AbortHandle), tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    // Ends with the client; what it has to say reaches us as the client's errors.
    let connection = tokio::spawn(connection);
    Ok((client, connection.abort_handle()))
}

/// How far the encryption of a connection has come.
#[derive(Default)]
struct Progress {
    began: AtomicBool,
    done: AtomicBool,
}

/// Notes how far it comes: the driver tells a server without TLS from one that
/// breaks off only in words.
struct Watched<T> {
    connector: T,
    progress: Arc<Progress>,
}

type RustlsConnect = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
type RustlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

impl MakeTlsConnect<Socket> for Watched<MakeRustlsConnect> {
    type Stream = RustlsStream;
    type TlsConnect = Watched<RustlsConnect>;
    type Error = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Self::Error> {
        // A dot at the end of a name says that it is whole; certificates do without.
        let host = host.strip_suffix('.').unwrap_or(host);
        let connector = MakeTlsConnect::<Socket>::make_tls_connect(&mut self.connector, host)?;
        Ok(Watched { connector, progress: Arc::clone(&self.progress) })
    }
}

impl TlsConnect<Socket> for Watched<RustlsConnect> {
    type Stream = RustlsStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<RustlsStream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        self.progress.began.store(true, Ordering::Relaxed);
        Box::pin(async move {
            let stream = self.connector.connect(socket).await?;
            self.progress.done.store(true, Ordering::Relaxed);
            Ok(stream)
        })
    }
}
