//! The service's errors.

/// An error as the service names it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: &'static str,
    pub(super) message: String,
}

pub(super) type Answer<T = serde_json::Value> = Result<T, Fault>;

impl Fault {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// A parameter that the service does not take.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// Somebody who may not, or is not who was said.
    pub(super) fn not_authorized(message: impl Into<String>) -> Self {
        Self::new("NotAuthorizedException", message)
    }

    /// The session of a challenge that has ended, or is somebody else's.
    pub(super) fn session() -> Self {
        Self::not_authorized("Invalid session for the user.")
    }

    /// A value outside the limits of the API's model.
    pub(super) fn constraint(value: impl std::fmt::Display, member: &str, rule: &str) -> Self {
        Self::parameter(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member \
             must {rule}"
        ))
    }

    /// A failure of this emulator.
    pub(super) fn internal(cause: &dyn std::error::Error) -> Self {
        Self::new("InternalErrorException", format!("the local user pool failed: {cause}"))
    }

    /// Whether it is a failure of this emulator and no answer to what was asked.
    pub(super) fn is_internal(&self) -> bool {
        self.kind == "InternalErrorException"
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(cause: rusqlite::Error) -> Self {
        Self::internal(&cause)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(cause: serde_json::Error) -> Self {
        Self::internal(&cause)
    }
}
