//! Item attributes on the command line, without DynamoDB's JSON.

use std::path::Path;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use clap::Args;

use crate::commands::common::read_bytes;
use crate::dynamodb::item::expression::is_number;
use crate::dynamodb::item::json;
use crate::dynamodb::{Item, KeyAttribute, KeyKind, KeySchema, TableSchema};
use crate::error::{Error, Result};

/// The key of one item.
#[derive(Debug, Clone, Args)]
pub(in crate::commands) struct KeyArgs {
    /// The item's key: NAME=VALUE for each key attribute, or the values alone, partition key first
    #[arg(value_name = "KEY", required = true, num_args = 1..=2)]
    key: Vec<String>,
}

impl KeyArgs {
    /// The key, with the attribute names and types of the table.
    pub(in crate::commands) fn key(&self, table: &str, schema: &KeySchema) -> Result<Item> {
        let named = |argument: &str| {
            let assignment = Assignment::of(argument)?;
            Some((schema.part(assignment.name)?, assignment.value.to_owned()))
        };
        let is_named = self.key.iter().any(|argument| named(argument).is_some());
        let mut key = Item::new();
        for (number, argument) in self.key.iter().enumerate() {
            let part = if is_named {
                named(argument)
            } else {
                schema.parts.get(number).map(|part| (part, argument.clone()))
            };
            let Some((part, value)) = part else {
                return Err(wrong_key(table, schema, &format!("{argument:?} is not part of the key")));
            };
            if key.insert(part.name.clone(), key_value(part, &value)?).is_some() {
                return Err(wrong_key(table, schema, &format!("{} is given twice", part.name)));
            }
        }
        match schema.parts.iter().find(|part| !key.contains_key(&part.name)) {
            None => Ok(key),
            Some(missing) => Err(wrong_key(table, schema, &format!("{} is missing", missing.name))),
        }
    }
}

fn wrong_key(table: &str, schema: &KeySchema, why: &str) -> Error {
    let words: Vec<String> = schema.names().map(|name| format!("{name}=…")).collect();
    Error::usage(format!("{why}: the key of the table {table:?} is {schema}"))
        .hint(format!("write: {}", words.join(" ")))
}

/// An item's attributes.
#[derive(Debug, Clone, Args)]
pub(in crate::commands) struct AttributeArgs {
    /// NAME=TEXT, NAME:=JSON, or NAME:TYPE=VALUE
    ///
    /// JSON is a number, true, false, null, a list or a map. TYPE is a DynamoDB type: S and B (in
    /// base64) also take a file's content as @FILE; SS, NS and BS take their members separated by
    /// commas; the others are N, BOOL, NULL, L and M. Key attributes need no type: the table
    /// defines it.
    #[arg(value_name = "ATTRIBUTE", required_unless_present = "item")]
    attributes: Vec<String>,
    /// Read attributes from a JSON object, plain or typed, in a file or on stdin (-); attributes on
    /// the command line override those of the same name
    #[arg(long, value_name = "FILE")]
    item: Option<String>,
}

impl AttributeArgs {
    /// The item. Its key is complete and of the right types.
    pub(in crate::commands) fn item(&self, table: &str, schema: &TableSchema) -> Result<Item> {
        let mut item = match &self.item {
            Some(file) => read_item(file, &schema.key)?,
            None => Item::new(),
        };
        let mut named: Vec<&str> = Vec::new();
        for argument in &self.attributes {
            let assignment = Assignment::of(argument).ok_or_else(|| {
                Error::usage(format!("{argument:?} is not an attribute"))
                    .hint("write NAME=TEXT, NAME:=JSON or NAME:TYPE=VALUE, such as likes:=3 or tags:SS=a,b")
            })?;
            if named.contains(&assignment.name) {
                return Err(Error::usage(format!("the attribute {} is given twice", assignment.name)));
            }
            named.push(assignment.name);
            item.insert(assignment.name.to_owned(), assignment.attribute(schema)?);
        }
        for part in &schema.key.parts {
            let Some(value) = item.get(&part.name) else {
                return Err(wrong_key(table, &schema.key, &format!("{} is missing", part.name)));
            };
            if !part.kind.is_of(value) {
                let why = format!("{} is not {}", part.name, part.kind);
                return Err(wrong_key(table, &schema.key, &why));
            }
        }
        Ok(item)
    }
}

/// `NAME=TEXT`, `NAME:=JSON` or `NAME:TYPE=VALUE`.
struct Assignment<'a> {
    name: &'a str,
    how: How<'a>,
    value: &'a str,
}

enum How<'a> {
    Text,
    Json,
    Typed(&'a str),
}

const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"];

impl<'a> Assignment<'a> {
    fn of(argument: &'a str) -> Option<Self> {
        let (left, value) = argument.split_once('=')?;
        let (name, how) = match left.rsplit_once(':') {
            Some((name, "")) => (name, How::Json),
            Some((name, kind)) if TYPES.contains(&kind) => (name, How::Typed(kind)),
            _ => (left, How::Text),
        };
        (!name.is_empty()).then_some(Self { name, how, value })
    }

    fn attribute(&self, schema: &TableSchema) -> Result<AttributeValue> {
        let (name, value) = (self.name, self.value);
        let wrong = |why: String| Error::usage(format!("the attribute {name}: {why}"));
        let key = std::iter::once(&schema.key)
            .chain(schema.indexes.iter().map(|index| &index.key))
            .find_map(|key| key.part(name));
        match (&self.how, key) {
            (How::Text, Some(part)) => key_value(part, value),
            (How::Text, None) => Ok(AttributeValue::S(value.to_owned())),
            (How::Json, _) => json::plain_value(value)
                .map_err(|problem| wrong(problem.message).hint(format!("for text write: {name}={value}"))),
            (How::Typed(kind), _) => typed(kind, value).map_err(wrong),
        }
    }
}

fn typed(kind: &str, value: &str) -> Result<AttributeValue, String> {
    let file = value.strip_prefix('@').filter(|_| matches!(kind, "S" | "B"));
    let bytes =
        file.map(|file| read_bytes(Path::new(file)).map_err(|error| error.to_string())).transpose()?;
    let members = || value.split(',').filter(|_| !value.is_empty());
    let blob = |text: &str| {
        aws_smithy_types::base64::decode(text).map(Blob::new).map_err(|_| format!("{text:?} is not base64"))
    };
    let number = |text: &str| {
        if is_number(text) { Ok(text.to_owned()) } else { Err(format!("{text:?} is not a number")) }
    };
    let plain = |what: &str| {
        let value = json::plain_value(value).map_err(|problem| problem.message)?;
        let is_it = matches!((what, &value), ("L", AttributeValue::L(_)) | ("M", AttributeValue::M(_)));
        if is_it { Ok(value) } else { Err(format!("its JSON is not of type {what}")) }
    };
    Ok(match (kind, bytes) {
        ("S", Some(bytes)) => {
            AttributeValue::S(String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned())?)
        }
        ("S", None) => AttributeValue::S(value.to_owned()),
        ("N", _) => AttributeValue::N(number(value)?),
        ("B", Some(bytes)) => AttributeValue::B(Blob::new(bytes)),
        ("B", None) => AttributeValue::B(blob(value)?),
        ("BOOL", _) => {
            AttributeValue::Bool(value.parse().map_err(|_| format!("{value:?} is neither true nor false"))?)
        }
        ("NULL", _) => AttributeValue::Null(true),
        ("SS", _) => AttributeValue::Ss(members().map(ToOwned::to_owned).collect()),
        ("NS", _) => AttributeValue::Ns(members().map(number).collect::<Result<_, _>>()?),
        ("BS", _) => AttributeValue::Bs(members().map(blob).collect::<Result<_, _>>()?),
        (kind, _) => plain(kind)?,
    })
}

/// A key attribute's value, of the type that the table declares.
fn key_value(part: &KeyAttribute, value: &str) -> Result<AttributeValue> {
    let wrong = |why: &str| Error::usage(format!("{}: {value:?} is {why}", part.name));
    match part.kind {
        KeyKind::Text => Ok(AttributeValue::S(value.to_owned())),
        KeyKind::Number if is_number(value) => Ok(AttributeValue::N(value.to_owned())),
        KeyKind::Number => Err(wrong("not a number")),
        KeyKind::Binary => match aws_smithy_types::base64::decode(value) {
            Ok(bytes) => Ok(AttributeValue::B(Blob::new(bytes))),
            Err(_) => Err(wrong("not base64, required for binary keys")),
        },
    }
}

/// Reads the object in a file. If the key's attributes are objects it is typed JSON: a key cannot be a map.
fn read_item(file: &str, key: &KeySchema) -> Result<Item> {
    let bytes = read_bytes(Path::new(file))?;
    let name = if file == "-" { "stdin" } else { file };
    let wrong =
        |problem: json::Problem| Error::failed(format!("{name}:{}: {}", problem.line, problem.message));
    let item = json::plain_item(&bytes, false);
    let is_typed = item.as_ref().is_ok_and(|item| {
        let mut parts = key.names().filter_map(|name| item.get(name)).peekable();
        parts.peek().is_some() && parts.all(|value| matches!(value, AttributeValue::M(_)))
    });
    if is_typed { json::typed_item(&bytes) } else { item }.map_err(wrong)
}
