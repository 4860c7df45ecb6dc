//! Service errors, with the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::DynamoDb;
use crate::aws::{code, is_busy};
use crate::error::{Error, Reason};

/// The service's code for a table that does not exist.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// Whether the service itself failed. The request may have been carried out or not.
pub(crate) fn is_server_error<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().is_server_error())
}

/// Whether the service says that the table does not exist.
pub(crate) fn is_not_found<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == Some(NOT_FOUND)
}

impl DynamoDb {
    /// The error of a request: `what` failed on `table`, where, and why.
    pub(crate) fn error<E>(&self, what: &str, table: &str, error: &SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if is_not_found(error) {
            return self.missing(table);
        }
        let shown = self.endpoint().error(what, error);
        if is_busy(error) || is_server_error(error) { shown.hint(Reason::Transient) } else { shown }
    }

    /// The error for a table that does not exist.
    pub(crate) fn missing(&self, table: &str) -> Error {
        Error::failed(format!("there is no table {table:?} on {}", self.endpoint()))
            .hint(Reason::MissingTable(table.to_owned(), self.target()))
    }
}
