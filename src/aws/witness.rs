//! Tells whether AWS is answering, whatever the endpoint's name: also behind a tunnel or a proxy on
//! this machine.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;

/// The end of every request id of AWS's DynamoDB. DynamoDB Local uses UUIDs; other emulators use 52
/// random characters.
const AWS_REQUEST_ID: &str = "VV4KQNSO5AEMVJF66Q9ASUAAJG";

/// Examines the first response of a client.
#[derive(Clone, Default)]
pub(super) struct Witness(Arc<OnceLock<bool>>);

impl Witness {
    /// Whether it came from AWS; `None` before the first response.
    pub(super) fn says_aws(&self) -> Option<bool> {
        self.0.get().copied()
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}

impl Intercept for Witness {
    fn name(&self) -> &'static str {
        "Witness"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(response) = context.response() {
            self.0.get_or_init(|| is_aws(response.headers()));
        }
        Ok(())
    }
}

/// Whether these headers come from AWS. Its front end calls itself `Server`. A proxy may replace
/// that name, but keeps the request id.
fn is_aws(headers: &Headers) -> bool {
    headers.get("server") == Some("Server")
        || headers.get("x-amzn-requestid").is_some_and(|id| id.ends_with(AWS_REQUEST_ID))
}
