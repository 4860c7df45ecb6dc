//! `cruddur ddb list-tables`

use clap::Args;
use serde::Serialize;

use crate::commands::common::OutputArgs;
use crate::context::Context;
use crate::error::Result;
use crate::output::{Column, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # the tables of the local stack
  cruddur ddb list-tables
  # the tables of an AWS account, as JSON
  cruddur ddb list-tables --prod --region eu-central-1 -o json";

#[derive(Debug, Args)]
pub struct ListTablesArgs {
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct TableName {
    name: String,
}

impl Record for TableName {
    const COLUMNS: &'static [Column] = &[Column::keep("TABLE")];

    fn cells(&self) -> Vec<String> {
        vec![self.name.clone()]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ListTablesArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let tables = db.list_tables().await?;
    let mut records = ui.records::<TableName>(args.output.output, "tables");
    for name in tables {
        records.push(&TableName { name })?;
    }
    let count = records.count();
    records.finish(&serde_json::json!({ "count": count }))?;
    if count == 0 {
        ui.status(format!("no tables on {}", db.endpoint()));
    }
    Ok(())
}
