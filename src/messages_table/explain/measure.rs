//! Figures for requests that are not part of the pattern, and those requests.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};

use super::{Figures, Request};

/// Figures from the service, or in place of them.
pub(super) struct Measurement {
    pub(super) units: Option<f64>,
    pub(super) figures: Figures,
    pub(super) note: String,
    pub(super) requests: Vec<Request>,
}

impl Measurement {
    /// A measurement that starts at zero.
    pub(super) fn measured(note: impl Into<String>) -> Self {
        Self { units: Some(0.0), figures: Figures::Measured, note: note.into(), requests: Vec::new() }
    }

    /// No figures, and the reason.
    pub(super) fn nothing(note: impl Into<String>) -> Self {
        Self { units: None, figures: Figures::None, note: note.into(), requests: Vec::new() }
    }

    pub(super) fn add_units(&mut self, units: f64) {
        self.units = self.units.map(|sum| sum + units);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.add_units(other.units.unwrap_or_default());
        if !other.note.is_empty() {
            self.note = format!("{}; {}", self.note, other.note);
        }
        self.requests.extend(other.requests);
    }
}

/// A copy of `query`.
pub(super) fn repeated(client: &Client, query: &QueryInput) -> QueryFluentBuilder {
    client
        .query()
        .set_table_name(query.table_name.clone())
        .set_index_name(query.index_name.clone())
        .set_limit(query.limit)
        .set_consistent_read(query.consistent_read)
        .set_scan_index_forward(query.scan_index_forward)
        .set_exclusive_start_key(query.exclusive_start_key.clone())
        .set_filter_expression(query.filter_expression.clone())
        .set_key_condition_expression(query.key_condition_expression.clone())
        .set_expression_attribute_names(query.expression_attribute_names.clone())
        .set_expression_attribute_values(query.expression_attribute_values.clone())
}

/// A Scan that finds the same items as `query`, with everything in the filter.
pub(super) fn scan_like(client: &Client, query: &QueryInput, index: Option<String>) -> ScanFluentBuilder {
    let key = query.key_condition_expression.clone();
    let filter = match (key, &query.filter_expression) {
        (Some(key), Some(filter)) => Some(format!("({key}) AND ({filter})")),
        (key, filter) => key.or_else(|| filter.clone()),
    };
    client
        .scan()
        .set_table_name(query.table_name.clone())
        .set_consistent_read(query.consistent_read)
        .set_index_name(index)
        .set_filter_expression(filter)
        .set_expression_attribute_names(query.expression_attribute_names.clone())
        .set_expression_attribute_values(query.expression_attribute_values.clone())
        .select(Select::Count)
        .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
}
