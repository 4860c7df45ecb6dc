//! What a dry run shows: the requests and statements on stdout, how many they are and
//! what they take on stderr.

use super::common::count;
use crate::aws::{Effort, Plan, Unsent};
use crate::context::Context;
use crate::dynamodb::names::GROUP_INDEX;
use crate::error::{Context as _, Error, Result};
use crate::output::{Format, Ui};

/// Statements of a file that are shown; of the others, their number is.
const STATEMENTS: usize = 100;

/// For a command that cannot say what it would do: with `--dry-run` it does nothing.
///
/// # Errors
/// [`crate::error::Kind::Usage`].
pub(super) fn refuse_dry_run(cx: &Context, command: &str, why: &str) -> Result<()> {
    if cx.dry_run() {
        return Err(Error::usage(format!("{command} has no dry run: {why}; nothing was done")));
    }
    Ok(())
}

/// Shows the requests of a command that has no other data.
pub(super) fn show_plan(ui: &mut Ui, plan: &Plan) -> Result<()> {
    show_requests(ui, Format::Table, plan)?;
    ui.notice(conclusion(plan));
    Ok(())
}

/// Shows the requests after a command's other data. A JSON document has them in it.
pub(super) fn show_requests(ui: &mut Ui, format: Format, plan: &Plan) -> Result<()> {
    let unwritable = || "cannot write JSON".to_owned();
    for unsent in &plan.requests {
        let Unsent { service, operation, request } = unsent;
        match format {
            Format::Table => {
                let request = serde_json::to_string(request).or_failed(unwritable)?;
                ui.data(&format!("{service} {operation} {request}\n"))?;
            }
            Format::Ndjson => {
                ui.data(&format!("{}\n", serde_json::to_string(unsent).or_failed(unwritable)?))?;
            }
            Format::Json => {}
        }
    }
    let shown = u64::try_from(plan.requests.len()).unwrap_or(u64::MAX);
    if plan.count > shown && format != Format::Json {
        ui.notice(format!("and {} like these", count(plan.count - shown, "request")));
    }
    Ok(())
}

fn conclusion(plan: &Plan) -> String {
    let Effort { items, table_units, index_units, at_least } = plan.effort;
    if plan.count == 0 {
        return "would send nothing; nothing was written".to_owned();
    }
    let requests = count(plan.count, "request");
    let writes = if items == 0 {
        String::new()
    } else {
        format!(
            ", {}, {} {} (table {table_units}, {GROUP_INDEX} {index_units})",
            count(items, "item"),
            if at_least { "at least" } else { "an estimated" },
            count(table_units + index_units, "write unit"),
        )
    };
    format!("would send {requests}{writes}; nothing was written")
}

/// Shows SQL statements, and how many there are.
pub(super) fn show_statements<S: AsRef<str>>(ui: &mut Ui, statements: &[S]) -> Result<()> {
    for statement in statements.iter().take(STATEMENTS) {
        ui.data(&format!("{};\n", statement.as_ref()))?;
    }
    if statements.len() > STATEMENTS {
        ui.notice(format!("and {} more", count(statements.len() - STATEMENTS, "statement")));
    }
    ui.notice(format!("would run {}; nothing was written", count(statements.len(), "statement")));
    Ok(())
}
