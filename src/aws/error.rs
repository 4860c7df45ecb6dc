//! Errors of requests to a service, with the place and the reason.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::answers::Untaken;
use super::codes::{chain, not_sent, root_cause, untaken};
use super::endpoint::Endpoint;
use crate::config::{Service, Target};
use crate::error::{Error, Reason, span};

/// Codes that blame the credentials and not the request. EC2 has codes of its own for this, and
/// RequestExpired for temporary credentials that have expired.
/// Source: "Error codes for the Amazon EC2 API".
const CREDENTIAL_CODES: [&str; 16] = [
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorizedException",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Whether this is a refusal by the API that was asked. The SDK takes any JSON with a code for a
/// service's error, and some servers have several APIs.
pub(crate) fn is_refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let content_type = error.raw_response().and_then(|raw| raw.headers().get("content-type"));
    content_type.is_some_and(|content_type| content_type.starts_with("application/x-amz-json"))
        && super::code(error).is_some_and(|code| code != "UnknownOperationException")
}

impl Endpoint {
    /// The error when `what` failed: the service refused, or there was no response.
    pub(crate) fn error<E, R>(&self, what: &str, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        match error.as_service_error().and_then(|service| Some((service, service.code()?))) {
            Some((service, code)) => self.service_error(what, code, service.message()),
            None => self.transport_error(what, error),
        }
    }

    /// The error when the service refused.
    pub(crate) fn service_error(&self, what: &str, code: &str, message: Option<&str>) -> Error {
        let message = format!("{what} on {self}: {} [{code}]", message.unwrap_or("no message"));
        if CREDENTIAL_CODES.contains(&code) {
            return Error::config(message).hint(Reason::RefusedCredentials);
        }
        Error::failed(message)
    }

    /// The error when a response points back to the start of its page.
    pub(crate) fn repeats(&self, what: &str) -> Error {
        self.untaken(what, Untaken::Repeats)
    }

    fn untaken(&self, what: &str, why: Untaken) -> Error {
        let service = self.service.name();
        Error::failed(format!("{what}: {service} at {self} {why}"))
            .hint(format!("check that {service} answers there; an emulator may have a bug"))
    }

    /// The error when there was no response, or none that could be parsed.
    fn transport_error<E, R>(&self, what: &str, error: &SdkError<E, R>) -> Error
    where
        E: std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        if let Some(not_sent) = not_sent(error) {
            return Error::failed(format!("{what} on {self}: {not_sent}")).hint(Reason::NotSent);
        }
        let service = self.service.name();
        if let Some(untaken) = untaken(error) {
            return self.untaken(what, *untaken);
        }
        let no_credentials = chain(error).any(<dyn std::error::Error + 'static>::is::<CredentialsError>);
        if no_credentials {
            return Error::config(format!("{what} on {self}: no valid AWS credentials"))
                .because(root_cause(error))
                .hint(Reason::NoCredentials);
        }
        if matches!(error, SdkError::TimeoutError(_)) {
            let limit = span(self.request_timeout);
            return Error::failed(format!(
                "{what}: no complete answer from {service} at {self} within {limit}"
            ))
            .hint(Reason::Timeout(self.request_timeout));
        }
        let message = match error {
            // The service's own errors have a code, and do not get here.
            SdkError::ResponseError(_) | SdkError::ServiceError(_) => {
                let article = if self.service == Service::Ec2 { "an" } else { "a" };
                format!("{what}: what answers at {self} is not {article} {service} API")
            }
            _ => format!("{what}: cannot reach {service} at {self}"),
        };
        Error::failed(message).because(root_cause(error)).hint(self.unreachable()).hint(Reason::Transient)
    }

    /// The reason when nothing useful answers.
    fn unreachable(&self) -> Reason {
        match (self.service, self.target) {
            (Service::DynamoDb | Service::DynamoDbStreams | Service::Cognito, Target::Local)
                if self.loopback =>
            {
                Reason::NoLocalStack
            }
            (Service::DynamoDb | Service::DynamoDbStreams, Target::Local) => Reason::NoEmulator,
            _ => Reason::NoService,
        }
    }
}
