//! Whether it is AWS that answers, whatever the endpoint is called: at the other end of a
//! tunnel or a proxy on this machine, too.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;

/// How each request id of AWS's DynamoDB ends. DynamoDB Local's are UUIDs; other emulators
/// draw 52 characters at random.
const AWS_REQUEST_ID: &str = "VV4KQNSO5AEMVJF66Q9ASUAAJG";

/// Looks at the first answer of a client.
#[derive(Clone, Default)]
pub(super) struct Witness(Arc<OnceLock<bool>>);

impl Witness {
    /// Whether it was AWS's; `None` as long as there was no answer.
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

/// AWS's front end calls itself `Server`; a proxy may put its own name there, but leaves the
/// id of the request alone.
fn is_aws(headers: &Headers) -> bool {
    headers.get("server") == Some("Server")
        || headers.get("x-amzn-requestid").is_some_and(|id| id.ends_with(AWS_REQUEST_ID))
}
