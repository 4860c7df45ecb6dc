//! Sends one page of a read.

use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity::Indexes;

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
        let answer = query.return_consumed_capacity(Indexes).send().await;
        let answer = answer.map_err(|error| self.error(reading.what, reading.table, &error))?;
        capacity.add(&answer);
        Ok(answer)
    }

    /// Sends one page of `scan`.
    pub(crate) async fn scan_page(
        &self,
        scan: ScanFluentBuilder,
        reading: Reading<'_>,
    ) -> Result<ScanOutput> {
        let answer = scan.return_consumed_capacity(Indexes).send().await;
        answer.map_err(|error| self.error(reading.what, reading.table, &error))
    }

    /// Sends `get`.
    pub(crate) async fn get_page(
        &self,
        get: GetItemFluentBuilder,
        reading: Reading<'_>,
        capacity: &mut Capacity,
    ) -> Result<GetItemOutput> {
        let answer = get.return_consumed_capacity(Indexes).send().await;
        let answer = answer.map_err(|error| self.error(reading.what, reading.table, &error))?;
        capacity.add(&answer);
        Ok(answer)
    }
}
