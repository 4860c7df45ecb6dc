//! The clients of a dry run: what reads goes out; anything else is noted and goes nowhere.

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
/// How many requests a plan holds, unless all are wanted.
const FIRST: usize = 5;

/// A request that a dry run did not send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnsentRequest {
    /// The service, by its name.
    pub service: Cow<'static, str>,
    /// The operation.
    pub operation: String,
    /// Its body as it would have been sent, or the parameters of a form.
    pub request: Value,
}

/// What a write takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WriteCost {
    /// Items that are put, updated or deleted.
    pub items: u64,
    /// Write units of the table.
    pub table_units: u64,
    /// Write units of its indexes, by name.
    pub index_units: BTreeMap<String, u64>,
    /// Whether it may take more: what an item holds now is not in a request that
    /// deletes or updates it.
    pub at_least: bool,
}

impl WriteCost {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.items += other.items;
        self.table_units += other.table_units;
        for (index, units) in other.index_units {
            *self.index_units.entry(index).or_default() += units;
        }
        self.at_least |= other.at_least;
    }

    /// Write units of the table and its indexes.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.table_units + self.index_units.values().sum::<u64>()
    }
}

/// What a dry run would have sent.
#[derive(Debug, Default)]
pub struct Plan {
    first: Vec<UnsentRequest>,
    /// The others, where they are wanted, one a line as JSON: memory does not grow with them.
    others: Option<File>,
    /// How many requests there are of each operation, in the order of the first of each.
    pub operations: Vec<(String, u64)>,
    /// What all of them take.
    pub cost: WriteCost,
}

impl Plan {
    /// Of one request.
    #[must_use]
    pub fn of(request: UnsentRequest) -> Self {
        Self { operations: vec![(request.operation.clone(), 1)], first: vec![request], ..Self::default() }
    }

    /// How many requests there are, those that are not held included.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.operations.iter().map(|(_, count)| count).sum()
    }

    /// Hands over each request that is held: the first ones, or all.
    ///
    /// # Errors
    /// Those of `each`, and when the others cannot be read again.
    pub fn each(&mut self, mut each: impl FnMut(&UnsentRequest) -> Result<()>) -> Result<()> {
        self.first.iter().try_for_each(&mut each)?;
        let Some(others) = &mut self.others else { return Ok(()) };
        let unreadable = || "cannot read the plan again".to_owned();
        others.rewind().or_failed(unreadable)?;
        for request in serde_json::Deserializer::from_reader(BufReader::new(others)).into_iter() {
            each(&request.or_failed(unreadable)?)?;
        }
        Ok(())
    }

    /// The first request.
    #[must_use]
    pub fn into_first(self) -> Option<UnsentRequest> {
        self.first.into_iter().next()
    }

    /// How many requests [`Plan::each`] hands over.
    #[must_use]
    pub fn held(&self) -> u64 {
        if self.others.is_some() { self.count() } else { self.first.len() as u64 }
    }

    fn count_one(&mut self, operation: &str) {
        match self.operations.iter_mut().find(|(name, _)| name == operation) {
            Some((_, count)) => *count += 1,
            None => self.operations.push((operation.to_owned(), 1)),
        }
    }

    /// Holds a request, if there is a place for it.
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

/// Says what a request takes.
type Measure = Arc<dyn Fn(&str, &[u8]) -> WriteCost + Send + Sync>;

/// Notes what one client does not send.
#[derive(Clone)]
pub(crate) struct DryRun {
    service: Service,
    /// Whether every request is to be held.
    wants_all: bool,
    plan: Arc<Mutex<Plan>>,
    measure: Measure,
}

impl DryRun {
    pub(crate) fn new(service: Service, wants_all: bool) -> Self {
        Self { service, wants_all, plan: Arc::default(), measure: Arc::new(|_, _| WriteCost::default()) }
    }

    /// The same, with a measure of what a request takes.
    pub(crate) fn measuring(
        self,
        measure: impl Fn(&str, &[u8]) -> WriteCost + Send + Sync + 'static,
    ) -> Self {
        Self { measure: Arc::new(measure), ..self }
    }

    /// What has been noted since the last time.
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

    /// The request is as it would go out, and neither signed nor sent yet; an error
    /// ends it here.
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
