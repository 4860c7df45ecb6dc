//! Service errors, with the table and the command that helps.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::DynamoDb;
use crate::aws::code;
use crate::config::DEFAULT_TABLE;
use crate::error::Error;

/// The service's code for a table that does not exist.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// Throttling codes: the rate of the table or of the account is exceeded.
/// Source: "Error handling with DynamoDB" in the developer guide.
const THROTTLING_CODES: [&str; 3] =
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];

/// Whether the request was throttled.
pub(crate) fn is_throttled<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error).is_some_and(|code| THROTTLING_CODES.contains(&code))
}

/// Whether the service itself failed. The request may have been carried out or not.
pub(crate) fn is_server_error<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().is_server_error())
}

/// Whether the service says that the table does not exist.
pub(crate) fn is_not_found<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == Some(NOT_FOUND)
}

/// ` --table NAME`, if a command needs it.
pub(crate) fn table_flag(table: &str) -> String {
    if table == DEFAULT_TABLE { String::new() } else { format!(" --table {table}") }
}

impl DynamoDb {
    /// The error of a request: `what` failed on `table`, where, and why.
    pub(crate) fn error<E, R>(&self, what: &str, table: &str, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        if is_not_found(error) { self.missing(table) } else { self.place().error(what, error) }
    }

    /// The error for a table that does not exist.
    pub(crate) fn missing(&self, table: &str) -> Error {
        let prod = self.target().flag();
        let flag = table_flag(table);
        Error::failed(format!("there is no table {table:?} on {}", self.place()))
            .for_missing_table(table)
            .hint(format!("run: cruddur ddb schema-load{flag}{prod}"))
            .hint(format!("to see the tables there run: cruddur ddb list-tables{prod}"))
    }
}
