//! `cruddur ddb schema-load`

use clap::Args;

use super::TableArgs;
use crate::commands::common::{announce, show_plan};
use crate::context::Context;
use crate::dynamodb::{Billing, Definition, SchemaLoaded};
use crate::error::{Error, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # create the table and its index, locally
  cruddur ddb schema-load
  # another table, paid for by the request, with a stream
  cruddur ddb schema-load --table messages-test --billing on-demand --stream";

#[derive(Debug, Args)]
pub struct SchemaLoadArgs {
    #[command(flatten)]
    table: TableArgs,
    /// Give the table a stream of new images
    #[arg(long)]
    stream: bool,
    /// How the table is paid for
    #[arg(long, value_name = "MODE", default_value = "provisioned")]
    billing: Billing,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SchemaLoadArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    announce(cx, ui, db.place()).await;
    let definition = Definition { billing: args.billing, stream: args.stream };
    if cx.dry_run() {
        return show_plan(ui, &db.rehearse(db.load_schema(&table, definition)).await?);
    }
    match db.load_schema(&table, definition).await? {
        SchemaLoaded::Created => {
            ui.status(format!("created the table {table:?}; it and its index are ACTIVE"));
        }
        SchemaLoaded::Equal => ui.status(format!("the table {table:?} is there already, as it should be")),
        SchemaLoaded::Different(differences) => {
            let prod = cx.target().flag();
            return Err(Error::failed(format!(
                "the table {table:?} on {} is there already and differs; nothing was changed\n  {}",
                db.place(),
                differences.join("\n  ")
            ))
            .hint("--billing and --stream say how the table should be")
            .hint(format!("to begin again without its data run: cruddur ddb drop {table}{prod}")));
        }
    }
    Ok(())
}
