//! What an error of the SDK is, by its code and its causes.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::answers::Untaken;
use super::dry_run::NotSent;

/// The service's error code, if the service answered.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Whether a dry run stopped the request.
pub(crate) fn is_not_sent<E, R>(error: &SdkError<E, R>) -> bool
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    not_sent(error).is_some()
}

/// Whether the response was rejected. A retry would get the same response.
pub(crate) fn is_untaken<E, R>(error: &SdkError<E, R>) -> bool
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    untaken(error).is_some()
}

pub(super) fn untaken<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Untaken> {
    chain(error).find_map(<dyn std::error::Error>::downcast_ref)
}

pub(super) fn not_sent<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a NotSent> {
    chain(error).find_map(<dyn std::error::Error>::downcast_ref)
}

/// The innermost cause. The layers around it ("dispatch failure", "io error") add nothing to the message.
pub(super) fn root_cause(error: &(dyn std::error::Error + 'static)) -> anyhow::Error {
    anyhow::Error::msg(chain(error).last().map(ToString::to_string).unwrap_or_default())
}

pub(super) fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause.source())
}
