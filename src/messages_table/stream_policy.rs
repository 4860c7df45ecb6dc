//! The minimal permissions for handling the stream.

use serde::Serialize;

use crate::messages_table::names;

/// Who is to handle the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Grantee {
    /// The execution role of a Lambda function
    Lambda,
    /// Whoever runs cruddur ddb stream run
    Run,
}

/// An IAM policy. Serializes to its document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

impl Policy {
    /// Allows `grantee` to handle the current and any future stream of `table`. `function` is the
    /// Lambda's name, for its log.
    ///
    /// The actions are those of the requests that
    /// [`handle_records`](crate::messages_table::MessagesTable::handle_records) and
    /// [`Reader`](crate::dynamodb::streams::Reader) send. A transaction needs the permission for each
    /// of its actions, but none of its own.
    /// Source: "Using IAM with DynamoDB transactions" in the developer guide.
    pub fn new(grantee: Grantee, account: &str, region: &str, table: &str, function: &str) -> Self {
        let partition = partition(region);
        let table_arn = format!("arn:{partition}:dynamodb:{region}:{account}:table/{table}");
        let allow = |sid, action: &[&'static str], resource| Statement {
            sid,
            effect: "Allow",
            action: action.to_vec(),
            resource: vec![resource],
        };
        let mut read = vec!["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
        let mut rows = vec![
            "dynamodb:Query",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:DeleteItem",
            "dynamodb:ConditionCheckItem",
        ];
        match grantee {
            // The event source mapping calls this with the function's role.
            Grantee::Lambda => read.push("dynamodb:ListStreams"),
            // Needed to find the stream.
            Grantee::Run => rows.insert(0, "dynamodb:DescribeTable"),
        }
        let mut statement = vec![
            allow("ReadTheStream", &read, format!("{table_arn}/stream/*")),
            allow("RefreshTheRows", &rows, table_arn.clone()),
            allow("FindTheRows", &["dynamodb:Query"], format!("{table_arn}/index/{}", names::GROUP_INDEX)),
        ];
        if grantee == Grantee::Lambda {
            let log = format!("arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{function}:*");
            statement.push(allow("WriteTheLog", &["logs:CreateLogStream", "logs:PutLogEvents"], log));
        }
        Self { version: "2012-10-17", statement }
    }
}

/// The AWS partition of a region.
/// Source: "Amazon Resource Names (ARNs)" in the IAM reference.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}
