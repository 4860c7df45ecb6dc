//! The client for one user pool, and its errors.

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};

use crate::aws::{Aws, Endpoint, code, is_refusal};
use crate::config::{AwsConfig, UserPoolId};
use crate::error::{Error, Reason, Result};
use crate::secrets::hide;
use crate::trace::Trace;

/// A user pool.
pub struct UserPool {
    pub(super) client: Client,
    pub(super) id: String,
    pub(super) aws: Aws,
    trace: Trace,
    /// The configured id.
    setting: UserPoolId,
}

impl UserPool {
    /// Builds the client; sends no request.
    pub async fn connect(config: AwsConfig, pool: UserPoolId) -> Result<Self> {
        let aws = Aws::load(&config).await?;
        let trace = config.trace;
        let mut client = aws_sdk_cognitoidentityprovider::config::Builder::from(&aws.sdk);
        client.set_interceptors(aws.interceptors());
        let client = Client::from_conf(client.build());
        Ok(Self { client, id: pool.id().to_owned(), aws, trace, setting: pool })
    }

    /// The pool's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.aws.place
    }

    /// Whether a user pool API answers, even with a refusal.
    pub async fn answers(&self) -> bool {
        match self.client.describe_user_pool().user_pool_id(&self.id).send().await {
            // Any server may answer `{}`.
            Ok(output) => output.user_pool.is_some(),
            // Some emulators name no content type of the API's, but know that they lack the pool.
            Err(error) => is_refusal(&error) || code(&error) == Some("ResourceNotFoundException"),
        }
    }

    /// Keeps a password out of the trace, even if the service repeats it.
    pub(super) fn conceal(&self, password: &str) {
        self.trace.hide(password);
    }

    /// The error when `what` failed, without the password that was sent.
    pub(super) fn error_without<E, R>(&self, password: &str, what: &str, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let shown = self.endpoint().error(what, error);
        let (kind, message) = (shown.kind(), hide(shown.message(), [password]));
        shown.with(kind, message)
    }

    /// The error of a listing with `filter`.
    pub(super) fn error<E, R>(&self, filter: Option<&str>, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let place = self.endpoint();
        match (code(error), filter) {
            (Some("ResourceNotFoundException"), _) => {
                let shown = Error::failed(format!("there is no user pool {:?} on {place}", self.id));
                let home = self.setting.region();
                if home == place.region() {
                    shown.hint(format!(
                        "check {}, and which account the credentials belong to",
                        self.setting.source()
                    ))
                } else {
                    shown.hint(Reason::OtherRegion(home.to_owned(), place.region().to_owned()))
                }
            }
            (Some("InvalidParameterException"), Some(filter)) => {
                let why =
                    error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or("no message");
                Error::failed(format!("Cognito on {place} refuses the filter {filter:?}: {why}"))
                    .hint(Reason::BadFilter)
            }
            _ => place.error(&format!("cannot list the users of {}", self.id), error),
        }
    }
}
