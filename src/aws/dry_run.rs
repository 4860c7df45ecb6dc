//! The clients of a dry run: what reads goes out; anything else is noted and goes nowhere.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::Serialize;
use serde_json::Value;

use crate::config::Service;

/// All that a dry run sends. An operation that is not here is taken for one that writes.
const READS: [&str; 21] = [
    "BatchGetItem",
    "DescribeContinuousBackups",
    "DescribeEndpoints",
    "DescribeLimits",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeStream",
    "DescribeTable",
    "DescribeTimeToLive",
    "DescribeUserPool",
    "GetCallerIdentity",
    "GetItem",
    "GetRecords",
    "GetShardIterator",
    "ListStreams",
    "ListTables",
    "ListTagsOfResource",
    "ListUsers",
    "Query",
    "Scan",
    "TransactGetItems",
];
/// How many requests a plan holds whole; of the others, it holds the number.
const WHOLE: usize = 5;

/// A request that a dry run did not send.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unsent {
    /// The service, by its name.
    pub service: &'static str,
    /// The operation.
    pub operation: String,
    /// Its body as it would have been sent, or the parameters of a form.
    pub request: Value,
}

/// What a write takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Effort {
    /// Items that are put, updated or deleted.
    pub items: u64,
    /// Write units of the table.
    pub table_units: u64,
    /// Write units of its index.
    pub index_units: u64,
    /// Whether it may take more: what an item holds now is not in a request that
    /// deletes or updates it.
    pub at_least: bool,
}

impl Effort {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.items += other.items;
        self.table_units += other.table_units;
        self.index_units += other.index_units;
        self.at_least |= other.at_least;
    }
}

/// What a dry run would have sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The first requests.
    pub requests: Vec<Unsent>,
    /// How many there are, those that are not held included.
    pub count: u64,
    /// What all of them take.
    #[serde(flatten)]
    pub effort: Effort,
}

/// Notes what one client does not send.
#[derive(Clone)]
pub(crate) struct DryRun {
    service: Service,
    plan: Arc<Mutex<Plan>>,
    measure: fn(&str, &[u8]) -> Effort,
}

impl DryRun {
    pub(crate) fn new(service: Service) -> Self {
        Self { service, plan: Arc::default(), measure: |_, _| Effort::default() }
    }

    /// The same, with a measure of what a request takes.
    pub(crate) fn measuring(self, measure: fn(&str, &[u8]) -> Effort) -> Self {
        Self { measure, ..self }
    }

    /// What has been noted since the last time.
    pub(crate) fn take(&self) -> Plan {
        std::mem::take(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, operation: &str, request: impl FnOnce() -> Value, effort: Effort) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.count += 1;
        plan.effort.add(effort);
        if plan.requests.len() < WHOLE {
            let service = self.service.name();
            plan.requests.push(Unsent { service, operation: operation.to_owned(), request: request() });
        }
    }
}

impl fmt::Debug for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DryRun")
    }
}

impl Intercept for DryRun {
    fn name(&self) -> &'static str {
        "DryRun"
    }

    /// The request is as it would go out, and neither signed nor sent yet; an error
    /// ends it here.
    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("an unknown operation", Metadata::name);
        if READS.contains(&operation) {
            return Ok(());
        }
        let body = context.request().body().bytes().unwrap_or_default();
        if self.service == Service::Ec2 && asks_only(body) {
            return Ok(());
        }
        self.note(operation, || shown(body), (self.measure)(operation, body));
        Err(NotSent(operation.to_owned()).into())
    }
}

/// Whether EC2 itself is asked for a dry run.
fn asks_only(form: &[u8]) -> bool {
    form_urlencoded::parse(form).any(|(name, value)| name == "DryRun" && value == "true")
}

fn shown(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let pair = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            (name.into_owned(), Value::String(value.into_owned()))
        };
        Value::Object(form_urlencoded::parse(body).map(pair).collect())
    })
}

/// Why a request was not sent.
#[derive(Debug)]
pub(super) struct NotSent(pub(super) String);

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a dry run sends no {}", self.0)
    }
}

impl std::error::Error for NotSent {}
