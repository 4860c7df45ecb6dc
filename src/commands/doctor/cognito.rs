//! The user pool.

use super::DoctorArgs;
use super::finding::Findings;
use crate::commands::common::count;
use crate::config::Source;
use crate::context::Context;
use crate::error::{Reason, Result};

pub(super) async fn check(cx: &Context, args: &DoctorArgs, found: &mut Findings) -> Result<()> {
    let Some(pool) = args.pool.configured(cx)? else {
        found.skip("no user pool is configured (AWS_COGNITO_USER_POOL_ID)");
        return Ok(());
    };
    found.wait_for(format!("the user pool {}", pool.id()));
    // Nobody has asked for it.
    let is_default = *pool.source() == Source::Default;
    let pool = cx.cognito(pool).await?;
    found.wait_for(format!("Cognito at {}", pool.endpoint()));
    let mut listing = pool.list_users(None);
    let users = match listing.next_page().await {
        Err(error) if is_default && error.is(&Reason::NoLocalStack) => {
            found.skip(error.message());
            return Ok(());
        }
        page => page?.unwrap_or_default(),
    };
    let or_more = if listing.has_more() { " and more" } else { "" };
    found
        .ok(format!("{} at {}: {}{or_more}", pool.id(), pool.endpoint(), count(users.len(), "user")))
        .value("user_pool_id", pool.id())
        .value("place", pool.endpoint().name())
        .value("users", users.len())
        .value("more", listing.has_more());
    let list = format!("cruddur cognito list-users{}", cx.target().flag());
    if listing.has_more() {
        found.script("cognito/list-users would have shown 60 users, and there are more", &list);
    }
    if users.iter().any(|user| user.identity.handle.is_none()) {
        found.script("db/update-cognito-user-ids would have crashed: a user has no preferred_username", list);
    }
    Ok(())
}
