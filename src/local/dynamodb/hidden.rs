//! Connections to the embedded DynamoDB's own server, which accepts anybody.
//!
//! That server needs a TCP listener, and it answers every web page. So its listener is open only
//! until our own connection is accepted, at an address that nobody can guess in that time. The
//! connection outlives the listener.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use dynoxide::Database;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;

/// A DynamoDB that only this value can reach.
pub(super) struct Hidden {
    database: Database,
    /// Open connections, each idle or still busy with its last response.
    connections: Mutex<Vec<SendRequest<Body>>>,
}

impl Hidden {
    pub(super) fn new(database: Database) -> Self {
        Self { database, connections: Mutex::default() }
    }

    /// Sends `request` and returns the response.
    pub(super) async fn ask(&self, request: Request<Body>) -> Result<Response<Incoming>, Error> {
        let free = self.free_connection();
        let mut connection = match free {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let answer = connection.send_request(request).await;
        self.connections().push(connection);
        Ok(answer?)
    }

    fn connections(&self) -> MutexGuard<'_, Vec<SendRequest<Body>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free_connection(&self) -> Option<SendRequest<Body>> {
        let mut connections = self.connections();
        connections.retain(|connection| !connection.is_closed());
        let free = connections.iter().rposition(SendRequest::is_ready)?;
        Some(connections.swap_remove(free))
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Error> {
        let listener = listen().await?;
        let address = listener.local_addr()?;
        let (open, closed) = oneshot::channel::<()>();
        let serving = dynoxide::server::serve_with_shutdown(listener, self.database.clone(), async {
            let _ = closed.await;
        });
        let connected = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(async move {
                let _ = connection.await;
                drop(open);
            });
            // A response proves that the connection has been accepted.
            let answer = sender.send_request(Request::new(Body::empty())).await?;
            axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await?;
            sender.ready().await?;
            Ok(sender)
        };
        tokio::select! {
            connected = connected => connected,
            ended = serving => Err(ended.err().unwrap_or_else(|| "it stopped serving".to_owned()).into()),
        }
    }
}

/// Listens on a random address on Linux, which has 16 million loopback addresses. Elsewhere there
/// is only one.
async fn listen() -> io::Result<TcpListener> {
    if cfg!(target_os = "linux") {
        let [a, b, c, ..] = uuid::Uuid::new_v4().into_bytes();
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::new(127, a, b, c.clamp(2, 254)), 0)).await {
            return Ok(listener);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}
