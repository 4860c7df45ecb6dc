//! Whether PostgreSQL's users, the group rows and the user pool match.

use std::collections::HashMap;

use super::DoctorArgs;
use super::finding::Findings;
use crate::commands::strangers::Strangers;
use crate::config::Target;
use crate::context::Context;
use crate::error::Result;
use crate::messages_table::MessagesTable;

/// Adds one finding for all three. Adds none if one of them does not answer: other checks report that.
pub(super) async fn check(cx: &Context, args: &DoctorArgs, found: &mut Findings) -> Result<()> {
    let table = args.table.name(cx);
    found.wait_for("PostgreSQL or DynamoDB");
    let Ok(session) = cx.postgres().await else { return Ok(()) };
    let Ok(db) = cx.dynamodb().await else { return Ok(()) };
    let Ok(strangers) = Strangers::look(&MessagesTable::new(&db, &table), &session).await else {
        return Ok(());
    };
    let others = other_ids(cx, args, &session).await.unwrap_or_default();
    if strangers.strange == 0 && others == 0 {
        return Ok(());
    }
    let mut parts = Vec::new();
    if strangers.strange > 0 {
        parts.push(strangers.line(&table));
    }
    if others > 0 {
        parts.push(format!("{others} of the pool's first users have another Cognito id in PostgreSQL"));
    }
    let prod = cx.target().flag();
    let finding = found.warn(parts.join("\n"));
    finding
        .value("rows", strangers.rows)
        .value("rows_of_strangers", strangers.strange)
        .value("other_ids", others);
    match (cx.target(), strangers.strange) {
        (_, 0) => finding.mend(format!("cruddur db update-cognito-user-ids{prod}")),
        (Target::Local, _) => finding.mend(format!("cruddur setup{}", args.table.flag())),
        (Target::Prod, _) => finding.mend("restore those users with their uuids"),
    };
    Ok(())
}

/// How many users on the pool's first page have an id in the table that is neither theirs nor MOCK.
async fn other_ids(cx: &Context, args: &DoctorArgs, session: &crate::postgres::Session) -> Result<usize> {
    let Some(pool) = args.pool.configured(cx)? else { return Ok(0) };
    let users = cx.cognito(pool).await?.list_users(None).next_page().await?.unwrap_or_default();
    let subs: HashMap<String, String> = users
        .into_iter()
        .filter_map(|user| Some((user.identity.usable_handle()?.to_owned(), user.identity.sub)))
        .collect();
    let handles: Vec<&str> = subs.keys().map(String::as_str).collect();
    let there = session.cognito_ids(&handles).await?;
    let is_other = |(handle, id): &&(String, String)| {
        id != crate::messaging::MOCK && subs.get(handle).is_some_and(|sub| sub != id)
    };
    Ok(there.iter().filter(is_other).count())
}
