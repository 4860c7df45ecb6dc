//! Tracks whether a request may have been executed although its response never arrived.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Counts the attempts of one request without a usable response: none came, it broke off, or it was
/// a server error. The SDK retries by itself, and any of the attempts may have been executed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tries(Arc<AtomicUsize>);

impl Tries {
    /// Whether an earlier attempt may have been executed. If so, the service's response describes a
    /// state that the request itself may have created.
    pub(crate) fn went_unanswered(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Intercept for Tries {
    fn name(&self) -> &'static str {
        "Tries"
    }

    /// A dry run's writes do not get here.
    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_refused = context.response().is_some_and(|response| response.status().is_client_error());
        if is_refused || context.output_or_error().is_some_and(|output| output.is_ok()) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
