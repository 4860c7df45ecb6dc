//! `cruddur ddb schema-load`

mod apply;

use std::fmt::Write as _;

use clap::Args;

use super::TableArgs;
use super::truncate::left_over;
use crate::commands::common::shell_word;
use crate::commands::plan::show_plan;
use crate::commands::target::{ConfirmArgs, announce};
use crate::config::Target;
use crate::context::Context;
use crate::dynamodb::{Billing, DynamoDb, Units};
use crate::error::{Error, Result};
use crate::messages_table::{Change, Comparison, Definition, Difference, MessagesTable, Printed};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # create the table and its index, locally
  cruddur ddb schema-load
  # another table, billed per request, with a stream
  cruddur ddb schema-load --table messages-test --billing on-demand --stream
  # change an existing table: show what would be sent, then send it
  cruddur ddb schema-load --apply --stream --tag team=messaging --dry-run
  cruddur ddb schema-load --apply --stream --tag team=messaging
  # the definition for infrastructure as code
  cruddur ddb schema-load --print terraform > messages.tf";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct SchemaLoadArgs {
    #[command(flatten)]
    table: TableArgs,
    /// Enable a stream of new images
    #[arg(long)]
    stream: bool,
    /// Billing mode of the table
    #[arg(long, value_name = "MODE", default_value = "provisioned")]
    billing: Billing,
    /// Read units per second, for the table and for its index [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    read_units: Option<i64>,
    /// Write units per second, for the table and for its index [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    write_units: Option<i64>,
    /// Tag to give the table; repeatable
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    tags: Vec<(String, String)>,
    /// Protect the table against deletion; the default unless the table is local
    #[arg(long, conflicts_with = "no_deletion_protection")]
    deletion_protection: bool,
    /// Allow the table to be deleted, wherever it is
    #[arg(long)]
    no_deletion_protection: bool,
    /// Update a table that differs, in place
    #[arg(long)]
    apply: bool,
    /// With --apply: also remove other indexes and tags, and the stream if not asked for
    #[arg(long, requires = "apply")]
    prune: bool,
    /// Print the definition, and contact nothing
    #[arg(long, value_name = "FORM", conflicts_with_all = ["apply", "yes"])]
    print: Option<Printed>,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

/// `KEY=VALUE`
fn parse_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as team=messaging".to_owned()),
    }
}

impl SchemaLoadArgs {
    /// The definition to compare with. A table that is not local is protected by default.
    fn definition(&self, is_local: bool) -> Result<Definition> {
        let has_units = self.read_units.is_some() || self.write_units.is_some();
        if has_units && self.billing == Billing::OnDemand {
            return Err(Error::usage(
                "an on-demand table has no units: leave out --read-units and --write-units",
            ));
        }
        let units = Units::default();
        let is_protected = self.deletion_protection || !is_local;
        Ok(Definition {
            billing: self.billing,
            units: Units {
                read: self.read_units.unwrap_or(units.read),
                write: self.write_units.unwrap_or(units.write),
            },
            stream: self.stream,
            deletion_protection: if self.no_deletion_protection {
                Some(false)
            } else {
                is_protected.then_some(true)
            },
            tags: self.tags.iter().cloned().collect(),
            exact: self.prune,
        })
    }

    /// The changes to make. Without `--apply` that is only deletion protection: off when asked for,
    /// on when nothing else differs.
    fn changes(&self, found: &Comparison) -> Vec<Change> {
        let is_for_ever = found.differences.iter().any(Difference::is_for_ever);
        if self.apply && !is_for_ever {
            return found.changes.clone();
        }
        let wanted = |change: &&Change| match change {
            Change::Protect(on) => !on || found.differences.len() == 1,
            _ => false,
        };
        found.changes.iter().filter(wanted).cloned().collect()
    }

    /// Prints the final state of the table, and whether it was changed.
    fn conclude(
        &self,
        cx: &Context,
        ui: &mut Ui,
        db: &DynamoDb,
        table: &str,
        (found, changed): (&Comparison, bool),
    ) -> Result<()> {
        let flags = self.flags(cx);
        if found.differences.is_empty() {
            let how = if changed { "now matches its definition" } else { "already matches its definition" };
            ui.status(format!("the table {table:?} {how}"));
            if !found.others.is_empty() {
                ui.status(format!("it also has the index {}", found.others.join(", ")));
                ui.hint(format!(
                    "to delete what others added run: cruddur ddb schema-load --apply --prune{flags}"
                ));
            }
            return Ok(());
        }
        let differences: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
        let differs = format!(
            "the table {table:?} on {} differs from its definition{}\n  {}",
            db.endpoint(),
            if changed { "" } else { "; nothing was changed" },
            differences.join("\n  ")
        );
        if found.differences.iter().any(Difference::is_for_ever) {
            let (own, prod) = (self.table.flag(), cx.target().flag());
            return Err(Error::failed(differs)
                .hint("a key or a local index cannot be changed; move the items to a new table:")
                .hint(format!("1. cruddur ddb export messages.ndjson.gz{own}{prod}"))
                .hint(format!("2. cruddur ddb drop {}{prod}", shell_word(table)))
                .hint(format!("3. cruddur ddb schema-load{flags}"))
                .hint(format!("4. cruddur ddb import messages.ndjson.gz --any-key{own}{prod}"))
                .hint("import first checks that each item's pk and sk are text"));
        }
        if self.apply && changed {
            return Err(Error::partial(format!("the service accepted every change, but {differs}"))
                .hint("an emulator may ignore some settings"));
        }
        Err(Error::failed(differs)
            .hint(format!("to change it in place run: cruddur ddb schema-load --apply{flags}"))
            .hint("set the definition with --billing, --read-units, --write-units and --stream"))
    }

    /// The flags of this run that define the table, for a command line.
    fn flags(&self, cx: &Context) -> String {
        let mut flags = String::new();
        for (flag, given) in [
            (" --stream", self.stream),
            (" --billing on-demand", self.billing == Billing::OnDemand),
            (" --deletion-protection", self.deletion_protection),
            (" --no-deletion-protection", self.no_deletion_protection),
        ] {
            flags.push_str(if given { flag } else { "" });
        }
        for (flag, units) in [("read", self.read_units), ("write", self.write_units)] {
            // Writing to a `String` cannot fail.
            let _ = units.map(|units| write!(flags, " --{flag}-units {units}"));
        }
        for (key, value) in &self.tags {
            let _ = write!(flags, " --tag {}", shell_word(&format!("{key}={value}")));
        }
        flags + &self.table.flag() + cx.target().flag()
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &SchemaLoadArgs) -> Result<()> {
    let table = args.table.name(cx);
    let definition = args.definition(cx.target() == Target::Local)?;
    if let Some(form) = args.print {
        return ui.data(&definition.print(&table, form).await?);
    }
    let db = cx.dynamodb().await?;
    let at = announce(cx, ui, &db).await?;
    let definition = args.definition(at.is_local())?;
    let messages = MessagesTable::new(&db, &table);
    let found = match compare(ui, &messages, &definition).await? {
        Some(found) => found,
        None if create(cx, ui, &messages, &definition).await? => return Ok(()),
        // Another run created the table in the meantime.
        None => match compare(ui, &messages, &definition).await? {
            Some(found) => found,
            None => return Err(db.missing(&table)),
        },
    };
    let changes = args.changes(&found);
    if changes.is_empty() {
        return args.conclude(cx, ui, &db, &table, (&found, false));
    }
    apply::tell(ui, &db, &table, &found, &changes);
    if cx.dry_run() {
        return show_plan(ui, messages.rehearse_changes(&found, &changes).await?);
    }
    let consequences: Vec<String> = changes.iter().filter_map(Change::consequence).collect();
    if !consequences.is_empty() {
        let consequence = format!("the table {table:?} on {}: {}", db.endpoint(), consequences.join("; "));
        args.confirm.check(ui, &at, &table, &consequence)?;
    }
    apply::carry_out(ui, &messages, &definition, &found, &changes).await?;
    match messages.compare_after(&definition).await? {
        Some(found) => args.conclude(cx, ui, &db, &table, (&found, true)),
        None => Err(db.missing(&table)),
    }
}

/// Waits until the table is ready and compares it with its definition.
async fn compare(
    ui: &mut Ui,
    messages: &MessagesTable,
    definition: &Definition,
) -> Result<Option<Comparison>> {
    let mut is_told = false;
    let found = messages.compare(definition, |busy| {
        if !std::mem::replace(&mut is_told, true) {
            ui.status(format!("{busy}; waiting until it is ready"));
        }
    });
    found.await
}

/// Creates the table. Returns false when another run already has.
async fn create(
    cx: &Context,
    ui: &mut Ui,
    messages: &MessagesTable,
    definition: &Definition,
) -> Result<bool> {
    let (db, table) = (messages.db(), messages.name());
    if let Some((path, _)) = left_over(cx, db, table)? {
        let path = shell_word(&path.display().to_string());
        let flags = format!(" --table {}{}", shell_word(table), cx.target().flag());
        return Err(Error::refused(format!(
            "ddb truncate dropped the table {table:?} and was interrupted; nothing was done"
        ))
        .hint(format!("to restore it run: cruddur ddb truncate --recreate{flags}"))
        .hint(format!("to create a different one, first delete the saved one: rm {path}")));
    }
    let created = messages.create_table(definition);
    if cx.dry_run() {
        return show_plan(ui, db.rehearse(table, created).await?).map(|()| true);
    }
    if !created.await? {
        return Ok(false);
    }
    let is_protected = definition.deletion_protection == Some(true);
    let protected = if is_protected { ", protected against deletion" } else { "" };
    ui.status(format!("created the table {table:?}; it and its index are ACTIVE{protected}"));
    Ok(true)
}
