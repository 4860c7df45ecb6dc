//! Where each AWS service is, and how its requests are signed.

use std::time::Duration;

use http::Uri;

use super::{
    Asked, Config, DEFAULT_COGNITO_PORT, DEFAULT_DYNAMODB_PORT, PlanSize, Setting, Source, StackService,
    Target, is_aws_host, is_loopback,
};
use crate::error::{Error, Reason, Result};
use crate::trace::Trace;

/// The default region for signing local requests.
pub const DUMMY_REGION: &str = "us-east-1";
/// The default for both halves of the credentials that sign local requests. DynamoDB Local accepts
/// only letters and digits.
pub const DUMMY_CREDENTIAL: &str = "local";

/// An AWS service that cruddur talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The messages. Part of the local stack, as is the table's stream.
    DynamoDb,
    /// The table's stream. Emulators serve it at the table's endpoint; on AWS it has its own.
    DynamoDbStreams,
    /// The user pool. The local stack has one.
    Cognito,
    /// The security group.
    Ec2,
    /// The service that says whose the credentials are.
    Sts,
}

impl Service {
    /// The name to show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::DynamoDbStreams => "DynamoDB Streams",
            Self::Cognito => "Cognito",
            Self::Ec2 => "EC2",
            Self::Sts => "STS",
        }
    }

    /// The endpoint variables that local commands read; the first one set wins. `AWS_ENDPOINT_URL`,
    /// which is for all services, is what the app calls its local DynamoDB, so it is ignored for
    /// user pools and security groups.
    pub const fn endpoint_variables(self) -> &'static [&'static str] {
        match self {
            Self::DynamoDb => &["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"],
            Self::DynamoDbStreams => {
                &["AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"]
            }
            Self::Cognito => &["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"],
            Self::Ec2 => &["AWS_ENDPOINT_URL_EC2"],
            Self::Sts => &["AWS_ENDPOINT_URL_STS"],
        }
    }

    /// The service of the local stack that serves it; `None` if the stack lacks it.
    const fn in_stack(self) -> Option<StackService> {
        match self {
            Self::DynamoDb | Self::DynamoDbStreams => Some(StackService::DynamoDb),
            Self::Cognito => Some(StackService::Cognito),
            Self::Ec2 | Self::Sts => None,
        }
    }

    /// The default local endpoint; `None` for AWS's own.
    pub(super) fn local_endpoint(self) -> Option<Setting> {
        let port = match self {
            Self::DynamoDb | Self::DynamoDbStreams => DEFAULT_DYNAMODB_PORT,
            Self::Cognito => DEFAULT_COGNITO_PORT,
            Self::Ec2 | Self::Sts => return None,
        };
        Some(Setting { value: format!("http://localhost:{port}"), source: Source::Default })
    }
}

/// How requests are signed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// From the environment, or dummies; reads no file and asks no service.
    Static {
        /// The access key id.
        access_key_id: String,
        /// The secret access key.
        secret_access_key: String,
        /// The session token of temporary credentials.
        session_token: Option<String>,
    },
    /// The SDK's usual chain.
    Chain {
        /// The profile named by `--profile`.
        profile: Option<String>,
    },
}

/// Where and how to reach one AWS service.
#[derive(Clone)]
pub struct AwsConfig {
    /// The service.
    pub service: Service,
    /// Local or production.
    pub target: Target,
    /// The endpoint; `None` for AWS's own.
    pub endpoint: Option<Endpoint>,
    /// The region; `None` leaves it to the SDK's chain.
    pub region: Option<String>,
    /// How requests are signed.
    pub credentials: Credentials,
    /// In a dry run, which sends no writes: how much of the plan to keep.
    pub dry_run: Option<PlanSize>,
    /// The timeout of a request with all its retries.
    pub request_timeout: Duration,
    /// Traces the requests.
    pub trace: Trace,
    /// The STS that identifies production's credentials; `None` for AWS's own.
    pub sts: Option<Endpoint>,
}

impl AwsConfig {
    /// Whether the endpoint is not AWS.
    pub fn is_emulated(&self) -> bool {
        is_emulated(self.endpoint.as_ref())
    }
}

fn is_emulated(endpoint: Option<&Endpoint>) -> bool {
    endpoint.is_some_and(|endpoint| !is_aws_host(&endpoint.host))
}

/// A valid `http` or `https` URL with a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL as given.
    pub url: String,
    /// Whether it needs TLS.
    pub tls: bool,
    /// The host, without brackets around an IPv6 address.
    pub host: String,
    /// The port, given or implied by the scheme.
    pub port: u16,
}

impl Endpoint {
    /// A plain endpoint on this machine.
    pub fn loopback(port: u16) -> Self {
        Self { url: format!("http://127.0.0.1:{port}"), tls: false, host: "127.0.0.1".to_owned(), port }
    }

    /// The same URL with another port.
    fn url_on(&self, port: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("http", &self.url));
        let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{port}{path}")
    }

    fn parse(setting: &Setting) -> Result<Self> {
        let bad = |why: &str| {
            Error::config(format!("{} is not an endpoint URL: {why}", setting.source))
                .hint("example: http://localhost:8000")
        };
        let uri: Uri = setting.value.parse().map_err(|_| bad("it cannot be parsed"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("it must not contain a user name or password"));
        }
        let host = authority.host();
        // The parser treats a port over 16 bits as none.
        if authority.port_u16().is_none() && authority.as_str() != host {
            return Err(bad("its port is not a number from 1 to 65535"));
        }
        Ok(Self {
            url: setting.value.trim_end_matches('/').to_owned(),
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        })
    }
}

impl Config {
    /// The region from a flag or the environment. Reads no profile file.
    pub fn region(&self) -> Option<String> {
        let named = || self.environment.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
        self.flags.region.clone().or_else(|| named().map(|setting| setting.value))
    }

    /// The endpoint variables of `service` that are set, ignored in production, and probably not
    /// meant for local work alone. DynamoDB's usually name the local stack, so they are listed only
    /// if they name an AWS host.
    pub fn endpoints_ignored_in_production(&self, service: Service) -> Vec<&'static str> {
        let is_local = |setting: &Setting| {
            service.in_stack().is_some()
                && !Endpoint::parse(setting).is_ok_and(|endpoint| is_aws_host(&endpoint.host))
        };
        let names = service.endpoint_variables().iter().copied();
        names.filter(|name| self.environment.get(name).is_some_and(|setting| !is_local(&setting))).collect()
    }

    /// Where `service` is, and how to sign for it.
    ///
    /// Locally this is the endpoint from the flag, a variable or the default, with the
    /// environment's credentials or dummies. A service that the local stack lacks is AWS's own,
    /// unless an endpoint is set for it.
    ///
    /// # Errors
    /// [`crate::error::Kind::Config`] when the endpoint is not a URL; [`crate::error::Kind::Usage`]
    /// when a profile is given for a local endpoint.
    pub fn aws(&self, service: Service) -> Result<AwsConfig> {
        self.aws_at(service, self.endpoint(service).as_ref())
    }

    /// The endpoint that the settings name; `None` for AWS's own. The project's stack may have it on another
    /// port.
    pub fn endpoint(&self, service: Service) -> Option<Setting> {
        let flag = self.flags.endpoint_url.clone();
        let named = flag.map(|value| Setting { value, source: Source::Flag("--endpoint-url") });
        match self.target {
            Target::Prod => named,
            Target::Local => named
                .or_else(|| self.environment.first(service.endpoint_variables()))
                .or_else(|| service.local_endpoint()),
        }
    }

    /// The port that the endpoint of `service` names, if it is on this machine; else `default`.
    pub(super) fn asked_endpoint(&self, service: Service, default: u16) -> Result<Asked> {
        if let Some(setting) = self.endpoint(service) {
            let endpoint = Endpoint::parse(&setting)?;
            if is_loopback(&endpoint.host) {
                return Ok(Asked { port: endpoint.port, source: setting.source });
            }
        }
        Ok(Asked { port: default, source: Source::Default })
    }

    /// `endpoint` on the port of the project's stack, if that is another than it names.
    pub(super) fn endpoint_on_stack(&self, service: Service, endpoint: &Setting) -> Result<Option<Setting>> {
        let (Some(part), Ok(parsed)) = (service.in_stack(), Endpoint::parse(endpoint)) else {
            return Ok(None);
        };
        if !is_loopback(&parsed.host) {
            return Ok(None);
        }
        let asked = Asked { port: parsed.port, source: endpoint.source.clone() };
        let moved = self.moved(part, &asked)?;
        Ok(moved.map(|port| Setting { value: parsed.url_on(&port.value), source: port.source }))
    }

    pub(super) fn aws_at(&self, service: Service, endpoint: Option<&Setting>) -> Result<AwsConfig> {
        let flags = &self.flags;
        let moved = endpoint.map_or(Ok(None), |endpoint| self.endpoint_on_stack(service, endpoint))?;
        let endpoint = moved.as_ref().or(endpoint).map(Endpoint::parse).transpose()?;
        let request_timeout = self.request_timeout(!is_emulated(endpoint.as_ref()));
        if self.target == Target::Prod || endpoint.is_none() {
            if endpoint.is_none() {
                self.refuse_dummies()?;
            }
            return Ok(AwsConfig {
                service,
                target: self.target,
                endpoint,
                region: flags.region.clone(),
                credentials: Credentials::Chain { profile: flags.profile.clone() },
                dry_run: flags.plan(),
                request_timeout,
                trace: self.trace.clone(),
                sts: None,
            });
        }
        if flags.profile.is_some() {
            return Err(Error::usage("--profile goes with --prod: local commands read no AWS profile"));
        }
        let value = |name: &str| self.environment.get(name).map(|setting| setting.value);
        let dummy = || DUMMY_CREDENTIAL.to_owned();
        Ok(AwsConfig {
            service,
            target: self.target,
            endpoint,
            region: self.region().or_else(|| Some(DUMMY_REGION.to_owned())),
            credentials: Credentials::Static {
                access_key_id: value("AWS_ACCESS_KEY_ID").unwrap_or_else(dummy),
                secret_access_key: value("AWS_SECRET_ACCESS_KEY").unwrap_or_else(dummy),
                session_token: value("AWS_SESSION_TOKEN"),
            },
            dry_run: flags.plan(),
            request_timeout,
            trace: self.trace.clone(),
            sts: None,
        })
    }

    /// Fails if the environment has the variables of `cruddur local env` or `exec`: AWS would refuse their
    /// credentials, and their region may be another than that of the profile.
    fn refuse_dummies(&self) -> Result<()> {
        match self.environment.get("AWS_ACCESS_KEY_ID") {
            Some(key) if key.value == DUMMY_CREDENTIAL => Err(Error::config(
                "this is the environment of the local stack: AWS_ACCESS_KEY_ID is \"local\"",
            )
            .hint(Reason::LocalCredentials)),
            _ => Ok(()),
        }
    }
}
