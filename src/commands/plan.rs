//! What a dry run prints: on stderr the number of requests and statements and their cost, then on
//! stdout the first of them, or all with `--full`.

use std::iter;

use serde_json::{Value, json};

use super::common::count;
use crate::aws::{Plan, UnsentRequest, WriteCost};
use crate::context::Context;
use crate::error::{Context as _, Error, Result};
use crate::output::{Format, Ui};

/// How many statements are printed. The rest are only counted.
const STATEMENTS: usize = 100;

/// Refuses `--dry-run` for a command that cannot predict what it would do.
///
/// # Errors
/// [`crate::error::Kind::Usage`] in a dry run.
pub(super) fn refuse_dry_run(cx: &Context, command: &str, why: &str) -> Result<()> {
    if cx.dry_run() {
        return Err(Error::usage(format!("{command} has no dry run: {why}; nothing was done")));
    }
    Ok(())
}

/// Prints the requests of a command that has no other data.
pub(super) fn show_plan(ui: &mut Ui, mut plan: Plan) -> Result<()> {
    conclude(ui, &plan);
    show_requests(ui, Format::Table, &mut plan)
}

/// Prints the requests after a command's other data. A JSON document already contains them.
pub(super) fn show_requests(ui: &mut Ui, format: Format, plan: &mut Plan) -> Result<()> {
    if format == Format::Json {
        return Ok(());
    }
    plan.each(|unsent| {
        let UnsentRequest { service, operation, request } = unsent;
        if format != Format::Table {
            return ui.document(unsent);
        }
        let request = serde_json::to_string(request).or_failed(|| "cannot write JSON".to_owned())?;
        ui.json(&format!("{service} {operation} {request}"))
    })?;
    let more = plan.count() - plan.held();
    if more > 0 {
        ui.notice(format!("and {}; to see all add: --full", count(more, "more request")));
    }
    Ok(())
}

/// The requests as part of a JSON document.
pub(super) fn requests_json(plan: &mut Plan) -> Result<Value> {
    let mut requests = Vec::new();
    plan.each(|unsent| {
        requests.push(json!(unsent));
        Ok(())
    })?;
    Ok(json!({ "count": plan.count(), "requests": requests }))
}

/// Prints how much would be sent, and what it costs.
fn conclude(ui: &mut Ui, plan: &Plan) {
    let WriteCost { items, table_units, index_units, at_least } = &plan.cost;
    if plan.count() == 0 {
        ui.notice("would send nothing; nothing was written");
        return;
    }
    let operations = match plan.operations.as_slice() {
        [(only, _)] => only.clone(),
        several => {
            let each = several.iter().map(|(operation, count)| format!("{count} {operation}"));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    let items = if *items == 0 { String::new() } else { format!(", {}", count(*items, "item")) };
    ui.notice(format!(
        "would send {} ({operations}){items}; nothing was written",
        count(plan.count(), "request")
    ));
    if plan.cost.units() > 0 {
        let table = iter::once(("table", *table_units));
        let indexes = index_units.iter().map(|(index, units)| (index.as_str(), *units));
        let parts: Vec<String> =
            table.chain(indexes).map(|(name, units)| format!("{name} {units}")).collect();
        ui.notice(format!(
            "would consume {} {} ({})",
            if *at_least { "at least" } else { "an estimated" },
            count(plan.cost.units(), "write unit"),
            parts.join(", "),
        ));
    }
}

/// Prints how many SQL statements there are, and the first of them, or all with `--full`.
pub(super) fn show_statements<S: AsRef<str>>(cx: &Context, ui: &mut Ui, statements: &[S]) -> Result<()> {
    ui.notice(format!("would run {}; nothing was written", count(statements.len(), "statement")));
    let shown = if cx.full_plan() { statements.len() } else { STATEMENTS };
    for statement in statements.iter().take(shown) {
        ui.data(&format!("{};\n", statement.as_ref()))?;
    }
    if statements.len() > shown {
        let more = count(statements.len() - shown, "more statement");
        ui.notice(format!("and {more}; to see all add: --full"));
    }
    Ok(())
}
