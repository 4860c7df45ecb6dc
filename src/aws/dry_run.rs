//! The clients of a dry run: they send reads, and record everything else instead of sending it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Seek as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Service;
use crate::error::{Context as _, Result};
use crate::secrets::without_credentials;

/// Every operation that a dry run sends. Any other one counts as a write.
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
/// How many requests a plan keeps, unless all are wanted.
const FIRST: usize = 5;

/// A request that a dry run did not send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnsentRequest {
    /// The name of the service.
    pub service: Cow<'static, str>,
    /// The operation.
    pub operation: String,
    /// The body that would have been sent, or the parameters of a form.
    pub request: Value,
}

/// The cost of a write.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WriteCost {
    /// Items that are put, updated or deleted.
    pub items: u64,
    /// Write units of the table.
    pub table_units: u64,
    /// Write units of its indexes, by name.
    pub index_units: BTreeMap<String, u64>,
    /// Whether it may take more: a request that deletes or updates an item does not show what the
    /// item holds now.
    pub at_least: bool,
}

impl WriteCost {
    /// Adds another cost to this one.
    pub fn add(&mut self, other: Self) {
        self.items += other.items;
        self.table_units += other.table_units;
        for (index, units) in other.index_units {
            *self.index_units.entry(index).or_default() += units;
        }
        self.at_least |= other.at_least;
    }

    /// Write units of the table and its indexes.
    pub fn units(&self) -> u64 {
        self.table_units + self.index_units.values().sum::<u64>()
    }
}

/// What a dry run would have sent.
#[derive(Debug, Default)]
pub struct Plan {
    first: Vec<UnsentRequest>,
    /// The rest, if all are wanted: one line of JSON each, in a file, so that memory stays constant.
    others: Option<File>,
    /// The number of requests of each operation, in the order of their first requests.
    pub operations: Vec<(String, u64)>,
    /// The total cost.
    pub cost: WriteCost,
}

impl Plan {
    /// The plan of one request.
    pub fn of(request: UnsentRequest) -> Self {
        Self { operations: vec![(request.operation.clone(), 1)], first: vec![request], ..Self::default() }
    }

    /// The number of requests, including those that are not kept.
    pub fn count(&self) -> u64 {
        self.operations.iter().map(|(_, count)| count).sum()
    }

    /// Calls `each` with every kept request: the first ones, or all.
    ///
    /// # Errors
    /// Those of `each`, and when the file cannot be read again.
    pub fn each(&mut self, mut each: impl FnMut(&UnsentRequest) -> Result<()>) -> Result<()> {
        self.first.iter().try_for_each(&mut each)?;
        let Some(others) = &mut self.others else { return Ok(()) };
        let unreadable = || "cannot reread the plan".to_owned();
        others.rewind().or_failed(unreadable)?;
        for request in serde_json::Deserializer::from_reader(BufReader::new(others)).into_iter() {
            each(&request.or_failed(unreadable)?)?;
        }
        Ok(())
    }

    /// The first request.
    pub fn into_first(self) -> Option<UnsentRequest> {
        self.first.into_iter().next()
    }

    /// How many requests [`Plan::each`] visits.
    pub fn held(&self) -> u64 {
        if self.others.is_some() { self.count() } else { self.first.len() as u64 }
    }

    fn count_one(&mut self, operation: &str) {
        match self.operations.iter_mut().find(|(name, _)| name == operation) {
            Some((_, count)) => *count += 1,
            None => self.operations.push((operation.to_owned(), 1)),
        }
    }

    /// Keeps a request, unless there are enough.
    fn hold(&mut self, wants_all: bool, request: impl FnOnce() -> UnsentRequest) -> io::Result<()> {
        if self.first.len() < FIRST {
            self.first.push(request());
            return Ok(());
        }
        if wants_all {
            let others = match &mut self.others {
                Some(others) => others,
                none => none.insert(tempfile::tempfile()?),
            };
            let mut line = serde_json::to_vec(&request())?;
            line.push(b'\n');
            others.write_all(&line)?;
        }
        Ok(())
    }
}

/// Computes the cost of a request.
type Measure = Arc<dyn Fn(&str, &[u8]) -> WriteCost + Send + Sync>;

/// Records what one client does not send.
#[derive(Clone)]
pub(crate) struct DryRun {
    service: Service,
    /// Whether to keep every request.
    wants_all: bool,
    plan: Arc<Mutex<Plan>>,
    measure: Measure,
}

impl DryRun {
    pub(crate) fn new(service: Service, wants_all: bool) -> Self {
        Self { service, wants_all, plan: Arc::default(), measure: Arc::new(|_, _| WriteCost::default()) }
    }

    /// The same, with a function that measures requests.
    pub(crate) fn measuring(
        self,
        measure: impl Fn(&str, &[u8]) -> WriteCost + Send + Sync + 'static,
    ) -> Self {
        Self { measure: Arc::new(measure), ..self }
    }

    /// Takes what was recorded since the last call.
    pub(crate) fn take(&self) -> Plan {
        std::mem::take(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, operation: &str, request: impl FnOnce() -> Value, cost: WriteCost) -> io::Result<()> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.count_one(operation);
        plan.cost.add(cost);
        plan.hold(self.wants_all, || UnsentRequest {
            service: self.service.name().into(),
            operation: operation.to_owned(),
            request: request(),
        })
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

    /// Ends a write with an error. At this point the request is complete, but neither signed nor sent.
    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("an unknown operation", Metadata::name);
        if READS.contains(&operation) {
            return Ok(());
        }
        let body = context.request().body().bytes().unwrap_or_default();
        if self.service == Service::Ec2 && asks_only(body) {
            return Ok(());
        }
        self.note(operation, || shown(body), (self.measure)(operation, body))?;
        Err(NotSent(operation.to_owned()).into())
    }
}

/// Whether the request asks EC2 itself for a dry run.
fn asks_only(form: &[u8]) -> bool {
    form_urlencoded::parse(form).any(|(name, value)| name == "DryRun" && value == "true")
}

fn shown(body: &[u8]) -> Value {
    serde_json::from_slice(&without_credentials(body)).unwrap_or_else(|_| {
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
