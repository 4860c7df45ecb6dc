//! `cruddur cognito list-users`

use std::collections::BTreeMap;

use clap::Args;

use crate::cognito::UserPool;
use crate::commands::common::{OutputArgs, PoolArgs, count};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messaging::{PoolUser, Zone};
use crate::output::{Column, Record, Ui};

/// How many handles a warning lists.
const LISTED: usize = 20;

pub(super) const EXAMPLES: &str = "\
Examples:
  # all users
  cruddur cognito list-users
  # each handle's sub as one JSON object, for emails that begin with nina
  cruddur cognito list-users --filter 'email ^= \"nina\"' --map";

#[derive(Debug, Args)]
pub struct ListUsersArgs {
    #[command(flatten)]
    pool: PoolArgs,
    /// Only users that match this Cognito filter, such as 'email ^= "nina"'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Print one JSON object of handles and their subs
    #[arg(long, conflicts_with = "output")]
    map: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Record for PoolUser {
    const COLUMNS: &'static [Column] = &[
        Column::keep("HANDLE"),
        Column::keep("SUB"),
        Column::cut("EMAIL"),
        Column::keep("STATUS"),
        Column::keep("ENABLED"),
        Column::keep("CREATED"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.identity.handle.clone().unwrap_or_default(),
            self.identity.sub.clone(),
            self.identity.email.clone().unwrap_or_default(),
            self.identity.status.clone().unwrap_or_default(),
            if self.enabled { "yes" } else { "no" }.to_owned(),
            self.created.map(|time| Zone::local().minute(time)).unwrap_or_default(),
        ]
    }
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ListUsersArgs) -> Result<()> {
    let pool = cx.cognito(args.pool.needed(cx)?).await?;
    let filter = args.filter.as_deref();
    if args.map {
        return map(ui, &pool, filter).await;
    }
    let mut listing = pool.list_users(filter);
    let mut records = ui.records::<PoolUser>(args.output.output, "users");
    while let Some(users) = listing.next_page().await? {
        for user in &users {
            records.push(user)?;
        }
        records.flush()?;
    }
    let number = records.count();
    records.finish(&serde_json::json!({ "count": number }))?;
    ui.status(format!("{} in {} on {}", count(number, "user"), pool.id(), pool.endpoint()));
    Ok(())
}

/// Prints `{"handle": "sub", …}`, sorted by handle.
async fn map(ui: &mut Ui, pool: &UserPool, filter: Option<&str>) -> Result<()> {
    let mut subs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = 0;
    for user in pool.list_users(filter).rest().await? {
        match user.identity.usable_handle() {
            Some(handle) => subs.entry(handle.to_owned()).or_default().push(user.identity.sub),
            None => without += 1,
        }
    }
    let (unique, shared): (BTreeMap<_, _>, BTreeMap<_, _>) =
        subs.into_iter().partition(|(_, subs)| subs.len() == 1);
    let map: BTreeMap<String, String> =
        unique.into_iter().filter_map(|(handle, mut subs)| Some((handle, subs.pop()?))).collect();
    let text = serde_json::to_string_pretty(&map)
        .map_err(|cause| Error::failed("cannot write the map as JSON").because(cause))?;
    ui.json(&text)?;
    if without > 0 {
        ui.warn(format!("left out: {} without a handle", count(without, "user")));
    }
    if !shared.is_empty() {
        let listed: Vec<&str> = shared.keys().take(LISTED).map(String::as_str).collect();
        let more = match shared.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        ui.warn(format!("left out, shared by several users: {}{more}", listed.join(", ")));
    }
    Ok(())
}
