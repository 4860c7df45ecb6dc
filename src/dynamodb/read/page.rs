//! Sends a read with retries.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity::Indexes;

use crate::dynamodb::retry::with_retries;
use crate::dynamodb::{Capacity, DynamoDb};
use crate::error::Result;

/// A read of `table`, and the error message if it fails.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) what: &'a str,
    pub(crate) table: &'a str,
}

impl DynamoDb {
    /// Sends one page of `query`.
    pub(crate) async fn query_page(
        &self,
        query: QueryFluentBuilder,
        reading: Reading<'_>,
        capacity: &mut Capacity,
    ) -> Result<QueryOutput> {
        let query = query.return_consumed_capacity(Indexes);
        let answer = self.answer(|| query.clone().send(), reading, capacity.pages > 0).await?;
        capacity.add(&answer);
        Ok(answer)
    }

    /// Sends one page of `scan`. `answered`: see [`with_retries`].
    pub(crate) async fn scan_page(
        &self,
        scan: ScanFluentBuilder,
        reading: Reading<'_>,
        answered: bool,
    ) -> Result<ScanOutput> {
        let scan = scan.return_consumed_capacity(Indexes);
        self.answer(|| scan.clone().send(), reading, answered).await
    }

    /// Sends `get`.
    pub(crate) async fn get_page(
        &self,
        get: GetItemFluentBuilder,
        reading: Reading<'_>,
        capacity: &mut Capacity,
    ) -> Result<GetItemOutput> {
        let get = get.return_consumed_capacity(Indexes);
        let answer = self.answer(|| get.clone().send(), reading, capacity.pages > 0).await?;
        capacity.add(&answer);
        Ok(answer)
    }

    async fn answer<T, E, F>(
        &self,
        send: impl Fn() -> F,
        Reading { what, table }: Reading<'_>,
        answered: bool,
    ) -> Result<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        // Boxed, because it would make the future of every read large.
        let answer = Box::pin(with_retries(self, answered, send)).await;
        answer.map_err(|error| self.error(what, table, &error))
    }
}
