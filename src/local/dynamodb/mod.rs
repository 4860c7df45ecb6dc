//! The embedded DynamoDB, served over HTTP on a loopback port.

mod exchange;
mod expiry;
mod hidden;
mod streams;
mod throttle;

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use dynoxide::Database;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::exchange::{Engine, error};
use super::access::{Access, Verdict};
use super::private;
use crate::error::{Context as _, Error, Result};

/// How long open requests may take to finish at the end. A client that sent half a request must not
/// hold up `local down`.
const GRACE: Duration = Duration::from_secs(2);
/// How long a browser may cache that a page is allowed, in seconds.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("600");

/// A DynamoDB that serves until it is stopped or dropped.
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// The embedded DynamoDB, behind its access check.
struct Front {
    access: Access,
    dynamodb: Engine,
}

impl Server {
    /// Serves the clients that `access` allows on 127.0.0.1:`port` (0 for any free port), from the
    /// SQLite file `file` or from memory. Needs a tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or the file cannot be opened.
    pub async fn start(port: u16, file: Option<&Path>, access: Access) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .or_failed(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        let address = listener.local_addr().or_failed(|| "cannot get the port".to_owned())?;
        let database = match file {
            None => Database::memory().or_failed(|| "cannot open DynamoDB in memory".to_owned())?,
            Some(file) => open(file)?,
        };
        let dynamodb = Engine::new(database, access.units_per_second);
        let front = Arc::new(Front { access, dynamodb });
        let router = Router::new().fallback(answer).with_state(front);
        let (stop, stopped) = oneshot::channel();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async {
            // Stopped or dropped: both end the server.
            let _ = stopped.await;
        });
        Ok(Self { address, stop, task: tokio::spawn(serving.into_future()) })
    }

    /// The port it listens on.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The endpoint to give to an SDK.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets open requests finish, then ends.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let abort = self.task.abort_handle();
        if tokio::time::timeout(GRACE, self.task).await.is_err() {
            abort.abort();
        }
    }
}

/// Answers a request. No part of a refused request reaches the database.
async fn answer(State(front): State<Arc<Front>>, mut request: Request<Body>) -> Response<Body> {
    let origin = match front.access.judge(&request) {
        Verdict::Refuse(reason) => {
            return error(StatusCode::FORBIDDEN, "AccessDeniedException", &reason);
        }
        Verdict::Preflight(origin) => return preflight(&origin, request.headers()),
        Verdict::Serve(origin) => origin,
    };
    // Given an origin, the embedded server answers that all pages are welcome.
    request.headers_mut().remove(ORIGIN);
    let mut response = match front.dynamodb.answer(request).await {
        Ok(response) => response,
        Err(cause) => {
            let reason = format!("the embedded DynamoDB does not answer: {cause}");
            error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &reason)
        }
    };
    if let Some(origin) = origin {
        welcome(response.headers_mut(), &origin);
    }
    response
}

fn preflight(origin: &HeaderValue, asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    welcome(headers, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
    response
}

/// Tells the browser that a page of this origin may read the response.
fn welcome(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(VARY, HeaderValue::from_static("origin"));
}

fn open(file: &Path) -> Result<Database> {
    let what = || format!("cannot open the DynamoDB file {}", file.display());
    let path = file.to_str().ok_or_else(|| Error::failed(what()).because(anyhow::Error::msg("not UTF-8")))?;
    // SQLite gives its other files the permissions of the first.
    private::open(file, OpenOptions::new().read(true).append(true).create(true))?;
    for ending in ["-wal", "-shm"] {
        private::tighten(Path::new(&format!("{path}{ending}")))?;
    }
    let database = Database::new(path).or_failed(what)?;
    // This sets SQLite's synchronous = NORMAL: three times the writes per second; safe when the
    // process is killed, but not in a power failure.
    database.disable_bulk_loading().or_failed(what)?;
    Ok(database)
}
