//! The service's errors, with the table, the place and the command that helps.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::DynamoDb;
use crate::config::{DEFAULT_TABLE, Target};
use crate::error::{Error, Kind};

/// The service's code for a table that is not there.
const NOT_FOUND: &str = "ResourceNotFoundException";
/// Codes that mean the credentials, not the request, are at fault.
const CREDENTIAL_CODES: [&str; 7] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotAuthorizedException",
    "UnrecognizedClientException",
];

/// Codes that ask for patience: the table's or the account's rate is used up.
/// Source: "Error handling with DynamoDB" in the developer guide.
const THROTTLING_CODES: [&str; 3] =
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];

/// Whether the service asked to come back later.
pub(super) fn is_throttled<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error).is_some_and(|code| THROTTLING_CODES.contains(&code))
}

/// Whether the service said that the table is not there.
pub(super) fn is_not_found<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == Some(NOT_FOUND)
}

/// The service's code, when it was the service that answered.
pub(super) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

impl DynamoDb {
    /// An error of a request: `what` failed on `table`, where, and why.
    pub(super) fn error<E, R>(&self, what: &str, table: &str, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let place = self.place();
        if let Some(service) = error.as_service_error()
            && let Some(code) = service.code()
        {
            if code == NOT_FOUND {
                let prod = self.target.flag();
                let flag = if table == DEFAULT_TABLE { String::new() } else { format!(" --table {table}") };
                return Error::failed(format!("{what}: there is no table {table:?} on {place}"))
                    .hint(format!("run: cruddur ddb schema-load{flag}{prod}"))
                    .hint(format!("to see the tables there run: cruddur ddb list-tables{prod}"));
            }
            let kind = if CREDENTIAL_CODES.contains(&code) { Kind::Config } else { Kind::Failed };
            let message = service.message().unwrap_or("no message");
            return Error::new(kind, format!("{what} on {place}: {message} [{code}]"));
        }
        self.transport_error(what, error)
    }

    /// No answer came, or none that could be read.
    fn transport_error<E, R>(&self, what: &str, error: &SdkError<E, R>) -> Error
    where
        E: std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let place = self.place();
        let no_credentials = chain(error).any(<dyn std::error::Error + 'static>::is::<CredentialsError>);
        if no_credentials && self.target == Target::Prod {
            return Error::config(format!("{what} on {place}: no valid AWS credentials"))
                .because(root_cause(error))
                .hint("sign in (aws sso login), or name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
        }
        let message = match error {
            // DynamoDB's own errors have a code, and do not come here.
            SdkError::ResponseError(_) | SdkError::ServiceError(_) => {
                format!("{what}: what answers at {place} is not a DynamoDB API")
            }
            SdkError::TimeoutError(_) => format!("{what}: no answer in time from DynamoDB at {place}"),
            _ => format!("{what}: cannot reach DynamoDB at {place}"),
        };
        let error = Error::failed(message).because(root_cause(error));
        match self.target {
            Target::Local if self.is_loopback() => error.hint("run: cruddur local up"),
            Target::Local => error
                .hint("check the endpoint; the name of a container is known inside its network only")
                .hint("for the local stack add: --endpoint-url http://localhost:8000"),
            Target::Prod => error.hint("check the network, --region and --endpoint-url"),
        }
    }
}

/// The innermost cause: the layers around it ("dispatch failure", "io error")
/// say nothing that the message does not.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> anyhow::Error {
    anyhow::Error::msg(chain(error).last().map(ToString::to_string).unwrap_or_default())
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause.source())
}
