//! `cruddur ddb schema-load`

use clap::Args;

use super::TableArgs;
use crate::commands::common::{ConfirmArgs, announce};
use crate::commands::plan::show_plan;
use crate::config::Target;
use crate::context::Context;
use crate::dynamodb::{Billing, Definition, DynamoDb, SchemaLoaded};
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
    /// Let the table be deleted. Without this, --prod protects it, also one that is there
    #[arg(long)]
    no_deletion_protection: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SchemaLoadArgs) -> Result<()> {
    let db = cx.dynamodb().await?;
    let table = args.table.name(cx);
    announce(cx, ui, db.place()).await;
    let unprotect = args.no_deletion_protection && db.deletion_protection(&table).await? == Some(true);
    let definition = Definition {
        billing: args.billing,
        stream: args.stream,
        deletion_protection: cx.target() == Target::Prod && !args.no_deletion_protection,
    };
    if cx.dry_run() {
        let plan = if unprotect {
            db.rehearse(db.set_deletion_protection(&table, false)).await?
        } else {
            db.rehearse(load(&db, &table, definition)).await?
        };
        return show_plan(ui, &plan);
    }
    if unprotect {
        let consequence = format!("the table {table:?} on {} can be deleted from then on", db.place());
        args.confirm.check(cx, ui, &table, &consequence)?;
        db.set_deletion_protection(&table, false).await?;
        ui.status(format!("the table {table:?} is no longer protected against deletion"));
    }
    ui.status(load(&db, &table, definition).await?);
    Ok(())
}

/// Creates the table, or finds it, and says so.
async fn load(db: &DynamoDb, table: &str, definition: Definition) -> Result<String> {
    let protected = if definition.deletion_protection { ", protected against deletion" } else { "" };
    match db.load_schema(table, definition).await? {
        SchemaLoaded::Created => {
            Ok(format!("created the table {table:?}; it and its index are ACTIVE{protected}"))
        }
        SchemaLoaded::Equal => Ok(format!("the table {table:?} is there already, as it should be")),
        SchemaLoaded::Protected => Ok(format!(
            "the table {table:?} is there already, as it should be, and is protected against deletion now"
        )),
        SchemaLoaded::Different(differences) => {
            let prod = db.target().flag();
            Err(Error::failed(format!(
                "the table {table:?} on {} is there already and differs; nothing was changed\n  {}",
                db.place(),
                differences.join("\n  ")
            ))
            .hint("--billing and --stream say how the table should be")
            .hint(format!("to begin again without its data run: cruddur ddb drop {table}{prod}")))
        }
    }
}
