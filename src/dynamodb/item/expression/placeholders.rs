//! Placeholders for the names and values in the expressions of one request.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The names and values in the expressions of one request, each listed once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placeholders {
    names: Vec<String>,
    values: Vec<AttributeValue>,
}

impl Placeholders {
    /// The placeholder for an attribute's name.
    pub(super) fn name(&mut self, name: &str) -> String {
        let known = self.names.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        format!("#n{number}")
    }

    /// The placeholder for a value.
    pub(super) fn value(&mut self, value: &AttributeValue) -> String {
        let known = self.values.iter().position(|known| known == value);
        let number = known.unwrap_or_else(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        });
        format!(":v{number}")
    }

    /// The request's `ExpressionAttributeNames`; `None` instead of an empty map, which is not allowed.
    pub fn names(&self) -> Option<HashMap<String, String>> {
        let named = |(number, name): (usize, &String)| (format!("#n{number}"), name.clone());
        (!self.names.is_empty()).then(|| self.names.iter().enumerate().map(named).collect())
    }

    /// The request's `ExpressionAttributeValues`; `None` instead of an empty map, which is not allowed.
    pub fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        let valued = |(number, value): (usize, &AttributeValue)| (format!(":v{number}"), value.clone());
        (!self.values.is_empty()).then(|| self.values.iter().enumerate().map(valued).collect())
    }
}
