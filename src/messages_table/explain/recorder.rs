//! Records a client's requests as they are sent, and the responses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef, Input, Output,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use serde_json::Value;

use crate::dynamodb::item::size;
use crate::dynamodb::{Capacity, Item};

/// The input of a request, where it is needed.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Query(Box<QueryInput>),
    Transact(Box<TransactWriteItemsInput>),
    Other,
}

/// A request, and its response if there was one.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) operation: String,
    /// The body as it went over the wire, or would have gone.
    pub(super) request: Value,
    pub(super) asked: Asked,
    pub(super) answer: Option<Answered>,
}

/// The contents of a response.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) capacity: Capacity,
    /// Bytes of the items returned.
    pub(super) bytes: usize,
    /// The items themselves, if the recorder keeps them.
    pub(super) items: Vec<Item>,
}

/// A Query that got a response. The app's are eventually consistent.
#[derive(Clone, Copy)]
pub(super) struct AnsweredQuery<'a> {
    pub(super) query: &'a QueryInput,
    pub(super) answer: &'a Answered,
}

impl<'a> AnsweredQuery<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Option<Self> {
        match (&exchange.asked, &exchange.answer) {
            (Asked::Query(query), Some(answer)) => Some(Self { query, answer }),
            _ => None,
        }
    }

    /// Whether it reads an index.
    pub(super) fn is_indexed(self) -> bool {
        self.query.index_name.is_some()
    }

    pub(super) fn units(self) -> f64 {
        self.answer.capacity.total
    }

    /// The partition that it reads.
    pub(super) fn partition(self) -> Option<String> {
        let values = self.query.expression_attribute_values()?;
        let key = values.get(":pk").or_else(|| values.get(":group"))?;
        key.as_s().ok().cloned()
    }
}

/// Records a client's requests.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    log: Arc<Mutex<Vec<Exchange>>>,
    /// Whether it keeps the items of responses, not just their sizes.
    keeps_items: bool,
    /// Whether it only records requests and does not let them out.
    holds: bool,
}

impl Recorder {
    pub(super) fn new(keeps_items: bool) -> Self {
        Self { log: Arc::default(), keeps_items, holds: false }
    }

    /// A recorder that does not let requests out.
    pub(super) fn holding() -> Self {
        Self { holds: true, ..Self::new(false) }
    }

    /// Takes what has been recorded since the last call.
    pub(super) fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.log())
    }

    fn log(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The contents of `output`, if it is the response to a read.
    fn answered(&self, output: &Output) -> Option<Answered> {
        let mut capacity = Capacity::default();
        let items = if let Some(page) = output.downcast_ref::<QueryOutput>() {
            capacity.add(page);
            page.items()
        } else if let Some(page) = output.downcast_ref::<ScanOutput>() {
            capacity.add(page);
            page.items()
        } else {
            let answer = output.downcast_ref::<GetItemOutput>()?;
            capacity.add(answer);
            answer.item.as_slice()
        };
        let bytes = items.iter().map(size::item).sum();
        let items = if self.keeps_items { items.to_vec() } else { Vec::new() };
        Some(Answered { capacity, bytes, items })
    }

    fn with(&self, number: Option<&Number>, note: impl FnOnce(&mut Exchange)) {
        let mut log = self.log();
        if let Some(exchange) = number.and_then(|number| log.get_mut(number.0)) {
            note(exchange);
        }
    }
}

/// The index of a request's exchange in the log.
#[derive(Debug, Clone, Copy)]
struct Number(usize);

impl Storable for Number {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(|metadata| metadata.name().to_owned());
        let mut log = self.log();
        config.interceptor_state().store_put(Number(log.len()));
        log.push(Exchange {
            operation: operation.unwrap_or_default(),
            request: Value::Null,
            asked: Asked::of(context.input()),
            answer: None,
        });
        Ok(())
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request().body().bytes().unwrap_or_default();
        let request = serde_json::from_slice(body)?;
        self.with(config.load::<Number>(), |exchange| exchange.request = request);
        if self.holds { Err("held back".into()) } else { Ok(()) }
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(output) = context.output_or_error() {
            let answer = self.answered(output);
            self.with(config.load::<Number>(), |exchange| exchange.answer = answer);
        }
        Ok(())
    }
}

impl Asked {
    fn of(input: &Input) -> Self {
        if let Some(query) = input.downcast_ref::<QueryInput>() {
            Self::Query(Box::new(query.clone()))
        } else if let Some(transaction) = input.downcast_ref::<TransactWriteItemsInput>() {
            Self::Transact(Box::new(transaction.clone()))
        } else {
            Self::Other
        }
    }
}
