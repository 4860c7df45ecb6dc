//! Query: the items of one partition of a table or an index, page by page.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};

use crate::dynamodb::item::expression::{Condition, Node, Operand, Placeholders, Projection};
use crate::dynamodb::{Capacity, DynamoDb, Item, KeyKind, KeySchema, TableSchema, Usage};
use crate::error::{Error, Reason, Result};

/// What to read.
#[derive(Debug, Clone)]
pub struct QueryRequest {
    /// The table.
    pub table: String,
    /// The index; `None` for the table itself.
    pub index: Option<String>,
    /// A value for each attribute of the partition key, and optionally a condition on the sort key.
    pub key: Condition,
    /// Return only items that match. This does not reduce what is consumed.
    pub filter: Option<Condition>,
    /// Return only these attributes. This does not reduce what is consumed.
    pub attributes: Option<Projection>,
    /// Stop after this many items.
    pub limit: Option<usize>,
    /// Return items in descending order of the sort key.
    pub descending: bool,
    /// Read consistently, for twice the units; not possible on a global index.
    pub consistent: bool,
    /// Count the items and return none.
    pub count_only: bool,
}

/// A query in progress. Call [`Query::next_page`] until it returns `None`.
pub struct Query {
    db: DynamoDb,
    table: String,
    request: QueryFluentBuilder,
    filtered: bool,
    left: Option<usize>,
    start: Option<Item>,
    done: bool,
    /// Items found so far.
    pub count: usize,
    capacity: Capacity,
}

impl DynamoDb {
    /// Starts a query. Describes the table, but reads no items yet.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when there is no such table or index;
    /// [`crate::error::Kind::Usage`] when the key condition does not fit the key, or a global index is to
    /// be read consistently.
    pub async fn query(&self, request: QueryRequest) -> Result<Query> {
        let schema = self.table_schema(&request.table).await?;
        let key = match &request.index {
            None => &schema.key,
            Some(name) => {
                let Some(index) = schema.index(name) else {
                    let names: Vec<&str> = schema.indexes.iter().map(|index| index.name.as_str()).collect();
                    return Err(self.no_index(&request.table, name, &names));
                };
                if request.consistent && !index.local {
                    return Err(Error::usage(format!(
                        "the global index {name:?} has no consistent reads: it lags behind the table"
                    ))
                    .hint(Reason::ConsistentIndex));
                }
                &index.key
            }
        };
        check_key(&request, key, &schema)?;
        let mut placeholders = Placeholders::default();
        let condition = request.key.write(&mut placeholders);
        let filter = request.filter.as_ref().map(|filter| filter.write(&mut placeholders));
        let projection = request.attributes.as_ref().map(|paths| paths.write(&mut placeholders));
        let filtered = filter.is_some();
        let query = self
            .client
            .query()
            .table_name(&request.table)
            .set_index_name(request.index)
            .key_condition_expression(condition)
            .set_filter_expression(filter)
            .set_projection_expression(projection)
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .scan_index_forward(!request.descending)
            .set_select(request.count_only.then_some(Select::Count))
            .set_consistent_read(request.consistent.then_some(true));
        Ok(Query {
            db: self.clone(),
            table: request.table,
            request: query,
            filtered,
            left: request.limit,
            start: None,
            done: request.limit == Some(0),
            count: 0,
            capacity: Capacity::default(),
        })
    }
}

impl Query {
    /// The next page, which may be empty; `None` after the last one.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Item>>> {
        if self.done {
            return Ok(None);
        }
        // Not with a filter: a small page may have no matching item.
        let most = self.left.filter(|_| !self.filtered);
        let request = self
            .request
            .clone()
            .set_limit(most.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(self.start.take());
        let answer = request.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        let answer = answer.map_err(|error| self.db.error("cannot query", &self.table, &error))?;
        self.capacity.add(&answer);
        let mut found = usize::try_from(answer.count).unwrap_or_default();
        let mut items = answer.items.unwrap_or_default();
        if let Some(left) = &mut self.left {
            items.truncate(*left);
            found = found.min(*left);
            *left -= found;
        }
        self.count += found;
        self.start = answer.last_evaluated_key;
        self.done = self.start.is_none() || self.left == Some(0);
        Ok(Some(items))
    }

    /// What it has consumed so far, and where.
    pub fn usage(&self) -> Usage {
        self.db.usage(self.capacity.clone(), Capacity::default())
    }
}

/// Checks that the condition fits the key. The service's own error names neither the key nor an index
/// that would fit.
fn check_key(request: &QueryRequest, key: &KeySchema, table: &TableSchema) -> Result<()> {
    let of = match &request.index {
        Some(index) => format!("the key of the index {index:?}"),
        None => format!("the key of the table {:?}", request.table),
    };
    let mut equal: Vec<&str> = Vec::new();
    for part in request.key.parts() {
        let (name, values) = key_part(part).ok_or_else(|| {
            Error::usage(format!("{:?} is not a key condition", request.key.source()))
                .hint("write PARTITION KEY = value, then optionally AND and =, <, <=, >, >=, BETWEEN or begins_with of the sort key")
                .hint(Reason::NotKeyCondition)
        })?;
        let Some(attribute) = key.part(name) else {
            let index = table.indexes.iter().find(|index| index.key.is_partition(name));
            let index = index.map(|index| index.name.clone());
            return Err(Error::usage(format!("{name} is not in {of}, which is {key}"))
                .hint(Reason::NotInKey(name.to_owned(), index)));
        };
        if values.iter().any(|value| !attribute.kind.is_of(value)) {
            return Err(Error::usage(format!("{name} is {}: {}", attribute.kind, attribute.kind.spelt())));
        }
        if matches!(part, Node::Compare(_, "=", _)) {
            equal.push(name);
        } else if key.is_partition(name) {
            return Err(Error::usage(format!("{name} is the partition key: it takes only =")));
        }
    }
    match key.parts.iter().take(key.partition).find(|part| !equal.contains(&part.name.as_str())) {
        None => Ok(()),
        Some(missing) => Err(Error::usage(format!("the key condition has no {} = …", missing.name))
            .hint(format!("{of} is {key}"))),
    }
}

/// The attribute that a part of a key condition is about, and the values it is compared with.
fn key_part(part: &Node) -> Option<(&str, Vec<&AttributeValue>)> {
    fn name(operand: &Operand) -> Option<&str> {
        match operand {
            Operand::Path(path) => path.attribute(),
            Operand::Value(_) | Operand::Size(_) => None,
        }
    }
    fn value(operand: &Operand) -> Option<&AttributeValue> {
        match operand {
            Operand::Value(value) => Some(value),
            Operand::Path(_) | Operand::Size(_) => None,
        }
    }
    match part {
        Node::Compare(left, sign, right) if *sign != "<>" => Some((name(left)?, vec![value(right)?])),
        Node::Between(what, from, to) => Some((name(what)?, vec![value(from)?, value(to)?])),
        Node::Function("begins_with", operands) => match operands.as_slice() {
            [what, start] => Some((name(what)?, vec![value(start)?])),
            _ => None,
        },
        _ => None,
    }
}

impl KeyKind {
    /// Whether a value has this type.
    pub const fn is_of(self, value: &AttributeValue) -> bool {
        matches!(
            (self, value),
            (Self::Text, AttributeValue::S(_))
                | (Self::Number, AttributeValue::N(_))
                | (Self::Binary, AttributeValue::B(_))
        )
    }

    /// How to write a value of this type in an expression.
    const fn spelt(self) -> &'static str {
        match self {
            Self::Text => "write its value in quotes, 'like this'",
            Self::Number => "write its value without quotes, as 12.5",
            Self::Binary => "write its value in base64, as b'AQI='",
        }
    }
}
