//! Conditions and attribute paths as people write them, converted to what the service accepts. Names
//! and values become placeholders: a name cannot be a reserved word, and a value needs no DynamoDB JSON.
//!
//! The language is the service's own, with values written in place:
//! `user_handle = 'nina' AND size(message) > 100`. Its grammar is in `docs/data-access.md`.

mod lexer;
mod parser;
mod path;
mod placeholders;

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use unicode_width::UnicodeWidthStr as _;

pub use self::lexer::is_number;
pub use self::path::{Path, Projection, Step};
pub use self::placeholders::Placeholders;
use crate::error::Error;

/// A condition: a filter, the condition of a write, or which keys to query.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    root: Node,
    source: String,
}

/// A node of a condition's syntax tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// At least one of them holds.
    Or(Vec<Node>),
    /// All of them hold.
    And(Vec<Node>),
    /// It does not hold.
    Not(Box<Node>),
    /// `=`, `<>`, `<`, `<=`, `>` or `>=`.
    Compare(Operand, &'static str, Operand),
    /// The first is between the second and the third, inclusive.
    Between(Operand, Operand, Operand),
    /// The first equals one of the others.
    In(Operand, Vec<Operand>),
    /// A function that returns true or false, such as `begins_with`.
    Function(&'static str, Vec<Operand>),
}

/// An operand of a comparison or a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// An attribute, or a part of one.
    Path(Path),
    /// A literal value.
    Value(AttributeValue),
    /// The size of an attribute, as the service counts it for the attribute's type.
    Size(Path),
}

/// Where an expression cannot be parsed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    text: String,
    /// Offset in bytes.
    at: usize,
    why: String,
}

impl SyntaxError {
    fn new(text: &str, at: usize, why: impl Into<String>) -> Self {
        Self { text: text.to_owned(), at: at.min(text.len()), why: why.into() }
    }

    /// The error for the flag or argument of this name.
    pub fn of(&self, name: &str) -> Error {
        Error::usage(format!("cannot read {name}: {self}"))
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of several lines, show only the one with the error.
        let before = self.text.get(..self.at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].lines().next().unwrap_or_default().replace('\t', " ");
        // A format's width has a limit.
        let indent = " ".repeat(before[start..].replace('\t', " ").width());
        write!(f, "{}\n  {line}\n  {indent}^", self.why)
    }
}

impl std::error::Error for SyntaxError {}

impl FromStr for Condition {
    type Err = SyntaxError;

    fn from_str(source: &str) -> Result<Self, SyntaxError> {
        Ok(Self { root: parser::condition(source)?, source: source.to_owned() })
    }
}

impl FromStr for Projection {
    type Err = SyntaxError;

    /// Reads `a,b.c,d[0]`.
    fn from_str(source: &str) -> Result<Self, SyntaxError> {
        parser::projection(source).map(Self::new)
    }
}

impl Condition {
    /// The condition that an attribute does not exist.
    pub fn is_missing(attribute: &str) -> Self {
        let path = Operand::Path(Path::of(attribute));
        Self {
            root: Node::Function("attribute_not_exists", vec![path]),
            source: format!("attribute_not_exists({attribute})"),
        }
    }

    /// The root of its syntax tree.
    pub const fn root(&self) -> &Node {
        &self.root
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The operands of a top-level AND, or the whole condition if there is none.
    pub fn parts(&self) -> &[Node] {
        match &self.root {
            Node::And(parts) => parts,
            root => std::slice::from_ref(root),
        }
    }

    /// The condition as the service accepts it. Its names and values go into `placeholders`.
    pub fn write(&self, placeholders: &mut Placeholders) -> String {
        self.root.write(placeholders)
    }
}

impl Node {
    fn write(&self, placeholders: &mut Placeholders) -> String {
        let mut joined = |nodes: &[Self], word: &str| {
            let parts: Vec<String> = nodes.iter().map(|node| node.grouped(placeholders)).collect();
            parts.join(word)
        };
        match self {
            Self::Or(nodes) => joined(nodes, " OR "),
            Self::And(nodes) => joined(nodes, " AND "),
            Self::Not(node) => format!("NOT {}", node.grouped(placeholders)),
            Self::Compare(left, sign, right) => {
                let left = left.write(placeholders);
                format!("{left} {sign} {}", right.write(placeholders))
            }
            Self::Between(what, from, to) => {
                let [what, from, to] = [what, from, to].map(|operand| operand.write(placeholders));
                format!("{what} BETWEEN {from} AND {to}")
            }
            Self::In(what, list) => {
                let what = what.write(placeholders);
                format!("{what} IN ({})", Operand::write_all(list, placeholders))
            }
            Self::Function(name, operands) => {
                format!("{name}({})", Operand::write_all(operands, placeholders))
            }
        }
    }

    fn grouped(&self, placeholders: &mut Placeholders) -> String {
        let text = self.write(placeholders);
        if matches!(self, Self::Or(_) | Self::And(_) | Self::Not(_)) { format!("({text})") } else { text }
    }
}

impl Operand {
    fn write(&self, placeholders: &mut Placeholders) -> String {
        match self {
            Self::Path(path) => path.write(placeholders),
            Self::Value(value) => placeholders.value(value),
            Self::Size(path) => format!("size({})", path.write(placeholders)),
        }
    }

    fn write_all(operands: &[Self], placeholders: &mut Placeholders) -> String {
        let operands: Vec<String> = operands.iter().map(|operand| operand.write(placeholders)).collect();
        operands.join(", ")
    }
}
