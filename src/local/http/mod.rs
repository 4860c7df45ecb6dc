//! A server on a loopback port that keeps web pages out, whatever API is behind it.

mod access;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::access::Verdict;
pub use self::access::{Access, Host, Origin};
use crate::error::{Context as _, Result};

/// How long open requests may take to finish at the end. A client that sent half a request must not
/// hold up `local down`.
const GRACE: Duration = Duration::from_secs(2);
/// How long a browser may cache that a page is allowed, in seconds.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("600");

/// What answers the requests that the access check lets through.
pub(super) trait Api: Send + Sync + 'static {
    /// The content type of the service's answers.
    const CONTENT_TYPE: &'static str;

    /// Answers a request, which carries no origin.
    fn answer(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send;
}

/// An address where nothing answers yet.
pub(super) struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

/// An API that is served until it is stopped or dropped.
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// An API behind its access check.
struct Front<A> {
    access: Access,
    api: A,
}

impl Listening {
    /// Listens on 127.0.0.1:`port`, or on any free port for 0.
    pub(super) async fn on(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .or_failed(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        let address = listener.local_addr().or_failed(|| "cannot get the port".to_owned())?;
        Ok(Self { listener, address })
    }

    /// The port it listens on.
    pub(super) const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Serves `api` to the clients that `access` allows. Needs a tokio runtime.
    pub(super) fn serve<A: Api>(self, access: Access, api: A) -> Server {
        let router = Router::new().fallback(answer::<A>).with_state(Arc::new(Front { access, api }));
        let (stop, stopped) = oneshot::channel();
        let serving = axum::serve(self.listener, router).with_graceful_shutdown(async {
            // Stopped or dropped: both end the server.
            let _ = stopped.await;
        });
        Server { address: self.address, stop, task: tokio::spawn(serving.into_future()) }
    }
}

impl Server {
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

/// Answers a request. No part of a refused request reaches the API.
async fn answer<A: Api>(State(front): State<Arc<Front<A>>>, mut request: Request<Body>) -> Response<Body> {
    let origin = match front.access.judge(&request) {
        Verdict::Refuse(reason) => {
            return error(A::CONTENT_TYPE, StatusCode::FORBIDDEN, "AccessDeniedException", &reason);
        }
        Verdict::Preflight(origin) => return preflight(&origin, request.headers()),
        Verdict::Serve(origin) => origin,
    };
    // Given an origin, dynoxide's own server answers that all pages are welcome.
    request.headers_mut().remove(ORIGIN);
    let mut response = front.api.answer(request).await;
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

/// An error in the format that SDKs parse.
pub(super) fn error(
    content_type: &'static str,
    status: StatusCode,
    kind: &str,
    message: &str,
) -> Response<Body> {
    let body = serde_json::json!({
        "__type": format!("com.amazon.coral.service#{kind}"),
        "message": message,
    });
    json(content_type, status, &body)
}

/// A JSON answer.
pub(super) fn json(
    content_type: &'static str,
    status: StatusCode,
    body: &serde_json::Value,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
