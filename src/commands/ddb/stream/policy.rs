//! `cruddur ddb stream policy`

use clap::Args;

use crate::commands::ddb::TableArgs;
use crate::context::Context;
use crate::error::{Context as _, Error, Result};
use crate::messages_table::{Grantee, Policy};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # for the role of a Lambda function
  cruddur ddb stream policy --account 123456789012 --region eu-central-1
  # for whoever runs cruddur ddb stream run
  cruddur ddb stream policy --account 123456789012 --region eu-central-1 --for run";

#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// The AWS account of the table: 12 digits
    #[arg(long, value_name = "ID")]
    account: String,
    /// Who handles the stream
    #[arg(long = "for", value_name = "WHO", default_value = "lambda")]
    grantee: Grantee,
    /// Name of the Lambda function, for its log
    #[arg(long, value_name = "NAME", default_value = "cruddur-messaging-stream")]
    function: String,
    #[command(flatten)]
    table: TableArgs,
}

/// Needs neither network nor credentials.
pub(super) fn run(cx: &Context, ui: &mut Ui, args: &PolicyArgs) -> Result<()> {
    let refuse = |what: &str| Err(Error::usage(what));
    if !is_account(&args.account) {
        return refuse(&format!(
            "--account {:?} is not an AWS account: use 12 digits, without dashes",
            args.account
        ));
    }
    let Some(region) = cx.config().region() else {
        return Err(Error::usage("a policy names its region, but none is set")
            .hint("give --region, or set AWS_REGION"));
    };
    if !is_region(&region) {
        return refuse(&format!("{region:?} is not an AWS region such as eu-central-1"));
    }
    if !is_function(&args.function) {
        return refuse(&format!(
            "{:?} is not a function name: use 1 to 64 letters, digits, dashes and underscores",
            args.function
        ));
    }
    let table = args.table.name(cx);
    if !is_table(&table) {
        return refuse(&format!(
            "{table:?} is not a table name: use 3 to 255 letters, digits, dots, dashes and underscores"
        ));
    }
    let policy = Policy::new(args.grantee, &args.account, &region, &table, &args.function);
    let text = serde_json::to_string_pretty(&policy).or_failed(|| "cannot write the policy".to_owned())?;
    ui.json(&text)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_function(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Matches `eu-central-1` and `us-gov-west-1`: words of lower-case letters, then a number.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    words.len() >= 2 && words.iter().all(is_word) && is_number
}

fn is_table(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (3..=255).contains(&text.len()) && text.bytes().all(is_plain)
}
