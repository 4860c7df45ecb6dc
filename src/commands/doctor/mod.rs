//! `cruddur doctor`

mod cognito;
mod credentials;
mod dynamodb;
mod finding;
mod people;
mod postgres;
mod production;
mod security_group;
mod settings;
#[cfg(feature = "local")]
mod stack;

use std::time::Duration;

use clap::Args;

use self::finding::{Finding, Findings, Status};
use crate::commands::common::{OutputArgs, PoolArgs, count};
use crate::commands::ddb::TableArgs;
use crate::commands::target::AskProduction;
use crate::config::Target;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  # is everything in order here?
  cruddur doctor
  # the same as JSON, with a longer timeout
  cruddur doctor --timeout 20s -o json";

/// The default timeout of each check.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    pool: PoolArgs,
    /// This machine's public address, which the security group should let in [env: GITPOD_IP]
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &DoctorArgs) -> Result<()> {
    let is_prod = cx.target() == Target::Prod;
    let other = if is_prod { Target::Local } else { Target::Prod };
    // Its warnings are dropped: leftover settings are among the findings.
    let other = Context::new(cx.config().for_target(other), |_| {});
    let local = if is_prod { &other } else { cx };
    let timeout = cx.config().timeout().unwrap_or(TIMEOUT);
    let here = Some(cx.target());
    let on = |check| Findings::new(check, here);
    let at_home = |check| Findings::new(check, Some(Target::Local));
    let (settings, mut stack, mut beside, production, postgres, dynamodb, credentials, pool, rule, people) = tokio::join!(
        async {
            let mut found = Findings::new("cruddur", None);
            settings::check(cx, &mut found);
            found
        },
        timed(timeout, at_home("local stack"), async |found| look_at_stack(local, found).await),
        // In production the local database is checked too, but it is optional.
        timed(timeout, at_home("postgresql"), async |found| {
            if is_prod { postgres::check(local, timeout, AskProduction::Yes, found).await } else { Ok(()) }
        }),
        timed(timeout, Findings::new("production", None), async |found| {
            if !is_prod {
                production::check(&other, found);
            }
            Ok(())
        }),
        timed(timeout, on("postgresql"), async |found| postgres::check(
            cx,
            timeout,
            AskProduction::No,
            found
        )
        .await),
        timed(timeout, on("dynamodb"), async |found| dynamodb::check(cx, args, found).await),
        timed(timeout, on("credentials"), async |found| credentials::check(cx, args, found).await),
        timed(timeout, on("user pool"), async |found| cognito::check(cx, args, found).await),
        timed(timeout, on("security group"), async |found| security_group::check(cx, args, found).await),
        // Errors are dropped: the other checks report what does not answer.
        async {
            let mut found = on("people");
            let _ = tokio::time::timeout(timeout, people::check(cx, args, &mut found)).await;
            found
        },
    );
    if is_prod {
        stack.make_optional();
        beside.make_optional();
    }
    let all = [settings, stack, beside, postgres, dynamodb, credentials, pool, people, rule, production];
    let (lists, scripts): (Vec<_>, Vec<_>) = all.into_iter().map(|found| (found.list, found.scripts)).unzip();
    let findings: Vec<Finding> = lists.into_iter().chain(scripts).flatten().collect();
    show(ui, args, &findings)
}

/// Runs a check to its end, or until `limit`.
async fn timed(
    limit: Duration,
    mut found: Findings,
    check: impl AsyncFnOnce(&mut Findings) -> Result<()>,
) -> Findings {
    match tokio::time::timeout(limit, check(&mut found)).await {
        Ok(Ok(())) => {}
        // A request times out after the same limit as the check. That counts as cut off, too.
        Ok(Err(error)) if error.time_limit() != Some(limit) => _ = found.error(&error),
        Ok(Err(_)) | Err(_) => found.cut_off(limit),
    }
    found
}

#[cfg(feature = "local")]
async fn look_at_stack(cx: &Context, found: &mut Findings) -> Result<()> {
    stack::check(cx, found).await
}

#[cfg(not(feature = "local"))]
async fn look_at_stack(_: &Context, found: &mut Findings) -> Result<()> {
    found.skip("this cruddur was built without the local stack");
    Ok(())
}

fn show(ui: &mut Ui, args: &DoctorArgs, findings: &[Finding]) -> Result<()> {
    let number = |status| findings.iter().filter(|finding| finding.status == status).count();
    let (failures, warnings) = (number(Status::Fail), number(Status::Warn));
    let is_config = findings.iter().any(Finding::is_config);
    let mut records = ui.records::<Finding>(args.output.output, "findings");
    for finding in findings {
        records.push(finding)?;
    }
    records.finish(
        &serde_json::json!({ "count": findings.len(), "failures": failures, "warnings": warnings }),
    )?;
    let also = if warnings == 0 { String::new() } else { format!(" and {}", count(warnings, "warning")) };
    if failures == 0 {
        ui.status(if warnings == 0 { "all is well".to_owned() } else { count(warnings, "warning") });
        return Ok(());
    }
    let message = format!("{}{also}", count(failures, "failure"));
    Err(if is_config { Error::config(message) } else { Error::failed(message) })
}
