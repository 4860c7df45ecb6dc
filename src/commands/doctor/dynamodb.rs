//! The messages table.

use super::DoctorArgs;
use super::finding::Findings;
use crate::commands::common::{count, shell_word};
use crate::commands::hints::flags;
use crate::commands::target::of_dynamodb;
use crate::config::{DEFAULT_DYNAMODB_PORT, DEFAULT_TABLE, Target};
use crate::context::Context;
use crate::dynamodb::{Billing, DynamoDb, Units};
use crate::error::Result;
use crate::messages_table::{Difference, Fact, Inspected, MessagesTable};
use crate::messaging::{DEFAULT_GROUP, Timestamp};

/// The size of one Scan page.
const PAGE_BYTES: u64 = 1 << 20;

pub(super) async fn check(cx: &Context, args: &DoctorArgs, found: &mut Findings) -> Result<()> {
    let table = args.table.name(cx);
    found.wait_for("the AWS credential chain");
    let db = cx.dynamodb().await?;
    built_in(&db, &table, found);
    found.wait_for(format!("DynamoDB at {}", db.endpoint()));
    let messages = MessagesTable::new(&db, &table);
    let inspected = messages.inspect().await;
    if inspected.is_ok() {
        // It has already answered, so this sends no request.
        found.stands(&of_dynamodb(&db).await.standing);
    }
    let Some(inspected) = inspected? else {
        let like = db.table_like(&table).await?;
        let finding = found.error(&db.missing(&table)).value("table", &table);
        if let Some(like) = like {
            finding.mend(format!("did you mean {like:?}?"));
        }
        return Ok(());
    };
    let flags = flags(&table, cx.target());
    definition(&db, &table, &flags, &inspected, found);
    stream(&flags, &inspected, found);
    if cx.target() == Target::Prod && !inspected.deletion_protection {
        found
            .warn(format!("the table {table:?} has no deletion protection"))
            .value("deletion_protection", false)
            .mend(format!("cruddur ddb schema-load{flags}"));
    }
    scripts(cx, &messages, &inspected, found).await
}

fn definition(db: &DynamoDb, table: &str, flags: &str, inspected: &Inspected, found: &mut Findings) {
    let billing = inspected.billing.to_string();
    let (units, others): (Vec<_>, Vec<_>) =
        inspected.differences.iter().partition(|difference| difference.is_about_units());
    let finding = if others.is_empty() {
        found.ok(format!(
            "{table} at {}: {}, {billing}, matches its definition",
            db.endpoint(),
            count(inspected.items, "item")
        ))
    } else {
        let lines: Vec<String> = others.iter().map(ToString::to_string).collect();
        let finding = found.fail(format!(
            "{table} at {} differs from its definition\n{}",
            db.endpoint(),
            lines.join("\n")
        ));
        if inspected.differences.iter().any(Difference::is_for_ever) {
            let drop = format!("cruddur ddb drop {}{}", shell_word(table), db.target().flag());
            finding
                .mend(format!("cruddur ddb export messages.ndjson.gz{flags}"))
                .mend(drop)
                .mend(format!("cruddur ddb schema-load{flags}"))
                .mend(format!("cruddur ddb import messages.ndjson.gz --any-key{flags}"))
        } else {
            finding.mend(format!("cruddur ddb schema-load --apply{}{flags}", kept(inspected)))
        }
    };
    finding
        .value("table", table)
        .value("place", db.endpoint().name())
        .value("items", inspected.items)
        .value("bytes", inspected.bytes)
        .value("billing", billing)
        .value("deletion_protection", inspected.deletion_protection)
        .value("differences", &inspected.differences);
    if let Some(busy) = &inspected.busy {
        found
            .warn(format!("{busy}; it is not ready"))
            .value("busy", busy)
            .mend(format!("cruddur ddb schema-load{flags}"));
    }
    if !units.is_empty() {
        let lines: Vec<String> = units.iter().map(|unit| format!("{} {}", unit.fact, unit.found)).collect();
        found
            .add(super::Status::Note, format!("units differ from schema-load's: {}", lines.join("; ")))
            .value("differences", units);
    }
}

/// The flags that keep the table's billing as it is.
fn kept(inspected: &Inspected) -> String {
    match (inspected.billing, inspected.units) {
        (Billing::OnDemand, _) => " --billing on-demand".to_owned(),
        (Billing::Provisioned, Some(units)) if units != Units::default() => {
            format!(" --read-units {} --write-units {}", units.read, units.write)
        }
        (Billing::Provisioned, _) => String::new(),
    }
}

fn stream(flags: &str, inspected: &Inspected, found: &mut Findings) {
    let stream = &inspected.stream;
    if !stream.enabled {
        found
            .warn("its stream is off: inboxes miss the app's messages")
            .value("stream", false)
            .mend(format!("cruddur ddb stream enable{flags}"));
        return;
    }
    let finding = if stream.view_type.contains("NEW") {
        found.ok(format!("its stream is on, with {}", stream.view_type))
    } else {
        found
            .warn(format!("its stream gives {}, but the Lambda needs NEW_IMAGE", stream.view_type))
            .mend(format!("cruddur ddb stream disable{flags}"))
            .mend(format!("cruddur ddb stream enable{flags}"))
    };
    finding.value("stream", true).value("view_type", &stream.view_type);
}

/// Compares endpoint and table with those that the old scripts hard-coded.
fn built_in(db: &DynamoDb, table: &str, found: &mut Findings) {
    let built_in = format!("http://localhost:{DEFAULT_DYNAMODB_PORT}");
    let place = db.endpoint().to_string();
    let is_there = place == built_in || place == format!("http://127.0.0.1:{DEFAULT_DYNAMODB_PORT}");
    if db.target() == Target::Local && !is_there {
        found.script(
            format!("ddb/* would have gone to {built_in}, not to {place}"),
            "cruddur ddb list-tables",
        );
    }
    if table != DEFAULT_TABLE {
        found.script(
            format!("ddb/* would have worked on {DEFAULT_TABLE:?}, not on {table:?}"),
            format!("cruddur ddb scan{}", db.target().flag()),
        );
    }
}

async fn scripts(
    cx: &Context,
    messages: &MessagesTable,
    inspected: &Inspected,
    found: &mut Findings,
) -> Result<()> {
    let prod = cx.target().flag();
    if cx.target() == Target::Prod {
        found.script(
            "ddb/seed prod and list-conversations prod would have looked up users in the local PostgreSQL",
            "cruddur ddb seed --prod",
        );
    } else if inspected.bytes > PAGE_BYTES {
        found.script(
            format!("ddb/scan would have shown the first megabyte of {}", inspected.bytes / PAGE_BYTES + 1),
            "cruddur ddb scan",
        );
    }
    if messages.first_tables().await?.more {
        found.script(
            "ddb/list-tables would have shown 100 tables, and there are more",
            format!("cruddur ddb list-tables{prod}"),
        );
    }
    let year = Timestamp::now().to_string();
    let year = year.get(..4).unwrap_or_default();
    let has_key = inspected.differences.iter().all(|difference| difference.fact != Fact::Key);
    if has_key && messages.has_messages_below(DEFAULT_GROUP, year).await? {
        found.script(
            format!("get-conversation would have shown no message from before {year}, and there are some"),
            format!("cruddur ddb patterns get-conversation --all{prod}"),
        );
    }
    Ok(())
}
