//! EC2's Query API: sends a signed form, and receives XML.
//!
//! `aws-sdk-ec2` would do the same for two calls, at the cost of minutes of build time
//! (docs/dependencies.md has the figures). Signing, timeouts and retries come from the SDK here
//! too; only the form and the XML are ours.

use aws_config::SdkConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::{
    StaticAuthSchemeOptionResolver, StaticAuthSchemeOptionResolverParams,
};
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthSchemeOptionResolver};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use http::header::{CONTENT_TYPE, USER_AGENT};
use roxmltree::{Document, Node};

use crate::aws::{Aws, Endpoint};
use crate::error::{Error, Reason, Result};

/// The API's only version.
const VERSION: &str = "2016-11-15";
const SERVICE: &str = "ec2";

/// Signs and sends requests to one EC2 endpoint.
pub(super) struct Query {
    aws: Aws,
    endpoint: String,
    signing: SharedRuntimePlugin,
}

impl Query {
    pub(super) fn new(aws: Aws) -> Result<Self> {
        Ok(Self { endpoint: endpoint(&aws.sdk)?, signing: signing(&aws.sdk), aws })
    }

    /// Where requests go.
    pub(super) const fn place(&self) -> &Endpoint {
        &self.aws.place
    }

    /// Calls `action`, and parses the response's root element with `read`, which returns `None`
    /// when the response does not come from EC2. The action must be idempotent.
    pub(super) async fn send<T>(
        &self,
        action: &'static str,
        parameters: &[(String, String)],
        read: fn(Node) -> Option<T>,
    ) -> Result<T, SdkError<ErrorMetadata, HttpResponse>>
    where
        T: std::fmt::Debug + Send + Sync + 'static,
    {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", VERSION)
            .extend_pairs(parameters)
            .finish();
        let operation = self
            .aws
            .operation(SERVICE, action, &self.endpoint)
            .runtime_plugin(self.signing.clone())
            .serializer(request)
            .deserializer(move |response| answer(response, action, read));
        operation.build().invoke(form).await
    }
}

/// The configured endpoint, or else the region's own. China has a domain of its own; all other
/// regions in which one can open an account share one.
/// Source: "Amazon EC2 service endpoints" in the EC2 developer guide.
fn endpoint(sdk: &SdkConfig) -> Result<String> {
    if let Some(url) = sdk.endpoint_url() {
        return Ok(url.to_owned());
    }
    let region = sdk.region().map(ToString::to_string).unwrap_or_default();
    // It becomes part of the host name: a slash in it would lead elsewhere.
    if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(Error::config(format!("{region:?} is not an AWS region")).hint(Reason::BadRegion));
    }
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(format!("https://{SERVICE}.{region}.{domain}"))
}

/// Signature Version 4 with the SDK's credentials, including the session token.
fn signing(sdk: &SdkConfig) -> SharedRuntimePlugin {
    let mut config = Layer::new("signing");
    config.store_put(AuthSchemeOptionResolverParams::from(StaticAuthSchemeOptionResolverParams::new()));
    config.store_put(SigV4OperationSigningConfig {
        region: sdk.region().cloned().map(SigningRegion::from),
        region_set: None,
        name: Some(SigningName::from_static(SERVICE)),
        signing_options: SigningOptions::default(),
    });
    let mut components = RuntimeComponentsBuilder::new("signing")
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
        )))
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_identity_cache(Some(sdk.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build())));
    if let Some(credentials) = sdk.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    SharedRuntimePlugin::new(
        StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components),
    )
}

fn request(form: String) -> Result<HttpRequest, BoxError> {
    let request = http::Request::post("/")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
        .header(USER_AGENT, concat!("cruddur/", env!("CARGO_PKG_VERSION")))
        .body(SdkBody::from(form))?;
    Ok(request.try_into()?)
}

fn answer<T>(
    response: &HttpResponse,
    action: &str,
    read: fn(Node) -> Option<T>,
) -> Result<T, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    let text = std::str::from_utf8(body).map_err(OrchestratorError::other)?;
    let document = Document::parse(text).map_err(OrchestratorError::other)?;
    let root = document.root_element();
    let name = root.tag_name().name();
    if let Some(error) = error(root) {
        return Err(OrchestratorError::operation(error));
    }
    let answers = response.status().is_success() && name.strip_suffix("Response") == Some(action);
    answers.then(|| read(root)).flatten().ok_or_else(|| {
        OrchestratorError::other(format!("its answer <{name}> is not EC2's answer to {action}"))
    })
}

/// The error in `<Response><Errors><Error>`, if there is one.
fn error(root: Node) -> Option<ErrorMetadata> {
    let error = child(child(root, "Errors")?, "Error")?;
    Some(
        ErrorMetadata::builder()
            .code(text(error, "Code")?)
            .message(text(error, "Message").unwrap_or_default())
            .build(),
    )
}

/// The first child element with this name.
pub(super) fn child<'a, 'input>(node: Node<'a, 'input>, name: &'static str) -> Option<Node<'a, 'input>> {
    children(node, name).next()
}

/// The child elements with this name, in any namespace.
pub(super) fn children<'a, 'input>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(move |child| child.tag_name().name() == name)
}

/// The text of the first child element with this name; `None` if it has none.
pub(super) fn text<'a>(node: Node<'a, '_>, name: &'static str) -> Option<&'a str> {
    child(node, name)?.text()
}
