//! Prints the definition for other tools that create tables. Everything is derived from the request
//! that creates the table.

use std::fmt::Write as _;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use serde_json::{Value, json};

use super::Definition;
use crate::aws::DryRun;
use crate::config::Service;
use crate::error::{Error, Result};

/// The form in which a definition is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Printed {
    /// Input for aws dynamodb create-table --cli-input-json
    Json,
    /// A resource for Terraform's AWS provider
    Terraform,
    /// A CloudFormation template, in JSON
    Cloudformation,
}

impl Definition {
    /// The definition of `table`, as the text of a file. Sends nothing.
    ///
    /// # Errors
    /// [`crate::error::Kind::Failed`] when the request cannot be built.
    pub async fn print(&self, table: &str, form: Printed) -> Result<String> {
        let request = self.as_sent(table).await?;
        Ok(match form {
            Printed::Json => format!("{request:#}\n"),
            Printed::Terraform => terraform(&request),
            Printed::Cloudformation => format!("{:#}\n", cloudformation(request)),
        })
    }

    /// The body of the request, captured from a client that sends nothing.
    async fn as_sent(&self, table: &str) -> Result<Value> {
        let dry_run = DryRun::new(Service::DynamoDb, false);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("none"))
            .credentials_provider(Credentials::new("none", "none", None, None, "nobody"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .interceptor(SharedInterceptor::new(dry_run.clone()));
        // Always fails, because nothing is sent.
        let _ = self.request(table)?.send_with(&Client::from_conf(config.build())).await;
        let unsent = dry_run.take().into_first();
        unsent
            .map(|unsent| unsent.request)
            .ok_or_else(|| Error::failed("the table's definition makes no request"))
    }
}

/// A template with the table. Its properties are the request's parameters, except that CloudFormation
/// does not have `StreamEnabled`.
fn cloudformation(mut request: Value) -> Value {
    if let Some(stream) = request.get_mut("StreamSpecification").and_then(Value::as_object_mut) {
        stream.remove("StreamEnabled");
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Cruddur's direct messages",
        "Resources": {
            "MessagesTable": {
                "Type": "AWS::DynamoDB::Table",
                // The messages must survive when the stack is deleted or changes the key.
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": request,
            },
        },
    })
}

/// A resource block. Source: "aws_dynamodb_table" in the AWS provider's documentation.
fn terraform(request: &Value) -> String {
    let mut block = Block::new("resource \"aws_dynamodb_table\" \"messages\"");
    block.set("name", &request["TableName"]);
    block.set("billing_mode", &request["BillingMode"]);
    block.units(request);
    block.key(request);
    block.set("stream_enabled", &request["StreamSpecification"]["StreamEnabled"]);
    block.set("stream_view_type", &request["StreamSpecification"]["StreamViewType"]);
    block.set("deletion_protection_enabled", &request["DeletionProtectionEnabled"]);
    for attribute in array(&request["AttributeDefinitions"]) {
        let mut inner = Block::new("attribute");
        inner.set("name", &attribute["AttributeName"]);
        inner.set("type", &attribute["AttributeType"]);
        block.inner.push(inner);
    }
    for index in array(&request["GlobalSecondaryIndexes"]) {
        let mut inner = Block::new("global_secondary_index");
        inner.set("name", &index["IndexName"]);
        inner.key(index);
        inner.set("projection_type", &index["Projection"]["ProjectionType"]);
        inner.units(index);
        block.inner.push(inner);
    }
    if !array(&request["Tags"]).is_empty() {
        let mut tags = Block::new("tags =");
        for tag in array(&request["Tags"]) {
            tags.set(&quoted(tag["Key"].as_str().unwrap_or_default()), &tag["Value"]);
        }
        block.inner.push(tags);
    }
    block.text("")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A block of HCL: arguments, then blocks.
struct Block {
    head: &'static str,
    arguments: Vec<(String, String)>,
    inner: Vec<Self>,
}

impl Block {
    const fn new(head: &'static str) -> Self {
        Self { head, arguments: Vec::new(), inner: Vec::new() }
    }

    /// Sets an argument, unless the request leaves it out.
    fn set(&mut self, name: &str, value: &Value) {
        let value = match value {
            Value::Null => return,
            Value::String(text) => quoted(text),
            other => other.to_string(),
        };
        self.arguments.push((name.to_owned(), value));
    }

    fn key(&mut self, of: &Value) {
        for part in array(&of["KeySchema"]) {
            let name = if part["KeyType"] == "HASH" { "hash_key" } else { "range_key" };
            self.set(name, &part["AttributeName"]);
        }
    }

    fn units(&mut self, of: &Value) {
        self.set("read_capacity", &of["ProvisionedThroughput"]["ReadCapacityUnits"]);
        self.set("write_capacity", &of["ProvisionedThroughput"]["WriteCapacityUnits"]);
    }

    /// Formats the block as `terraform fmt` does.
    fn text(&self, indent: &str) -> String {
        let mut text = format!("{indent}{} {{\n", self.head);
        let width = self.arguments.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &self.arguments {
            // Writing to a String never fails.
            let _ = writeln!(text, "{indent}  {name:width$} = {value}");
        }
        for block in &self.inner {
            let _ = write!(text, "\n{}", block.text(&format!("{indent}  ")));
        }
        text + indent + "}\n"
    }
}

/// An HCL string, with `${` and `%{` escaped: they would start a template.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([c, c]),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
