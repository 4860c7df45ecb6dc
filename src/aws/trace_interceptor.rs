//! Clients that trace their requests.

use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use serde_json::Value;

use crate::secrets::{HIDDEN, without_credentials};
use crate::trace::{Trace, Wait, since};

/// Parts of the names of headers that hold secrets.
const SECRET_HEADERS: [&str; 5] = ["authorization", "token", "secret", "cookie", "credential"];

/// Reports every attempt of a client's requests to a [`Trace`], and requests that take long with
/// all their retries.
#[derive(Clone)]
pub(crate) struct TraceInterceptor {
    trace: Trace,
    place: String,
    /// The timeout of a request.
    limit: Duration,
}

impl TraceInterceptor {
    /// `None` when nobody listens.
    pub(super) fn to(trace: &Trace, place: &str, limit: Duration) -> Option<Self> {
        trace.is_heard().then(|| Self { trace: trace.clone(), place: place.to_owned(), limit })
    }
}

impl fmt::Debug for TraceInterceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TraceInterceptor")
    }
}

/// An attempt that was sent: its subject, because the request itself is gone by then, and its time.
#[derive(Debug)]
struct Sent {
    subject: Option<String>,
    at: Instant,
}

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

/// A request in progress. Dropped with the request's configuration, however it ends.
#[derive(Debug)]
struct Pending {
    _wait: Wait,
}

impl Storable for Pending {
    type Storer = StoreReplace<Self>;
}

impl Intercept for TraceInterceptor {
    fn name(&self) -> &'static str {
        "TraceInterceptor"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = named(config);
        let line = format!("{service} at {} ({operation})", self.place);
        let wait = self.trace.wait(self.limit, || line);
        config.interceptor_state().store_put(Pending { _wait: wait });
        Ok(())
    }

    /// A dry run's writes end before this, so the request is really sent.
    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.trace.is_on() {
            return Ok(());
        }
        let request = context.request();
        let subject = request.body().bytes().and_then(subject);
        config.interceptor_state().store_put(Sent { subject, at: Instant::now() });
        self.trace.wire(|| {
            let first = format!("{} {}", request.method(), request.uri());
            message('>', &first, request.headers(), request.body().bytes())
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(sent) = config.load::<Sent>() else { return Ok(()) };
        self.trace.wire(|| match context.response() {
            Some(response) => {
                let first = format!("HTTP {}", response.status().as_u16());
                message('<', &first, response.headers(), response.body().bytes())
            }
            None => "< no answer".to_owned(),
        });
        self.trace.request(|| {
            let (service, operation) = named(config);
            let mut line = format!("{service} {operation}");
            if let Some(subject) = &sent.subject {
                let _ = write!(line, " {subject}");
            }
            let _ = write!(line, " at {}: ", self.place);
            match context.response() {
                None => line.push_str("no answer, "),
                Some(response) => {
                    if !response.status().is_success() {
                        let _ = write!(line, "HTTP {}{}, ", response.status().as_u16(), code(response));
                    }
                    if let Some(units) = response.body().bytes().and_then(units) {
                        let _ = write!(line, "{units} units, ");
                    }
                }
            }
            let tries = config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
            if tries > 1 {
                let _ = write!(line, "try {tries}, ");
            }
            line.push_str(&since(sent.at));
            line
        });
        config.interceptor_state().unset::<Sent>();
        Ok(())
    }
}

fn named(config: &ConfigBag) -> (&str, &str) {
    config.load::<Metadata>().map_or(("AWS", "request"), |it| (it.service(), it.name()))
}

/// Formats a request or response line by line.
fn message(mark: char, first: &str, headers: &Headers, body: Option<&[u8]>) -> String {
    let mut text = format!("{mark} {first}");
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let is_secret = SECRET_HEADERS.iter().any(|part| lower.contains(part));
        let _ = write!(text, "\n{mark} {name}: {}", if is_secret { HIDDEN } else { value });
    }
    match body {
        None => {
            let _ = write!(text, "\n{mark} (a streamed body)");
        }
        Some([]) => {}
        Some(body) => {
            for line in String::from_utf8_lossy(&without_credentials(body)).lines() {
                let _ = write!(text, "\n{mark} {line}");
            }
        }
    }
    text
}

/// The subject of a request: the table, the user pool, the security group's rule.
fn subject(body: &[u8]) -> Option<String> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        let form = form_urlencoded::parse(body);
        let about = |name: &str| name.starts_with("SecurityGroupRule") || name == "GroupId";
        return form.into_iter().find(|(name, _)| about(name)).map(|(_, value)| value.into_owned());
    };
    for name in ["TableName", "UserPoolId", "StreamArn"] {
        if let Some(Value::String(subject)) = body.get(name) {
            return Some(subject.clone());
        }
    }
    if let Some(Value::Object(tables)) = body.get("RequestItems") {
        return tables.keys().next().cloned();
    }
    let action = body.get("TransactItems")?.get(0)?.as_object()?.values().next()?;
    action.get("TableName")?.as_str().map(ToOwned::to_owned)
}

/// The capacity units of a DynamoDB response, over all its tables.
fn units(body: &[u8]) -> Option<f64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let of = |consumed: &Value| consumed.get("CapacityUnits").and_then(Value::as_f64);
    match body.get("ConsumedCapacity")? {
        Value::Array(tables) => Some(tables.iter().filter_map(of).sum()),
        one => of(one),
    }
}

/// ` Code` from a JSON error.
fn code(response: &HttpResponse) -> String {
    let body = response.body().bytes().unwrap_or_default();
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let code = body.as_ref().and_then(|body| body.get("__type")?.as_str());
    code.map(|code| format!(" {}", code.rsplit('#').next().unwrap_or(code))).unwrap_or_default()
}
