//! Who may talk to the stack over HTTP: programs on this machine, but no web page.

use std::num::NonZero;
use std::str::FromStr;

use http::header::{HOST, ORIGIN};
use http::{HeaderValue, Method, Request, Uri};
use serde::{Deserialize, Serialize};

/// The hosts in a request meant for this machine. A page that reaches it by DNS rebinding sends its
/// own name instead.
const OWN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What is allowed besides this machine's own programs, how much, and what follows from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Other host names of the stack.
    pub hosts: Vec<Host>,
    /// Web pages that may use it.
    pub origins: Vec<Origin>,
    /// How many units of reads, and of writes, a table takes in a second. None: any number.
    pub units_per_second: Option<NonZero<u32>>,
    /// Whether everybody who confirms a sign-up gets a row in the users table.
    pub post_confirmation: bool,
}

/// The name of a host, without a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host(String);

/// A web page's origin, as browsers write it: scheme, host, and a port unless it is the scheme's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin(String);

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Serve it, to the page of this origin if there is one.
    Serve(Option<HeaderValue>),
    /// Allow the preflight request of a page of this origin.
    Preflight(HeaderValue),
    /// Refuse it, for this reason.
    Refuse(String),
}

impl Access {
    /// The first host or origin that `other` allows and this does not.
    pub(in crate::local) fn lacks(&self, other: &Self) -> Option<String> {
        let host = other.hosts.iter().find(|host| !self.hosts.contains(host)).map(|host| &host.0);
        let origin = other.origins.iter().find(|origin| !self.origins.contains(origin));
        host.or(origin.map(|origin| &origin.0)).cloned()
    }

    pub(super) fn judge<B>(&self, request: &Request<B>) -> Verdict {
        let headers = request.headers();
        let mut hosts: Vec<&str> =
            request.uri().authority().map(http::uri::Authority::as_str).into_iter().collect();
        // Every browser sends a Host header; some old clients do not.
        hosts.extend(headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default()));
        if let Some(host) = hosts.into_iter().find(|host| !self.is_own(host)) {
            return Verdict::Refuse(format!("the local stack does not serve the host {host:?}"));
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return Verdict::Serve(None) };
        let known = |name: &str| self.origins.iter().any(|allowed| allowed.0 == name);
        if origins.next().is_some() || !origin.to_str().is_ok_and(known) {
            return Verdict::Refuse(format!("the local stack does not allow the origin {origin:?}"));
        }
        if request.method() == Method::OPTIONS {
            Verdict::Preflight(origin.clone())
        } else {
            Verdict::Serve(Some(origin.clone()))
        }
    }

    fn is_own(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
        let host = authority.host();
        // User info before an `@` is not part of a host, and no client sends it.
        !authority.as_str().contains('@')
            && (OWN_HOSTS.iter().any(|own| own.eq_ignore_ascii_case(host))
                || self.hosts.iter().any(|allowed| allowed.0.eq_ignore_ascii_case(host)))
    }
}

impl AsRef<str> for Host {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Host {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let authority: http::uri::Authority = text.parse().map_err(|_| "not a host name")?;
        if authority.host() != text || text.contains('*') {
            return Err("expected one host name, without a port");
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "expected an origin such as http://localhost:3000";
        let uri: Uri = text.parse().map_err(|_| SHAPE)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(SHAPE) };
        if authority.as_str().contains(['@', '*']) || uri.path() != "/" || uri.query().is_some() {
            return Err(SHAPE);
        }
        let own_port = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let host = authority.host().to_ascii_lowercase();
        Ok(Self(match authority.port_u16().filter(|port| Some(*port) != own_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }
}
