//! Opens a connection: picks the servers to try, their order, and TLS or not.

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

/// Opens connections to one URL. Loads what TLS needs once.
pub(crate) struct Dialer<'a> {
    pub(super) url: &'a ConnectionUrl,
    check: Check,
    /// `None` when no server of this URL is reached over TLS.
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

    /// Tries each server until one accepts. Stops at the first server that answers with a refusal: the
    /// others would refuse too. Returns the client and the task that serves its connection.
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

    /// Asks the server to cancel a statement.
    pub(crate) async fn cancel(&self, token: CancelToken) -> Result<(), tokio_postgres::Error> {
        match &self.connector {
            Some(connector) => token.cancel_query(connector.clone()).await,
            None => token.cancel_query(tokio_postgres::NoTls).await,
        }
    }

    /// Tries one server as its `sslmode` asks.
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
                    // The first attempt's error says more when the server has no TLS.
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
        // The driver's timeout covers only the TCP handshake. A listener that then stays silent
        // would block forever.
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
    // Ends with the client; its errors reach us through the client.
    let connection = tokio::spawn(connection);
    Ok((client, connection.abort_handle()))
}

/// How far the TLS handshake has come.
#[derive(Default)]
struct Progress {
    began: AtomicBool,
    done: AtomicBool,
}

/// Tracks the progress of the handshake. The driver distinguishes a server without TLS from one
/// that hangs up only in the text of its error.
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
        // A trailing dot marks a fully qualified name; certificates omit it.
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
